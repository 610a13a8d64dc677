"""What a build knows of the load balancers that are there."""

from __future__ import annotations

import msgspec

from alb_controller.build.context import CurrentState
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found, FoundLoadBalancer, Observed
from alb_controller.reconcile.observe import current_states
from tests.resources import listener, load_balancer

FRONT = ResourceId("LoadBalancer", "FrontendNlb")


def test_each_load_balancer_is_distinguished_by_its_id() -> None:
    """With its own certificates; of two with one id the first counts, as when they are matched."""
    main = FoundLoadBalancer(identity="arn:1", resource=load_balancer(ip_address_type="dualstack"))
    other = msgspec.structs.replace(main, identity="arn:2", resource=load_balancer())
    front = FoundLoadBalancer(
        identity="arn:3",
        resource=load_balancer(id=FRONT, scheme="internet-facing", subnets=("subnet-p",)),
    )
    entries = (
        listener(443, load_balancer="arn:1", certificates=("a", "b")),
        listener(80, load_balancer="arn:1"),
        listener(443, load_balancer="arn:3", certificates=("c",)),
    )
    found = Observed(
        load_balancers=(main, other, front),
        listeners=tuple(
            Found(identity=f"arn:ls/{number}", resource=one) for number, one in enumerate(entries)
        ),
    )
    assert current_states(found) == {
        "LoadBalancer": CurrentState(
            scheme="internal",
            ip_address_type="dualstack",
            subnets=("subnet-a", "subnet-b"),
            certificates={443: ("a", "b")},
        ),
        "FrontendNlb": CurrentState(
            scheme="internet-facing",
            ip_address_type="ipv4",
            subnets=("subnet-p",),
            certificates={443: ("c",)},
        ),
    }
    assert current_states(Observed()) == {}
