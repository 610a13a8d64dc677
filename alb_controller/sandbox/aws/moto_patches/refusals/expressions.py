"""Regular expressions: what the load balancer's dialect lacks, and the transforms that use them."""

from __future__ import annotations

from alb_controller.model.limits.requests.transforms import CHECKS

from .asking import RULES, rows_first

PATCHES = rows_first(CHECKS, *RULES)
