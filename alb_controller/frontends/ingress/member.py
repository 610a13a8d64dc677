"""One member of a group on its own: what it asks for, or all the problems that keep it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar, cast

import msgspec

from alb_controller.errors import Invalid
from alb_controller.frontends.ingress.addons.member import AddonTranslator, MemberAddons
from alb_controller.frontends.ingress.backends import BackendTranslator
from alb_controller.frontends.ingress.front.member import MemberFront, translate_front
from alb_controller.frontends.ingress.listeners import HTTP, ListenerTranslator, MemberListener
from alb_controller.frontends.ingress.load import LoadedMember
from alb_controller.frontends.ingress.params import FIELD, beyond_limits, check_params
from alb_controller.frontends.ingress.records.record import Record
from alb_controller.frontends.ingress.routing.conditions import unapplied_conditions
from alb_controller.frontends.ingress.routing.guards import GuardTranslator
from alb_controller.frontends.ingress.routing.optimize import changes_nothing
from alb_controller.frontends.ingress.routing.routes import RouteTranslator
from alb_controller.frontends.ingress.routing.secrets import MemberSecrets, settled
from alb_controller.frontends.restrictions import on_listener
from alb_controller.intent import (
    BackendIntent,
    CertificateIntent,
    DefaultIntent,
    NamedSubnets,
    Origin,
    RouteIntent,
    TaggedSubnets,
)
from alb_controller.model.ownership import problems_of_keys
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import CollectingReader, Source
from alb_controller.objects.core import Service, ref
from alb_controller.objects.elbv2 import IngressClassParamsSpec, SubnetSelector
from alb_controller.settings import Settings
from alb_controller.values import IpAddressType, Joined, ObjectRef, Scheme, StackKey

T = TypeVar("T")
NO_PARAMS = IngressClassParamsSpec()


class Place(msgspec.Struct, frozen=True, eq=False):
    """Since when a member is in its group: nothing that it asks for, so that all are equal."""

    joined: Joined | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place)

    def __hash__(self) -> int:
        return 0


class MemberIntent(msgspec.Struct, frozen=True, kw_only=True):
    """All that one Ingress asks for; settings of the whole load balancer are None if not set."""

    ref: ObjectRef
    order: int
    scheme: Scheme | None
    ip_address_type: IpAddressType | None
    load_balancer_name: str | None
    of_class: frozenset[str] = frozenset()
    """The annotations in whose place the class's parameters decide, of these two."""
    subnets: NamedSubnets | TaggedSubnets | None
    security_groups: tuple[str, ...] | None
    manage_backend_rules: bool | None
    customer_owned_ipv4_pool: str | None
    attributes: dict[str, str]
    params_attributes: dict[str, str]
    """Attributes of the class's parameters: only the first member's count (spec 2.2)."""
    tags: dict[str, str]
    listeners: dict[int, MemberListener]
    ssl_redirect: int | None
    addons: MemberAddons = MemberAddons()
    front: MemberFront = MemberFront()
    default: DefaultIntent | None
    routes: tuple[RouteIntent, ...]
    backends: tuple[BackendIntent, ...]
    secrets: dict[str, str] = {}
    """Names of the Secrets that were read, in the Ingress's namespace, with their versions."""
    certificate: CertificateIntent | None = None
    """To be requested, whether a listener uses it or not."""
    is_remembered: bool = False
    """It is the last known good intent of a member that is stopped now."""
    is_recorded: bool = False
    """It comes from the object's record, which its users can write too."""
    place: Place = Place()
    source: Record | None = None
    """What it was translated from; None where nobody notes it."""

    @property
    def sort_key(self) -> tuple[int, str]:
        """Place in the group: order, then `namespace/name` by bytes (spec 2.3)."""
        return self.order, self.ref.path

    def applied(self) -> MemberIntent:
        """The same, once AWS has all of it: no secret of it has to be sent again."""
        return msgspec.structs.replace(
            self,
            is_recorded=False,
            default=self.default and settled(self.default),
            routes=tuple(settled(route) for route in self.routes),
        )


class Problems(Exception):
    """Everything that is wrong with one member, reported at once."""

    def __init__(self, found: list[Invalid]) -> None:
        self.found = deduplicated(found)
        super().__init__(self.found)


