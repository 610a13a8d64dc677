"""The table of flags: each field of `Settings` is a flag, with its type, default and help.

The flag is the field's name with dashes. Names, defaults and forms are LBC's (spec 10.2).
The command line, the reference page and the chart are made from this table.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec

from alb_controller.settings.forms import BindAddress, Form, QuotaNumbers, ThrottleRule, form_of
from alb_controller.settings.gates import GATES_FORM, FeatureGates
from alb_controller.settings.served import Served

EMPTY: Mapping[str, str] = MappingProxyType({})
EMPTY_QUOTAS: QuotaNumbers = MappingProxyType({})

_WAF_RULES = (
    ThrottleRule("^AssociateWebACL|DisassociateWebACL", 0.5, 1),
    ThrottleRule("^GetWebACLForResource|ListResourcesForWebACL", 1, 1),
)
THROTTLE_RULES: Mapping[str, tuple[ThrottleRule, ...]] = MappingProxyType(
    {
        "WAF Regional": _WAF_RULES,
        "WAFV2": _WAF_RULES,
        "Elastic Load Balancing v2": (
            ThrottleRule("^RegisterTargets|^DeregisterTargets", 4, 20),
            ThrottleRule("^Describe.*", 50, 200),
            ThrottleRule("^Modify.*", 3, 20),
        ),
    }
)


class Flag(msgspec.Struct, frozen=True):
    """What the table says of a field beyond its type and default."""

    help: str
    served: Served = Served.YES
    minimum: int | None = None
    environment: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that an operator can set, checked; made once at start by `parse_settings`."""

    # ---- the cluster and its AWS account
    cluster_name: Annotated[str, Flag("Name of the Kubernetes cluster; required.")] = ""
    aws_region: Annotated[
        str | None,
        Flag(
            "AWS region; without it the environment, then the instance metadata service.",
            environment=("AWS_DEFAULT_REGION", "AWS_REGION"),
        ),
    ] = None
    aws_vpc_id: Annotated[
        str | None,
        Flag("VPC of the cluster; without it --aws-vpc-tags, then the instance metadata service."),
    ] = None
    aws_vpc_tags: Annotated[
        Mapping[str, str], Flag("Tags that find the VPC; all must match one VPC.")
    ] = EMPTY
    aws_vpc_tag_key: Annotated[
        str, Flag("Deprecated in LBC too, and ignored.", Served.NO_EFFECT_YET)
    ] = "Name"
    aws_api_endpoints: Annotated[
        Mapping[str, str], Flag("AWS endpoints by service id: serviceID=URL.")
    ] = EMPTY
    aws_api_throttle: Annotated[
        Mapping[str, tuple[ThrottleRule, ...]],
        Flag("Client-side rate limits of AWS calls: serviceID:operations=rate:burst."),
    ] = THROTTLE_RULES
    aws_max_retries: Annotated[int, Flag("Attempts per AWS call.", minimum=1)] = 10

    aws_quotas: Annotated[
        QuotaNumbers,
        Flag(
            "Not in LBC: quotas of the account, by the names of DescribeAccountLimits; checked "
            "before a write. Without them the write is tried, and AWS's refusal remembered."
        ),
    ] = EMPTY_QUOTAS
    read_aws_quotas: Annotated[
        bool,
        Flag(
            "Not in LBC: read the account's quotas (DescribeAccountLimits) once an hour, and "
            "check them before a write."
        ),
    ] = False

    # ---- what is made in AWS
    default_tags: Annotated[
        Mapping[str, str], Flag("Tags for every AWS resource the controller makes.")
    ] = EMPTY
    external_managed_tags: Annotated[
        tuple[str, ...], Flag("Tag keys that others manage: never added, changed or removed.")
    ] = ()
    default_target_type: Annotated[
        Literal["instance", "ip"], Flag("Target type where none is given.")
    ] = "instance"
    default_load_balancer_scheme: Annotated[
        Literal["internal", "internet-facing"], Flag("Scheme where none is given.")
    ] = "internal"
    default_ssl_policy: Annotated[
        str, Flag("SSL policy of HTTPS listeners where none is given.")
    ] = "ELBSecurityPolicy-2016-08"
    enable_backend_security_group: Annotated[
        bool, Flag("Share one security group for traffic to the targets.")
    ] = True
    enable_manage_backend_security_group_rules: Annotated[
        bool,
        Flag(
            "Manage the endpoints' rules also for load balancers with security groups of their own."
        ),
    ] = False
    backend_security_group: Annotated[
        str | None, Flag("Use this security group as the shared one: sg-….")
    ] = None
    disable_restricted_sg_rules: Annotated[
        bool, Flag("Open all ports of the endpoints to the shared security group.")
    ] = False
    service_target_eni_security_group_tags: Annotated[
        Mapping[str, str],
        Flag(
            "Tags, beside the cluster's, that find the security group of endpoints (nodes, pods)."
        ),
    ] = EMPTY
    max_targets_per_target_group: Annotated[
        int,
        Flag("Most targets of a target group; 0 is no limit.", minimum=0),
    ] = 0
    allowed_assume_role_arns: Annotated[
        tuple[str, ...],
        Flag(
            "Not in LBC: IAM roles that the controller may assume for a TargetGroupBinding that "
            "names one; * and ? are wildcards; an empty list allows none."
        ),
    ] = ("*",)
    drain_pods_of_leaving_nodes: Annotated[
        bool,
        Flag(
            "Not in LBC: if a node is marked for removal, deregister its pods before they are "
            "evicted, as long as other pods are ready."
        ),
    ] = False
    target_purge_percent: Annotated[
        int,
        Flag(
            "Not in LBC: a change that would remove at least this percentage of a target group's "
            "targets is first checked with the API server, past the cache; above 100: never.",
            minimum=1,
        ),
    ] = 100
    target_purge_hold: Annotated[
        timedelta, Flag("Not in LBC: a change as above also waits this long before it is made.")
    ] = timedelta(0)
    tolerate_non_existent_backend_service: Annotated[
        bool,
        Flag("Answer 503 for rules whose Service is missing, instead of rejecting the Ingress."),
    ] = True
    tolerate_non_existent_backend_action: Annotated[
        bool,
        Flag("Answer 503 for rules whose action is missing, instead of rejecting the Ingress."),
    ] = True
    lb_stabilization_monitor_interval: Annotated[
        timedelta,
        Flag("How often a load balancer that AWS is still provisioning is checked."),
    ] = timedelta(seconds=120)
    replacement_ready_timeout: Annotated[
        timedelta,
        Flag(
            "Not in LBC: how long a load balancer or target group that replaces another waits for "
            "its targets to be healthy before it takes over; 0: no wait."
        ),
    ] = timedelta(0)
    replacement_drain: Annotated[
        timedelta,
        Flag(
            "Not in LBC: how long a replaced load balancer or target group stays (a target group "
            "at least for its deregistration delay); 0: it is deleted at once."
        ),
    ] = timedelta(0)
    feature_gates: Annotated[FeatureGates, Flag("Features by name: Gate=true,Gate=false.")] = (
        FeatureGates()
    )

    # ---- what is watched
    ingress_class: Annotated[
        str, Flag("Handle Ingresses whose kubernetes.io/ingress.class has this value.")
    ] = "alb"
    group_trust: Annotated[
        Literal["any", "namespace"],
        Flag(
            "Not in LBC: who may decide for a group of Ingresses. With namespace, an Ingress is "
            "rejected if it takes requests or settings that another namespace had first."
        ),
    ] = "any"
    enable_status_annotation: Annotated[
        bool,
        Flag(
            "Not in LBC: annotate each Ingress with what it has in AWS and what is wrong with it. "
            "When off, the annotation is removed."
        ),
    ] = True
    enable_last_applied_annotation: Annotated[
        bool,
        Flag(
            "Not in LBC: annotate each Ingress with its last settings that AWS has, so that they "
            "stay if it is invalid at a restart. When off, the annotation is removed."
        ),
    ] = True
    watch_namespace: Annotated[str | None, Flag("Watch only this namespace; without it, all.")] = (
        None
    )
    enable_endpoint_slices: Annotated[
        bool, Flag("Read EndpointSlices, not Endpoints.", Served.DEFAULT_ALONE)
    ] = True
    disable_ingress_class_annotation: Annotated[
        bool, Flag("Webhook: refuse new uses of the annotation kubernetes.io/ingress.class.")
    ] = False
    disable_ingress_group_name_annotation: Annotated[
        bool, Flag("Webhook: refuse new uses of the annotation group.name.")
    ] = False
    required_secrets_label: Annotated[
        str | None, Flag("Read only Secrets with this label: key=value.")
    ] = None

    # ---- how the process runs
    log_level: Annotated[Literal["info", "debug"], Flag("How much is logged.")] = "info"
    log_format: Annotated[
        Literal["json", "console"],
        Flag("Not in LBC: how log lines are written; console is for people at a terminal."),
    ] = "json"
    kubeconfig: Annotated[
        str | None, Flag("Kubeconfig file; without it, the pod's service account.")
    ] = None
    metrics_bind_addr: Annotated[BindAddress | None, Flag("Address of the metrics; 0 is off.")] = (
        BindAddress("", 8080)
    )
    health_probe_bind_addr: Annotated[
        BindAddress | None, Flag("Address of /healthz and /readyz; 0 is off.")
    ] = BindAddress("", 61779)
    enable_leader_election: Annotated[
        bool, Flag("Hold a Lease, so that one replica writes at a time.")
    ] = True
    leader_election_id: Annotated[str, Flag("Name of the Lease.")] = (
        "aws-load-balancer-controller-leader"
    )
    leader_election_namespace: Annotated[
        str | None, Flag("Namespace of the Lease; without it, the pod's own.")
    ] = None
    sync_period: Annotated[
        timedelta, Flag("Every group is reconciled at least this often; 0 is never.")
    ] = timedelta(hours=10)
    ingress_max_concurrent_reconciles: Annotated[
        int, Flag("Groups of Ingresses reconciled at a time.", minimum=1)
    ] = 3
    targetgroupbinding_max_concurrent_reconciles: Annotated[
        int, Flag("TargetGroupBindings reconciled at a time.", minimum=1)
    ] = 3
    targetgroupbinding_max_exponential_backoff_delay: Annotated[
        timedelta, Flag("Longest wait before a failed TargetGroupBinding is tried again.")
    ] = timedelta(seconds=1000)
    targetgroupbinding_requeue_duration: Annotated[
        timedelta,
        Flag("Longest wait between checks of targets whose readiness gate is not open yet."),
    ] = timedelta(seconds=15)

    # ---- webhooks
    webhook_bind_port: Annotated[
        int, Flag("Port of the webhooks; not served without a certificate.")
    ] = 9443
    webhook_cert_dir: Annotated[
        str | None,
        Flag(
            "Folder of the webhooks' certificate; without it /tmp/k8s-webhook-server/serving-certs."
        ),
    ] = None
    webhook_cert_file: Annotated[
        str | None, Flag("File of the certificate in --webhook-cert-dir; without it tls.crt.")
    ] = None
    webhook_key_file: Annotated[
        str | None, Flag("File of the key in --webhook-cert-dir; without it tls.key.")
    ] = None
    webhook_cert_secret: Annotated[
        str | None,
        Flag(
            "Not in LBC: make and rotate the certificate, and keep it in this Secret: NAME or "
            "NAMESPACE/NAME."
        ),
    ] = None
    webhook_cert_lifetime: Annotated[
        timedelta, Flag("Not in LBC: how long a certificate lasts; the next is made at half of it.")
    ] = timedelta(days=90)
    webhook_configuration: Annotated[
        str,
        Flag("Not in LBC: name of the webhook configurations that get the controller's CA."),
    ] = "aws-load-balancer-webhook"
    kube_ca_pem_filepath: Annotated[
        str | None,
        Flag("Refuse webhook clients without a certificate that a CA of this file has signed."),
    ] = None
    enable_pod_readiness_gate_inject: Annotated[
        bool, Flag("Webhook: inject readiness gates into pods.")
    ] = True
    strict_admission: Annotated[
        bool,
        Flag(
            "Not in LBC: webhooks refuse objects that have invalid annotations or name what does "
            "not exist; without it they only warn."
        ),
    ] = False

    # ---- add-ons and certificates
    enable_waf: Annotated[bool, Flag("WAF Classic on ALBs.")] = True
    enable_wafv2: Annotated[bool, Flag("WAFv2 on ALBs.")] = True
    enable_shield: Annotated[bool, Flag("Shield Advanced on ALBs.")] = True
    allowed_certificate_authority_arns: Annotated[
        tuple[str, ...], Flag("Discover only certificates of these CAs.")
    ] = ()
    default_pca_arn: Annotated[str | None, Flag("Private CA of requested certificates.")] = None

    # ---- Services, Gateways, Global Accelerator
    load_balancer_class: Annotated[
        str, Flag("Handle Services of this loadBalancerClass.", Served.NO_EFFECT_YET)
    ] = "service.k8s.aws/nlb"
    service_max_concurrent_reconciles: Annotated[
        int, Flag("Services reconciled at a time.", Served.NO_EFFECT_YET, minimum=1)
    ] = 3
    gateway_class_max_concurrent_reconciles: Annotated[
        int, Flag("GatewayClasses reconciled at a time.", Served.NO_EFFECT_YET, minimum=1)
    ] = 3
    alb_gateway_max_concurrent_reconciles: Annotated[
        int, Flag("ALB Gateways reconciled at a time.", Served.NO_EFFECT_YET, minimum=1)
    ] = 3
    nlb_gateway_max_concurrent_reconciles: Annotated[
        int, Flag("NLB Gateways reconciled at a time.", Served.NO_EFFECT_YET, minimum=1)
    ] = 3
    globalaccelerator_max_concurrent_reconciles: Annotated[
        int, Flag("GlobalAccelerators reconciled at a time.", Served.NO_EFFECT_YET, minimum=1)
    ] = 1
    globalaccelerator_max_exponential_backoff_delay: Annotated[
        timedelta,
        Flag("Longest wait before a failed Service is tried again.", Served.NO_EFFECT_YET),
    ] = timedelta(seconds=1000)
    quic_environment_variable_name: Annotated[
        str, Flag("Variable that carries a pod's QUIC server id.", Served.NO_EFFECT_YET)
    ] = "AWS_LBC_QUIC_SERVER_ID"

    # ---- not a flag
    without_effect: tuple[str, ...] = ()
    """Flags and gates that were accepted, or are on by default, and do nothing yet; for one log
    line at start."""


class FlagRow(msgspec.Struct, frozen=True):
    """One flag, ready for a command line: `name` has dashes, `field` is the field of Settings."""

    name: str
    field: str
    form: Form
    default: Any
    flag: Flag


def flag_rows() -> Iterator[FlagRow]:
    """The flags in the order of the table."""
    defaults = Settings()
    for field, hint in typing.get_type_hints(Settings, include_extras=True).items():
        if typing.get_origin(hint) is Annotated:
            kind, flag = typing.get_args(hint)
            default = getattr(defaults, field)
            form = GATES_FORM if kind is FeatureGates else form_of(kind, default)
            yield FlagRow(field.replace("_", "-"), field, form, default, flag)
