"""The rules for names, labels, annotations, finalizers and owners, worded as a server words them.

Source: Kubernetes docs, "Object Names and IDs", "Labels and Selectors"; the sentences are recorded
from a kube-apiserver.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import Cause, invalid_value, required

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

DNS_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
    f"used for validation is '{_LABEL}')"
)
DNS_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    f"for validation is '{_SUBDOMAIN}')"
)
WILDCARD = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which "
    "must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric "
    f"character (e.g. '*.example.com', regex used for validation is '\\*\\.{_SUBDOMAIN}')"
)
DNS_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
QUALIFIED = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    f"validation is '{_QUALIFIED}')"
)
LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
    f"'12345', regex used for validation is '({_QUALIFIED})?')"
)
NOT_AN_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
STANDARD_FINALIZERS = {"foregroundDeletion", "orphan", "kubernetes"}
TOTAL_ANNOTATION_BYTES = 256 * 1024

NameRule = Callable[[str], str | None]


def _rule(pattern: str, limit: int, sentence: str) -> NameRule:
    matcher = re.compile(pattern)

    def check(name: str) -> str | None:
        if len(name) > limit:
            return f"must be no more than {limit} characters"
        return None if matcher.fullmatch(name) else sentence

    return check


dns_subdomain = _rule(_SUBDOMAIN, 253, DNS_SUBDOMAIN)
_plain_label = _rule(_LABEL, 63, DNS_LABEL)
dns_1035_label = _rule("[a-z]([-a-z0-9]*[a-z0-9])?", 63, DNS_1035)
wildcard_subdomain = _rule(rf"\*\.{_SUBDOMAIN}", 253, WILDCARD)
label_value = _rule(f"({_QUALIFIED})?", 63, LABEL_VALUE)
_qualified_part = _rule(_QUALIFIED, 63, QUALIFIED)


def dns_label(name: str) -> str | None:
    """The rule for namespaces, containers and port names."""
    wrong = _plain_label(name)
    return "must not contain dots" if wrong and not dns_subdomain(name) and "." in name else wrong


def port_name(name: str) -> Iterator[str]:
    """What is wrong with the name of a container's port (IANA service name)."""
    if len(name) > 15:
        yield "must be no more than 15 characters"
    if not re.fullmatch("[-a-zA-Z0-9]*", name):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search("[a-z]", name, re.IGNORECASE):
        yield "must contain at least one letter (a-z)"
    if "--" in name:
        yield "must not contain consecutive hyphens"
    if name.startswith("-") or name.endswith("-"):
        yield "must not begin or end with a hyphen"


def any_name(_name: str) -> None:
    """No rule: names of Events are not looked at."""


def path_segment(name: str) -> str | None:
    """The rule for names of RBAC objects: anything that fits in a URL path."""
    if name in (".", ".."):
        return f"may not be '{name}'"
    return next((f"may not contain '{mark}'" for mark in "/%" if mark in name), None)


def qualified_name(name: str) -> str | None:
    """The rule for label and annotation keys: an optional DNS prefix, a slash, a name."""
    prefix, slash, part = name.rpartition("/")
    if slash and not prefix:
        return "prefix part must be non-empty"
    if slash and (wrong := dns_subdomain(prefix)):
        return f"prefix part {wrong}"
    return _qualified_part(part)


def check_metadata(
    metadata: Json, name_rule: NameRule, *, namespaced: bool, free_finalizers: bool
) -> Iterator[Cause]:
    """Causes for names, labels, annotations, finalizers and owners.

    Some kinds take finalizers without a domain: `free_finalizers`.
    """
    name = metadata.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif wrong := name_rule(name):
        yield invalid_value("metadata.name", name, wrong)
    if namespaced and not metadata.get("namespace"):
        yield required("metadata.namespace")
    yield from check_labels(metadata.get("labels", {}), "metadata.labels")
    annotations = metadata.get("annotations", {})
    for key in annotations:
        if wrong := qualified_name(key.lower()):
            yield invalid_value("metadata.annotations", key, wrong)
    if sum(len(key) + len(value) for key, value in annotations.items()) > TOTAL_ANNOTATION_BYTES:
        message = f"Too long: may not be more than {TOTAL_ANNOTATION_BYTES} bytes"
        yield Cause("FieldValueTooLong", message, "metadata.annotations")
    yield from _check_finalizers(metadata.get("finalizers", ()), free=free_finalizers)
    for owner in metadata.get("ownerReferences", ()):
        for field, why in _OWNER_FIELDS.items():
            if not owner.get(field):
                yield invalid_value(f"metadata.ownerReferences.{field}", "", why)


_OWNER_FIELDS = {
    "apiVersion": "version must not be empty",
    "kind": "must not be empty",
    "name": "must not be empty",
    "uid": "must not be empty",
}


def check_labels(labels: Json, field: str) -> Iterator[Cause]:
    """Causes for label keys and values."""
    for key, value in labels.items():
        if wrong := qualified_name(key):
            yield invalid_value(field, key, wrong)
        if wrong := label_value(value):
            yield invalid_value(field, value, wrong)


def _check_finalizers(finalizers: list[str], *, free: bool) -> Iterator[Cause]:
    for index, finalizer in enumerate(finalizers):
        field = f"metadata.finalizers[{index}]"
        if wrong := qualified_name(finalizer):
            yield invalid_value(field, finalizer, wrong)
        elif not free and "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid_value(field, finalizer, why)
