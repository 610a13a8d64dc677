"""Inputs of public reports that passed in silence: each Ingress gets a Warning, none is open.

The whole controller reads them between a Kubernetes API that validates and an AWS that refuses.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.controller.manifests import Object
from tests.inside.conftest import Bill

INPUTS = Path(__file__).parent / "inputs"
NAMESPACE = "hunt"
PREFIX = "alb.ingress.kubernetes.io/"
CONDITIONS = f"Failed build model due to {PREFIX}conditions.web"
REFUSED = "get 403: auth-type or jwt-validation is set, and HTTP listeners make no such check"
REMEMBERED_EVENTS = {
    "redirect-dropped-silently": {
        "sso": ("RuleUnreachable", "is left out on port 443, as its redirect leads to itself"),
    },
    "auth-open-on-http": {
        "httponly": ("HttpRefused", f"requests on port 80 {REFUSED}"),
        "both": ("HttpRefused", f"requests on port 80 {REFUSED}"),
        "jwt": ("HttpRefused", f"requests on port 80 {REFUSED}"),
    },
    "condition-dropped-rule-open": {
        "misspelt": ("FailedBuildModel", f"{CONDITIONS}: field 'sourceIp' must be one of"),
        "othercase": ("FailedBuildModel", f"{CONDITIONS}: field 'Source-IP' must be one of"),
        "nofield": ("FailedBuildModel", f"{CONDITIONS}: field '' must be one of"),
        "othername": ("FailedBuildModel", f"{CONDITIONS}b: restricts nothing, as no path"),
    },
}
"""By file and Ingress: the reason of its only Warning, and what that says."""


def forwarded_ports(bill: Bill, docs: list[Object]) -> set[int]:
    """Ports with a rule for a host of the input that leads to pods."""
    rules = [one for doc in docs for one in doc.get("spec", {}).get("rules", ())]
    hosts = {one["host"] for one in rules}
    ports = {one["ListenerArn"].rpartition("/")[2]: one["Port"] for one in bill.rig.aws.listeners()}
    return {
        ports[rule["RuleArn"].split("/")[-2]]
        for rule in bill.rig.aws.rules()
        if rule["Actions"][-1]["Type"] == "forward"
        and any(
            set(c["HostHeaderConfig"]["Values"]) & hosts
            for c in rule["Conditions"]
            if "HostHeaderConfig" in c
        )
    }


@pytest.mark.parametrize("file", REMEMBERED_EVENTS)
def test_what_was_served_in_silence_is_reported(bill: Bill, file: str) -> None:
    """One Warning each, not again in a pass that changes nothing; plain HTTP reaches no pod."""
    docs: list[Object] = list(yaml.safe_load_all((INPUTS / f"{file}.yaml").read_text()))
    bill.has(*docs)
    assert forwarded_ports(bill, docs) <= {443}
    for again in range(2):
        for name, (reason, sentence) in REMEMBERED_EVENTS[file].items():
            (warning,) = [one for one in bill.rig.events(name) if one["type"] == "Warning"]
            assert (warning["reason"], sentence in warning["message"]) == (reason, True), warning
        if not again:
            for name in REMEMBERED_EVENTS[file]:
                url = bill.rig.cluster.path("Ingress", NAMESPACE, name)
                touched = {"metadata": {"labels": {"touched": "yes"}}}
                assert bill.of(partial(bill.rig.cluster.merge, url, touched)) == {}
    for name in REMEMBERED_EVENTS[file]:
        bill.rig.delete("Ingress", name, NAMESPACE)
    bill.has()
