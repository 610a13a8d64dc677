"""What Kubernetes shows after a step, in the corpus's words; and both sides made comparable."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.apiserver.cluster import Cluster
from tests.conformance.aws_account import Account, Ids
from tests.conformance.aws_state import without_defaults

Shape = dict[str, Any]
TARGET_GROUP_ARN = re.compile(r"arn:aws:elasticloadbalancing:[^\s\"]*?:targetgroup/([^/\s]+)/\w+")
COMPLETED = ("ipAddressType", "vpcID", "targetGroupProtocol")
"""What admission fills in that a binding of a user's leaves open; recorded without webhooks."""
HASHED_NAME = re.compile(r"k8s-[^-]{1,8}-[^-]{1,8}-[0-9a-f]{10}")


def read_state(cluster: Cluster, account: Account, ids: Ids) -> Shape:
    """Ingresses with their hostnames and finalizers; bindings that are not being deleted."""
    groups = account.ec2.describe_security_groups()["SecurityGroups"]
    names = {group["GroupId"]: "sg:" + group["GroupName"] for group in groups}
    names |= {value: "${" + name + "}" for name, value in ids.items()}
    bindings = {
        _path(binding): {
            "Spec": _plain(binding["spec"], names),
            "Labels": binding["metadata"].get("labels", {}),
        }
        for binding in cluster.list("TargetGroupBinding")
        if not binding["metadata"].get("deletionTimestamp")
    }
    ingresses = {_path(found): _ingress(found) for found in cluster.list("Ingress")}
    return {"Ingresses": ingresses, "TargetGroupBindings": bindings}


def comparable(state: Shape) -> Shape:
    """A state without what differs from run to run, and without attributes at their defaults.

    A target group's name ends in a hash over its Service's uid: its ownership tags take the hash's
    place. The wording of warnings and refusals is the controller's own.
    """
    text, seen = json.dumps(state), dict[str, int]()
    for name, group in state["AWS"]["TargetGroups"].items():
        if HASHED_NAME.fullmatch(name):
            tags = group["Tags"]
            stack, resource = (tags.get(f"ingress.k8s.aws/{tag}") for tag in ("stack", "resource"))
            stand_in = f"{name[:-10]}({stack}, {resource})"
            seen[stand_in] = seen.get(stand_in, 0) + 1
            again = f"#{seen[stand_in]}" if seen[stand_in] > 1 else ""
            text = text.replace(name, stand_in + again)
    plain: Shape = json.loads(text)
    plain.pop("Calls", None)
    plain["Kubernetes"].pop("Warnings", None)
    plain["AWS"] = without_defaults(plain["AWS"])
    plain["Refused"] = [texts.partition(":")[0] for texts in plain.get("Refused", [])]
    return plain


def without_completions(got: Shape, want: Shape) -> Shape:
    """A state without what admission may have added to bindings that users made.

    What the recording has is compared, and so is every field of the controller's own bindings.
    """
    bindings = dict(got["Kubernetes"]["TargetGroupBindings"])
    for path, binding in bindings.items():
        known = want["Kubernetes"]["TargetGroupBindings"].get(path, {}).get("Spec", {})
        added = [field for field in COMPLETED if field not in known]
        if is_made_by_hand(binding["Labels"]):
            spec = {key: value for key, value in binding["Spec"].items() if key not in added}
            bindings[path] = binding | {"Spec": spec}
    return got | {"Kubernetes": got["Kubernetes"] | {"TargetGroupBindings": bindings}}


def is_made_by_hand(labels: Mapping[str, str]) -> bool:
    """Whether a binding with these labels belongs to no stack."""
    return not any(key.startswith("ingress.k8s.aws/stack") for key in labels)


def _ingress(ingress: Shape) -> Shape:
    balancers = ingress.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    hosts = [re.sub(r"-\d+\.us-west-2", "-*.us-west-2", b.get("hostname", "")) for b in balancers]
    return {"Hostnames": hosts, "Finalizers": ingress["metadata"].get("finalizers", [])}


def _plain(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item, names) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(item, names) for item in value]
    if isinstance(value, str):
        return names.get(value, TARGET_GROUP_ARN.sub(r"tg:\1", value))
    return value


def _path(obj: Shape) -> str:
    meta = obj["metadata"]
    return f"{meta.get('namespace')}/{meta['name']}"
