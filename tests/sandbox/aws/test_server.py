"""The local AWS as a server: what it records, and what can befall a call."""

from __future__ import annotations

import socket
import threading
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from alb_controller.sandbox.aws import AwsServer
from tests.sandbox.aws.world import World, refused
from tests.waiting import until


@pytest.fixture
def impatient(server: AwsServer) -> Any:
    """A factory of clients that try once; how long they wait for an answer may be said."""
    session = botocore.session.get_session()
    session.set_credentials("test", "test")

    def make(name: str, read_timeout: float = 30) -> Any:
        once = Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout)
        return session.create_client(
            name, region_name="us-west-2", endpoint_url=server.url, config=once
        )

    return make


def test_calls_are_recorded(world: World, server: AwsServer) -> None:
    """A call is recorded with its service, operation, parameters and status."""
    world.load_balancer("seen")
    with refused("LoadBalancerNotFound"):
        world.account.elbv2.describe_load_balancers(Names=["unseen"])
    world.account.acm.list_certificates(MaxItems=5)
    made, asked, listed = server.calls
    assert (made.service, made.operation, made.status, made.is_write) == (
        "elasticloadbalancing",
        "CreateLoadBalancer",
        200,
        True,
    )
    assert made.params["Name"] == "seen"
    assert (asked.operation, asked.status, asked.is_write) == ("DescribeLoadBalancers", 400, False)
    assert (listed.service, listed.operation) == ("acm", "ListCertificates")
    assert listed.params["MaxItems"] == 5


def test_a_request_that_breaks_off_is_no_call(world: World, server: AwsServer) -> None:
    """A client that dies before its whole body is sent asked for nothing: no call is recorded."""
    with socket.create_connection(
        ("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30
    ) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: aws\r\nContent-Length: 60\r\n\r\n"
            b"Action=CreateTargetGroup&Name=half"
        )
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""
    assert world.account.elbv2.describe_target_groups()["TargetGroups"] == []
    assert [call.operation for call in server.calls] == ["DescribeTargetGroups"]


def test_an_operation_that_moto_lacks_is_an_error_of_aws(world: World) -> None:
    """A missing operation is a clear error, not a broken connection."""
    with refused("NotImplemented"):
        world.account.elbv2.get_resource_policy(ResourceArn=world.target_group())


@pytest.mark.parametrize(
    "service, operation",
    [("elbv2", "describe_load_balancers"), ("ec2", "describe_vpcs"), ("acm", "list_certificates")],
)
def test_throttling_is_read_by_clients(
    server: AwsServer, impatient: Any, service: str, operation: str
) -> None:
    """The injected error has the form of each protocol, and the next call passes."""
    call = getattr(impatient(service), operation)
    server.faults.throttle()
    with refused("Throttling"):
        call()
    call()


def test_the_nth_call_fails(world: World, server: AwsServer, impatient: Any) -> None:
    """The third creation fails with 503 and makes nothing; those before and after pass."""
    elbv2 = impatient("elbv2")
    server.faults.fail(503, "CreateTargetGroup", skip=2)
    for number in range(4):
        given = {"Protocol": "HTTP", "Port": 80, "VpcId": world.ids["vpc"]}
        if number == 2:
            with refused("InternalFailure"):
                elbv2.create_target_group(Name=f"group-{number}", **given)
        else:
            elbv2.create_target_group(Name=f"group-{number}", **given)
    assert len(elbv2.describe_target_groups()["TargetGroups"]) == 3


def test_a_call_can_hang(server: AwsServer, impatient: Any) -> None:
    """A hanging call times out at the client, and others go on meanwhile."""
    server.faults.hang("DescribeLoadBalancers")
    with pytest.raises(ReadTimeoutError):
        impatient("elbv2", read_timeout=0.5).describe_load_balancers()
    impatient("elbv2").describe_target_groups()
    server.faults.release()
    until(lambda: "DescribeLoadBalancers" in [call.operation for call in server.calls])


def test_an_answer_can_be_lost(world: World, server: AwsServer, impatient: Any) -> None:
    """The call is done, though the client hears nothing."""
    server.faults.lose_answer("CreateLoadBalancer")
    with pytest.raises(ConnectionClosedError):
        impatient("elbv2").create_load_balancer(Name="web", Subnets=world.public)
    shown = impatient("elbv2").describe_load_balancers()["LoadBalancers"]
    assert [balancer["LoadBalancerName"] for balancer in shown] == ["web"]
    assert server.calls[0].status == 0


def test_a_taken_port_is_an_os_error(server: AwsServer) -> None:
    """The caller can say which port it was, instead of the process ending."""
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        AwsServer(port=port).start()


def test_calls_do_not_interleave(world: World) -> None:
    """Many clients at once never break moto's state: every call is answered."""
    group = world.target_group()
    failures: list[Exception] = []

    def work(number: int) -> None:
        target = [{"Id": f"192.168.100.{number}", "Port": 80}]
        try:
            for _ in range(5):
                world.account.elbv2.register_targets(TargetGroupArn=group, Targets=target)
                world.account.elbv2.describe_target_health(TargetGroupArn=group)
        except ClientError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert len(world.health(group)) == 8


def test_a_state_can_be_brought_back(world: World, server: AwsServer) -> None:
    """What was made since is gone, what was deleted is there again, and both sides still agree."""
    elbv2, ec2 = world.account.elbv2, world.account.ec2
    world.load_balancer("kept")
    server.keep()
    for _ in range(2):
        world.load_balancer("made")
        elbv2.delete_load_balancer(
            LoadBalancerArn=elbv2.describe_load_balancers(Names=["kept"])["LoadBalancers"][0][
                "LoadBalancerArn"
            ]
        )
        ec2.terminate_instances(InstanceIds=[world.ids["node-a"]])
        assert server.bring_back()
        shown = elbv2.describe_load_balancers()["LoadBalancers"]
        assert [found["LoadBalancerName"] for found in shown] == ["kept"]
        found = ec2.describe_instances(InstanceIds=[world.ids["node-a"]])["Reservations"]
        assert found[0]["Instances"][0]["State"]["Name"] == "running"
    group = world.target_group(TargetType="instance")
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": world.ids["node-a"]}])
    assert set(world.health(group)) == {(world.ids["node-a"], 80)}
