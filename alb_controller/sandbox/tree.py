"""What was made, as a tree: load balancer, listener, rules by priority, target groups, targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from alb_controller.sandbox.prices import AS_OF, REGION, SOURCE, in_cents, monthly_dollars
from alb_controller.sandbox.state import Json, Listener, LoadBalancer, State, TargetGroup

_CONFIGS = {
    "host-header": ("host", "HostHeaderConfig"),
    "path-pattern": ("path", "PathPatternConfig"),
    "http-request-method": ("method", "HttpRequestMethodConfig"),
    "source-ip": ("source", "SourceIpConfig"),
}


@dataclass(slots=True)
class Branch:
    """A line, how it is to stand out, and the lines below it."""

    text: str
    style: str = ""
    branches: list[Branch] = field(default_factory=list)


def grow(state: State) -> list[Branch]:
    """One tree for each load balancer."""
    return [_load_balancer(balancer, state) for balancer in state.load_balancers]


def _load_balancer(balancer: LoadBalancer, state: State) -> Branch:
    scheme = "internet-facing" if balancer.is_public else "internal"
    branch = Branch(f"ALB {balancer.name}  ({scheme}, {balancer.zones} zones)", "bold cyan")
    branch.branches.append(Branch(balancer.dns_name, "dim"))
    names = ", ".join(balancer.ingresses) or "no Ingress"
    shared = "shared by" if len(balancer.ingresses) > 1 else "of"
    branch.branches.append(Branch(f"{shared} {names}", "dim"))
    seen: set[str] = set()
    branch.branches += [_listener(one, state, seen) for one in balancer.listeners]
    return branch


def _listener(listener: Listener, state: State, seen: set[str]) -> Branch:
    branch = Branch(f"{listener.protocol}:{listener.port}", "bold")
    for rule in listener.rules:
        branch.branches.append(_rule(rule, state, seen))
    return branch


def _rule(rule: Json, state: State, seen: set[str]) -> Branch:
    rank = "default" if rule["IsDefault"] else rule["Priority"]
    wanted = ", ".join(_conditions(rule["Conditions"]))
    branch = Branch(f"{rank}  {wanted}".rstrip())
    arns = [arn for action in rule["Actions"] for arn in _forwarded(action)]
    texts = [text for action in rule["Actions"] if (text := _action(action))]
    if texts:
        branch.text += f"  → {', then '.join(texts)}"
    for arn, weight in arns:
        group = state.target_groups.get(arn)
        if group is not None:
            share = f" (weight {weight})" if len(arns) > 1 else ""
            branch.branches.append(_target_group(group, share, is_repeated=arn in seen))
            seen.add(arn)
    return branch


def _conditions(conditions: list[Json]) -> Iterator[str]:
    for condition in conditions:
        name, config = _CONFIGS.get(condition["Field"], ("", ""))
        if name:
            found = condition.get(config) or {}
            values = found.get("Values") or condition.get("Values") or found.get("RegexValues")
            yield f"{name} {' or '.join(values or ())}"
        elif condition["Field"] == "http-header":
            found = condition["HttpHeaderConfig"]
            values = found.get("Values") or found.get("RegexValues") or ()
            yield f"header {found['HttpHeaderName']}={' or '.join(values)}"
        elif condition["Field"] == "query-string":
            pairs = condition["QueryStringConfig"]["Values"]
            yield "query " + " or ".join(f"{p.get('Key', '*')}={p['Value']}" for p in pairs)


def _forwarded(action: Json) -> list[tuple[str, int]]:
    if action["Type"] != "forward":
        return []
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    found = [(group["TargetGroupArn"], group.get("Weight", 1)) for group in groups]
    return found or [(action["TargetGroupArn"], 1)]


def _action(action: Json) -> str:
    match action["Type"]:
        case "forward":
            return ""
        case "redirect":
            return _redirect(action["RedirectConfig"])
        case "fixed-response":
            return f"answer {action['FixedResponseConfig']['StatusCode']}"
        case other:
            return str(other)


def _redirect(to: Json) -> str:
    """Where to, without the parts that stay as they were."""
    parts = {
        "": to.get("Protocol", "#{protocol}").lower(),
        "host ": to.get("Host", "#{host}"),
        "port ": to.get("Port", "#{port}"),
        "path ": to.get("Path", "/#{path}"),
    }
    kept = ("#{protocol}", "#{host}", "#{port}", "/#{path}")
    changed = ", ".join(name + value for name, value in parts.items() if value not in kept)
    return f"redirect to {changed or 'itself'} ({to['StatusCode'].removeprefix('HTTP_')})"


def _target_group(group: TargetGroup, share: str, *, is_repeated: bool) -> Branch:
    count = len(group.targets)
    targets = f"{count} target{'' if count == 1 else 's'}"
    branch = Branch(f"{group.backend}{share}  target group {group.name}, {targets}", "green")
    if is_repeated:
        branch.text += ", as above"
        return branch
    for target in group.targets:
        style = "green" if target.health == "healthy" else "yellow"
        branch.branches.append(Branch(f"{target.address}:{target.port}  {target.health}", style))
    return branch


def savings(state: State) -> list[str]:
    """What sharing saves, in words. Empty where nothing was made."""
    have = len(state.load_balancers)
    alone = sum(max(len(balancer.ingresses), 1) for balancer in state.load_balancers)
    if not have:
        return []
    paid = in_cents(_dollars(balancer) for balancer in state.load_balancers)
    would = in_cents(_dollars(b) * max(len(b.ingresses), 1) for b in state.load_balancers)
    if alone == have:
        lines = [f"Nothing is shared here. Idle, that is ${paid} a month."]
    else:
        there = "there is" if have == 1 else "there are"
        lines = [
            f"One load balancer for each Ingress would be {alone}; {there} {have}.",
            f"Idle, that is ${paid} a month instead of ${would}: ${would - paid} less.",
        ]
    return [*lines, f"({REGION}, without capacity units and traffic; {SOURCE}, {AS_OF})"]


def _dollars(balancer: LoadBalancer) -> Decimal:
    return monthly_dollars(zones=balancer.zones, is_public=balancer.is_public)
