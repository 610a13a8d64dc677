"""What AWS would ask the policy for, call by call, in the process that moto's state is in."""

from __future__ import annotations

from collections.abc import Mapping

from moto.acm.models import acm_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from alb_controller.sandbox.aws import Call
from alb_controller.sandbox.aws.account import REGION
from tests.iam.authorization import Tags, group_arn, requests_of
from tests.iam.evaluator import Asked

AGENT = "elbv2.k8s.aws/"
"""In the User-Agent of a controller, and of nobody who makes its world."""


class Recorder:
    """Called for each call once it is answered; what a resource was tagged with is remembered.

    A resource that was deleted has no tags any more, and a call of another thread may be reported
    first.
    """

    def __init__(self) -> None:
        self.actions: set[str] = set()
        """All that controllers asked for."""
        self._tags: dict[str, Tags] = {}

    def asked(self, call: Call) -> list[Asked]:
        """Actions, resources and condition keys of a controller's call, with the tags before it."""
        asked = requests_of(call, self._tags) if AGENT in call.agent else []
        if call.is_write:
            self._tags |= tags_now()
        self.actions.update(one.action for one in asked)
        return asked


def tags_now() -> dict[str, Tags]:
    """ARN -> tags of load balancers and what belongs to them, security groups, certificates.

    Other calls are answered meanwhile: a plain copy of a dict is made in one step.
    """
    balancing: Mapping[str, Mapping[str, str | None]] = elbv2_backends[DEFAULT_ACCOUNT_ID][
        REGION
    ].tagging_service.tags
    groups = ec2_backends[DEFAULT_ACCOUNT_ID][REGION].tags
    named: Mapping[str, Mapping[str, str | None]] = {
        group_arn(name): tags for name, tags in dict(groups).items()
    }
    issued = {
        arn: found.tags
        for arn, found in dict(acm_backends[DEFAULT_ACCOUNT_ID][REGION]._certificates).items()
    }
    return {
        arn: {key: value or "" for key, value in dict(tags).items()}
        for arn, tags in {**balancing, **named, **issued}.items()
    }
