"""What the shapes of the API reference demand: lengths, ranges, patterns, words, required members.

Read from botocore's service model, which is the API reference for programs; botocore itself checks
the least length and value and what is required, and nothing else.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
from moto.core.utils import camelcase_to_underscores
from moto.elbv2.exceptions import ELBClientError

from alb_controller.sandbox.aws.moto_patches.patching import Moto, Patch
from alb_controller.sandbox.aws.moto_patches.surface import Response

from .asking import VALIDATION

_SEPARATORS = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def check_shapes(moto: Moto, self: Any) -> Any:
    """Every call: a value that its shape does not allow is a ValidationError that names the value,
    its place and the constraint: length, range, pattern, list of words, or that it is required.
    """
    problems = list(_problems(_input(self._get_action()), self._get_params(), ""))
    if problems:
        many = "error" if len(problems) == 1 else "errors"
        raise ELBClientError(
            VALIDATION, f"{len(problems)} validation {many} detected: {'; '.join(problems)}"
        )
    return moto(self)


def _problems(shape: Any, value: Any, place: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            inner = ".".join(filter(None, (place, name[0].lower() + name[1:])))
            if name in value:
                yield from _problems(member, value[name], inner)
            elif name in shape.required_members:
                yield f"Value at '{inner}' failed to satisfy constraint: Member must not be null"
    elif shape.type_name == "list":
        for number, one in enumerate(value, 1):
            yield from _problems(shape.member, one, f"{place}.{number}.member")
        yield from _sized(shape, value, len(value), place)
    elif shape.type_name == "string":
        yield from _sized(shape, value, len(value), place)
        yield from _spelled(shape, value, place)
    elif shape.type_name in ("integer", "long"):
        yield from _sized(shape, value, value, place)


def _sized(shape: Any, value: Any, size: int, place: str) -> Iterator[str]:
    what = "value" if shape.type_name in ("integer", "long") else "length"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and size > most:
        yield _sentence(value, place, f"have {what} less than or equal to {most}")
    if least is not None and size < least:
        yield _sentence(value, place, f"have {what} greater than or equal to {least}")


def _spelled(shape: Any, value: str, place: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not _compiled(pattern).fullmatch(value):
        yield _sentence(value, place, f"satisfy regular expression pattern: {pattern}")
    if shape.enum and value not in shape.enum:
        yield _sentence(value, place, f"satisfy enum value set: [{', '.join(shape.enum)}]")


def _sentence(value: Any, place: str, demand: str) -> str:
    return f"Value '{value}' at '{place}' failed to satisfy constraint: Member must {demand}"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern in Python's words, which have no names of character classes."""
    plain = pattern.replace(r"\p{L}", r"\w").replace(r"\p{N}", "").replace(r"\p{Z}", _SEPARATORS)
    return re.compile(plain)


@functools.cache
def _model() -> Any:
    return botocore.session.Session().get_service_model("elbv2")


@functools.cache
def _input(operation: str) -> Any:
    return _model().operation_model(operation).input_shape


def _methods() -> Iterator[str]:
    """The operations that moto or a patch has, as methods of its responses."""
    for operation in _model().operation_names:
        method = camelcase_to_underscores(operation)
        if hasattr(Response, method):
            yield method


PATCHES = tuple(Patch(Response, method, check_shapes, "API reference") for method in _methods())
