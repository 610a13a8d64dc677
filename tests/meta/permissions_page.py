"""`docs/reference/permissions.md` out of what the code declares."""

from __future__ import annotations

from collections.abc import Iterable

from alb_controller.aws.iam import FEATURES, actions_of
from alb_controller.kube.permissions import (
    LEASE_PERMISSIONS,
    PERMISSIONS,
    SECRET_PERMISSIONS,
    WEBHOOK_PERMISSIONS,
    WEBHOOK_SECRET_PERMISSIONS,
    Permission,
)

_HEAD = """\
# Permissions

Written by `make gen` from what the code declares; do not edit. How to grant them:
[install.md](../install.md). Why they are scoped so: [ADR 22](../adr/0022-scoped-permissions.md).

## AWS

`alb-controller iam --features=A,B` prints the least policy for the features in use; without
`--features` it is for those on by default, which the files in `iam/` are for.

| Feature | Default | For | Not needed where |
| --- | --- | --- | --- |
"""


def permissions_page() -> str:
    """The page as Markdown."""
    rows = "".join(
        f"| `{made.name}` | {'on' if made.by_default else 'off'} | {made.help} | {made.without} |\n"
        for made in FEATURES
    )
    lists = _actions("Always", actions_of(())) + "".join(
        _actions(f"`{made.name}`", made.actions) for made in FEATURES if made.actions
    )
    return (
        f"{_HEAD}{rows}\n### Actions\n\n| Feature | Actions |\n| --- | --- |\n{lists}"
        f"\n## Kubernetes\n{_table('Cluster-wide', PERMISSIONS)}"
        f"{_table('In the namespace of the controller', LEASE_PERMISSIONS)}"
        f"{_table('With --webhook-cert-secret, cluster-wide', WEBHOOK_PERMISSIONS)}"
        f"{_table('With --webhook-cert-secret, in its namespace', WEBHOOK_SECRET_PERMISSIONS)}"
        f"{_table('For each Secret of an OIDC client, granted by you', SECRET_PERMISSIONS)}"
    )


def _actions(name: str, actions: Iterable[str]) -> str:
    return f"| {name} | {', '.join(f'`{action}`' for action in sorted(actions))} |\n"


def _table(title: str, permissions: Iterable[Permission]) -> str:
    rows = "".join(
        f"| {made.group or 'core'} | {made.resource} | {', '.join(made.names) or 'all'} "
        f"| {', '.join(made.verbs)} |\n"
        for made in permissions
    )
    return (
        f"\n### {title}\n\n| Group | Resource | Names | Verbs |\n| --- | --- | --- | --- |\n{rows}"
    )
