"""Region and VPC come from flags, or from whoever can tell."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from alb_controller.aws.client import Sender, SenderSettings
from alb_controller.aws.metadata import InstanceMetadata, find_region, find_vpc_id
from alb_controller.errors import ControllerError

SILENT = InstanceMetadata(disabled=True)
PATHS = {
    "/latest/meta-data/placement/region": "eu-west-1",
    "/latest/meta-data/mac": "0a:00:00:00:00:01",
    "/latest/meta-data/network/interfaces/macs/0a:00:00:00:00:01/vpc-id": "vpc-1",
}


class Service(BaseHTTPRequestHandler):
    """Version 2 of the metadata service: nothing without a token."""

    def do_PUT(self) -> None:
        has_ttl = "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
        self._send(200 if has_ttl and self.path == "/latest/api/token" else 400, "secret-token")

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != "secret-token":
            self._send(401, "")
        else:
            self._send(200 if self.path in PATHS else 404, PATHS.get(self.path, ""))

    def _send(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object, **__: object) -> None:
        pass


@pytest.fixture
def metadata() -> Iterator[InstanceMetadata]:
    """A metadata service on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield InstanceMetadata(endpoint=f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def sender() -> Sender:
    """One that cannot reach anything: these tests make no AWS call."""
    return Sender(SenderSettings(loopback_only=True))


def test_the_instance_reports_region_and_vpc(metadata: InstanceMetadata, sender: Sender) -> None:
    """Where no flag says it, the metadata service does, by its version 2."""
    assert find_region(None, metadata) == "eu-west-1"
    assert find_vpc_id(None, {}, sender=sender, metadata=metadata) == "vpc-1"


def test_flags_win(metadata: InstanceMetadata, sender: Sender) -> None:
    """What the operator says is not questioned."""
    assert find_region("us-east-1", metadata) == "us-east-1"
    assert find_vpc_id("vpc-9", {"a": "b"}, sender=sender, metadata=metadata) == "vpc-9"


@pytest.mark.parametrize(
    "metadata",
    [SILENT, InstanceMetadata(endpoint="http://127.0.0.1:1", timeout_seconds=0.2)],
    ids=["switched off", "nobody there"],
)
def test_when_nothing_reports_the_flags_are_named(
    sender: Sender, metadata: InstanceMetadata
) -> None:
    """The error says which flag to set."""
    with pytest.raises(ControllerError, match="set --aws-region or AWS_REGION"):
        find_region(None, metadata)
    with pytest.raises(ControllerError, match="set --aws-vpc-id or --aws-vpc-tags"):
        find_vpc_id(None, {}, sender=sender, metadata=metadata, node_name="ip-10-0-0-1.internal")


def test_the_sdks_switches_are_respected() -> None:
    """The variables that switch off or move the service for SDKs do so here."""
    off = InstanceMetadata.from_environment({"AWS_EC2_METADATA_DISABLED": "True"})
    assert off.disabled
    moved = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"}
    assert InstanceMetadata.from_environment(moved).endpoint == "http://127.0.0.1:9"
    assert InstanceMetadata.from_environment({}).endpoint == "http://169.254.169.254"
