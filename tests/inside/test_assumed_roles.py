"""Roles of other accounts, over the whole process."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path

from alb_controller.sandbox.controller import Surroundings
from alb_controller.webhooks.certificates.pairs import Issued, issue
from tests.controller.manifests import NAMESPACE, Object
from tests.controller.rig import Rig
from tests.inside.running import running

ACCOUNT = "222222222222"
BINDING = {
    "apiVersion": "elbv2.k8s.aws/v1beta1",
    "kind": "TargetGroupBinding",
    "metadata": {"name": "theirs", "namespace": NAMESPACE},
    "spec": {
        "targetGroupARN": f"arn:aws:elasticloadbalancing:us-west-2:{ACCOUNT}:targetgroup/t/0a1b",
        "iamRoleArnToAssume": f"arn:aws:iam::{ACCOUNT}:role/targets",
        "serviceRef": {"name": "app", "port": 80},
        "targetType": "ip",
    },
}


def _place(folder: Path) -> Issued:
    """A certificate in files."""
    made = issue("test", ["127.0.0.1"], datetime.now(UTC), timedelta(hours=1))
    (folder / "tls.crt").write_bytes(made.pair.certificate)
    (folder / "tls.key").write_text(made.pair.key.reveal())
    return made


def _review(port: int, made: Issued, obj: Object) -> str:
    """Why a new binding is refused; nothing where it is not."""
    context = ssl.create_default_context(cadata=made.authority.decode())
    connection = HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    request = {"uid": "u", "operation": "CREATE", "namespace": NAMESPACE, "object": obj}
    review = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": request,
    }
    path = "/validate-elbv2-k8s-aws-v1beta1-targetgroupbinding"
    connection.request("POST", path, json.dumps(review), {"Content-Type": "application/json"})
    response = json.loads(connection.getresponse().read())["response"]
    connection.close()
    return str(response.get("status", {}).get("message", ""))


def test_a_role_is_assumed_once_by_the_whole_process(rig: Rig, tmp_path: Path) -> None:
    """For the review of a binding, and for its targets after that."""
    made = _place(tmp_path)
    aws = rig.aws
    around = Surroundings(
        kubeconfig=rig.kubeconfig, aws_url=aws.front.url, vpc_id=aws.ids["vpc"], folder=rig.folder
    )
    flags = {"webhook_cert_dir": str(tmp_path), "allowed_assume_role_arns": "*"}
    with running(around, **flags) as controller:
        controller.settle()
        assert "no such target group" in _review(controller.webhook_port, made, BINDING)
        assert aws.front.operations().count("AssumeRole") == 1
        rig.apply(BINDING)
        rig.until(lambda: rig.warnings("theirs"))
        assert aws.front.operations().count("AssumeRole") == 1
