"""Make `alb_controller/sandbox/kubeapi/builtin.json` from a running kube-apiserver and the API's
proto files.

    record_schemas.py SERVER TOKEN PROTO_ROOT OUTPUT

SERVER is the URL of a kube-apiserver, PROTO_ROOT the folder that holds `api@vX`,
`apimachinery@vX` and the like (the Go module cache's k8s.io folder, or checkouts named so). Kept
of each definition: types, list keys, enums, required fields and the protobuf field numbers. Left
out: descriptions, and defaults that are Go zero values.
"""

import http.client
import json
import re
import ssl
import sys
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PATHS = (
    "api/v1",
    "apis/apps/v1",
    "apis/networking.k8s.io/v1",
    "apis/discovery.k8s.io/v1",
    "apis/coordination.k8s.io/v1",
    "apis/apiextensions.k8s.io/v1",
    "apis/authorization.k8s.io/v1",
    "apis/authentication.k8s.io/v1",
    "apis/events.k8s.io/v1",
    "apis/admissionregistration.k8s.io/v1",
    "apis/rbac.authorization.k8s.io/v1",
    "apis/policy/v1",
)
CORE, META = "io.k8s.api.core.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1."
ROOTS = (
    *(
        CORE + kind
        for kind in [
            "Namespace",
            "Service",
            "Pod",
            "Node",
            "Secret",
            "ConfigMap",
            "Event",
            "ServiceAccount",
        ]
    ),
    *("io.k8s.api.apps.v1." + kind for kind in ("Deployment", "ReplicaSet")),
    *("io.k8s.api.networking.v1." + kind for kind in ("Ingress", "IngressClass")),
    "io.k8s.api.discovery.v1.EndpointSlice",
    "io.k8s.api.coordination.v1.Lease",
    "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
    "io.k8s.api.authentication.v1.SelfSubjectReview",
    "io.k8s.api.policy.v1.PodDisruptionBudget",
    *(
        "io.k8s.api.rbac.v1." + kind
        for kind in ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]
    ),
    *(
        f"io.k8s.api.admissionregistration.v1.{kind}WebhookConfiguration"
        for kind in ("Mutating", "Validating")
    ),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    META + "DeleteOptions",
    META + "Status",
)
KEPT = {
    "type",
    "format",
    "enum",
    "required",
    "additionalProperties",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-group-version-kind",
}
REF = "#/components/schemas/"


class Field(NamedTuple):
    """One field of a protobuf message: the name of its type (with the package of its file) and its
    number.
    """

    type: str
    number: int


Message = dict[str, Field]


def fetch_definitions(server: str, token: str) -> dict[str, Any]:
    """Every schema of the group versions in PATHS, by its full name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    found: dict[str, Any] = {}
    for path in PATHS:
        headers = {"Authorization": f"Bearer {token}"}
        connection = http.client.HTTPSConnection(urlsplit(server).netloc, context=context)
        connection.request("GET", f"/openapi/v3/{path}", headers=headers)
        found |= json.load(connection.getresponse())["components"]["schemas"]
        connection.close()
    return found


def read_messages(proto_root: Path) -> dict[str, Message]:
    """Message name -> its fields, from every generated.proto under the root.

    Field names are folded to lower case: the proto files write some of them otherwise than JSON
    does.
    """
    messages: dict[str, Message] = {}
    for path in sorted(proto_root.glob("*/**/generated.proto")):
        text = path.read_text()
        package = re.search(r"^package (\S+);", text, re.M)
        for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", text, re.M | re.S):
            fields = re.findall(
                r"^  (?:optional|repeated)? ?(map<.*>|[\w.]+) (\w+) = (\d+)", body, re.M
            )
            prefix = f"{package[1]}." if package else ""
            messages[prefix + name] = {
                field.lower(): Field(prefix + kind, int(number)) for kind, field, number in fields
            }
    return messages


def find_number(field: str, message: Message, messages: dict[str, Message]) -> Any:
    """The field's number, or [outer, inner] where Go embeds a struct that JSON shows inline."""
    if field.lower() in message:
        return message[field.lower()].number
    for name, outer in message.items():
        is_embedded = outer.type.lower().endswith(name)
        inner = messages.get(outer.type, {}).get(field.lower()) if is_embedded else None
        if inner and field not in ("kind", "apiVersion"):
            return [outer.number, inner.number]
    return None


def reduce_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The parts of one schema that the server uses."""
    refs = [schema.get("$ref"), *(part.get("$ref") for part in schema.get("allOf", ()))]
    for ref in filter(None, refs):
        return {
            "$ref": ref.removeprefix(REF),
            **reduce_schema({**schema, "$ref": None, "allOf": ()}),
        }
    kept = {key: value for key, value in schema.items() if key in KEPT}
    if schema.get("default"):
        kept["default"] = schema["default"]
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            kept[key] = reduce_schema(schema[key])
    return kept


def reduce_definition(
    name: str, schema: dict[str, Any], messages: dict[str, Message]
) -> dict[str, Any]:
    """One definition with its properties and their protobuf numbers."""
    reduced = reduce_schema(schema)
    message = messages.get(proto_name(name), {})
    for field, sub in schema.get("properties", {}).items():
        entry = reduce_schema(sub)
        if number := find_number(field, message, messages):
            entry["x-proto"] = number
        reduced.setdefault("properties", {})[field] = entry
    return reduced


def proto_name(name: str) -> str:
    """io.k8s.api.core.v1.Pod -> k8s.io.api.core.v1.Pod."""
    return "k8s.io." + name.removeprefix("io.k8s.")


def references(schema: Any) -> list[str]:
    """The names of all definitions that a reduced schema points at."""
    return re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema))


def main() -> None:
    """Write the reduced definitions, one on each line so that a change reads well."""
    server, token, proto_root, output = sys.argv[1:]
    definitions, messages = fetch_definitions(server, token), read_messages(Path(proto_root))
    reduced: dict[str, Any] = {}
    todo = list(ROOTS)
    while todo:
        name = todo.pop()
        if name not in reduced:
            reduced[name] = reduce_definition(name, definitions[name], messages)
            todo += references(reduced[name])
    lines = (
        f"{json.dumps(name)}: {json.dumps(schema, separators=(',', ':'))}"
        for name, schema in sorted(reduced.items())
    )
    Path(output).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
