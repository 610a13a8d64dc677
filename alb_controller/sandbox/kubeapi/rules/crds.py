"""CustomResourceDefinitions: checked, established at once, and turned into kinds.

Source: Kubernetes docs, "Extend the Kubernetes API with CustomResourceDefinitions".
"""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.sandbox.kubeapi.kinds import Column, Kind
from alb_controller.sandbox.kubeapi.rules.expressions import (
    check_rules,
    has_rules,
    unsupported_rules,
)
from alb_controller.sandbox.kubeapi.rules.names import dns_1035_label
from alb_controller.sandbox.kubeapi.rules.validation import check_schema
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import Cause, invalid_value, required, unsupported
from alb_controller.sandbox.kubeapi.writes import Write

RESOURCE = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_BLOCKING = {
    "FieldValueRequired",
    "FieldValueTypeInvalid",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueNotSupported",
}
_COLUMN_DESCRIPTION = "Custom resource definition column (in JSONPath format): "
_SCOPES = ["Cluster", "Namespaced"]


def prepare_definition(write: Write) -> None:
    """Defaults and, as the server's own controllers do, the status that says it is served."""
    now = write.new["metadata"]["creationTimestamp"]
    spec = write.new.get("spec", {})
    names = spec.get("names", {})
    kind = names.get("kind", "")
    names.setdefault("singular", kind.lower())
    names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {"strategy": "None"})
    stored = [
        version.get("name", "") for version in spec.get("versions", ()) if version.get("storage")
    ]
    before = write.old.get("status", {}).get("storedVersions", []) if write.old else []
    conditions = write.old.get("status", {}).get("conditions") if write.old else None
    write.new["status"] = {
        "conditions": conditions
        or [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            _condition(
                "Established", "InitialNamesAccepted", "the initial names have been accepted", now
            ),
        ],
        "acceptedNames": names,
        "storedVersions": list(dict.fromkeys([*before, *stored])),
    }


def _condition(kind: str, reason: str, message: str, now: str) -> Json:
    entry = {"type": kind, "status": "True", "lastTransitionTime": now}
    return {**entry, "reason": reason, "message": message}


def mark_terminating(definition: Json, now: str) -> None:
    """What a server does to a CRD that is being deleted, before it deletes the CRD's objects."""
    finalizers = definition["metadata"].setdefault("finalizers", [])
    if CLEANUP_FINALIZER not in finalizers:
        finalizers.append(CLEANUP_FINALIZER)
    message = (
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    )
    condition = _condition("Terminating", "InstanceDeletionPending", message, now)
    definition["status"]["conditions"].append(condition)


def without_cleanup(definition: Json) -> list[str]:
    """The finalizers that stay once the objects are gone."""
    finalizers: list[str] = definition["metadata"].get("finalizers", [])
    return [finalizer for finalizer in finalizers if finalizer != CLEANUP_FINALIZER]


def check_definition(write: Write) -> Iterator[Cause]:
    """Causes for what makes a definition unusable."""
    spec = write.new.get("spec", {})
    names, versions = spec.get("names", {}), spec.get("versions", [])
    expected = f"{names.get('plural', '')}.{spec.get('group', '')}"
    name = write.new["metadata"].get("name")
    if name != expected:
        why = 'must be spec.names.plural+"."+spec.group'
        yield invalid_value("metadata.name", name, why)
    if spec.get("scope") not in _SCOPES:
        yield unsupported("spec.scope", spec.get("scope", ""), _SCOPES)
    for field in ("plural", "singular"):
        if wrong := dns_1035_label(names.get(field, "")):
            yield invalid_value(f"spec.names.{field}", names.get(field, ""), wrong)
    if not names.get("kind"):
        yield required("spec.names.kind")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        why = "must have exactly one version marked as storage version"
        yield invalid_value("spec.versions", [v.get("name") for v in versions], why)
    if not write.new["status"]["storedVersions"]:
        why = "must have at least one stored version"
        yield invalid_value("status.storedVersions", None, why)
    for index, version in enumerate(versions):
        if not version.get("schema", {}).get("openAPIV3Schema"):
            path = f"spec.versions[{index}].schema.openAPIV3Schema"
            yield required(path)


def warn_of_rules(definition: Json) -> list[str]:
    """A warning for each validation rule that is not evaluated here."""
    schemas = [version["schema"]["openAPIV3Schema"] for version in definition["spec"]["versions"]]
    rules = dict.fromkeys(rule for schema in schemas for rule in unsupported_rules(schema))
    return [f"the embedded API does not evaluate the rule: {rule}" for rule in rules]


def custom_kinds(definition: Json) -> tuple[str, list[Kind]]:
    """The resource that a definition is about, and its kinds: one for each served version."""
    spec = definition["spec"]
    names = spec["names"]
    kinds = [_kind(spec, names, version) for version in spec["versions"] if version.get("served")]
    return f"{names['plural']}.{spec['group']}", kinds


def _kind(spec: Json, names: Json, version: Json) -> Kind:
    columns = version.get("additionalPrinterColumns", ())
    return Kind(
        group=spec["group"],
        version=version["name"],
        name=names["kind"],
        plural=names["plural"],
        schema=version["schema"]["openAPIV3Schema"],
        namespaced=spec["scope"] == "Namespaced",
        singular=names["singular"],
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        has_status="status" in version.get("subresources", {}),
        is_custom=True,
        columns=tuple(
            Column(
                column["name"],
                column["type"],
                column["jsonPath"],
                column.get("format", ""),
                column.get("description") or _COLUMN_DESCRIPTION + column["jsonPath"],
                column.get("priority", 0),
            )
            for column in columns
        ),
        selectable_fields=tuple(
            field["jsonPath"].removeprefix(".") for field in version.get("selectableFields", ())
        ),
    )


def check_custom(write: Write) -> Iterator[Cause]:
    """Causes for what a custom object's schema forbids and, if they can be checked, its rules."""
    schema = write.kind.schema
    own = {k: v for k, v in write.new.items() if k not in ("apiVersion", "kind", "metadata")}
    causes = list(check_schema(own, schema))
    yield from causes
    if not any(cause.reason in _BLOCKING for cause in causes):
        yield from check_rules(write.new, write.old, schema)
    elif has_rules(schema):
        why = (
            "some validation rules were not checked because the object was invalid; correct the "
            "existing errors to complete validation"
        )
        yield invalid_value("<nil>", None, why)
