"""Keys that nobody reads: of annotations under our prefix, and of the JSON in them (spec 0).

The reference ignores them in silence, so a typing error shows as a feature that does not work.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.json import JsonParser
from alb_controller.objects.annotations.mutual_authentication import ENTRIES
from alb_controller.objects.annotations.rows import Annotation

_PLAN = "dry-run-plan"
PLAN_ANNOTATION = rows.PREFIX + _PLAN
"""Written by controllers, with the gate IngressPlanAnnotation, and read by nobody here."""
_SUFFIXES = frozenset(row.suffix for row in rows.TABLE) | {_PLAN}
_BY_NAME: dict[str, Callable[[str], Annotation[Any]]] = {
    "actions.": rows.action,
    "conditions.": rows.conditions,
    "transforms.": rows.transforms,
}
_LIKENESS = 0.6
"""Of 1 for equal texts (difflib); what is less alike is no help."""


def unknown_annotations(annotations: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each key under our prefix that no version of the controller reads."""
    for key in sorted(annotations):
        suffix = key.removeprefix(rows.PREFIX)
        if suffix == key or suffix in _SUFFIXES or suffix.startswith(rows.FAMILIES):
            continue
        nearest = _nearest(suffix)
        hint = f": did you mean {rows.PREFIX}{nearest}?" if nearest else ""
        yield f"{key} is not known and is ignored{hint}"


def unknown_json_keys(annotations: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each annotation whose JSON has keys that are not read."""
    for key, raw in sorted(annotations.items()):
        parser = _parser(key.removeprefix(rows.PREFIX)) if key.startswith(rows.PREFIX) else None
        unknown = parser.unknown_keys(raw) if parser is not None else ()
        if unknown:
            yield f"{key}: keys that are not known are ignored: {', '.join(unknown)}"


def _parser(suffix: str) -> JsonParser[Any] | None:
    family, dot, name = suffix.partition(".")
    if dot and family + dot in _BY_NAME:
        return _json(_BY_NAME[family + dot](name).parse)
    return _PARSERS.get(suffix)


def _json(parse: object) -> JsonParser[Any] | None:
    return parse if isinstance(parse, JsonParser) else None


_PARSERS: dict[str, JsonParser[Any]] = {
    rows.MUTUAL_AUTHENTICATION.suffix: ENTRIES,
    **{row.suffix: parser for row in rows.TABLE if (parser := _json(row.parse))},
}


def _nearest(suffix: str) -> str:
    """The known suffix that is most like this one, empty where none is."""
    family, dot, rest = suffix.partition(".")
    families = (
        difflib.get_close_matches(family.lower() + ".", rows.FAMILIES, 1, _LIKENESS) if dot else []
    )
    alike = difflib.get_close_matches(suffix.lower(), sorted(_SUFFIXES), 1, _LIKENESS)
    candidates = [*alike, *(found + rest for found in families)]
    return max(candidates, key=lambda one: _likeness(one, suffix), default="")


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio()
