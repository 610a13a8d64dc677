"""The kinds that the server knows: the built-in ones, and those that CRDs register.

`builtin.json` holds the built-in schemas, recorded from a kube-apiserver 1.35 by
tests/sandbox/kubeapi/record_schemas.py. The defaults in `DEFAULTS` are those that a real server
sets in Go code and its OpenAPI document does not show. Source: k8s.io/kubernetes
pkg/apis/*/v1/defaults.go.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from alb_controller.sandbox.kubeapi.schemas import Json, Schema, decode_json, link

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

_ROLLING = {"maxSurge": "25%", "maxUnavailable": "25%"}
_WEBHOOK = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
}
DEFAULTS: dict[str, Json] = {  # null: a time that Go writes even if it is not set
    "core.v1.ServiceSpec": {"sessionAffinity": "None", "type": "ClusterIP"},
    "core.v1.Secret": {"type": "Opaque"},
    "core.v1.PodSpec": {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    },
    "core.v1.Container": {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    },
    "core.v1.PodCondition": {"lastProbeTime": None, "lastTransitionTime": None},
    "core.v1.NodeCondition": {"lastHeartbeatTime": None, "lastTransitionTime": None},
    "core.v1.NamespaceCondition": {"lastTransitionTime": None},
    "apps.v1.DeploymentCondition": {"lastUpdateTime": None, "lastTransitionTime": None},
    "apps.v1.ReplicaSetCondition": {"lastTransitionTime": None},
    "core.v1.Event": {
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    },
    "core.v1.Probe": {
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    },
    "core.v1.HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "core.v1.ObjectFieldSelector": {"apiVersion": "v1"},
    "core.v1.SecretVolumeSource": {"defaultMode": 420},
    "core.v1.ConfigMapVolumeSource": {"defaultMode": 420},
    "core.v1.DownwardAPIVolumeSource": {"defaultMode": 420},
    "core.v1.ProjectedVolumeSource": {"defaultMode": 420},
    "core.v1.ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    "core.v1.HostPathVolumeSource": {"type": ""},
    "apps.v1.DeploymentSpec": {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": _ROLLING},
    },
    "apps.v1.ReplicaSetSpec": {"replicas": 1},
    "discovery.v1.Endpoint": {"conditions": {}},
    "discovery.v1.EndpointPort": {"name": "", "protocol": "TCP"},
    "networking.v1.IngressClassParametersReference": {"scope": "Cluster"},
    "admissionregistration.v1.MutatingWebhook": {**_WEBHOOK, "reinvocationPolicy": "Never"},
    "admissionregistration.v1.ValidatingWebhook": _WEBHOOK,
    "admissionregistration.v1.RuleWithOperations": {"scope": "*"},
    "admissionregistration.v1.ServiceReference": {"port": 443},
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind's table, as a CRD's `additionalPrinterColumns` has it."""

    name: str
    type: str
    json_path: str
    format: str = ""
    description: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind in one version: its names, its scope and its schema."""

    group: str
    version: str
    name: str
    plural: str
    schema: Schema
    namespaced: bool = True
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_status: bool = False
    is_custom: bool = False
    columns: tuple[Column, ...] = ()
    selectable_fields: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    definition: str = ""  # of a built-in kind: its full name in builtin.json

    @property
    def api_version(self) -> str:
        """`v1` or `networking.k8s.io/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`pods` or `ingresses.networking.k8s.io`: where the store keeps the kind."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified(self) -> str:
        """`Pod` or `Ingress.networking.k8s.io`, as messages write it."""
        return f"{self.name}.{self.group}" if self.group else self.name


def read_definitions() -> dict[str, Schema]:
    """The built-in definitions by full name, as the file has them."""
    text = resources.files(__package__).joinpath("builtin.json").read_bytes()
    definitions: dict[str, Schema] = decode_json(text)
    return definitions


def load_definitions() -> dict[str, Schema]:
    """The built-in definitions by full name, linked and with their defaults."""
    definitions = read_definitions()
    for short, defaults in DEFAULTS.items():
        properties = definitions[f"io.k8s.api.{short}"]["properties"]
        for name, value in defaults.items():
            properties[name]["default"] = value
    return link(definitions)


@dataclass(frozen=True, slots=True)
class _Row:
    """What the table of built-in kinds says of one kind."""

    package: str
    group: str
    name: str
    plural: str
    shorts: str = ""
    namespaced: bool = True
    status: bool = False
    all_category: bool = False
    verbs: tuple[str, ...] = field(default=ALL_VERBS)


_APIEXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
_BUILTIN = (
    _Row("core", "", "Namespace", "namespaces", "ns", namespaced=False, status=True),
    _Row("core", "", "Service", "services", "svc", status=True, all_category=True),
    _Row("core", "", "Pod", "pods", "po", status=True, all_category=True),
    _Row("core", "", "Node", "nodes", "no", namespaced=False, status=True),
    _Row("core", "", "Secret", "secrets"),
    _Row("core", "", "ConfigMap", "configmaps", "cm"),
    _Row("core", "", "Event", "events", "ev"),
    _Row("core", "", "ServiceAccount", "serviceaccounts", "sa"),
    _Row("apps", "apps", "Deployment", "deployments", "deploy", status=True, all_category=True),
    _Row("apps", "apps", "ReplicaSet", "replicasets", "rs", status=True, all_category=True),
    _Row("networking", "networking.k8s.io", "Ingress", "ingresses", "ing", status=True),
    _Row("networking", "networking.k8s.io", "IngressClass", "ingressclasses", namespaced=False),
    _Row("discovery", "discovery.k8s.io", "EndpointSlice", "endpointslices"),
    _Row("coordination", "coordination.k8s.io", "Lease", "leases"),
    _Row("policy", "policy", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", status=True),
    *(
        _Row("rbac", "rbac.authorization.k8s.io", name, f"{name.lower()}s", namespaced=namespaced)
        for name, namespaced in (
            ("ClusterRole", False),
            ("ClusterRoleBinding", False),
            ("Role", True),
            ("RoleBinding", True),
        )
    ),
    *(
        _Row(
            "admissionregistration",
            "admissionregistration.k8s.io",
            name,
            f"{name.lower()}s",
            namespaced=False,
        )
        for name in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    ),
    *(
        _Row(name, f"{name}.k8s.io", kind, f"{kind.lower()}s", namespaced=False, verbs=("create",))
        for name, kind in (
            ("authorization", "SelfSubjectAccessReview"),
            ("authentication", "SelfSubjectReview"),
        )
    ),
    _Row(
        _APIEXTENSIONS,
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "crd,crds",
        namespaced=False,
        status=True,
    ),
)


def builtin_kinds(definitions: dict[str, Schema]) -> Iterator[Kind]:
    """The kinds of a bare server."""
    for row in _BUILTIN:
        package = row.package if "." in row.package else f"io.k8s.api.{row.package}.v1"
        yield Kind(
            group=row.group,
            version="v1",
            name=row.name,
            plural=row.plural,
            schema=definitions[f"{package}.{row.name}"],
            definition=f"{package}.{row.name}",
            namespaced=row.namespaced,
            singular=row.name.lower(),
            short_names=tuple(filter(None, row.shorts.split(","))),
            categories=("all",) if row.all_category else (),
            has_status=row.status,
            verbs=row.verbs,
        )


class Registry:
    """The kinds served now, by group, version and plural."""

    def __init__(self) -> None:
        self.definitions = load_definitions()
        self._lock = threading.Lock()
        self._kinds = {self._key(kind): kind for kind in builtin_kinds(self.definitions)}

    @staticmethod
    def _key(kind: Kind) -> tuple[str, str, str]:
        return kind.group, kind.version, kind.plural

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind behind a URL, or None."""
        return self._kinds.get((group, version, plural))

    def named(self, name: str, api_version: str | None = None) -> Kind:
        """The kind called so (`Ingress`); for callers in the same process. Raises KeyError."""
        for kind in self.all():
            if kind.name == name and api_version in (None, kind.api_version):
                return kind
        raise KeyError(f"no kind {name} in {api_version or 'any group'}")

    def all(self) -> list[Kind]:
        """Every kind, in the order of registration."""
        return list(self._kinds.values())

    def replace(self, resource: str, kinds: list[Kind]) -> None:
        """Let `kinds` be all versions of one custom resource; an empty list removes it."""
        with self._lock:
            kept = {key: kind for key, kind in self._kinds.items() if kind.resource != resource}
            self._kinds = kept | {self._key(kind): kind for kind in kinds}


def object_schema(kind: Kind, definitions: dict[str, Schema]) -> Schema:
    """The schema of a whole object; a CRD's own says nothing of `metadata`, `kind` and
    `apiVersion`.
    """
    if not kind.is_custom:
        return kind.schema
    meta: dict[str, Any] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": definitions["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"],
    }
    return {**kind.schema, "properties": {**kind.schema.get("properties", {}), **meta}}
