"""Records are written by users too (ADR 32): whatever one says, it asks for what its owner could.

ALB_FUZZED=20000 runs more of them.
"""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec

from alb_controller.frontends.ingress.load import LoadedMember
from alb_controller.frontends.ingress.records.record import record_of
from alb_controller.frontends.translation import Translation
from alb_controller.intent import LOAD_BALANCER
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import RECORD, pack
from tests.factories import changed, member, path, rule, service, to
from tests.properties.test_fuzzed_annotations import BOTH, NUMBER, POOL
from tests.properties.test_garbled_restrictions import at, garbled, places
from tests.unit.frontends.ingress.translation import settings, translated

HOST = "team.elb.example"
AUTH = {"auth-type": "cognito", "auth-idp-cognito": json.dumps(POOL)}
GOOD: Ingress = member(
    "web",
    alb=BOTH | AUTH | {"scheme": "internet-facing", "group.order": "3"},
    rules=[rule("a.example", path(), path("/x", backend=to("app")))],
    shows=HOST,
)
OTHER = member("other", namespace="other", rules=[rule("b.example", path())], shows=HOST)
PLACES = ("", "1.1", "99999999999.1", "9999999999999999.1", "\u0661.1", "1.", ".", "-1.1", "1.1.1")


def noted() -> Any:
    """What a record of the good Ingress says, as JSON."""
    made = record_of(LoadedMember(ingress=GOOD), {("shop", "app"): service()})
    return json.loads(msgspec.json.encode(made))


def forged(data: bytes, joined: str = "") -> Ingress:
    """The Ingress, invalid by now, with a record of this content."""
    text = pack("team", GOOD.metadata.uid, None, data)
    version, group, uid, _, packed = text.split(":", 4)
    annotations = dict(GOOD.metadata.annotations) | {
        f"{PREFIX}target-type": "nonsense",
        RECORD: f"{version}:{group}:{uid}:{joined}:{packed}",
    }
    made: Ingress = changed(GOOD, annotations=annotations)
    return made


def check(made: Translation[Any], says: Any) -> None:
    """The other is served; what stands in is the owner's, with the login that it asks for."""
    assert f"uid-{OTHER.metadata.name}" in made.served
    intent = made.intent
    for one in intent.backends:
        assert one.namespace == one.origin.ref.namespace
    annotations = says.get("annotations") if isinstance(says, dict) else None
    guarded = isinstance(annotations, dict) and annotations.get(f"{PREFIX}auth-type") == "cognito"
    for listener in intent.balancer(LOAD_BALANCER).listeners:
        for route in listener.routes:
            if guarded and route.origin.ref.name == "web":
                assert route.guard or "403" in repr(route.action)


def test_a_forged_record_stops_nobody_and_opens_nothing() -> None:
    """Garbage of each kind, at each depth."""
    by, text, stands_in = random.Random(16), json.dumps(noted()), 0
    for _ in range(NUMBER // 4):
        raw = garbled(text, by)
        for _ in range(by.randrange(2)):
            try:
                raw = garbled(raw, by)
            except ValueError:
                break
        made = translated(
            forged(raw.encode(errors="surrogatepass"), by.choice(PLACES)),
            OTHER,
            service(namespace="other"),
            by=settings(group_trust=by.choice(["any", "namespace"])),
        )
        stands_in += "uid-web" in made.served
        try:
            says = json.loads(raw)
        except ValueError:
            says = None
        check(made, says)
    assert 0 < stands_in < NUMBER // 4


def test_a_record_reaches_no_service_of_another_namespace() -> None:
    """A Service of another namespace makes the whole record say nothing."""
    says = noted()
    for where in places(says):
        if where and where[-1] == "namespace":
            at(says, where[:-1])["namespace"] = "other"
    made = translated(forged(json.dumps(says).encode()), OTHER, service(namespace="other"))
    assert made.served == {"uid-other"}
