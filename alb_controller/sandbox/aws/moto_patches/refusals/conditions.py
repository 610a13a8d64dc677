"""Conditions of rules: their values, and what may stand together."""

from __future__ import annotations

from alb_controller.model.limits.requests.conditions import CHECKS

from .asking import RULES, rows_first

PATCHES = rows_first(CHECKS, *RULES)
