"""A Service port as the target of routes (spec 1.1, 5.1, 5.2, 5.4)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.build.elbv2.names import generated_name
from alb_controller.errors import InvalidAnnotation, Missing
from alb_controller.intent import BackendIntent, ForwardIntent
from alb_controller.model.actions import FixedResponseAction
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import Service, ServicePort
from alb_controller.objects.networking import IngressBackend
from alb_controller.settings import Settings
from alb_controller.values import PortRef, StackKey
from tests.factories import changed, ingress, ingress_class, params, path, rule, service, to
from tests.unit.frontends.ingress.translation import (
    WEB,
    alone,
    only_backend,
    only_listener,
    reached,
    refused,
    reported,
    settings,
    translated,
)


def backend(of: Service, alb: dict[str, str] | None = None, **fields: Any) -> BackendIntent:
    """The backend of Ingress shop/web for a Service, by port 80."""
    return only_backend(alone(of, alb=alb or {}, **fields))


def only_action(target: IngressBackend, by: Settings | None = None) -> object:
    """What the one route does."""
    (route,) = only_listener(alone(rules=[rule("", path("/", "Prefix", target))], by=by)).routes
    return route.action


def test_a_route_forwards_to_its_backend() -> None:
    """By the resource id, which has the port as written (spec 5.1)."""
    assert only_action(to("app", 80)) == ForwardIntent.to_backend("shop/web-app:80")
    assert only_action(to("app", "http")) == ForwardIntent.to_backend("shop/web-app:http")


def test_one_port_as_written_is_one_backend() -> None:
    """However many routes use it; by name and by number it is two, as in LBC."""
    rules = [rule("", path("/a"), path("/b"), path("/c", backend=to("app", "http")))]
    assert [b.id for b in alone(rules=rules).backends] == ["shop/web-app:80", "shop/web-app:http"]


@pytest.mark.parametrize("port", [81, "https", "80"])
def test_a_port_that_the_service_lacks_is_named(port: PortRef) -> None:
    """With those that it has; a number is no name."""
    ports = [ServicePort("http", "TCP", 80, 8080), ServicePort("", "TCP", 9090, 9090)]
    (problem,) = refused(service(ports=ports), rules=[rule("", path(backend=to("app", port)))])
    assert problem == (
        f"spec.rules[0].http.paths[0].backend: names port {port!r}, "
        "which Service shop/app does not have: it has 80 (http), 9090"
    )


def test_a_service_without_ports_has_none() -> None:
    """An ExternalName, for instance."""
    (problem,) = refused(service(ports=[]))
    assert problem.endswith("which Service shop/app does not have: it has none")


def test_a_missing_service_answers_503() -> None:
    """Until it is there (spec 1.2)."""
    assert only_action(to("absent")) == FixedResponseAction(
        "503", "text/plain", "Backend service does not exist"
    )


def test_a_missing_service_may_be_a_problem() -> None:
    """--tolerate-non-existent-backend-service=false; it heals when the Service appears."""
    by = settings(tolerate_non_existent_backend_service=False)
    of = ingress(rules=[rule("", path(backend=to("absent")))])
    (problem,) = translated(of, key=WEB, by=by).problems
    assert isinstance(problem, Missing)
    assert str(problem) == (
        "spec.rules[0].http.paths[0].backend: names Service shop/absent, which does not exist"
    )


def test_a_missing_action_answers_503() -> None:
    """A backend `use-annotation` without its annotation."""
    assert only_action(to("hello", "use-annotation")) == FixedResponseAction(
        "503", "text/plain", "Backend action does not exist"
    )


def test_a_missing_action_may_be_a_problem() -> None:
    """--tolerate-non-existent-backend-action=false; the key is named."""
    by = settings(tolerate_non_existent_backend_action=False)
    rules = [rule("", path(backend=to("hello", "use-annotation")))]
    (problem,) = refused(rules=rules, by=by)
    assert problem == (
        f"spec.rules[0].http.paths[0].backend: needs the annotation {PREFIX}actions.hello, "
        "which is missing"
    )
    (problem,) = refused(rules=rules, by=by, alb={"actions.hello": "{}"})
    assert problem == (
        f"{PREFIX}actions.hello: type '' must be one of fixed-response, redirect, forward"
    )


def test_a_backend_that_is_no_service_is_refused() -> None:
    """Buckets and the like."""
    (problem,) = refused(rules=[rule("", path("/", "Exact", IngressBackend()))])
    assert problem.endswith("names no service: resource backends are not supported")


def test_settings_of_a_backend_have_the_references_defaults() -> None:
    """Node ports, HTTP/1.1, nothing declared (spec 1.1)."""
    made = backend(service())
    assert (made.target_type, made.port) == ("instance", 30080)
    assert (made.protocol, made.protocol_version, made.ip_family) == ("HTTP", "HTTP1", "ipv4")
    assert (made.attributes, made.tags, made.node_labels) == ({}, {}, None)
    assert not made.multi_cluster
    assert (made.namespace, made.service.name, made.service.port) == ("shop", "app", 80)
    assert reached(made) == (30080,)


@pytest.mark.parametrize(
    "suffix,raw,field,value",
    [
        ("target-type", "ip", "target_type", "ip"),
        ("backend-protocol", "HTTPS", "protocol", "HTTPS"),
        ("backend-protocol-version", "HTTP2", "protocol_version", "HTTP2"),
        ("target-group-attributes", "a=1", "attributes", {"a": "1"}),
        ("target-node-labels", "pool=web", "node_labels", {"pool": "web"}),
        ("multi-cluster-target-group", "true", "multi_cluster", True),
    ],
)
def test_both_objects_may_say_it_and_the_service_wins(
    suffix: str, raw: str, field: str, value: Any
) -> None:
    """As a whole; what the Ingress says is not read then, good or bad."""
    assert getattr(backend(service(), alb={suffix: raw}), field) == value
    bad = {} if suffix.startswith("multi") else {suffix: "-"}
    assert getattr(backend(service(alb={suffix: raw}), alb=bad), field) == value


@pytest.mark.parametrize(
    "on_ingress,on_service,shared",
    [("false", "true", True), ("true", "false", True), ("false", "false", False)],
)
def test_a_group_is_shared_by_clusters_if_either_object_says_so(
    on_ingress: str, on_service: str, shared: bool
) -> None:
    """The one annotation that the Service does not simply win (spec 1.1)."""
    suffix = "multi-cluster-target-group"
    assert backend(service(alb={suffix: on_service}), {suffix: on_ingress}).multi_cluster is shared


def test_a_bad_value_on_the_service_is_reported_to_the_service() -> None:
    """Once, though several routes use it; both Ingresses are left out, and get a Warning."""
    group = {"group.name": "team"}
    rules = [rule("", path("/a"), path("/b"))]
    made = translated(
        ingress("a", alb=group, rules=rules),
        ingress("b", alb=group),
        service(alb={"target-type": "pod"}),
    )
    problem = f"{PREFIX}target-type: 'pod' must be one of instance, ip"
    assert reported(made) == {
        "Service shop/app": [problem],
        "Ingress shop/a": [f"Service shop/app: {problem}"],
        "Ingress shop/b": [f"Service shop/app: {problem}"],
    }
    assert made.served == frozenset()


def test_target_type_ip_may_be_switched_off() -> None:
    """EnableIPTargetType."""
    by = settings(gates={"enable_ip_target_type": False})
    (problem,) = refused(alb={"target-type": "ip"}, by=by)
    assert problem == (
        f"{PREFIX}target-type: 'ip' needs the feature gate EnableIPTargetType, which is off"
    )


def test_the_operator_chooses_the_default_target_type() -> None:
    """--default-target-type."""
    assert backend(service(), by=settings(default_target_type="ip")).target_type == "ip"


def test_nodes_as_targets_need_a_node_port() -> None:
    """The message names the Service, its type and the way out."""
    (problem,) = refused(service(ports=[ServicePort("http", "TCP", 80, 8080)]))
    assert problem == (
        f"{PREFIX}target-type: 'instance' needs Service shop/app to be of type NodePort or "
        "LoadBalancer, it is ClusterIP: change it, or use target-type ip"
    )


@pytest.mark.parametrize(
    "target_port,port,traffic", [(8080, 8080, 8080), ("web", 1, "web"), (0, 80, 80)]
)
def test_pods_as_targets_are_reached_at_the_target_port(
    target_port: PortRef, port: int, traffic: PortRef
) -> None:
    """A named one differs from pod to pod, so the group has port 1 (spec 5.2)."""
    of = service(ports=[ServicePort("http", "TCP", 80, target_port)])
    made = backend(of, alb={"target-type": "ip"})
    assert (made.port, reached(made)) == (port, (traffic,))


def test_node_labels_are_for_nodes() -> None:
    """With pods as targets they are not read; an empty map selects as none does."""
    made = backend(service(), alb={"target-type": "ip", "target-node-labels": "bad"})
    assert made.node_labels is None
    assert backend(service(), alb={"target-node-labels": ""}).node_labels is None


@pytest.mark.parametrize(
    "families,family",
    [([], "ipv4"), (["IPv4"], "ipv4"), (["IPv6"], "ipv6"), (["IPv4", "IPv6"], "ipv6")],
)
def test_a_service_with_ipv6_has_ipv6_targets(families: list[str], family: str) -> None:
    """Dual-stack ones too (spec 5.2)."""
    assert backend(service(families=families)).ip_family == family


@pytest.mark.parametrize(
    "type_,check,ports",
    [
        ("instance", "traffic-port", (30080,)),
        ("instance", "9000", (30080, 9000)),
        ("ip", "traffic-port", (8080,)),
        ("ip", "9000", (8080, 9000)),
    ],
)
def test_traffic_and_health_check_must_reach_the_targets(
    type_: str, check: str, ports: tuple[int, ...]
) -> None:
    """One rule for each port of its own (spec 5.4)."""
    alb = {"target-type": type_, "healthcheck-port": check}
    assert reached(backend(service(), alb)) == ports


def test_the_operator_may_open_every_port() -> None:
    """--disable-restricted-sg-rules."""
    by = settings(disable_restricted_sg_rules=True)
    assert reached(backend(service(), {"healthcheck-port": "9000"}, by=by)) == (None,)


def test_tags_of_the_class_win_over_the_service_over_the_ingress() -> None:
    """Tag by tag (spec 7.2)."""
    pairs = [{"key": "a", "value": "class"}]
    of_class = (ingress_class(params="params"), params(tags=pairs))
    app = service(alb={"tags": "a=service,b=service"})
    intent = alone(app, *of_class, alb={"tags": "a=ingress,b=ingress,c=ingress"})
    assert only_backend(intent).tags == {"a": "class", "b": "service", "c": "ingress"}


def test_tags_that_others_manage_are_refused_on_services_too() -> None:
    """The Service gets a Warning, and the Ingress."""
    by = settings(external_managed_tags=("owner",))
    made = translated(ingress(), service(alb={"tags": "owner=me,x=y"}), key=WEB, by=by)
    problem, seen = made.problems
    assert (str(seen.origin), type(seen)) == ("Ingress shop/web", InvalidAnnotation)
    assert isinstance(problem, InvalidAnnotation)
    assert str(problem.origin) == "Service shop/app"
    assert "tag 'owner' is managed by others" in str(problem)


@pytest.mark.parametrize(
    "port,name", [("http", "k8s-ns1-svc1-9889425938"), (80, "k8s-ns1-svc1-90b7d93b18")]
)
def test_a_target_group_is_called_as_by_the_reference(port: PortRef, name: str) -> None:
    """The vectors of spec 5.1, from the objects."""
    rules = [rule("", path(backend=to("svc-1", port)))]
    of = ingress("ing-1", namespace="ns-1", rules=rules)
    app = service("svc-1", namespace="ns-1", ports=[ServicePort("http", "TCP", 80, 8080, 32768)])
    found = translated(
        of,
        changed(app, uid=""),
        key=StackKey("ingress", "ns-1", "ing-1"),
        by=Settings(cluster_name="cluster-dummy"),
    )
    assert generated_name(only_backend(found.intent).name) == name
