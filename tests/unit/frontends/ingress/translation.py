"""Groups of Ingresses, translated: what tests of the front end begin with.

A cluster has the class alb and the Service app unless the objects given say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from alb_controller.errors import Invalid
from alb_controller.frontends.ingress.load import Snapshot, load
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.translate import translate
from alb_controller.frontends.translation import Translation
from alb_controller.intent import (
    LOAD_BALANCER,
    Access,
    ApplicationOptions,
    BackendIntent,
    BalancerIntent,
    ListenerIntent,
    PathMatch,
    Regex,
    StackIntent,
    TlsIntent,
    patterns_of,
)
from alb_controller.model.stack import Observed
from alb_controller.objects.core import KubeObject
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.settings import FeatureGates, Settings
from alb_controller.values import ObjectRef, PortRef, StackKey
from tests.factories import cluster, ingress, ingress_class, params, service

TEAM = StackKey("ingress", "", "team")
WEB = StackKey("ingress", "shop", "web")


def settings(**fields: Any) -> Settings:
    """Settings of cluster prod: nothing that is replaced waits; `gates` are the feature gates."""
    at_once = {"replacement_ready_timeout": timedelta(0), "replacement_drain": timedelta(0)}
    gates = FeatureGates(**fields.pop("gates", {}))
    return Settings(cluster_name="prod", feature_gates=gates, **(at_once | fields))


def snapshot(
    key: StackKey,
    *objects: KubeObject,
    class_flag: str = "alb",
    secrets: Mapping[SecretName, SecretState] | None = None,
) -> Snapshot:
    """What a reconcile of the group looks at."""
    return load(key, cluster(ingress_class(), service(), *objects), class_flag, secrets)


def translated(
    *objects: KubeObject,
    key: StackKey = TEAM,
    by: Settings | None = None,
    remembered: Mapping[str, MemberIntent] | None = None,
    stopped: Mapping[ObjectRef, Invalid] | None = None,
    secrets: Mapping[SecretName, SecretState] | None = None,
    observed: Observed | None = None,
) -> Translation[MemberIntent]:
    """The translation of a group, team unless another key is given."""
    seen = snapshot(key, *objects, secrets=secrets)
    return translate(
        seen, by or settings(), remembered or {}, stopped or {}, observed or Observed()
    )


def wanted(*objects: KubeObject, key: StackKey = TEAM, by: Settings | None = None) -> StackIntent:
    """The intent of a group without problems."""
    made = translated(*objects, key=key, by=by)
    assert made.problems == ()
    assert made.blocked_by == ()
    return made.intent


def alone(*objects: KubeObject, by: Settings | None = None, **fields: Any) -> StackIntent:
    """The intent of Ingress shop/web, made of fields, as its own group."""
    return wanted(ingress(**fields), *objects, key=WEB, by=by)


def of_class(*objects: KubeObject, alb: dict[str, str], spec: dict[str, Any]) -> StackIntent:
    """The intent of Ingress shop/web whose class has parameters."""
    return alone(ingress_class(params="params"), params(**spec), *objects, alb=alb)


def balancer(intent: StackIntent) -> BalancerIntent:
    """The balancer that has the routes, which must be there."""
    return intent.balancer(LOAD_BALANCER)


def application(intent: StackIntent) -> ApplicationOptions:
    """What it has as an application load balancer."""
    options = balancer(intent).options
    assert isinstance(options, ApplicationOptions)
    return options


def listeners(intent: StackIntent) -> tuple[ListenerIntent, ...]:
    """Its listeners."""
    return balancer(intent).listeners


def only_listener(intent: StackIntent) -> ListenerIntent:
    """The one listener."""
    (made,) = listeners(intent)
    return made


def on(port: int, intent: StackIntent) -> ListenerIntent:
    """The listener of a port."""
    (made,) = (listener for listener in listeners(intent) if listener.port == port)
    return made


def tls(intent: StackIntent, port: int = 443) -> TlsIntent:
    """The secure part of a port's listener, which must be there."""
    made = on(port, intent).tls
    assert made is not None
    return made


def only_backend(intent: StackIntent) -> BackendIntent:
    """The one backend."""
    (made,) = intent.backends
    return made


def reached(backend: BackendIntent) -> tuple[PortRef | None, ...]:
    """The ports at which the balancer, and nobody else, reaches the targets over TCP."""
    assert backend.balancer == LOAD_BALANCER
    assert all(one == Access(port=one.port) for one in backend.access)
    return tuple(one.port for one in backend.access)


def reported(translation: Translation[MemberIntent]) -> dict[str, list[str]]:
    """The problems of each object, by its kind and path."""
    sentences: dict[str, list[str]] = {}
    for problem in translation.problems:
        sentences.setdefault(str(problem.origin), []).append(str(problem))
    return sentences


def refused(*objects: KubeObject, by: Settings | None = None, **fields: Any) -> list[str]:
    """What Ingress shop/web, made of fields, has wrong; it is left out."""
    made = translated(ingress(**fields), *objects, key=WEB, by=by)
    assert made.intent.balancers == ()
    return [sentence for sentences in reported(made).values() for sentence in sentences]


def paths(intent: StackIntent, port: int = 80) -> list[str]:
    """The first path pattern of each route of a port, in order."""
    matches = [route.matches[-1] for route in on(port, intent).routes]
    firsts = [match.paths[0] for match in matches if isinstance(match, PathMatch)]
    return [patterns_of(text)[0] for text in firsts if not isinstance(text, Regex)]


def owners(intent: StackIntent) -> list[str]:
    """The names of the Ingresses whose routes a group's first listener has, in order."""
    names = [route.origin.ref.name for route in listeners(intent)[0].routes]
    return list(dict.fromkeys(names))
