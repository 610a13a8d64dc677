"""The mirror of one Secret, for a reflector."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from alb_controller.errors import Forbidden, KubeError
from alb_controller.objects.core import version_number
from alb_controller.objects.kinds import SECRET, Kind
from alb_controller.objects.reading import Unreadable
from alb_controller.objects.secrets import OidcSecret, SecretName, SecretState, UnreadableSecret

_FORBIDDEN = 403


class SecretMirror:
    """The newest state wins, and `on_change` is called for every change."""

    def __init__(
        self, name: SecretName, required_label: str, on_change: Callable[[], None]
    ) -> None:
        self.kind: Kind = SECRET
        self.synced = threading.Event()
        self.unserved = ""
        self.version = 0
        self.state: SecretState = None
        self.is_known = self.is_unreadable = False
        self._name, self._label, self._on_change = name, required_label, on_change

    @property
    def selection(self) -> Mapping[str, str]:
        selectors = {"fieldSelector": f"metadata.name={self._name[1]}"}
        return selectors | ({"labelSelector": self._label} if self._label else {})

    def upsert(self, obj: OidcSecret) -> None:
        if obj.key == self._name:
            self._take(obj)

    def delete(self, obj: Any) -> None:
        if obj.key == self._name:
            self._take(None)

    def keep(self, item: Unreadable[OidcSecret]) -> None:
        """What was known of it stays."""
        if not self._may_be_ours(item):
            return
        meta = item.obj.metadata
        self.is_unreadable = True
        if not isinstance(self.state, OidcSecret) or meta.uid not in ("", self.state.metadata.uid):
            self._set(UnreadableSecret(f"cannot be read: {item.problem}"))

    def replace(
        self,
        objects: Iterable[OidcSecret],
        version: int,
        *,
        unreadable: Sequence[Unreadable[OidcSecret]] = (),
        is_rewound: bool = False,
    ) -> None:
        self.version = version if is_rewound else max(self.version, version)
        found = next((obj for obj in objects if obj.key == self._name), None)
        item = next(filter(self._may_be_ours, unreadable), None)
        if found is None and item is not None:
            self.keep(item)
        else:
            self._take(found)

    def _may_be_ours(self, item: Unreadable[OidcSecret]) -> bool:
        return item.obj.metadata.name in ("", self._name[1])

    def failed(self, error: KubeError) -> bool:
        """A refusal by RBAC is a state that users must hear of.

        So is any error before the first answer, lest a stack wait for one Secret for ever; later
        ones are waited out.
        """
        if isinstance(error, Forbidden) and error.status == _FORBIDDEN:
            self._set(UnreadableSecret(self._missing_role()))
            return True
        if not self.is_known or isinstance(self.state, UnreadableSecret):
            self._set(UnreadableSecret(f"cannot be read: {error}"))
        return False

    def _take(self, state: OidcSecret | None) -> None:
        self.is_unreadable = False
        self._set(state)

    def _set(self, state: SecretState) -> None:
        if self.is_known and state == self.state:
            return
        self.state, self.is_known = state, True
        if isinstance(state, OidcSecret):
            self.version = max(self.version, version_number(state.metadata.resource_version))
        self._on_change()

    def _missing_role(self) -> str:
        namespace, name = self._name
        return (
            f"may not be read by this controller: add a Role in namespace {namespace!r} with the "
            f"verbs list and watch on secrets, resourceNames [{name!r}], and bind it to the "
            "controller's service account"
        )
