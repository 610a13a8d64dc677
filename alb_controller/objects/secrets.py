"""Secrets of OIDC clients: only the keys that are read, and never as plain text (spec 4.3)."""

from __future__ import annotations

import base64
from typing import Any, TypeAlias

import msgspec

from alb_controller.objects.core import KubeObject
from alb_controller.values import Secret

SecretName: TypeAlias = tuple[str, str]
"""(namespace, name) of a Secret."""
APPLIED_SECRETS = "elbv2.k8s.aws/applied-secrets"
"""Annotation of an Ingress, ours: the Secrets whose content AWS has, each with its `version`."""


class OidcSecretData(msgspec.Struct, frozen=True):
    """The keys that name an OIDC client; all others are dropped undecoded."""

    client_id: Secret | None = msgspec.field(default=None, name="clientID")
    older_client_id: Secret | None = msgspec.field(default=None, name="clientId")
    client_secret: Secret | None = msgspec.field(default=None, name="clientSecret")


class OidcSecret(KubeObject, frozen=True):
    """A Secret as far as an OIDC client needs it."""

    data: OidcSecretData = OidcSecretData()

    @property
    def version(self) -> str:
        """Says that the Secret is another or has changed; nothing derived from its content."""
        return f"{self.metadata.uid}/{self.metadata.resource_version}"


class UnreadableSecret(msgspec.Struct, frozen=True):
    """A Secret that the API refuses to show; `problem` is the rest of a sentence about it."""

    problem: str


SecretState: TypeAlias = OidcSecret | UnreadableSecret | None
"""What is known of a Secret; None: it does not exist."""


def decode_hook(type_: type[Any], value: Any) -> Any:
    """For msgspec decoders: base64 text of a field of type Secret; empty for what is no text.

    Raises TypeError for another type.
    """
    if type_ is not Secret:
        raise TypeError(type_.__name__)
    try:
        return Secret(base64.b64decode(value).decode())
    except (ValueError, TypeError):
        return Secret("")
