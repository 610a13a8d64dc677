"""What AWS refuses to one member harms no other, with the controller as a process.

Ten rows of the table in `tests/unit/reconcile/test_refusal_table.py`, in one world.
"""

from __future__ import annotations

import json

import msgspec

from tests.controller.manifests import ingress
from tests.controller.rig import Object, Rig

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/gone/0123456789abcdef"
FORWARD = json.dumps({"type": "forward", "targetGroupARN": ARN})
NO_ACL = "arn:aws:wafv2:us-west-2:123456789012:regional/webacl/nobody/0a1b"

NO_CERTIFICATE = (
    "arn:aws:acm:us-west-2:123456789012:certificate/00000000-0000-4000-8000-000000000000"
)


class Row(msgspec.Struct, frozen=True):
    """What a new member asks for, and the call that is refused for it."""

    operation: str
    code: str
    setting: dict[str, str]
    named: str = "CreateTargetGroup"
    """In the Warning."""
    is_real: bool = False
    """The account itself refuses it."""
    times: int = 1 << 30
    """A quota has room again when nothing more is asked for."""
    quota: str = ""
    """What the refusal has shown; the Warning has its numbers and no code."""


ROWS = (
    Row("CreateTargetGroup", "ValidationError", {}),
    Row("CreateRule", "ValidationError", {}, "CreateRule"),
    Row("CreateRule", "TargetGroupNotFound", {"actions.app": FORWARD}, "actions.app", True),
    Row(
        "ModifyLoadBalancerAttributes",
        "InvalidConfigurationRequest",
        {"load_balancer_attributes": "access_logs.s3.enabled=true,access_logs.s3.bucket=nobodys"},
        "load-balancer-attributes",
        True,
    ),
    Row("AssociateWebACL", "WAFNonexistent", {"wafv2_acl_arn": NO_ACL}, "wafv2-acl-arn", True),
    Row(
        "ModifyTargetGroupAttributes",
        "ValidationError",
        {"target_group_attributes": "deregistration_delay.timeout_seconds=30"},
        "target-group-attributes",
    ),
    Row(
        "ModifyListenerAttributes",
        "ValidationError",
        {"listener_attributes.HTTP-80": "routing.http.response.server.enabled=false"},
        "listener-attributes.HTTP-80",
    ),
    Row(
        "AuthorizeSecurityGroupIngress",
        "RulesPerSecurityGroupLimitExceeded",
        {"inbound_cidrs": "10.9.9.0/24"},
        "inbound-cidrs",
        times=2,
    ),
    Row(
        "CreateListener",
        "CertificateNotFound",
        {"listen_ports": '[{"HTTPS": 8443}]', "certificate_arn": NO_CERTIFICATE},
        "CreateListener",
        is_real=True,
    ),
    Row(  # the last: the number of listeners that it shows counts for a while
        "CreateListener",
        "TooManyListeners",
        {"listen_ports": '[{"HTTP": 80}, {"HTTP": 81}]'},
        "listen-ports",
        quota="listeners-per-application-load-balancer",
    ),
)


def guilty(name: str, row: Row) -> Object:
    """A new member that asks for it."""
    made = ingress(name, [f"/{name}"], group="g", **row.setting)
    if "actions.app" in row.setting:
        (path,) = made["spec"]["rules"][0]["http"]["paths"]
        path["backend"]["service"]["port"] = {"name": "use-annotation"}
    return made


def harm_nobody(rig: Rig, row: Row, number: int) -> None:
    """One is refused; one other is edited and one deleted beside it."""
    name, other, edited = f"bad{number}", f"other{number}", f"/edited{number}"
    if not row.is_real:
        rig.aws.front.fail(row.operation, code=row.code, times=row.times)
    rig.apply(guilty(name, row))
    rig.until(lambda: rig.warnings(name))
    rig.apply(ingress("stays", [edited], group="g"))
    rig.delete("Ingress", other)
    rig.until(lambda: rig.is_gone("Ingress", other))
    rig.until(lambda: edited in rig.aws.paths())
    found = rig.warnings(name)
    assert len(found) == 1, found
    (warning,) = found
    assert row.named in warning
    assert (row.quota or row.code) in warning
    rig.delete("Ingress", name)
    rig.until(lambda: rig.is_gone("Ingress", name))
    rig.aws.front.release()


def test_ten_refusals_each_harm_one_member_alone(rig: Rig) -> None:
    """The guilty one has one Warning, and he can be deleted; the others hear nothing."""
    others = [f"other{number}" for number in range(len(ROWS))]
    rig.apply(*(ingress(name, [f"/{name}"], group="g") for name in ("stays", *others)))
    with rig.running() as controller:
        controller.settle()
        for number, row in enumerate(ROWS):
            harm_nobody(rig, row, number)
        assert rig.hostname("stays")
        assert rig.aws.paths() == [f"/edited{len(ROWS) - 1}"]
        assert rig.warnings("stays") == []
        assert all(rig.warnings(name) == [] for name in others)
