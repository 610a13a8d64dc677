"""Error codes of AWS become the errors that the loop knows what to do about."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from alb_controller.aws.failures import failure_of, iam_action
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

CODES: dict[type[AwsError], str] = {
    Throttled: "Throttling ThrottlingException RequestLimitExceeded TooManyRequestsException"
    " EC2ThrottledException RequestThrottled SlowDown PriorRequestNotComplete",
    NotFound: "LoadBalancerNotFound TargetGroupNotFound ListenerNotFound RuleNotFound"
    " CertificateNotFound SubnetNotFound InvalidGroup.NotFound InvalidPermission.NotFound"
    " InvalidVpcID.NotFound ResourceNotFoundException WAFNonexistentItemException",
    AlreadyExists: "DuplicateLoadBalancerName DuplicateTargetGroupName DuplicateListener"
    " InvalidGroup.Duplicate InvalidPermission.Duplicate PriorityInUse"
    " ResourceAlreadyExistsException",
    InUse: "ResourceInUse ResourceInUseException DependencyViolation InvalidGroup.InUse",
    QuotaExceeded: "TooManyLoadBalancers TooManyRules TooManyTargets TooManyTags"
    " RulesPerSecurityGroupLimitExceeded SecurityGroupLimitExceeded"
    " TooManyUniqueTargetGroupsPerLoadBalancer TargetGroupAssociationLimit"
    " ServiceQuotaExceededException LimitExceededException",
    AccessDenied: "AccessDenied AccessDeniedException UnauthorizedOperation AuthFailure"
    " ExpiredToken ExpiredTokenException InvalidClientTokenId UnrecognizedClientException",
    Unavailable: "InternalFailure InternalError ServiceUnavailable Unavailable RequestTimeout"
    " HealthUnavailable RequestTimeTooSkewed",
    Rejected: "ValidationError InvalidTarget InvalidConfigurationRequest OperationNotPermitted"
    " DuplicateTagKeys InvalidParameterValue UnsupportedProtocol IncompatibleProtocols",
}


def _answered(code: str, status: int = 400, operation: str = "CreateRule") -> AwsError:
    response: Any = {
        "Error": {"Code": code, "Message": "why"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r"},
    }
    failure = failure_of("elbv2", "CreateRule", {}, ClientError(response, operation))
    assert failure is not None
    return failure.error


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.__name__)
def test_codes_are_sorted_into_kinds(kind: type[AwsError]) -> None:
    """Each documented code is of exactly the kind that says how to go on."""
    assert {code: type(_answered(code)) for code in CODES[kind].split()} == dict.fromkeys(
        CODES[kind].split(), kind
    )


@pytest.mark.parametrize(
    "status,kind", [(400, Rejected), (429, Throttled), (500, Unavailable), (503, Unavailable)]
)
def test_unknown_codes_go_by_the_status(status: int, kind: type[AwsError]) -> None:
    """A code that nobody has heard of is as good as its HTTP status."""
    assert type(_answered("Unheard", status)) is kind


def test_a_role_that_cannot_be_taken_is_reported() -> None:
    """Where getting credentials fails, the error is about that, not about the call behind it."""
    error = _answered("AccessDenied", 403, "AssumeRoleWithWebIdentity")
    assert (error.service, error.operation) == ("sts", "AssumeRoleWithWebIdentity")
    assert "needs sts:AssumeRoleWithWebIdentity" in str(error)


def test_no_answer_is_unavailable() -> None:
    """A connection that fails is worth another attempt; the text says where to."""
    lost = EndpointConnectionError(endpoint_url="http://127.0.0.1:1/")
    failure = failure_of("ec2", "DescribeVpcs", {}, lost)
    assert failure is not None
    assert type(failure.error) is Unavailable
    assert failure.error.code == "EndpointConnectionError"
    assert failure.status == ""


def test_bugs_are_not_aws_errors() -> None:
    """An exception that is neither AWS's nor the network's is left alone."""
    assert failure_of("ec2", "DescribeVpcs", {}, KeyError("x")) is None


def test_iam_names_services_its_own_way() -> None:
    """IAM's prefix is not boto3's name for every service."""
    assert iam_action("elbv2", "CreateRule") == "elasticloadbalancing:CreateRule"
    assert iam_action("ec2", "DescribeVpcs") == "ec2:DescribeVpcs"
    assert iam_action("resourcegroupstaggingapi", "GetResources") == "tag:GetResources"
