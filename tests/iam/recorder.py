"""Runs a recorded case and keeps what AWS would ask the policy for, call by call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from alb_controller.sandbox.aws import AwsServer, Call
from tests.apiserver.cluster import Cluster
from tests.conformance import controller
from tests.conformance.aws_account import REGION, Account
from tests.conformance.corpus import steps
from tests.conformance.harness import add_nodes, take, wipe
from tests.iam.authorization import Tags, group_arn, requests_of
from tests.iam.evaluator import Asked


class Recorder:
    """Told of each call; tags are those before it, since a deleted resource has none."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.is_on = False
        self._tags: Mapping[str, Tags] = {}

    def __call__(self, call: Call) -> None:
        if self.is_on:
            self.asked += requests_of(call, self._tags)
            self._tags = tags_now()

    def start(self) -> None:
        """From here on it is the controller who calls."""
        self._tags, self.is_on = tags_now(), True


def tags_now() -> dict[str, Tags]:
    """ARN -> tags of load balancers and what belongs to them, and of security groups."""
    balancing: Mapping[str, Mapping[str, str | None]] = elbv2_backends[DEFAULT_ACCOUNT_ID][
        REGION
    ].tagging_service.tags
    groups = ec2_backends[DEFAULT_ACCOUNT_ID][REGION].tags
    named: Mapping[str, Mapping[str, str | None]] = {
        group_arn(name): tags for name, tags in groups.items()
    }
    return {
        arn: {key: value or "" for key, value in tags.items()}
        for arn, tags in {**balancing, **named}.items()
    }


def record(case: str, kubeconfig: Path, folder: Path, flags: Sequence[str] = ()) -> list[Asked]:
    """All that is asked for while a case goes through its steps, the delete last."""
    recorder, cluster = Recorder(), Cluster(kubeconfig)
    with AwsServer(observe=recorder) as aws:
        wipe(cluster)
        ids = Account(aws.url).seed()
        add_nodes(cluster, ids)
        recorder.start()
        log = folder / f"{case}.log"
        with controller.running(kubeconfig, aws.url, ids["vpc"], log, flags) as running:
            for step in steps(case):
                take(step, cluster, ids)
                running.settle()
    return recorder.asked
