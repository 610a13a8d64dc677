"""What AWS and the network answer when a call fails, as errors of `alb_controller.errors`.

Codes: "Errors" of each operation in the Elastic Load Balancing v2 API reference, and "Error codes"
of the EC2 API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from alb_controller.errors import (
    AccessDenied,
    AlreadyExists,
    AwsError,
    InUse,
    NotFound,
    QuotaExceeded,
    Rejected,
    Throttled,
    Unavailable,
)

_CODES: tuple[tuple[type[AwsError], tuple[str, ...]], ...] = (
    (
        Throttled,
        ("Throttl", "^RequestLimitExceeded$", "^TooManyRequests", "^SlowDown$", "^PriorRequestNot"),
    ),
    (
        AccessDenied,
        (
            *("^AccessDenied", "^Unauthori[sz]ed", "^NotAuthorized", "^AuthFailure$"),
            *("^ExpiredToken", "^InvalidIdentityToken", "^InvalidClientTokenId$"),
            *("^UnrecognizedClient", "^SignatureDoesNotMatch$", "^IncompleteSignature"),
            *("^MissingAuthenticationToken", "^OptInRequired$"),
        ),
    ),
    (NotFound, ("NotFound(Exception)?$", "^NoSuch", "^WAFNonexistentItem")),
    (
        AlreadyExists,
        (
            "^Duplicate(LoadBalancerName|TargetGroupName|Listener|TrustStoreName)$",
            *(r"\.Duplicate$", "^PriorityInUse$", "AlreadyExists"),
        ),
    ),
    (InUse, ("^ResourceInUse", "InUse$", "^DependencyViolation$")),
    (
        QuotaExceeded,
        ("^TooMany", "LimitExceeded(Exception)?$", "^TargetGroupAssociationLimit$", "Quota"),
    ),
    (
        Unavailable,
        (
            *("^Internal(Error|Failure|ServerError)", "^(Service)?Unavailable", "^RequestTimeout"),
            # WAF hears of a new load balancer a little later
            "^WAFUnavailableEntity",
            *("^HealthUnavailable$", "^RequestTimeTooSkewed$", "^RequestExpired$"),
        ),
    ),
)
"""Patterns of error codes. The first row that matches decides, so the order counts:
`RequestLimitExceeded` is no quota, `PriorityInUse` is no InUse."""
_KINDS = tuple((kind, re.compile("|".join(patterns))) for kind, patterns in _CODES)
IAM_PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
"""Where the prefix of an IAM action is not boto3's name of the service."""

_SECRET_FIELDS = frozenset({"ClientSecret"})
_ENCODED = re.compile(r"(?<!\s)\s*Encoded authorization failure message: \S+")


class Failure(msgspec.Struct, frozen=True):
    """An error to raise, and the HTTP status for metrics (empty where there was no answer)."""

    error: AwsError
    status: str = ""


def iam_action(service: str, operation: str) -> str:
    """The IAM action that allows an operation: `elasticloadbalancing:CreateRule`."""
    return f"{IAM_PREFIXES.get(service, service)}:{operation}"


def failure_of(
    service: str, operation: str, params: Mapping[str, Any], error: Exception
) -> Failure | None:
    """What a failed call means; None for an exception that is neither AWS's nor the network's.

    Parameters never get into the text: a secret that AWS quotes back is cut out.
    """
    if isinstance(error, ClientError):
        return _answered(service, operation, params, error)
    if isinstance(error, ParamValidationError):
        fields = re.sub(r", value: .*", "", str(error.kwargs.get("report", "")))
        return Failure(Rejected(service, operation, "ParamValidation", fields))
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        # the text names where credentials were looked for, never their values
        return Failure(AccessDenied(service, operation, type(error).__name__, str(error)))
    if isinstance(error, BotoCoreError | ResponseParserError):
        first_line = str(error).partition("\n")[0][:300]
        return Failure(Unavailable(service, operation, type(error).__name__, first_line))
    return None


def _answered(
    service: str, operation: str, params: Mapping[str, Any], error: ClientError
) -> Failure:
    about = error.response.get("Error", {})
    meta = error.response.get("ResponseMetadata", {})
    code, status = about.get("Code", "Unknown"), meta.get("HTTPStatusCode", 0)
    kind = _kind_of(code, status)
    if error.operation_name != operation:  # getting credentials failed, on the way to this call
        service, operation = "sts", error.operation_name
    message = _ENCODED.sub("", about.get("Message", "") or "no message")
    for secret in _secrets_in(params):
        message = message.replace(secret, "[redacted]")
    if kind is AccessDenied:
        message = f"the controller's role needs {iam_action(service, operation)}: {message}"
    made = kind(service, operation, code, message, meta.get("RequestId", ""))
    return Failure(made, str(status or ""))


def _kind_of(code: str, status: int) -> type[AwsError]:
    known = next((kind for kind, pattern in _KINDS if pattern.search(code)), None)
    if known is not None:
        return known
    if status == 429:
        return Throttled
    return Unavailable if status >= 500 else Rejected


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _SECRET_FIELDS and isinstance(inner, str) and inner:
                yield inner
            else:
                yield from _secrets_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets_in(inner)
