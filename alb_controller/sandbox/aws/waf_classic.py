"""WAF Classic, which moto does not have: web ACLs by id, one for each load balancer.

Source: the AWS WAF Regional API reference (2016-11-28). State lives on moto's WAFv2 backend, so
that it is emptied, kept and brought back with the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.elbv2.models import elbv2_backends
from moto.moto_api._internal import mock_random
from moto.wafv2.models import wafv2_backends

from .account import REGION
from .calls import Operation
from .errors import Refusal, refuse

SERVICE = "waf-regional"
_NO_ITEM = "WAFNonexistentItemException"
Params = Mapping[str, Any]


class _Missing(Exception):
    """Something that is named does not exist."""


class _State:
    """What the account has of it."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        """Web ACL id -> name."""
        self.associations: dict[str, str] = {}
        """Load balancer ARN -> web ACL id."""


def answer(operation: Operation) -> Refusal:
    """The answer to one call."""
    do = _OPERATIONS.get(operation.name)
    if do is None:
        return refuse(operation, 501, "NotImplemented", operation.name)
    try:
        shown = do(_state(), operation.params)
    except _Missing as error:
        return refuse(operation, 400, _NO_ITEM, f"The referenced item does not exist: {error}")
    return Refusal(200, "application/x-amz-json-1.1", json.dumps(shown).encode())


def _state() -> _State:
    backend = wafv2_backends[DEFAULT_ACCOUNT_ID][REGION]
    state: _State = backend.__dict__.setdefault("classic", _State())
    return state


def _get_change_token(_state: _State, _params: Params) -> Params:
    return {"ChangeToken": str(mock_random.uuid4())}


def _create_web_acl(state: _State, params: Params) -> Params:
    id_ = str(mock_random.uuid4())
    state.names[id_] = params["Name"]
    shown = {"WebACLId": id_, "Name": params["Name"], "DefaultAction": params["DefaultAction"]}
    return {"WebACL": {**shown, "Rules": []}, "ChangeToken": params["ChangeToken"]}


def _associate_web_acl(state: _State, params: Params) -> Params:
    if params["WebACLId"] not in state.names:
        raise _Missing(params["WebACLId"])
    state.associations[_load_balancer(params)] = params["WebACLId"]
    return {}


def _disassociate_web_acl(state: _State, params: Params) -> Params:
    state.associations.pop(_load_balancer(params), None)
    return {}


def _get_web_acl_for_resource(state: _State, params: Params) -> Params:
    id_ = state.associations.get(_load_balancer(params))
    return {"WebACLSummary": {"WebACLId": id_, "Name": state.names[id_]}} if id_ else {}


def _load_balancer(params: Params) -> str:
    arn: str = params["ResourceArn"]
    if arn not in elbv2_backends[DEFAULT_ACCOUNT_ID][REGION].load_balancers:
        raise _Missing(arn)
    return arn


_OPERATIONS: dict[str, Callable[[_State, Params], Params]] = {
    "GetChangeToken": _get_change_token,
    "CreateWebACL": _create_web_acl,
    "AssociateWebACL": _associate_web_acl,
    "DisassociateWebACL": _disassociate_web_acl,
    "GetWebACLForResource": _get_web_acl_for_resource,
}
