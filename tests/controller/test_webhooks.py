"""Webhooks of the whole process: with files, before and after they change, until the end."""

from __future__ import annotations

import json
import signal
import ssl
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path

from alb_controller.webhooks.certificates.pairs import Issued, issue
from tests.apiserver.control_plane import free_ports
from tests.controller.rig import Rig

REVIEW = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": "u",
        "operation": "CREATE",
        "namespace": "shop",
        "object": {
            "metadata": {"name": "w", "namespace": "shop"},
            "spec": {"ingressClassName": "nope"},
        },
    },
}


def place(folder: Path) -> Issued:
    """New files of a certificate."""
    made = issue("test", ["127.0.0.1"], datetime.now(UTC), timedelta(hours=1))
    (folder / "tls.crt").write_bytes(made.pair.certificate)
    (folder / "tls.key").write_text(made.pair.key.reveal())
    return made


def asked(port: int, made: Issued) -> str:
    """Why the review's Ingress is refused, by a server that has the certificate."""
    context = ssl.create_default_context(cadata=made.authority.decode())
    connection = HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/validate-networking-v1-ingress", json.dumps(REVIEW), headers)
    response = json.loads(connection.getresponse().read())["response"]
    connection.close()
    return str(response["status"]["message"])


def test_reviews_are_answered_with_the_certificate_of_the_moment(rig: Rig, tmp_path: Path) -> None:
    """Once it is ready; SIGTERM is not held up by the server or its connections."""
    (port,) = free_ports(1)
    made = place(tmp_path)
    flags = (f"--webhook-bind-port={port}", f"--webhook-cert-dir={tmp_path}")
    with rig.running(*flags) as controller:
        for _ in range(2):
            assert "names IngressClass 'nope', which does not exist" in asked(port, made)
            made = place(tmp_path)
        controller.process.send_signal(signal.SIGTERM)
        assert controller.process.wait(10) == 0  # what a pod gets; a connection may live 120 s
