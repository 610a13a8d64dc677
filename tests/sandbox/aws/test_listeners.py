"""The local AWS keeps AWS's rules about listeners."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.sandbox.aws.moto_patches import ACCOUNT
from tests.sandbox.aws.world import NOT_FOUND, World, refused


def _https(world: World, name: str = "myapp.example") -> dict[str, Any]:
    return {
        "Protocol": "HTTPS",
        "Certificates": [{"CertificateArn": world.ids[f"cert:{name}"]}],
    }


def _shown(elbv2: Any, arn: str) -> Any:
    return elbv2.describe_listeners(ListenerArns=[arn])["Listeners"][0]


def test_refuse_taken_port(world: World) -> None:
    """A second listener on a port is refused; on another load balancer the port is free."""
    balancer = world.load_balancer()
    world.listener(balancer, 80)
    with refused("DuplicateListener"):
        world.listener(balancer, 80, **_https(world))
    world.listener(world.load_balancer("other"), 80)


def test_refuse_move_to_taken_port(world: World, elbv2: Any) -> None:
    """A listener cannot move to a port that is taken, and may name its own."""
    balancer = world.load_balancer()
    world.listener(balancer, 80)
    second = world.listener(balancer, 81)
    with refused("DuplicateListener"):
        elbv2.modify_listener(ListenerArn=second, Port=80)
    elbv2.modify_listener(ListenerArn=second, Port=81)
    elbv2.modify_listener(ListenerArn=second, Port=82)
    assert _shown(elbv2, second)["Port"] == 82


def test_refuse_too_many_listeners(world: World) -> None:
    """The 51st listener is refused."""
    balancer = world.load_balancer()
    for port in range(1, 51):
        world.listener(balancer, port)
    with refused("TooManyListeners"):
        world.listener(balancer, 51)


def test_demand_certificate(world: World) -> None:
    """HTTPS needs a certificate, HTTP takes none."""
    balancer = world.load_balancer()
    with refused("ValidationError"):
        world.listener(balancer, 443, Protocol="HTTPS")
    with refused("ValidationError"):
        world.listener(balancer, 80, **{**_https(world), "Protocol": "HTTP"})


def test_keep_what_belongs_to_tls(world: World, elbv2: Any) -> None:
    """Mutual authentication is kept; an HTTP listener has no SSL policy."""
    balancer = world.load_balancer()
    mutual = {"Mode": "passthrough"}
    secure = world.listener(balancer, 443, **_https(world), MutualAuthentication=mutual)
    plain = world.listener(balancer, 80)
    assert _shown(elbv2, secure)["MutualAuthentication"]["Mode"] == "passthrough"
    assert _shown(elbv2, secure)["SslPolicy"]
    assert "SslPolicy" not in _shown(elbv2, plain)
    with refused("LoadBalancerNotFound"):
        world.listener({"LoadBalancerArn": balancer["LoadBalancerArn"] + "x"}, 80)


def test_change_what_belongs_to_tls(world: World, elbv2: Any) -> None:
    """Mutual authentication can be switched on later, and turning to HTTP drops the policy."""
    arn = world.listener(world.load_balancer(), 443, **_https(world))
    assert _shown(elbv2, arn)["MutualAuthentication"]["Mode"] == "off"
    elbv2.modify_listener(ListenerArn=arn, MutualAuthentication={"Mode": "passthrough"})
    assert _shown(elbv2, arn)["MutualAuthentication"]["Mode"] == "passthrough"
    elbv2.modify_listener(ListenerArn=arn, Protocol="HTTP")
    assert "SslPolicy" not in _shown(elbv2, arn)


def test_change_network_listeners(world: World, elbv2: Any) -> None:
    """A UDP listener can be changed, its protocol named."""
    balancer = world.load_balancer(Type="network")
    group = world.target_group(Protocol="UDP")
    action = {"Type": "forward", "TargetGroupArn": group}
    arn = world.listener(balancer, 53, Protocol="UDP", DefaultActions=[action])
    elbv2.modify_listener(ListenerArn=arn, Protocol="UDP", Port=54)
    assert (_shown(elbv2, arn)["Protocol"], _shown(elbv2, arn)["Port"]) == ("UDP", 54)


def test_keep_sni_certificates(world: World, elbv2: Any) -> None:
    """A new default certificate leaves the others."""
    arn = world.listener(world.load_balancer(), 443, **_https(world))
    extra = world.ids["cert:admin.shop.example"]
    elbv2.add_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": extra}])
    new = _https(world, "myapi.example")["Certificates"]
    elbv2.modify_listener(ListenerArn=arn, Protocol="HTTPS", Certificates=new)
    shown = elbv2.describe_listener_certificates(ListenerArn=arn)["Certificates"]
    assert [(c["CertificateArn"], c["IsDefault"]) for c in shown] == [
        (new[0]["CertificateArn"], True),
        (extra, False),
    ]


def test_keep_default_certificate(world: World, elbv2: Any) -> None:
    """It cannot be removed; listed besides, it stays when another becomes the default one."""
    arn = world.listener(world.load_balancer(), 443, **_https(world))
    (default,) = _https(world)["Certificates"]
    extra = {"CertificateArn": world.ids["cert:admin.shop.example"]}
    for certificate in (default, extra):
        elbv2.add_listener_certificates(ListenerArn=arn, Certificates=[certificate])
    with refused("OperationNotPermitted"):
        elbv2.remove_listener_certificates(ListenerArn=arn, Certificates=[default])
    elbv2.modify_listener(ListenerArn=arn, Protocol="HTTPS", Certificates=[extra])
    assert _certificates(elbv2, arn) == [(extra, True), (default, False), (extra, False)]
    elbv2.remove_listener_certificates(ListenerArn=arn, Certificates=[default])
    assert _certificates(elbv2, arn) == [(extra, True), (extra, False)]


def _certificates(elbv2: Any, arn: str) -> list[tuple[dict[str, str], bool]]:
    shown = elbv2.describe_listener_certificates(ListenerArn=arn)["Certificates"]
    return [({"CertificateArn": c["CertificateArn"]}, c["IsDefault"]) for c in shown]


def test_show_default_certificate(world: World, elbv2: Any) -> None:
    """DescribeListeners shows one certificate, whatever else there is."""
    arn = world.listener(world.load_balancer(), 443, **_https(world))
    extra = {"CertificateArn": world.ids["cert:admin.shop.example"]}
    elbv2.add_listener_certificates(ListenerArn=arn, Certificates=[extra])
    assert _shown(elbv2, arn)["Certificates"] == _https(world)["Certificates"]


def test_count_certificates_without_default(
    world: World, elbv2: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many certificates beside the default ones over all listeners; the same again is none."""
    monkeypatch.setitem(ACCOUNT, "certificates-per-application-load-balancer", 2)
    balancer = world.load_balancer()
    arn, other = (world.listener(balancer, port, **_https(world)) for port in (443, 8443))
    one, two, three = (
        {"CertificateArn": world.ids[f"cert:{name}"]}
        for name in ("myapi.example", "*.shop.example", "admin.shop.example")
    )
    for listener, certificate in ((arn, one), (arn, one), (other, one), (other, two)):
        elbv2.add_listener_certificates(ListenerArn=listener, Certificates=[certificate])
    with refused("TooManyCertificates"):
        elbv2.add_listener_certificates(ListenerArn=arn, Certificates=[three])
    assert len(elbv2.describe_listener_certificates(ListenerArn=arn)["Certificates"]) == 2


def test_give_default_rule_a_stable_arn(world: World, elbv2: Any) -> None:
    """The default rule has one ARN for its life, by which it is found."""
    arn = world.listener(world.load_balancer(), DefaultActions=[NOT_FOUND])
    first, second = (elbv2.describe_rules(ListenerArn=arn)["Rules"][0] for _ in range(2))
    assert first["RuleArn"] == second["RuleArn"]
    assert first["RuleArn"].startswith(arn.replace(":listener/", ":listener-rule/"))
    assert elbv2.describe_rules(RuleArns=[first["RuleArn"]])["Rules"][0]["IsDefault"]
