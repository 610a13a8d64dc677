"""The table of limits says what the API reference says, where that has shapes for programs."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from alb_controller.model.limits import FIELDS, Choice, Number, Text

_SHAPES = {
    "LoadBalancer.CustomerOwnedIpv4Pool": "CustomerOwnedIpv4Pool",
    "IpamPools.Ipv4IpamPoolId": "IpamPoolId",
    "TargetGroup.Port": "Port",
    "TargetGroup.TargetControlPort": "TargetControlPort",
    "TargetGroup.HealthCheckPath": "Path",
    "TargetGroup.HealthCheckIntervalSeconds": "HealthCheckIntervalSeconds",
    "TargetGroup.HealthCheckTimeoutSeconds": "HealthCheckTimeoutSeconds",
    "TargetGroup.HealthyThresholdCount": "HealthCheckThresholdCount",
    "TargetGroup.UnhealthyThresholdCount": "HealthCheckThresholdCount",
    "Listener.Port": "Port",
    "Rule.Priority": "RulePriority",
    "Action.Order": "ActionOrder",
    "RedirectActionConfig.Host": "RedirectActionHost",
    "RedirectActionConfig.Path": "RedirectActionPath",
    "RedirectActionConfig.Query": "RedirectActionQuery",
    "RedirectActionConfig.StatusCode": "RedirectActionStatusCodeEnum",
    "FixedResponseActionConfig.MessageBody": "FixedResponseActionMessage",
    "OnUnauthenticatedRequest": "AuthenticateOidcActionConditionalBehaviorEnum",
    "Tag.Key": "TagKey",
    "Tag.Value": "TagValue",
}


@pytest.fixture(scope="module")
def model() -> Any:
    """The service model of botocore."""
    return botocore.session.Session().get_service_model("elbv2")


@pytest.mark.parametrize("field, shape", _SHAPES.items(), ids=_SHAPES)
def test_a_field_is_limited_as_its_shape(model: Any, field: str, shape: str) -> None:
    """Ends of ranges, lengths and words are the same."""
    limit, found = FIELDS[field].limit, model.shape_for(shape)
    if isinstance(limit, Choice):
        assert sorted(limit.values) == sorted(found.enum)
    elif isinstance(limit, Number):
        assert (limit.least, limit.most) == (found.metadata["min"], found.metadata["max"])
    elif isinstance(limit, Text):
        assert limit.longest == found.metadata["max"]
        assert limit.shortest == found.metadata.get("min", 0)


def test_every_number_of_a_shape_is_in_the_table(model: Any) -> None:
    """No shape of a number that users can set is left out."""
    ranged = {
        name
        for name in model.shape_names
        if model.shape_for(name).type_name == "integer"
        and {"min", "max"} & set(model.shape_for(name).metadata)
    }
    assert ranged - set(_SHAPES.values()) == {"PageSize"}
