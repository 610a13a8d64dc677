"""The pass as a whole: objects go in; calls to AWS, writes, events and the next look come out."""

from __future__ import annotations

from itertools import count

import pytest

from alb_controller.errors import QuotaExceeded, Throttled
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.networking import Ingress
from tests.factories import ingress, ingress_class, path, rule, service, site, to
from tests.unit.reconcile.stack_world import World, without_records

QUOTA = QuotaExceeded("elbv2", "CreateTargetGroup", "TooManyTargetGroups", "3000 at most")
THROTTLED = Throttled("elbv2", "CreateTargetGroup", "Throttling", "Rate exceeded")
BAD = {"scheme": "open"}


def web(**backends: str) -> Ingress:
    """Ingress shop/web: paths of one word, and their Services."""
    paths = (path(f"/{one}", "Exact", to(name)) for one, name in backends.items())
    return ingress(rules=[rule("", *paths)])


def test_an_ingress_is_served_and_then_left_alone() -> None:
    """AWS, the status and one event show it; a Service that reads otherwise is one more write."""
    world = World(ingress()).settle()
    made = world.ingress()
    assert made is not None
    (entry,) = made.status.load_balancer.ingress
    assert entry.hostname == world.aws.dns_name()
    assert world.aws.paths() == ["/*"]
    assert [(one.type, one.reason) for one in world.kube.events] == [
        ("Normal", "SuccessfullyReconciled")
    ]
    world.forget_calls()
    world.put(service(alb={"healthcheck-path": "/"}))
    world.settle()
    assert (world.calls(), len(world.kube.events), world.next_look()) == (["patch web"], 1, None)
    world.forget_calls()
    world.put(service(alb={"healthcheck-path": "/"}, selector={"app": "other"}))
    world.settle()
    assert (world.calls(), len(world.kube.events), world.next_look()) == ([], 1, None)


def test_a_sweep_of_what_is_as_it_should_be_only_reads() -> None:
    """The account once, and what is below each load balancer."""
    world = World(ingress("web"), ingress("api")).settle()
    world.forget_calls()
    world.sweep()
    listed = ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeSecurityGroups"]
    assert world.calls() == [*listed, *["DescribeListeners", "DescribeRules"] * 2]
    assert len(world.kube.events) == 2


def test_a_quota_that_is_reached_makes_nothing_forgotten() -> None:
    """The next try comes in an hour, and reads nothing of the stack anew."""
    world = World(service("api"), web(a="app")).settle()
    world.aws.refuse("CreateTargetGroup", QUOTA)
    world.put(web(a="app", b="api"))
    world.settle()
    assert "TooManyTargetGroups" in world.kube.warnings("web")[0]
    world.forget_calls()
    world.wait(30 * 60)
    assert (world.aws.calls, world.aws.reads) == ([], [])
    world.wait(40 * 60)
    assert world.aws.reads == ["DescribeTargetGroups"], "whether the new name is free"
    assert world.aws.paths() == ["/a", "/b"]


@pytest.mark.parametrize(
    "change, paths",
    [(web(a="app", b="app"), ["/a", "/b"]), (ingress(alb={"tags": "team=edge"}), ["/*"])],
    ids=["a new rule", "new tags"],
)
def test_what_others_have_deleted_is_made_again_by_the_change_that_meets_the_loss(
    change: Ingress, paths: list[str]
) -> None:
    """The listing is not believed any more: without a sweep, the next try makes all of it."""
    world = World(web(a="app")).settle()
    (lost,) = world.aws.all(LoadBalancer)
    world.aws.delete_load_balancer(lost)
    world.put(change)
    world.settle().wait(30)
    (made,) = world.aws.all(LoadBalancer)
    assert made != lost
    assert world.aws.paths() == paths
    assert world.next_look() is None


def test_a_shared_group_whose_id_was_given_a_moment_ago_stays() -> None:
    """Its deletion had begun; the new stack has not come to its load balancer yet."""
    world = World(ingress("web")).settle()

    def another_comes() -> None:
        world.aws.refuse("CreateTargetGroup", THROTTLED)
        world.put(ingress("api"))
        world.settle()

    world.meanwhile.append(another_comes)
    world.remove("web")
    world.forget_calls()
    world.settle().wait(30)
    assert world.meanwhile == []
    calls = world.calls()
    assert calls.count("DeleteSecurityGroup") == 1, "web's own, not the shared one"
    assert "CreateLoadBalancer" in calls
    (balancer,) = world.aws.all(LoadBalancer).values()
    assert set(map(str, balancer.security_groups)) <= set(world.aws.all(SecurityGroup))


