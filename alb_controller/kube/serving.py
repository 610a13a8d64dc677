"""What the webhooks' certificate is kept in: one Secret, and two configurations of one name.

The leader writes them. As another may have become it, each write carries the version that was read.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import msgspec

from alb_controller.errors import KubeError, ObjectMissing
from alb_controller.kube.client import STRATEGIC_MERGE_PATCH, KubeClient
from alb_controller.objects.core import KubeStruct, Metadata
from alb_controller.objects.reading import decode

T = TypeVar("T")
_Parts: TypeAlias = dict[str, msgspec.Raw]
"""An object that is written back: its fields, undecoded."""
_NOTHING = msgspec.Raw(b"null")

_ROOT = "/apis/admissionregistration.k8s.io/v1"
_PLURALS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
_SERVICE_ACCOUNT = "system:serviceaccount:"


class StoredSecret(msgspec.Struct, frozen=True):
    """A Secret's data, decoded, and the version that was read; None: there is no Secret."""

    data: Mapping[str, bytes]
    version: str | None


class WebhookConfiguration(msgspec.Struct, frozen=True):
    """A configuration as far as certificates go: what is called where, trusting whom."""

    path: str
    version: str
    bundles: Mapping[str, bytes]
    """By name of the webhook."""
    hosts: frozenset[str]
    """The host names by which the webhooks are called."""


class _Secret(msgspec.Struct):
    metadata: Metadata
    data: dict[str, str] | None = None


class _ServiceName(msgspec.Struct):
    name: str
    namespace: str


class _ClientConfig(KubeStruct, frozen=True):
    ca_bundle: str | None = None
    service: _ServiceName | None = None
    url: str | None = None


class _Webhook(KubeStruct, frozen=True):
    name: str
    client_config: _ClientConfig | None = None


class _Configuration(msgspec.Struct):
    metadata: Metadata
    webhooks: list[_Webhook] | None = None


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _SelfReviewStatus(KubeStruct, frozen=True):
    user_info: _User = _User()


class _SelfReview(msgspec.Struct):
    status: _SelfReviewStatus = _SelfReviewStatus()


class ServingObjects:
    """Reads and writes them; raises KubeErrors."""

    def __init__(
        self,
        client: KubeClient,
        may_write: Callable[[], None],
        *,
        secret: tuple[str, str],
        configuration: str,
    ) -> None:
        """`secret` is a namespace and a name.

        `may_write` is called right before each write and raises NotLeading to prevent it.
        """
        self._client, self._may_write = client, may_write
        self._configuration = configuration
        self._namespace, self._name = secret

    @property
    def namespace(self) -> str:
        return self._namespace

    def configurations(self) -> list[WebhookConfiguration]:
        """Those of the name that there are."""
        found = []
        for plural in _PLURALS:
            path = f"{_ROOT}/{plural}/{self._configuration}"
            try:
                found.append(_configuration(path, self._client.request("GET", path)))
            except ObjectMissing:
                continue
        return found

    def trust(self, configuration: WebhookConfiguration, bundle: bytes) -> None:
        """Let all webhooks of a configuration trust a bundle of CAs.

        Raises Stale where it has changed since it was read, NotLeading.
        """
        encoded = base64.b64encode(bundle).decode()
        webhooks = [
            {"name": name, "clientConfig": {"caBundle": encoded}} for name in configuration.bundles
        ]
        body = {"metadata": {"resourceVersion": configuration.version}, "webhooks": webhooks}
        path, type_ = configuration.path, STRATEGIC_MERGE_PATCH
        self._may_write()
        self._client.request("PATCH", path, body=body, content_type=type_)

    def read_secret(self) -> StoredSecret:
        """The Secret as it is now."""
        try:
            found = _read(self._client.request("GET", self._secret_path()), _Secret)
        except ObjectMissing:
            return StoredSecret({}, None)
        data = {key: _decoded(text) for key, text in (found.data or {}).items()}
        return StoredSecret(data, found.metadata.resource_version)

    def write_secret(self, data: Mapping[str, bytes], version: str | None) -> None:
        """Make the Secret, or replace all that is in it.

        Raises ObjectExists or Stale where another was faster, NotLeading.
        """
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "type": "kubernetes.io/tls",
            "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
        }
        if version is None:
            self._may_write()
            self._client.request("POST", self._secret_path(""), body=body)
            return
        present = _read(self._client.request("GET", self._secret_path()), _Parts)
        metadata: dict[str, Any] = {**_read(present.get("metadata", _NOTHING), _Parts)}
        metadata.pop("managedFields", None)  # the API server keeps its own
        metadata["resourceVersion"] = version
        body = {**present, "metadata": metadata, "data": body["data"]}
        self._may_write()
        self._client.request("PUT", self._secret_path(), body=body)

    def _secret_path(self, name: str | None = None) -> str:
        collection = f"/api/v1/namespaces/{self._namespace}/secrets"
        return collection if name == "" else f"{collection}/{self._name}"


def own_account(client: KubeClient) -> str | None:
    """The service account that this process is for the API; None for another kind of user.

    A person's kubeconfig is no sign of the controller's own writes. Raises KubeErrors.
    """
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    name = _read(client.request("POST", path, body=body), _SelfReview).status.user_info.username
    return name if name.startswith(_SERVICE_ACCOUNT) else None


def _configuration(path: str, data: bytes) -> WebhookConfiguration:
    found = _read(data, _Configuration)
    configs = {one.name: one.client_config or _ClientConfig() for one in found.webhooks or ()}
    return WebhookConfiguration(
        path=path,
        version=found.metadata.resource_version,
        bundles={name: _decoded(config.ca_bundle or "") for name, config in configs.items()},
        hosts=frozenset(host for config in configs.values() for host in _hosts(config)),
    )


def _hosts(config: _ClientConfig) -> Iterator[str]:
    """As kube-apiserver names the server: NAME.NAMESPACE.svc, or the host of the URL."""
    service = config.service
    if service is not None:
        yield f"{service.name}.{service.namespace}.svc"
    elif host := urlsplit(config.url or "").hostname:
        yield host


def _read(data: bytes | msgspec.Raw, type_: type[T]) -> T:
    """Raises KubeError; what is in the answer may be secret and is not shown."""
    try:
        return decode(data, type_)
    except msgspec.DecodeError:
        raise KubeError(200, "unreadable", "an answer of another shape") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
