"""The controller as the chart installs it, on a real API server: the corpus, and the roles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.apiserver.accounts import Right, asked, granted
from tests.apiserver.chart import CERTIFICATE, UNBOUND, Chart, calls, installed, refusal
from tests.apiserver.cluster import Cluster, Object
from tests.apiserver.helm import NAMESPACE, RELEASE
from tests.apiserver.webhooks import GATED
from tests.conformance import ledger
from tests.conformance.aws_account import Account
from tests.conformance.controller import running
from tests.conformance.corpus import all_names
from tests.conformance.harness import Moto, Outcome, run_case, wipe
from tests.conformance.ledger import Case, Ledger
from tests.controller import manifests
from tests.controller.rig import Aws, Rig
from tests.waiting import until

EVERYBODYS = {Right("authentication.k8s.io", "selfsubjectreviews", "create")}
"""Kubernetes gives it to every account (ClusterRole system:basic-user)."""
LOST = manifests.ingress("lost", class_name="nope")

pytestmark = pytest.mark.usefixtures("helm_program")


class Corpus:
    """The cases under the chart; each runs once, for whoever asks for it first."""

    def __init__(self, kubeconfig: Path, moto: Moto, chart: Chart, folder: Path) -> None:
        self._kubeconfig, self._moto, self._folder = kubeconfig, moto, folder
        self.chart = chart
        self._done: dict[str, tuple[Outcome, ...]] = {}
        self.calls_before = calls(Cluster(kubeconfig))
        """Of the webhooks, while nobody answered yet."""

    def outcomes(self, case: str) -> tuple[Outcome, ...]:
        """What came of a case's steps."""
        if case not in self._done:
            under = self.chart.installation
            ran = run_case(case, self._kubeconfig, self._moto, self._folder, under=under)
            done = self._done[case] = tuple(ran)
            calls, theirs = (sum(o.calls for o in done), sum(o.reference_calls for o in done))
            ledger.keep(Ledger(cases=(Case(case, calls, theirs),)))
        return self._done[case]


@pytest.fixture(scope="module")
def chart(
    kubeconfig: Path,
    control_plane: Cluster,
    moto: Moto,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Chart]:
    """Installed; a first controller has had its webhooks trusted, and the API server calls them."""
    wipe(control_plane)
    folder = tmp_path_factory.mktemp("chart")
    vpc = Account(moto.url).seed()["vpc"]

    def is_validated(obj: Object) -> bool:
        return "denied the request" in refusal(control_plane, obj)

    with installed(kubeconfig, folder) as made:
        how = made.installation
        with running(how.kubeconfig, moto.url, vpc, folder / "first.log", how.flags):
            until(lambda: all(map(is_validated, (UNBOUND, LOST))), seconds=120)
        yield made


@pytest.fixture(scope="module")
def corpus(
    kubeconfig: Path, moto: Moto, chart: Chart, tmp_path_factory: pytest.TempPathFactory
) -> Corpus:
    """No case has run yet."""
    return Corpus(kubeconfig, moto, chart, tmp_path_factory.mktemp("cases"))


@pytest.mark.parametrize("case", all_names())
def test_a_case_ends_as_recorded(case: str, corpus: Corpus) -> None:
    """Under the chart's roles and webhooks, AWS and Kubernetes are as LBC left them."""
    for outcome in corpus.outcomes(case):
        assert not outcome.difference, f"{case}/{outcome.step.name}:\n{outcome.difference}"


@pytest.fixture
def whole_corpus(corpus: Corpus) -> Corpus:
    """Every case has run: those that no test has asked for run now."""
    for case in all_names():
        corpus.outcomes(case)
    return corpus


@pytest.fixture
def rig(control_plane: Cluster, whole_corpus: Corpus, aws: Aws, tmp_path: Path) -> Iterator[Rig]:
    """After the corpus, a cluster whose namespace wants readiness gates; controllers as there."""
    wipe(control_plane)
    kubeconfig = whole_corpus.chart.installation.kubeconfig
    made = Rig(control_plane, kubeconfig, aws, tmp_path)
    made.merge("Namespace", manifests.NAMESPACE, {"metadata": {"labels": GATED}})
    yield made
    no_labels = {"metadata": {"labels": dict.fromkeys(GATED)}}
    made.merge("Namespace", manifests.NAMESPACE, no_labels)
    wipe(control_plane)


def let_a_gated_pod_in(rig: Rig) -> None:
    """A pod of a bound Service: it gets a gate when it is created, and the gate is opened."""
    (address, node), *_ = manifests.PODS.items()
    pod = manifests.pod("app", address, node)
    name = pod["metadata"]["name"]
    rig.delete("Pod", name)
    rig.apply(pod)
    (gate,) = rig.get("Pod", name)["spec"]["readinessGates"]
    opened = {"type": gate["conditionType"], "status": "True"}
    rig.until(
        lambda: any(
            opened.items() <= condition.items()
            for condition in rig.get("Pod", name)["status"]["conditions"]
        )
    )


def take_all_pods_away(rig: Rig) -> None:
    """The API itself must confirm that none is left, before the target group is emptied."""
    rig.until(lambda: len(rig.aws.targets()) == len(manifests.PODS))
    rig.apply(manifests.endpoints("app", {}))
    rig.until(lambda: not rig.aws.targets())


def renew_the_certificate(rig: Rig, flags: Sequence[str]) -> None:
    """One that somebody has deleted is made anew, and replaced before it ends."""
    rig.cluster.delete(*CERTIFICATE)

    def served() -> str:
        kept = rig.cluster.get(*CERTIFICATE) or {}
        return str(kept.get("data", {}).get("tls.crt", ""))

    with rig.running(*flags, "--webhook-cert-lifetime=10s"):
        first = served()
        rig.until(lambda: served() != first)


def test_the_roles_are_what_is_used(
    kubeconfig: Path, whole_corpus: Corpus, chart: Chart, rig: Rig
) -> None:
    """All that was asked for is granted, all that is granted is used, and every webhook answers."""
    flags = chart.installation.flags
    with rig.running(*flags) as controller:
        rig.apply(manifests.ingress())
        controller.settle()
        let_a_gated_pod_in(rig)
        take_all_pods_away(rig)
        rig.delete("Ingress", "web")
        rig.until(lambda: rig.is_gone("Ingress", "web"))
    called = calls(rig.cluster) - whole_corpus.calls_before
    assert called.keys() == {(hook["name"], "200") for hook in chart.all_of("webhooks")}
    renew_the_certificate(rig, flags)
    requests = asked(RELEASE, NAMESPACE, kubeconfig, chart.since)
    assert requests.denied == set()
    rights = granted(chart.all_of("rules"))
    used = {right if right in rights else right._replace(name="") for right in requests.allowed}
    assert used == rights | EVERYBODYS