def test_the_last_ingress_leaves_nothing() -> None:
    """Neither in AWS nor in the cluster, and nothing is looked at again."""
    world = World(ingress("web"), ingress("api")).settle()
    world.remove("web", "api")
    world.settle().wait(30)
    assert world.aws.things == {}
    assert world.kube.stores.list(Ingress) == []
    assert world.kube.stores.list(TargetGroupBinding) == []
    assert world.next_look() is None


def test_a_process_that_ends_while_the_last_ingress_is_deleted_leaves_nothing() -> None:
    """After whichever write: the finalizer remembers the rest, the shared group too."""
    for writes in count(1):
        world = World(ingress()).settle()
        world.remove("web")
        if not world.ends_after(writes):
            break
        world.start()
        world.settle().wait(30)
        assert world.aws.things == {}, f"after {writes} writes"
        assert world.kube.stores.list(Ingress) == []
    assert writes > len(["binding", "listener", "load balancer", "target group", "two groups"])


def test_a_process_that_ends_while_an_ingress_is_made_makes_nothing_twice() -> None:
    """After whichever write: the next one ends where this one would have ended."""
    whole = World(ingress()).settle()
    for writes in count(1):
        world = World(ingress())
        if not world.ends_after(writes):
            break
        world.start()
        world.settle().wait(30)
        assert world.aws.kinds() == whole.aws.kinds(), f"after {writes} writes"
        assert (world.aws.paths(), world.next_look()) == (["/*"], None)
    assert writes > len(whole.aws.things)


def test_members_hear_that_their_group_is_blocked() -> None:
    """After a restart, by a member whose last valid state nobody has noted.

    Each hears it once for its own change, with the name of the one at fault.
    """
    world = World(site("a"), site("b")).settle()
    world.put(site("b", alb=BAD))
    without_records(world, "a", "b")
    world.start()
    world.settle()
    assert world.kube.warnings("a") == []
    world.forget_calls()
    world.put(site("a", alb={"tags": "team=edge"}))
    world.settle().sweep()
    (message,) = world.kube.warnings("a")
    assert "Ingress shop/b" in message
    assert len(world.kube.warnings("b")) == 1
    assert (world.aws.calls, world.kube.writes) == (["AddTags"] * 2, ["patch a"])


def test_one_mistake_is_one_event_though_it_is_corrected_during_a_pass() -> None:
    """An event of the old state, written when the new one is known, is the old state's."""
    world = World(site("a"), site("b", alb=BAD)).settle()
    assert len(world.kube.warnings("b")) == 1

    def corrected() -> None:
        world.kube.on_write.clear()
        world.put(site("b"))

    world.kube.on_write.append(corrected)
    world.put(site("c"))
    world.settle()
    assert world.kube.on_write == []
    assert len(world.kube.warnings("b")) == 1
    assert world.aws.paths().count("/*") == 3


def test_an_ingress_that_moves_to_another_class_leaves_nothing_behind() -> None:
    """Neither in AWS nor on the object: the host name would lead to nothing."""
    nginx = ingress_class("nginx", controller="k8s.io/nginx")
    world = World(nginx, ingress()).settle()
    made = world.ingress()
    assert made is not None
    assert made.status.load_balancer.ingress
    world.put(ingress(class_name="nginx"))
    world.settle().wait(60)
    left = world.ingress()
    assert left is not None
    assert left.status.load_balancer.ingress == []
    assert left.metadata.finalizers == []
    assert world.aws.all(LoadBalancer) == {}


def test_the_host_name_goes_though_the_group_that_is_left_is_blocked() -> None:
    """After a restart another member is invalid: AWS is not looked at, and the leaver moves on."""
    nginx = ingress_class("nginx", controller="k8s.io/nginx")
    world = World(nginx, site("a"), site("b")).settle()
    world.put(site("b", alb=BAD))
    world.start()
    world.settle()
    world.put(site("a", class_name="nginx"))
    world.settle().wait(60)
    left, held = world.ingress("a"), world.ingress("b")
    assert left is not None
    assert held is not None
    assert left.status.load_balancer.ingress == []
    assert held.status.load_balancer.ingress != []


def test_a_member_that_its_new_group_rejects_does_not_show_the_old_one() -> None:
    """The host name of the group that it has left leads to nothing of it."""
    world = World(site("a"), site("b"), site("c", group="other")).settle()
    world.put(site("a", group="other", alb=BAD))
    world.settle().wait(60)
    moved, stayed = world.ingress("a"), world.ingress("c")
    assert moved is not None
    assert stayed is not None
    assert moved.status.load_balancer.ingress == []
    assert stayed.status.load_balancer.ingress != []
