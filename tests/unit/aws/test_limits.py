"""AWS's limits on one call, and what is gone or bad meanwhile, are nobody else's business."""

from __future__ import annotations

from typing import Any, cast

import pytest

from alb_controller.aws.elbv2 import Elbv2
from alb_controller.errors import NotFound, Rejected
from alb_controller.model.elbv2 import Target

Raw = dict[str, Any]


class Aws:
    """Load balancers and targets, with AWS's limits on a call."""

    def __init__(self, *arns: str) -> None:
        self.arns, self.gone = arns, set[str]()
        self.registered, self.unsuitable = set[str](), set[str]()
        self.attributes: dict[str, str] = {}
        self.calls: list[str] = []

    def elbv2(self) -> Elbv2:
        return Elbv2(cast(Any, self), "vpc")

    def call(self, service: str, operation: str, **params: Any) -> Raw:
        assert service == "elbv2"
        self.calls.append(operation)
        match operation:
            case "DescribeLoadBalancers":
                return self._page(int(params.get("Marker", "0")))
            case "DescribeTags":
                return self._tags(params["ResourceArns"])
            case "RegisterTargets":
                return self._register({target["Id"] for target in params["Targets"]})
            case "ModifyLoadBalancerAttributes":
                assert len(params["Attributes"]) <= 20
                self.attributes |= {one["Key"]: one["Value"] for one in params["Attributes"]}
                return {}
            case _:  # "Only one resource can be tagged at a time"
                assert len(params["ResourceArns"]) == 1
                return {}

    def _page(self, start: int) -> Raw:
        page = [{"LoadBalancerArn": a, "VpcId": "vpc"} for a in self.arns[start : start + 3]]
        more = {"NextMarker": str(start + 3)} if start + 3 < len(self.arns) else {}
        return {"LoadBalancers": page, **more}

    def _tags(self, arns: list[str]) -> Raw:
        assert len(arns) <= 20
        if self.gone & set(arns):
            raise NotFound("elbv2", "DescribeTags", "LoadBalancerNotFound", "one of them is gone")
        tagged = [{"ResourceArn": a, "Tags": [{"Key": "arn", "Value": a}]} for a in arns]
        return {"TagDescriptions": tagged}

    def _register(self, ids: set[str]) -> Raw:
        assert len(ids) <= 200
        if ids & self.unsuitable:
            raise Rejected("elbv2", "RegisterTargets", "InvalidTarget", "it is not there")
        self.registered |= ids
        return {}


def test_all_pages_are_read() -> None:
    """A listing ends where AWS says so, and each resource has its own tags."""
    aws = Aws(*(f"lb-{n}" for n in range(43)))
    found = aws.elbv2().load_balancers()
    assert [one.identity for one in found] == list(aws.arns)
    assert all(one.resource.tags == {"arn": one.identity} for one in found)
    assert aws.calls.count("DescribeLoadBalancers") == 15
    assert aws.calls.count("DescribeTags") == 3


def test_what_goes_while_it_is_listed_is_left_out() -> None:
    """A load balancer that is deleted between listing and tags does not hide the others."""
    aws = Aws(*(f"lb-{n}" for n in range(20)))
    aws.gone = {"lb-7"}
    found = {one.identity for one in aws.elbv2().load_balancers()}
    assert found == set(aws.arns) - {"lb-7"}


def test_tags_are_written_to_one_resource_a_call() -> None:
    """AWS takes a list of ARNs and refuses more than one in it."""
    aws = Aws()
    aws.elbv2().add_tags(["a", "b"], {"key": "value"})
    aws.elbv2().remove_tags(["a", "b"], ["key"])
    assert aws.calls == ["AddTags", "AddTags", "RemoveTags", "RemoveTags"]


def test_one_bad_target_does_not_keep_the_others_out() -> None:
    """All others are registered, and then the error tells of the bad one."""
    aws = Aws()
    aws.unsuitable = {"i-250"}
    targets = [Target(f"i-{n}", 80) for n in range(300)]
    with pytest.raises(Rejected, match="InvalidTarget"):
        aws.elbv2().register_targets("tg", targets)
    assert aws.registered == {target.id for target in targets} - {"i-250"}


@pytest.mark.parametrize("count, calls", [(1, 1), (20, 1), (21, 2), (41, 3)])
def test_attributes_of_a_load_balancer_are_sent_twenty_a_call(count: int, calls: int) -> None:
    """All of them arrive, and no call is made for what one takes."""
    aws = Aws()
    wanted = {f"key-{number:02}": "1" for number in range(count)}
    aws.elbv2().modify_load_balancer_attributes("arn", wanted)
    assert aws.attributes == wanted
    assert aws.calls == calls * ["ModifyLoadBalancerAttributes"]
