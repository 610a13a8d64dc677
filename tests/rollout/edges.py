"""The two edges of the controller without a network: calls that take virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from alb_controller.aws.client import Sender, SenderSettings
from alb_controller.kube.client import JSON, REQUEST_SECONDS, KubeClient, error_of
from alb_controller.runtime.workers import Controller, Workers, work_on_next
from alb_controller.sandbox.kubeapi import ApiServer, StatusError
from alb_controller.sandbox.kubeapi.http.dispatch import dispatch
from alb_controller.sandbox.kubeapi.http.routes import find_route, split_target
from alb_controller.sandbox.kubeapi.schemas import encode_json
from tests.rollout.constants import seconds
from tests.rollout.data_plane import DataPlane, Key
from tests.rollout.timeline import Timeline

Json = dict[str, Any]


class VirtualAws(Sender):
    """Answers for one target group in a VPC; each call takes its time, then is done."""

    def __init__(self, timeline: Timeline, plane: DataPlane, vpc_cidr: str) -> None:
        super().__init__(SenderSettings(region="us-west-2", loopback_only=True), clock=timeline)
        self._timeline, self._plane, self._vpc_cidr = timeline, plane, vpc_cidr
        self.calls: Counter[str] = Counter()
        self.deregistered: dict[str, float] = {}
        """Address -> when DeregisterTargets was sent."""
        self.registered: dict[str, float] = {}
        """Address -> when RegisterTargets was sent."""

    def call(self, service: str, operation: str, **params: Any) -> Json:
        self.calls[operation] += 1
        keys = [(t["Id"], t["Port"]) for t in params.get("Targets", ())]
        self._note(operation, keys)
        self._timeline.let_pass(seconds("aws_call"))
        match operation:
            case "RegisterTargets":
                self._plane.register(keys)
            case "DeregisterTargets":
                self._plane.deregister(keys)
            case "DescribeTargetHealth":
                return {"TargetHealthDescriptions": self._health(keys)}
            case "DescribeTags":
                arns = params["ResourceArns"]
                return {"TagDescriptions": [{"ResourceArn": arn, "Tags": []} for arn in arns]}
            case "DescribeSecurityGroups":
                return {"SecurityGroups": []}
            case "DescribeVpcs":
                cidr = {"CidrBlock": self._vpc_cidr, "CidrBlockState": {"State": "associated"}}
                return {"Vpcs": [{"CidrBlockAssociationSet": [cidr]}]}
            case _:
                raise AssertionError(f"a rollout needs no {service} {operation}")
        return {}

    def _note(self, operation: str, keys: list[Key]) -> None:
        sent = {"RegisterTargets": self.registered, "DeregisterTargets": self.deregistered}
        for address, _ in keys if operation in sent else ():
            sent[operation][address] = self._timeline.monotonic()

    def _health(self, keys: list[Key]) -> list[Json]:
        found = self._plane.health()
        if not keys:
            return found
        return [d for d in found if (d["Target"]["Id"], d["Target"]["Port"]) in keys]


class InProcessKube(KubeClient):
    """Requests to an embedded API that does not listen."""

    def __init__(self, server: ApiServer, timeline: Timeline) -> None:
        self._server, self._timeline = server, timeline

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        timeout_seconds: float = REQUEST_SECONDS,
    ) -> bytes:
        assert timeout_seconds > 0
        url = f"{path}?{urlencode(query or {})}"
        route = find_route(self._server.registry, method, split_target(url))
        assert route is not None, url
        self._timeline.let_pass(seconds("kube_write"))
        content = msgspec.to_builtins(body)
        try:
            answer = dispatch(self._server.api, route, lambda: content, content_type)
        except StatusError as error:
            raise error_of(error.code, encode_json(error.body())) from None
        return encode_json(answer.body)


class TurnByTurn(Workers):
    """Workers without threads: each controller reconciles one key when it is its turn."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(timeline)
        self._timeline = timeline
        self.controllers: list[Controller[Any]] = []

    def start(self, controller: Controller[Any]) -> None:
        self.controllers.append(controller)

    def every(self, seconds: float, callback: Callable[[], None], *, name: str) -> None:
        """The slow sweep: rollouts are shorter."""

    def work(self) -> bool:
        """Reconcile what is due; whether there was anything."""
        return any(work_on_next(c, self._timeline, timeout=0) for c in self.controllers)
