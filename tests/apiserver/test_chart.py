"""The chart under the real helm: what it renders, what it refuses, which flags it passes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from alb_controller.settings import Settings, flag_rows, parse_settings
from tests.apiserver import helm
from tests.apiserver.helm import CHART, Object, render

VALUES = sorted((CHART / "ci").glob("*.yaml"))
FULL, DEFAULT = CHART / "ci" / "full-values.yaml", CHART / "ci" / "default-values.yaml"
WITHOUT_A_VALUE = frozenset(
    {
        # LBC's chart has no value for these either (spec 10.7)
        "aws-vpc-tag-key",
        "enable-leader-election",
        "gateway-class-max-concurrent-reconciles",
        "health-probe-bind-addr",
        "kube-ca-pem-filepath",
        "kubeconfig",
        "leader-election-id",
        "leader-election-namespace",
        "quic-environment-variable-name",
        "webhook-cert-file",
        "webhook-key-file",
        # the chart passes it where somebody else makes the certificate
        "webhook-cert-dir",
    }
)

pytestmark = pytest.mark.usefixtures("helm_program")


def one(objects: list[Object], kind: str) -> Object:
    """The object of a kind of which there is one."""
    (found,) = (obj for obj in objects if obj["kind"] == kind)
    return found


def container(objects: list[Object]) -> Object:
    """The controller's container."""
    (found,) = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


def flags(objects: list[Object]) -> dict[str, list[str]]:
    """The flags that the container is given."""
    command, *rest = container(objects)["args"]
    assert command == "run"
    pairs = (text.removeprefix("--").partition("=") for text in rest)
    return {name: [value] for name, _, value in pairs}


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_helm_finds_no_fault(values: Path) -> None:
    """Helm's own linter is content, warnings included."""
    linted = helm.run("lint", "--strict", CHART, "-f", values)
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_the_controller_takes_the_flags(values: Path) -> None:
    """No value renders a flag that stops the start."""
    parse_settings(flags(render(values)), {})


def test_every_flag_has_a_value() -> None:
    """Each flag can be set by a value, but for those that are listed here with the reason."""
    given = set(flags(render(FULL)))
    assert {row.name for row in flag_rows()} - given == WITHOUT_A_VALUE


def test_a_value_reaches_its_flag() -> None:
    """What the full values say is what the controller reads, large numbers and commas included."""
    read = parse_settings(flags(render(FULL)), {})
    assert read.cluster_name == "prod"
    assert read.aws_vpc_tags == {"Name": "prod", "env": "live,eu"}
    assert read.default_tags == {"team": "shop", "cost": "4.2"}
    assert read.ingress_max_concurrent_reconciles == 1000000
    assert read.feature_gates.alb_single_subnet
    assert not read.feature_gates.listener_rules_tagging
    assert len(read.aws_api_throttle["Elastic Load Balancing v2"]) == 2


def test_what_is_unset_is_the_binarys_default() -> None:
    """With nothing but a cluster's name, the settings are the defaults; webhooks are served."""
    read = parse_settings(flags(render(DEFAULT)), {})
    assert read.webhook_cert_secret == "aws-load-balancer-tls"
    without = {"cluster_name", "webhook_cert_secret", "without_effect"}
    for field in set(Settings.__struct_fields__) - without:
        assert getattr(read, field) == getattr(Settings(), field), field


@pytest.mark.parametrize(
    "wrong, term",
    [
        ("", "clusterName is required"),
        ("clusterName=c,clusterNme=c", "clusterNme"),
        ("clusterName=c,defaultTargetType=pod", "defaultTargetType"),
        ("clusterName=c,controllerConfig.featureGates.NoSuchGate=true", "NoSuchGate"),
        ("clusterName=c,webhookConfig.ingressValdationFailurePolicy=Never", "webhookConfig"),
        ("clusterName=c,syncPeriod=soon", "syncPeriod"),
    ],
)
def test_a_wrong_value_is_refused(wrong: str, term: str) -> None:
    """The schema names the value, before anything reaches a cluster."""
    refused = helm.template(sets=[wrong] if wrong else [])
    assert refused.returncode != 0
    assert term in refused.stderr


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_two_renderings_are_the_same(values: Path) -> None:
    """Nothing is random: a GitOps tool sees no difference that is none."""
    assert helm.template(values).stdout == helm.template(values).stdout


def test_the_templates_are_fit_for_an_eks_add_on() -> None:
    """No hooks, lookups, random values, capabilities or release fields but name and namespace."""
    forbidden = r"helm\.sh/hook|\blookup\b|\brand[A-Z]|\bgen[A-Z]|\bnow\b|\.Capabilities|uuidv4"
    for path in (CHART / "templates").iterdir():
        text = path.read_text()
        assert not re.search(forbidden, text), path
        assert set(re.findall(r"\.Release\.(\w+)", text)) <= {"Name", "Namespace"}, path


