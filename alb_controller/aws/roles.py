"""Target groups of other accounts, by roles that a binding names (spec 8.3).

Users grant `sts:AssumeRole` on those roles to the controller's own: the generated policy does not,
because with any role it would be a way to all of them.
Source: AssumeRole in the AWS STS API reference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from alb_controller.aws.caches import ROLE_SESSIONS, Expiring
from alb_controller.aws.client import Sender
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.clock import Clock
from alb_controller.errors import Refused
from alb_controller.model.wildcards import matches

EARLY = timedelta(seconds=30)
"""Credentials are renewed this long before they expire, so that no call in flight loses them."""
SESSION_NAME_LENGTH = 64
"""STS's limit; LBC cuts far behind it, so that long cluster names fail there."""
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9=,.@_-]")


class _Session(msgspec.Struct, frozen=True):
    """A role that was assumed, and until when that holds."""

    elbv2: Elbv2
    ends_at: datetime


class AssumedRoles:
    """Elastic Load Balancing as roles see it; thread-safe, one session for each role and id."""

    def __init__(
        self,
        sender: Sender,
        clock: Clock,
        *,
        vpc_id: str,
        cluster_name: str,
        allowed: Sequence[str],
    ) -> None:
        """`allowed`: patterns of role ARNs, `*` and `?` being wildcards."""
        self._sender, self._clock, self._vpc_id = sender, clock, vpc_id
        self._name = session_name(cluster_name)
        self._allowed = tuple(allowed)
        self._sessions = Expiring[tuple[str, str], _Session](
            ROLE_SESSIONS, clock, is_good=self._is_good
        )

    def elbv2(self, role_arn: str, external_id: str) -> Elbv2:
        """The role's view. Raises Refused for a role that is not allowed, AwsError."""
        if not any(matches(pattern, role_arn) for pattern in self._allowed):
            raise Refused(
                f"role {role_arn} may not be assumed: --allowed-assume-role-arns allows "
                f"{', '.join(self._allowed) or 'none'}"
            )
        wanted = (role_arn, external_id)
        return self._sessions.get_many([wanted], self._assume)[wanted].elbv2

    def _assume(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], _Session]:
        return {
            (role, external_id): self._session(role, external_id) for role, external_id in wanted
        }

    def _is_good(self, session: _Session) -> bool:
        return session.ends_at - EARLY > self._clock.now()

    def _session(self, role_arn: str, external_id: str) -> _Session:
        shared = {"ExternalId": external_id} if external_id else {}
        answer = self._sender.call(
            "sts", "AssumeRole", RoleArn=role_arn, RoleSessionName=self._name, **shared
        )
        made = answer["Credentials"]
        sender = self._sender.with_credentials(
            made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
        )
        return _Session(Elbv2(sender, self._vpc_id), made["Expiration"])


def session_name(cluster_name: str) -> str:
    """What CloudTrail shows of our calls: the cluster, in STS's alphabet."""
    return f"AWS-LBC-{_NOT_IN_A_NAME.sub('', cluster_name)}"[:SESSION_NAME_LENGTH]
