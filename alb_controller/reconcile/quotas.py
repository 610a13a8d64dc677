"""AWS's quotas: how much of them load balancers use up, and what is known of the account's.

A documented default is no reason to reject: an account may have more. Known is what the operator
says (`--aws-quotas`), what AWS shows where it may be asked (`--read-aws-quotas`), and what a
refusal has shown; until then AWS is asked.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from alb_controller.clock import Clock
from alb_controller.errors import AwsError, OverLimit, QuotaExceeded, Rejected
from alb_controller.model.elbv2 import ListenerRule, groups_of
from alb_controller.model.limits import QUOTAS
from alb_controller.model.stack import Observed
from alb_controller.plan import changes
from alb_controller.plan.changes import Step
from alb_controller.plan.quotas.counting import Quota, in_use, used
from alb_controller.plan.quotas.room import NoRoom
from alb_controller.reconcile.apply import Outcome
from alb_controller.telemetry import metrics
from alb_controller.telemetry.series import Labels
from alb_controller.values import StackKey, Value

_GROUPS = "target-groups-per-application-load-balancer"
_SHOWN = (
    "rules-per-application-load-balancer",
    "certificates-per-application-load-balancer",
    _GROUPS,
    "listeners-per-application-load-balancer",
)
_LEARNED = {
    "TooManyRules": "rules-per-application-load-balancer",
    "TooManyCertificates": "certificates-per-application-load-balancer",
    "TooManyUniqueTargetGroupsPerLoadBalancer": _GROUPS,
    "TooManyListeners": "listeners-per-application-load-balancer",
    "RulesPerSecurityGroupLimitExceeded": "rules-per-security-group",
}
"""By code, what can be counted in a stack."""
_OF_ONE_RULE = re.compile(r"can only have '(\d+)' condition (value|wildcard)s")
"""The words of AWS, see `model.limits`; the code is no other than that of a wrong value."""
_READ_EVERY = timedelta(hours=1)
_ASK_AGAIN = timedelta(minutes=40)
_A_CALL = timedelta(minutes=30)
"""What was learned is asked again so late that asking takes two calls an hour."""
_log = structlog.get_logger(__name__)

for _name in _SHOWN:
    metrics.QUOTA_LIMIT.labels(_name).set(QUOTAS[_name].most)


class _Learned(Value, frozen=True):
    """What a refusal has shown; for good where AWS raises it for nobody.

    Less than the documented default is more likely something on that load balancer that is not seen
    than a smaller quota: it counts for that stack alone.
    """

    name: str
    most: int
    until: datetime | None = None
    stack: StackKey | None = None

    def holds(self, now: datetime) -> bool:
        """Whether AWS is not to be asked again."""
        return self.until is None or now < self.until


class AccountQuotas:
    """What is known of the account's quotas; of the whole process, and thread-safe."""

    def __init__(
        self,
        clock: Clock,
        given: Mapping[str, int],
        read: Callable[[], Mapping[str, int]] | None = None,
    ) -> None:
        """`given` are the operator's; `read` asks AWS, where that is wanted."""
        self._clock, self._given, self._read = clock, given, read
        self._lock = threading.Lock()
        self._shown: Mapping[str, int] = {}
        self._read_at: datetime | None = None
        self._learned: list[_Learned] = []
        self._show()

    def known(self, key: StackKey) -> Mapping[str, int]:
        """By AWS's names, for one stack; a refusal corrects what the operator or AWS says."""
        self._read_anew()
        now = self._clock.now()
        with self._lock:
            self._learned = [one for one in self._learned if one.holds(now)]
            return self._known(key)

    def learn(self, key: StackKey, outcome: Outcome) -> bool:
        """Whether a refused call has shown a quota, or that one is smaller than was known."""
        found = _shown_by(outcome)
        if found is None:
            return False
        name, most = found
        documented = QUOTAS[name].most
        until, stack = None, None
        if name in _LEARNED.values():
            calls = 2 * len(outcome.done) + 1  # what came of the refused is taken back
            until = self._clock.now() + max(_ASK_AGAIN, calls * _A_CALL)
            stack = key if most < documented else None
        with self._lock:
            known = self._known(key).get(name)
            if known is not None and known <= most:
                return False
            self._learned.append(_Learned(name=name, most=most, until=until, stack=stack))
        _log.info("quota_learned", quota=name, most=most, documented=documented)
        self._show()
        return True

    def next_look(self, key: StackKey) -> datetime | None:
        """When more may be known to fit; None: when something changes."""
        with self._lock:
            dues = [one.until for one in self._learned if one.stack in (None, key)]
            if self._read is not None and self._read_at is not None:
                dues.append(self._read_at + _READ_EVERY)
        return min((due for due in dues if due is not None), default=None)

    def _known(self, key: StackKey | None) -> dict[str, int]:
        known = {**self._shown, **self._given}
        for one in self._learned:
            if one.stack in (None, key):
                known[one.name] = min(one.most, known.get(one.name, one.most))
        return known

    def _read_anew(self) -> None:
        now = self._clock.now()
        with self._lock:
            is_due = self._read_at is None or now - self._read_at >= _READ_EVERY
            if self._read is None or not is_due:
                return
            self._read_at = now
        try:
            shown = self._read()
        except AwsError as error:
            _log.warning("quotas_not_read", error=str(error))
            return
        with self._lock:
            self._shown = shown
        self._show()

    def _show(self) -> None:
        with self._lock:
            known = self._known(None)
        for name in _SHOWN:
            metrics.QUOTA_LIMIT.labels(name).set(known.get(name, QUOTAS[name].most))


