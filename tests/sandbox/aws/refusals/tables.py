"""All calls of the tables."""

from __future__ import annotations

from tests.sandbox.aws.refusals import of_actions, of_conditions, of_resources

_PARTS = (of_conditions, of_actions, of_resources)
REFUSED = tuple(case for part in _PARTS for case in part.REFUSED)
TAKEN = tuple(case for part in _PARTS for case in part.TAKEN)
