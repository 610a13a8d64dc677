"""The chart's RBAC rules out of what the code declares: `templates/_rules.tpl`."""

from __future__ import annotations

import json
from collections.abc import Iterable

from alb_controller.kube.permissions import (
    LEASE_PERMISSIONS,
    PERMISSIONS,
    SECRET_PERMISSIONS,
    WEBHOOK_PERMISSIONS,
    WEBHOOK_SECRET_PERMISSIONS,
    Permission,
)

_HEAD = "{{/* Written by `make gen` from alb_controller/kube/permissions.py; do not edit. */}}\n"


def chart_rules() -> str:
    """Templates with the rules of the ClusterRole, of the Role, and of what is there on demand."""
    return _HEAD + "".join(
        _define(name, permissions)
        for name, permissions in (
            ("clusterRules", PERMISSIONS),
            ("secretRules", SECRET_PERMISSIONS),
            ("namespaceRules", LEASE_PERMISSIONS),
            ("webhookRules", WEBHOOK_PERMISSIONS),
            ("webhookSecretRules", WEBHOOK_SECRET_PERMISSIONS),
        )
    )


def _define(name: str, permissions: Iterable[Permission]) -> str:
    rules = "".join(_rule(permission) for permission in permissions)
    return f'\n{{{{- define "alb-controller.{name}" -}}}}\n{rules}{{{{- end -}}}}\n'


def _rule(permission: Permission) -> str:
    names = f"  resourceNames: {json.dumps(permission.names)}\n" if permission.names else ""
    return (
        f"- apiGroups: [{json.dumps(permission.group)}]\n"
        f"  resources: [{permission.resource}]\n{names}"
        f"  verbs: [{', '.join(permission.verbs)}]\n"
    )