def test_two_replicas_are_apart_and_not_evicted_together() -> None:
    """The default survives the loss of a node and the drain of another."""
    made = render(DEFAULT)
    spec = one(made, "Deployment")["spec"]
    spread = spec["template"]["spec"]["topologySpreadConstraints"]
    keys = {found["topologyKey"] for found in spread}
    assert spec["replicas"] == 2
    assert keys == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
    assert one(made, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_one_replica_has_no_budget() -> None:
    """A budget for one replica would stop every drain."""
    kinds = {obj["kind"] for obj in render(CHART / "ci" / "least-values.yaml")}
    assert kinds.isdisjoint(
        {"PodDisruptionBudget", "ServiceAccount", "ClusterRole", "IngressClass"}
    )


@pytest.mark.parametrize("values", [DEFAULT, CHART / "ci" / "cert-manager-values.yaml"])
def test_a_dead_controller_blocks_new_bindings_alone(values: Path) -> None:
    """Every webhook is ignored when it cannot be reached, but that of a new TargetGroupBinding."""
    hooks = [hook for obj in render(values) for hook in obj.get("webhooks", ())]
    failing = {hook["name"] for hook in hooks if hook["failurePolicy"] == "Fail"}
    assert failing == {"mtargetgroupbinding.elbv2.k8s.aws", "vtargetgroupbinding.elbv2.k8s.aws"}
    for hook in hooks:
        (rule,) = hook["rules"]
        if hook["name"] in failing:
            assert rule["operations"] == ["CREATE"]


def test_the_chart_leaves_the_ca_to_the_controller() -> None:
    """An upgrade must not take away the bundle that the controller wrote."""
    hooks = [hook for obj in render(DEFAULT) for hook in obj.get("webhooks", ())]
    assert hooks
    assert not any("caBundle" in hook["clientConfig"] for hook in hooks)
    assert not any(obj["kind"] == "Secret" for obj in render(DEFAULT))


@pytest.mark.parametrize("name", ["cert-manager", "own-certificate"])
def test_a_certificate_of_others_is_mounted_and_used(name: str) -> None:
    """With cert-manager or a certificate of the operator's, the flag and the mount are there."""
    made = render(CHART / "ci" / f"{name}-values.yaml")
    (folder,) = flags(made)["webhook-cert-dir"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container(made)["volumeMounts"]}
    assert mounts[folder] == "cert"


@pytest.mark.parametrize("name", ["default", "cert-manager", "own-certificate"])
def test_a_pod_can_write_nowhere(name: str) -> None:
    """Its root is read-only, and so is all that is mounted into it."""
    made = container(render(CHART / "ci" / f"{name}-values.yaml"))
    assert made["securityContext"]["readOnlyRootFilesystem"]
    assert all(mount["readOnly"] for mount in made.get("volumeMounts", ()))


def test_memory_is_limited_unless_you_say_how() -> None:
    """By default, above the request; a limit of yours counts, and null is none."""

    def memory(*sets: str) -> tuple[str, str | None]:
        made = container(render(DEFAULT, sets=sets))["resources"]
        return made["requests"]["memory"], made.get("limits", {}).get("memory")

    assert memory() == ("128Mi", "512Mi")
    assert memory("resources.requests.memory=512Mi") == ("512Mi", "512Mi")
    assert memory("resources.limits.memory=2Gi") == ("128Mi", "2Gi")
    assert memory("resources.limits.memory=null", "resources.requests.memory=1Gi") == ("1Gi", None)


@pytest.mark.parametrize("request_", ["513Mi", "1Gi", "600M", "999999999"])
def test_a_memory_request_above_the_limit_is_refused(request_: str) -> None:
    """The API server would refuse the pod: helm says which value to set."""
    refused = helm.template(DEFAULT, sets=[f"resources.requests.memory={request_}"])
    assert "resources.limits.memory is 512Mi" in refused.stderr


def test_the_network_policy_names_sources() -> None:
    """Webhooks are for everybody unless named, metrics for pods, the health port for the node."""

    def sources(*values: Path, sets: Sequence[str] = ()) -> dict[object, object]:
        policy = one(render(*values, sets=("networkPolicy.enabled=true", *sets)), "NetworkPolicy")
        return {
            port["port"]: rule.get("from")
            for rule in policy["spec"]["ingress"]
            for port in rule["ports"]
        }

    pods: list[object] = [{"namespaceSelector": {}}]
    assert sources(DEFAULT) == {"webhook-server": None, "metrics-server": pods}
    assert sources(DEFAULT, sets=["networkPolicy.metricsFrom=null"]) == {"webhook-server": None}
    monitoring = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    assert sources(FULL) == {
        "webhook-server": [{"ipBlock": {"cidr": "10.0.0.0/24"}}],
        "metrics-server": [{"namespaceSelector": monitoring}],
        61779: [{"ipBlock": {"cidr": "10.0.1.0/24"}}],
    }


def test_the_version_is_the_packages() -> None:
    """The default image is that of the chart's own version."""
    assert container(render(DEFAULT))["image"] == f"alb-controller:{chart_version()}"


def chart_version() -> str:
    """As pyproject.toml has it; tests/meta/test_chart.py holds Chart.yaml to it."""
    found = re.search(r'^version = "(.+)"$', Path("pyproject.toml").read_text(), re.MULTILINE)
    assert found
    return found[1]
