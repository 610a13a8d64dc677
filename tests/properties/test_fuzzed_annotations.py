"""Fuzzed values of annotations: no traceback, no hang, and no restriction that is half understood.

ALB_FUZZED=20000 runs them all; without it a sample is run.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alb_controller.build.elbv2.limits import out_of_limits
from alb_controller.frontends.ingress.admission import validate_ingress
from alb_controller.intent import ListenerIntent, SourceMatch
from alb_controller.objects.annotations.ingress_table import OWN_PREFIX, TABLE
from alb_controller.objects.annotations.reference import EXAMPLES, FAMILY_EXAMPLES
from alb_controller.objects.networking import Ingress
from tests.factories import cluster, ingress, ingress_class, path, rule, service, to
from tests.unit.frontends.ingress.translation import WEB, listeners, settings, translated

NUMBER = int(os.environ.get("ALB_FUZZED", "1000"))
SLOWEST_SECONDS = 2.0
SIGNS = '{}[]",:=\\ \n*?/.-_0aZé\0'
BOTH = {"listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]', "certificate-arn": "arn:certificate"}
SETTINGS = settings()
OFFICE = [{"field": "source-ip", "sourceIpConfig": {"values": ["10.0.0.0/8", "192.168.0.0/16"]}}]
ARN = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_pool"
POOL = {"userPoolARN": ARN, "userPoolClientID": "client", "userPoolDomain": "domain"}
JWT = {"jwksEndpoint": "https://jwks", "issuer": "https://issuer"}


def mutated(text: str, by: random.Random) -> str:
    """A value with a few typing errors."""
    for _ in range(by.randint(1, 3)):
        at = by.randrange(len(text) + 1)
        kind = by.randrange(5)
        if kind == 0:
            text = text[:at] + text[at + 1 :]
        elif kind == 1:
            text = text[:at] + by.choice(SIGNS) + text[at:]
        elif kind == 2:
            text = text[:at] + text[at : at + 1].swapcase() + text[at + 1 :]
        elif kind == 3:
            text = text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
        else:
            text = by.choice(["", " ", "null", "[]", "{}", text[:at], text * 2, f"{text}\n"])
    return text


def values() -> Iterator[tuple[str, str]]:
    """Keys without our usual prefix, each with a value that works."""
    for row in TABLE:
        if row.prefix != OWN_PREFIX:
            yield row.suffix, EXAMPLES[row.suffix].value
    for family, example in FAMILY_EXAMPLES.items():
        name = "HTTP-80" if family == "listener-attributes." else "app"
        yield family + name, example.value


def reviewed(made: Ingress) -> list[ListenerIntent]:
    """What a group of one serves, after an admission; none where it is rejected."""
    begun = time.monotonic()
    validate_ingress(made, None, cluster(ingress_class(), service()), SETTINGS)
    found = translated(made, key=WEB)
    is_served = not (found.intent.is_empty or list(out_of_limits(found.intent)))
    assert time.monotonic() - begun < SLOWEST_SECONDS
    return list(listeners(found.intent)) if is_served else []


@pytest.mark.parametrize("seed", range(4))
def test_a_fuzzed_value_is_served_or_reported(seed: int) -> None:
    """On the Ingress, by admission and by translation alike."""
    by, known = random.Random(seed), list(values())
    paths = rule("a.example", path("/"), path("/x", backend=to("app", "use-annotation")))
    for _ in range(NUMBER // 4):
        key, value = by.choice(known)
        base = BOTH if by.random() < 0.5 else {}
        reviewed(ingress(alb=base | {key: mutated(value, by)}, rules=[paths]))


def leaves(value: object) -> Iterator[str]:
    """Every text in JSON but keys and the name of a field."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.casefold() != "field":
                yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value


def has_all(raw: str, shown: object) -> bool:
    """Whether all that JSON asks for is in what is served."""
    return all(repr(leaf)[1:-1] in repr(shown) for leaf in leaves(json.loads(raw)))


def conditions_hold(raw: str, found: list[ListenerIntent]) -> bool:
    """Each element is a match of every route."""
    asked = json.loads(raw) or []
    return all(
        sum(isinstance(one, SourceMatch) for one in route.matches) == len(asked)
        and has_all(raw, route.matches)
        for listener in found
        for route in listener.routes
    )


def guard_holds(raw: str, found: list[ListenerIntent]) -> bool:
    """HTTPS has it, with all that is asked for; HTTP refuses."""
    by_port = {listener.port: listener.routes for listener in found}
    refused = all("403" in repr(route.action) for route in by_port[80])
    return refused and all(r.guard and has_all(raw, r.guard) for r in by_port[443])


def sources_hold(raw: str, found: list[ListenerIntent]) -> bool:
    """Nobody else may connect."""
    named = {str(int(part.partition("/")[2])) for part in raw.split(",") if part.strip()}
    allowed = {c for one in found for c in (*one.inbound.cidrs_v4, *one.inbound.cidrs_v6)}
    return bool(allowed) and {one.partition("/")[2] for one in allowed} <= named


Holds = Callable[[str, list[ListenerIntent]], bool]
RESTRICTIONS: dict[str, tuple[str, dict[str, str], Holds]] = {
    "conditions.app": (json.dumps(OFFICE), {}, conditions_hold),
    "jwt-validation": (json.dumps(JWT), BOTH, guard_holds),
    "auth-idp-cognito": (json.dumps(POOL), BOTH | {"auth-type": "cognito"}, guard_holds),
    "inbound-cidrs": ("10.0.0.0/8,2001:db8::/32", {}, sources_hold),
}


@pytest.mark.parametrize("key", RESTRICTIONS)
def test_a_restriction_that_is_not_understood_serves_nothing(key: str) -> None:
    """Whatever is served has every part of it that was written."""
    by, (value, base, holds) = random.Random(key), RESTRICTIONS[key]
    served = 0
    for _ in range(NUMBER // 4):
        raw = mutated(value, by)
        found: list[Any] = reviewed(ingress(alb=base | {key: raw}))
        if found:
            served += 1
            assert holds(raw, found), raw
    assert 0 < served < NUMBER // 4