def over_limit(found: NoRoom) -> OverLimit:
    """A member that does not fit, in a sentence."""
    kind = found.asking.ref.kind
    return OverLimit(
        found.asking.ref,
        found.asking.field,
        f"AWS quota {found.quota} is {found.most}: {found.used} are used by others, and this "
        f"{kind} needs {found.needs}",
    )


def _shown_by(outcome: Outcome) -> tuple[str, int] | None:
    """The quota that a refused call ran into, and its number, as far as that can be said."""
    error, step = outcome.error, outcome.failed
    if isinstance(error, Rejected):
        texts = _OF_ONE_RULE.search(error.message) if _writes_rule(step) else None
        return texts and (f"condition-{texts[2]}s-per-alb-rule", int(texts[1]))
    name = _LEARNED.get(error.code) if isinstance(error, QuotaExceeded) else None
    if name is None or step is None:
        return None
    held = in_use(outcome.observed).get(name, 0)
    documented = QUOTAS[name].most
    is_likely = held <= documented < held + _added(step)
    if not held and not is_likely:  # no room for the first is no number to count with
        return None
    return name, documented if is_likely else held


def _writes_rule(step: Step | None) -> bool:
    match step:
        case changes.ModifyRule() | changes.Create(resource=ListenerRule()):
            return True
        case _:
            return False


def _added(step: Step) -> int:
    """How many more a step asks for at most."""
    match step:
        case changes.AuthorizeIngress(rules=rules):
            return len(rules)
        case changes.ModifyListener(resource=listener):
            return len(groups_of(listener.default_actions))
        case changes.ModifyRule(resource=rule) | changes.Create(resource=ListenerRule() as rule):
            return max(1, len(groups_of(rule.actions)))
        case _:
            return 1


def usage(observed: Observed) -> dict[Labels, float]:
    """By name of the load balancer and of the quota; of application load balancers alone."""
    names = {
        one.identity: one.resource.name
        for one in observed.load_balancers
        if one.resource.type == "application"
    }
    found = used(observed)
    shown = {(name, q): found[Quota(q, arn)] for arn, name in names.items() for q in _SHOWN}
    for name in names.values():  # a stack has one
        shown[name, _GROUPS] = sum(g.resource.target_type != "alb" for g in observed.target_groups)
    return {labels: float(number) for labels, number in shown.items()}
