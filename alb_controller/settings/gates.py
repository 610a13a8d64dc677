"""The feature gates, with LBC's names and defaults (spec 10.3)."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from alb_controller.settings.forms import Form, parse_bool
from alb_controller.settings.served import Served


class Gate(msgspec.Struct, frozen=True):
    """A row of the gate table: LBC's name, what it does, and whether we do it."""

    name: str
    help: str
    served: Served = Served.YES


class FeatureGates(msgspec.Struct, frozen=True, kw_only=True):
    """One claim per gate; true is on."""

    listener_rules_tagging: Annotated[
        bool, Gate("ListenerRulesTagging", "Tag listeners and rules.")
    ] = True
    weighted_target_groups: Annotated[
        bool,
        Gate("WeightedTargetGroups", "Several target groups in one action."),
    ] = True
    endpoints_fail_open: Annotated[
        bool,
        Gate("EndpointsFailOpen", "Register endpoints of unknown readiness too."),
    ] = True
    enable_service_controller: Annotated[
        bool,
        Gate("EnableServiceController", "Serve LoadBalancer Services.", Served.NOT_YET),
    ] = True
    enable_ip_target_type: Annotated[
        bool, Gate("EnableIPTargetType", "Allow the target type ip.")
    ] = True
    subnets_cluster_tag_check: Annotated[
        bool,
        Gate(
            "SubnetsClusterTagCheck",
            "Discover only subnets that carry this cluster's tag or no cluster's.",
        ),
    ] = True
    nlb_health_check_advanced_config: Annotated[
        bool,
        Gate(
            "NLBHealthCheckAdvancedConfig",
            "Change every health check setting of an NLB's target group in place.",
        ),
    ] = True
    nlb_security_group: Annotated[
        bool, Gate("NLBSecurityGroup", "Security groups on NLBs.", Served.NOT_YET)
    ] = True
    subnet_discovery_by_reachability: Annotated[
        bool,
        Gate(
            "SubnetDiscoveryByReachability",
            "Recognise public subnets by their routes where no role tag is set.",
        ),
    ] = True
    lb_capacity_reservation: Annotated[
        bool, Gate("LBCapacityReservation", "Reserve load balancer capacity.")
    ] = True
    nlb_gateway_api: Annotated[
        bool, Gate("NLBGatewayAPI", "Gateway API on NLBs.", Served.NOT_YET)
    ] = True
    alb_gateway_api: Annotated[
        bool, Gate("ALBGatewayAPI", "Gateway API on ALBs.", Served.NOT_YET)
    ] = True
    gateway_listener_set: Annotated[
        bool, Gate("GatewayListenerSet", "Gateway API listener sets.", Served.NOT_YET)
    ] = True
    service_type_load_balancer_only: Annotated[
        bool,
        Gate("ServiceTypeLoadBalancerOnly", "Serve Services of that type alone.", Served.NOT_YET),
    ] = False
    enable_rgt_api: Annotated[
        bool,
        Gate("EnableRGTAPI", "Find load balancers and target groups by the tagging API."),
    ] = False
    alb_single_subnet: Annotated[
        bool,
        Gate("ALBSingleSubnet", "Allow an ALB in one subnet."),
    ] = False
    global_accelerator_controller: Annotated[
        bool, Gate("GlobalAcceleratorController", "Serve GlobalAccelerators.", Served.NOT_YET)
    ] = False
    enable_tcp_udp_listener: Annotated[
        bool, Gate("EnableTCPUDPListener", "TCP_UDP listeners on NLBs.", Served.NOT_YET)
    ] = False
    enhanced_default_behavior: Annotated[
        bool,
        Gate(
            "EnhancedDefaultBehavior",
            "Removing an annotation undoes mutual TLS and capacity.",
        ),
    ] = False
    enable_default_tags_low_priority: Annotated[
        bool,
        Gate(
            "EnableDefaultTagsLowPriority",
            "Tags of annotations win over --default-tags.",
        ),
    ] = False
    alb_target_control_agent: Annotated[
        bool, Gate("ALBTargetControlAgent", "Inject the target control agent.", Served.NOT_YET)
    ] = False
    enable_certificate_management: Annotated[
        bool, Gate("EnableCertificateManagement", "Request ACM certificates.")
    ] = False
    ingress_plan_annotation: Annotated[
        bool,
        Gate("IngressPlanAnnotation", "Write the desired resources to an annotation."),
    ] = False


class GateRow(msgspec.Struct, frozen=True):
    """One feature gate: `field` is the field of FeatureGates."""

    field: str
    default: bool
    gate: Gate


def gate_rows() -> Iterator[GateRow]:
    """The feature gates in the order of the table."""
    for field, hint in typing.get_type_hints(FeatureGates, include_extras=True).items():
        yield GateRow(field, getattr(FeatureGates(), field), hint.__metadata__[0])


def named_gates(texts: Sequence[str]) -> dict[str, bool]:
    """The gates that are set in words, by LBC's name.

    Raises ValueError for an unknown gate, with the nearest known one, or a value that is no bool.
    """
    known = [row.gate.name for row in gate_rows()]
    found: dict[str, bool] = {}
    for item in (item for text in texts for item in text.split(",") if item):
        name, equals, value = (part.strip() for part in item.partition("="))
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"has no gate {name!r}{hint}")
        if not equals:
            raise ValueError(f"must be Gate=true or Gate=false pairs, not {item!r}")
        try:
            found[name] = parse_bool(value)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
    return found


def parse_gates(texts: Sequence[str]) -> FeatureGates:
    """The gates' defaults with what is set in words on top."""
    named = named_gates(texts)
    fields = {row.gate.name: row.field for row in gate_rows()}
    return FeatureGates(**{fields[name]: value for name, value in named.items()})


def format_gates(gates: FeatureGates) -> str:
    """The gates that differ from their defaults, as `parse_gates` reads them."""
    return ",".join(
        f"{row.gate.name}={str(getattr(gates, row.field)).lower()}"
        for row in gate_rows()
        if getattr(gates, row.field) != row.default
    )


GATES_FORM = Form("Gate=bool,…", parse_gates, format_gates)
