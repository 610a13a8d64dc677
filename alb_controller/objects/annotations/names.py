"""Keys that nobody reads: of annotations under our prefix, and of the JSON in them (spec 0).

LBC ignores them in silence, so a typing error shows as a feature that does not work.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.json import JsonParser
from alb_controller.objects.annotations.rows import Annotation

PLAN_ANNOTATION = rows.PREFIX + "dry-run-plan"
"""Written by controllers, with the gate IngressPlanAnnotation, and read by nobody here."""
STATUS_ANNOTATION = rows.OWN_PREFIX + "status"
"""Written by this controller alone, for readers."""
RECORD_ANNOTATION = rows.OWN_PREFIX + "last-applied"
"""Written by this controller alone, and read again where its Ingress turns bad (ADR 32)."""
_PREFIXES = (rows.PREFIX, rows.OWN_PREFIX)
_KEYS = (*(row.key for row in rows.TABLE), PLAN_ANNOTATION, STATUS_ANNOTATION, RECORD_ANNOTATION)
_BY_SUFFIX = {key.partition("/")[2]: key for key in _KEYS}
_BY_NAME: dict[str, Callable[[str], Annotation[Any]]] = {
    "actions.": rows.action,
    "conditions.": rows.conditions,
    "transforms.": rows.transforms,
}
_LIKENESS = 0.6
"""Of 1 for equal texts (difflib); what is less alike is no help."""


def unknown_annotations(annotations: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each key under our prefixes that no version of the controller reads."""
    families = tuple(rows.PREFIX + family for family in rows.FAMILIES)
    for key in sorted(annotations):
        if not key.startswith(_PREFIXES) or key in _KEYS or key.startswith(families):
            continue
        nearest = _nearest(key.partition("/")[2])
        hint = f": did you mean {nearest}?" if nearest else ""
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
    row.suffix: parser for row in rows.TABLE if (parser := _json(row.parse))
}


def _nearest(suffix: str) -> str:
    """The known key whose suffix is most like this one, empty where none is."""
    family, dot, rest = suffix.partition(".")
    families = (
        difflib.get_close_matches(family.lower() + ".", rows.FAMILIES, 1, _LIKENESS) if dot else []
    )
    alike = difflib.get_close_matches(suffix.lower(), sorted(_BY_SUFFIX), 1, _LIKENESS)
    candidates = {one: _BY_SUFFIX[one] for one in alike}
    candidates |= {found + rest: rows.PREFIX + found + rest for found in families}
    nearest = max(candidates, key=lambda one: _likeness(one, suffix), default="")
    return candidates.get(nearest, "")


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio()