class MemberTranslator:
    """Translates one Ingress; collects problems instead of stopping at the first."""

    def __init__(
        self,
        member: LoadedMember,
        key: StackKey,
        services: Mapping[tuple[str, str], Service],
        secrets: MemberSecrets,
        settings: Settings,
    ) -> None:
        self._ingress, self._secrets = member.ingress, secrets
        self._params = member.params.spec if member.params else NO_PARAMS
        self._settings = settings
        self._ref = ref("Ingress", member.ingress)
        self._source = Source(self._ref, member.ingress.metadata.annotations)
        self._reader = CollectingReader(self._source)
        self._backends = BackendTranslator(
            key=key,
            source=self._source,
            params=self._params,
            services=services,
            settings=settings,
        )
        self._problems = self._reader.problems
        self._problems.extend(
            Invalid(self._ref, FIELD + found.field, found.problem)
            for found in (*check_params(self._params), *beyond_limits(self._params))
        )
        self._problems.extend(unapplied_conditions(self._source, member.ingress))

    def translate(self) -> MemberIntent:
        """The member's intent; raises Problems."""
        params = self._params
        tags = self._tags()
        listeners = ListenerTranslator(self._ingress, self._reader, params, self._settings)
        ports = listeners.listeners()
        addons = AddonTranslator(self._ref, self._reader, params, self._settings.feature_gates)
        routes = self._routes(has_https=any(p.certificates for p in ports.values()))
        intent = MemberIntent(
            ref=self._ref,
            order=self._reader.get(rows.GROUP_ORDER) or 0,
            scheme=cast("Scheme | None", params.scheme or self._reader.get(rows.SCHEME)),
            ip_address_type=cast(
                "IpAddressType | None",
                params.ip_address_type or self._reader.get(rows.IP_ADDRESS_TYPE),
            ),
            load_balancer_name=self._attempt(self._load_balancer_name, None),
            of_class=self._decided_by_class(),
            subnets=self._subnets(),
            security_groups=self._reader.get(rows.SECURITY_GROUPS),
            manage_backend_rules=self._attempt(self._manage_backend_rules, None),
            customer_owned_ipv4_pool=self._reader.get(rows.CUSTOMER_OWNED_IPV4_POOL),
            attributes=self._reader.get(rows.LOAD_BALANCER_ATTRIBUTES) or {},
            params_attributes={a.key: a.value for a in params.load_balancer_attributes},
            tags=tags,
            listeners=ports,
            ssl_redirect=listeners.ssl_redirect(),
            certificate=listeners.requested_certificate(tags),
            addons=addons.addons(),
            front=translate_front(self._source, self._reader, ports, self._settings),
            default=routes.default_backend(),
            routes=routes.routes(tags),
            backends=self._backends.made,
            secrets=self._secrets.versions,
        )
        self._problems.extend(routes.problems)
        self._problems.extend(_looping_default(intent))
        if self._problems:
            raise Problems([*self._problems, *self._faults_of_others()])
        return intent

    def _faults_of_others(self) -> Iterator[Invalid]:
        """Problems of Services that stop this Ingress: it is what users look at first."""
        for problem in self._problems:
            if problem.origin != self._ref:
                yield problem.seen_from(self._ref)

    def _routes(self, *, has_https: bool) -> RouteTranslator:
        guards = GuardTranslator(
            self._source,
            self._secrets,
            has_https=has_https,
            is_http_open=self._reader.get(rows.ALLOW_OPEN_HTTP) or False,
        )
        return RouteTranslator(self._ingress, self._source, self._backends, guards, self._settings)

    def _attempt(self, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except Invalid as problem:
            self._problems.append(problem)
            return otherwise

    def _tags(self) -> dict[str, str]:
        tags = self._reader.get(rows.TAGS) or {}
        merged = tags | {t.key: t.value for t in self._params.tags}
        for problem in problems_of_keys(merged, self._settings.external_managed_tags):
            self._problems.append(Invalid(self._ref, rows.TAGS.key, problem))
        return merged

    def _decided_by_class(self) -> frozenset[str]:
        decided = {
            rows.SCHEME.key: self._params.scheme,
            rows.LOAD_BALANCER_NAME.key: self._params.load_balancer_name,
        }
        return frozenset(key for key, value in decided.items() if value)

    def _load_balancer_name(self) -> str | None:
        name = self._params.load_balancer_name
        if not name:
            return self._reader.get(rows.LOAD_BALANCER_NAME)
        try:
            return rows.LOAD_BALANCER_NAME.parse(name)
        except ValueError as error:
            field = "IngressClassParams spec.loadBalancerName"
            raise Invalid(self._ref, field, f"{name!r} {error}") from None

    def _subnets(self) -> NamedSubnets | TaggedSubnets | None:
        if self._params.subnets is not None:
            return _params_subnets(self._params.subnets, self._ref)
        names = self._reader.get(rows.SUBNETS)
        if names is None:
            return None
        return NamedSubnets(names, Origin(self._ref, rows.SUBNETS.key))

    def _manage_backend_rules(self) -> bool | None:
        wanted = self._reader.get(rows.MANAGE_BACKEND_RULES)
        counts = wanted and self._reader.get(rows.SECURITY_GROUPS)
        if counts and not self._settings.enable_backend_security_group:
            problem = "'true' needs the shared security group, which the controller's flag "
            flag = "--enable-backend-security-group=false has switched off"
            raise Invalid(self._ref, rows.MANAGE_BACKEND_RULES.key, problem + flag)
        return wanted


def _looping_default(member: MemberIntent) -> Iterator[Invalid]:
    """AWS refuses the listener of a default action that redirects to itself."""
    for port, listener in member.listeners.items():
        is_hidden = member.ssl_redirect is not None and listener.protocol == HTTP
        if member.default is None or is_hidden:
            continue
        action = on_listener(member.default, listener.protocol).action
        if changes_nothing(action, port, listener.protocol):
            problem = (
                f"redirects requests on port {port} ({listener.protocol}) to themselves, which AWS "
                "refuses: protocol, port, host or path must be others"
            )
            (origin, *_) = member.default.asked_by["action"]
            yield Invalid(member.ref, origin.field, problem)


def deduplicated(problems: Iterable[Invalid]) -> tuple[Invalid, ...]:
    """Each problem once, however many paths or members run into it."""
    return tuple({(p.origin, str(p)): p for p in problems}.values())


def _params_subnets(selector: SubnetSelector, origin: ObjectRef) -> NamedSubnets | TaggedSubnets:
    field = Origin(origin, "IngressClassParams spec.subnets")
    if selector.ids is not None:
        return NamedSubnets(tuple(selector.ids), field)
    tags = tuple((k, tuple(v)) for k, v in sorted((selector.tags or {}).items()))
    return TaggedSubnets(tags, field)
