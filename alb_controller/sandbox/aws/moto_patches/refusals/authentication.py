"""Actions that ask who the user is: Cognito, OpenID Connect, tokens."""

from __future__ import annotations

from alb_controller.model.limits.requests.authentication import CHECKS

from .asking import LISTENERS, RULES, rows_first

PATCHES = rows_first(CHECKS, *LISTENERS, *RULES)
