"""Flags and environment become settings, or one sentence that says why not."""

from __future__ import annotations

import pytest

from alb_controller.settings import InvalidSetting, Settings, flag_rows, gate_rows, parse_settings


def settings_for(**flags: str | list[str]) -> Settings:
    """Settings of a cluster named prod with some flags; `_` stands for `-`."""
    return settings_in({}, **flags)


def settings_in(environment: dict[str, str], **flags: str | list[str]) -> Settings:
    """The same in an environment."""
    given = {"cluster_name": "prod"} | flags
    texts = {
        name.replace("_", "-"): [value] if isinstance(value, str) else value
        for name, value in given.items()
    }
    return parse_settings(texts, environment)


def test_the_defaults_are_the_references() -> None:
    """With a cluster name alone, every flag has the default that its row shows."""
    settings = settings_for()
    for row in flag_rows():
        if row.name != "cluster-name":
            assert getattr(settings, row.field) == row.default, row.name


def test_every_default_can_be_given_as_text() -> None:
    """A chart that passes each default explicitly starts a controller with the same settings."""
    given = {row.name: [row.form.show(row.default)] for row in flag_rows()}
    texts = {name: text for name, text in given.items() if text != [""]}
    spelled = parse_settings({**texts, "cluster-name": ["prod"]})
    plain = settings_for()
    assert all(getattr(spelled, row.field) == getattr(plain, row.field) for row in flag_rows())


@pytest.mark.parametrize(
    "environment, region",
    [
        ({}, None),
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-north-1", "AWS_REGION": "eu-west-1"}, "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "", "AWS_REGION": "eu-west-1"}, "eu-west-1"),
    ],
)
def test_the_region_comes_from_the_environment(
    environment: dict[str, str], region: str | None
) -> None:
    """Without the flag AWS_DEFAULT_REGION speaks, then AWS_REGION (spec 10.2)."""
    assert settings_in(environment).aws_region == region


def test_the_flag_wins_over_the_environment() -> None:
    """A region on the command line is the region."""
    settings = settings_in({"AWS_REGION": "eu-west-1"}, aws_region="us-east-1")
    assert settings.aws_region == "us-east-1"


def test_a_flag_given_twice_takes_the_last_value() -> None:
    """As LBC's flag library does."""
    assert settings_for(log_level=["info", "debug"]).log_level == "debug"


@pytest.mark.parametrize(
    "flags, sentence",
    [
        ({"cluster_name": ""}, "--cluster-name is required"),
        ({"log_level": "loud"}, "--log-level must be info or debug, not 'loud'"),
        ({"default_target_type": "alb"}, "--default-target-type must be instance or ip"),
        ({"default_load_balancer_scheme": "x"}, "must be internal or internet-facing"),
        ({"aws_max_retries": "0"}, "--aws-max-retries must be 1 or more, not 0"),
        ({"backend_security_group": "mine"}, "must begin with sg-, not 'mine'"),
        ({"default_tags": "elbv2.k8s.aws/cluster=x"}, "must not hold 'elbv2.k8s.aws/cluster'"),
        ({"external_managed_tags": "ingress.k8s.aws/stack"}, "--external-managed-tags must not"),
        ({"default_tags": "service.k8s.aws/stack=x"}, "must not hold 'service.k8s.aws/stack'"),
        ({"default_tags": "gateway.k8s.aws.nlb/resource=x"}, "must not hold 'gateway.k8s.aws.nlb"),
        ({"default_tags": "team=a#b"}, "value of team 'a#b' must be of letters, digits, spaces"),
        ({"default_tags": "aws:team=a"}, "key 'aws:team' must be of letters"),
        ({"default_tags": "=a"}, "key '' must have 1 to 128 characters"),
        ({"default_tags": f"k={257 * 'v'}"}, "must have at most 256 characters"),
        ({"default_tags": ",".join(f"k{n}=v" for n in range(48))}, "has 48 tags: 47 at most"),
        ({"default_tags": "aga.k8s.aws/stack=x"}, "must not hold 'aga.k8s.aws/stack'"),
        ({"required_secrets_label": "team"}, "must be key=value, not 'team'"),
        ({"default_tags": "a=1", "external_managed_tags": "a"}, "holds 'a', as --default-tags"),
        (
            {
                "enable_backend_security_group": "false",
                "enable_manage_backend_security_group_rules": "true",
            },
            "needs --enable-backend-security-group=true",
        ),
        ({"webhook_bind_port": "0"}, "--webhook-bind-port must be a port from 1 to 65535, not 0"),
        ({"webhook_cert_lifetime": "5s"}, "--webhook-cert-lifetime must be 10s or more, not 5s"),
        ({"webhook_cert_secret": "a/b/c"}, "must be NAME or NAMESPACE/NAME: 'a/b/c'"),
        (
            {"webhook_cert_secret": "tls", "webhook_cert_dir": "/certs"},
            "--webhook-cert-secret cannot be used beside --webhook-cert-dir",
        ),
    ],
)
def test_a_contradiction_is_named(flags: dict[str, str], sentence: str) -> None:
    """A value that cannot be stops the start with the flag, the value and what is allowed."""
    with pytest.raises(InvalidSetting) as caught:
        settings_for(**flags)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "flags, sentence",
    [
        ({"enable_endpoint_slices": "false"}, "'false' is refused, allowed is 'true'"),
        (
            {"feature_gates": "GlobalAcceleratorController=true"},
            "GlobalAcceleratorController=true is not served yet",
        ),
    ],
)
def test_a_feature_that_is_not_there_is_refused_by_name(
    flags: dict[str, str], sentence: str
) -> None:
    """Nobody is left to believe in a feature that they asked for and do not get."""
    with pytest.raises(InvalidSetting) as caught:
        settings_for(**flags)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "flags, listed",
    [
        ({"service_max_concurrent_reconciles": "9"}, "--service-max-concurrent-reconciles"),
        ({"feature_gates": "NLBGatewayAPI=false"}, "NLBGatewayAPI"),
    ],
)
def test_switching_off_or_tuning_a_missing_feature_is_accepted_and_listed(
    flags: dict[str, str], listed: str
) -> None:
    """A chart's values for features outside Ingress do not stop the start, and are not silent."""
    assert listed in settings_for(**flags).without_effect


def test_features_that_are_on_by_default_and_missing_are_listed() -> None:
    """An operator who sets nothing still hears that Services are not served."""
    listed = settings_for().without_effect
    assert "EnableServiceController" in listed
    assert "--service-max-concurrent-reconciles" not in listed


def test_an_unknown_gate_is_an_error_with_the_nearest_name() -> None:
    """The names in LBC's docs that its code refuses are refused here too (spec 10.3)."""
    with pytest.raises(InvalidSetting, match="did you mean EnableTCPUDPListener"):
        settings_for(feature_gates="EnableTCPUDPListenerType=false")


@pytest.mark.parametrize("text", ["ALBSingleSubnet", "ALBSingleSubnet=maybe"])
def test_a_gate_needs_a_bool(text: str) -> None:
    """A gate without true or false is a mistake."""
    with pytest.raises(InvalidSetting, match="ALBSingleSubnet"):
        settings_for(feature_gates=text)


def test_gates_are_set_by_the_references_names() -> None:
    """Each gate's name sets its own field, spaces and empty items aside."""
    for row in gate_rows():
        text = f" {row.gate.name} = {str(row.default).lower()} ,"
        assert getattr(settings_for(feature_gates=text).feature_gates, row.field) is row.default
    off = settings_for(feature_gates="EnableServiceController=false").feature_gates
    assert off.enable_service_controller is False
