"""The services beside Elastic Load Balancing, as the stack loop and the builder meet them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

import msgspec
import structlog

from alb_controller.aws.addons.shield import Shield
from alb_controller.aws.addons.wafregional import WafRegional
from alb_controller.aws.addons.wafv2 import Wafv2
from alb_controller.aws.caches import SHIELD_SUBSCRIPTION, WEB_ACL_NAMES, Expiring, Shared
from alb_controller.aws.client import Sender
from alb_controller.clock import Clock
from alb_controller.errors import AwsError
from alb_controller.model.addons import Addons
from alb_controller.model.queries import (
    AddonOffered,
    Answer,
    Offer,
    Query,
    WebAclByName,
    WebAclInfo,
)

AddonQuery: TypeAlias = WebAclByName | AddonOffered
_log = structlog.get_logger(__name__)


class AddonServices(msgspec.Struct, frozen=True, kw_only=True):
    """One of each for the process."""

    wafv2: Wafv2
    waf_regional: WafRegional
    shield: Shield

    @classmethod
    def of(cls, sender: Sender) -> AddonServices:
        """All of them over one sender."""
        return cls(wafv2=Wafv2(sender), waf_regional=WafRegional(sender), shield=Shield(sender))

    def read(self, load_balancer_arn: str, fields: Iterable[str]) -> Addons:
        """These fields of a load balancer's add-ons; the others are None. Raises AwsError."""
        readers = {
            "web_acl_arn": self.wafv2.web_acl_of,
            "regional_web_acl_id": self.waf_regional.web_acl_of,
            "protection": self.shield.protection_of,
        }
        read: dict[str, Any] = {name: readers[name](load_balancer_arn) for name in fields}
        return Addons(**read)


class AddonFacts:
    """Web ACLs by name, and which services there are."""

    kinds: ClassVar[tuple[type[Any], ...]] = (WebAclByName, AddonOffered)

    def __init__(self, services: AddonServices, clock: Clock) -> None:
        self._services = services
        self._arns = Expiring[str, str](WEB_ACL_NAMES, clock)
        self._subscribed = Shared(services.shield.is_subscribed, SHIELD_SUBSCRIPTION, clock)

    def answer(self, queries: Iterable[AddonQuery]) -> dict[Query, Answer]:
        """Each question with its answer. Raises AwsError where names cannot be looked up."""
        asked = tuple(queries)
        names = {query.name for query in asked if isinstance(query, WebAclByName)}
        arns = self._arns.get_many(names, self._read) if names else {}
        answers: dict[Query, Answer] = {}
        for query in asked:
            if isinstance(query, WebAclByName):
                known = (query.name,) if query.name in arns else ()
                answers[query] = tuple(WebAclInfo(name=name, arn=arns[name]) for name in known)
            else:
                is_offered = self._is_offered(query)
                answers[query] = (Offer(service=query.service),) if is_offered else ()
        return answers

    def _read(self, names: Sequence[str]) -> dict[str, str]:
        found = self._services.wafv2.web_acls_by_name()
        return {name: found[name] for name in names if name in found}

    def _is_offered(self, query: AddonOffered) -> bool:
        if query.service == "waf-regional":
            return self._services.waf_regional.is_offered()
        try:
            return self._subscribed.get()
        except AwsError as error:  # an add-on that cannot be had stops no load balancer
            _log.warning("shield_subscription_unknown", error=str(error))
            return False
