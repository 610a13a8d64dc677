"""Events are about what a pass has looked at, whatever users say by then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from alb_controller.frontends.events import fingerprint
from alb_controller.kube.store import Stores
from alb_controller.objects.networking import Ingress
from alb_controller.reconcile.memory import StackMemory
from alb_controller.reconcile.stack import StackReconciler
from alb_controller.settings import Settings
from tests.factories import changed, cluster, ingress, ingress_class
from tests.unit.frontends.ingress.translation import WEB, settings


class Telling:
    """Every edge of a group whose one Ingress is mended as soon as it has been looked at."""

    def __init__(self, looked_at: Ingress, mended: Ingress) -> None:
        self.stores: Stores = cluster(ingress_class(), looked_at)
        self.mended = mended
        self.fingerprints: list[str] = []

    def known(self) -> dict[Any, Any]:
        """As reconcile.secrets."""
        return {}

    def get(self, kind: Any, namespace: str, name: str) -> Any:
        """As objects.cluster."""
        found = self.stores.get(kind, namespace, name)
        if kind is Ingress:
            self.stores.of(Ingress).upsert(self.mended)
        return found

    def rejected(self, _: Any) -> None:
        """As reconcile.explain; not looked at here."""

    def record_event(self, _: Any, *, fingerprint: str, **_said: str) -> None:
        """As kube.writer."""
        self.fingerprints.append(fingerprint)


def test_a_mended_mistake_is_not_told_as_a_new_one() -> None:
    """An event of the old state, written when the new one is known, is the old state's."""
    bad = ingress(alb={"group.name": "No"})
    mended = changed(ingress(), generation=2)
    edge = Telling(bad, mended)
    edges: Any = SimpleNamespace(cluster=edge, writer=edge, secrets=edge, explainer=edge)
    by: Settings = settings(ingress_class="alb")
    StackReconciler(edges, StackMemory(), by, "vpc-1").reconcile(WEB)
    assert edge.fingerprints == [fingerprint(bad)]
    assert fingerprint(bad) != fingerprint(mended)
