"""The Secrets of one Ingress: what OIDC clients need of them, and what AWS has of them (spec 4.3).

AWS never shows a client secret. So what was applied is remembered in an annotation of the Ingress,
as the Secret's uid and resourceVersion: a secret is sent again only where they are others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Protocol, TypeVar

import msgspec

from alb_controller.intent import DefaultIntent, RouteIntent
from alb_controller.model.actions import AuthenticateOidcAction
from alb_controller.objects.reading import decode
from alb_controller.objects.secrets import (
    APPLIED_SECRETS,
    OidcSecret,
    SecretName,
    SecretState,
    UnreadableSecret,
)
from alb_controller.values import Secret

W = TypeVar("W", RouteIntent, DefaultIntent)
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
"""Roughly a DNS subdomain, as names of Secrets are: what goes into a field selector."""
_LONGEST_NAME = 253
_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's White_Space, as Go's `unicode.IsSpace` has it."""


class KnownSecrets(Protocol):
    """What is known of Secrets: a dict by name, or what stands for one."""

    def get(self, name: SecretName, /) -> SecretState:
        """What is known of one; None where it does not exist."""


class OidcClient(msgspec.Struct, frozen=True):
    """What a Secret says of an OIDC client; `changed_version` empty where AWS has it already."""

    id: str
    secret: Secret
    changed_version: str


class MemberSecrets:
    """Reads Secrets for one Ingress, from those that are known, and keeps account of it.

    `applied` are the versions that AWS has, by name; None where nobody has noted any (LBC
    has applied them, so they are taken to be what AWS has).
    """

    def __init__(
        self,
        namespace: str,
        known: KnownSecrets,
        applied: Mapping[str, str] | None,
        *,
        required_label: str = "",
    ) -> None:
        self._namespace, self._known, self._applied = namespace, known, applied
        self._required_label = required_label
        self.asked: set[SecretName] = set()
        """Every Secret that the Ingress needs, known or not."""
        self.versions: dict[str, str] = {}
        """Of those that were read, by name."""

    def client(self, name: str) -> OidcClient:
        """The OIDC client in a Secret; raises ValueError with a sentence that names the Secret."""
        if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a Secret")
        path = (self._namespace, name)
        self.asked.add(path)
        match state := self._known.get(path):
            case UnreadableSecret(problem=problem):
                raise ValueError(f"Secret {'/'.join(path)} {problem}")
            case None:
                raise ValueError(f"Secret {'/'.join(path)} does not exist{self._or_lacks_label()}")
        client_id = state.data.client_id or state.data.older_client_id
        if client_id is None:
            raise ValueError(f"Secret {'/'.join(path)} has no key clientID")
        if state.data.client_secret is None:
            raise ValueError(f"Secret {'/'.join(path)} has no key clientSecret")
        return self._client(state, client_id.reveal(), state.data.client_secret.reveal())

    def _client(self, secret: OidcSecret, client_id: str, text: str) -> OidcClient:
        client_id, text = client_id.rstrip(_SPACES), _without_last_controls(text)
        if not client_id or not text:
            raise ValueError(
                f"Secret {'/'.join(secret.key)} needs text under clientID and clientSecret"
            )
        version, name = secret.version, secret.metadata.name
        self.versions[name] = version
        is_applied = self._applied is None or self._applied.get(name) == version
        return OidcClient(client_id, Secret(text), "" if is_applied else version)

    def _or_lacks_label(self) -> str:
        if not self._required_label:
            return ""
        return f" or lacks the label {self._required_label} (--required-secrets-label)"


def noted_versions(annotations: Mapping[str, str]) -> Mapping[str, str] | None:
    """The versions that an Ingress's annotation notes; what cannot be read notes none."""
    raw = annotations.get(APPLIED_SECRETS)
    if raw is None:
        return None
    try:
        return decode(raw, dict[str, str])
    except msgspec.DecodeError:
        return {}


def note(versions: Mapping[str, str]) -> str | None:
    """The annotation's value; None for no annotation."""
    return msgspec.json.encode(versions, order="sorted").decode() if versions else None


def settled(wanted: W) -> W:
    """The same once it has been applied: its secret is the one that AWS has."""
    guard = wanted.guard
    if not isinstance(guard, AuthenticateOidcAction) or not guard.secret_version:
        return wanted
    return msgspec.structs.replace(wanted, guard=msgspec.structs.replace(guard, secret_version=""))


def _without_last_controls(text: str) -> str:
    while text and unicodedata.category(text[-1]) == "Cc":
        text = text[:-1]
    return text
