"""What AWS refuses reaches the controller as an error with AWS's code, through the real sender."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alb_controller.aws.client import Sender
from alb_controller.errors import AwsError, NotFound, QuotaExceeded, Rejected
from tests.moto.conftest import Account, account_of
from tests.sandbox.aws.refusals.standing import Case, Names, filled, stand
from tests.sandbox.aws.refusals.tables import REFUSED

_KINDS = {
    "CertificateNotFound": NotFound,
    "SSLPolicyNotFound": NotFound,
    "TargetGroupNotFound": NotFound,
    "TooManyActions": QuotaExceeded,
    "TooManyTags": QuotaExceeded,
    "RulesPerSecurityGroupLimitExceeded": QuotaExceeded,
}
"""What the controller makes of a code, where that is not Rejected."""
_ONE_OF_EACH = tuple({(case.check, case.code): case for case in REFUSED}.values())


@pytest.fixture(scope="module")
def standing(sender: Sender) -> Iterator[Names]:
    """What stands in an account while calls are refused."""
    with account_of(sender) as account:
        yield stand(sender.call, _named(account))


def _named(account: Account) -> Names:
    one, two = (
        account.sender.call("acm", "RequestCertificate", DomainName=f"{name}.example")
        for name in ("one", "two")
    )
    return {
        "vpc": account.vpc_id,
        "sg": account.security_group,
        "subnet-a": account.subnets[0],
        "subnet-b": account.subnets[1],
        "cert": str(one["CertificateArn"]),
        "cert-2": str(two["CertificateArn"]),
    }


@pytest.mark.parametrize("case", _ONE_OF_EACH, ids=lambda case: case.name)
def test_a_refusal_has_its_kind(sender: Sender, standing: Names, case: Case) -> None:
    """The code decides the kind, unless botocore refuses the call before it is sent."""
    with pytest.raises(AwsError) as caught:
        sender.call(case.service, case.operation, **filled(case.given, standing))
    error = caught.value
    if error.code == "ParamValidation":
        assert type(error) is Rejected
    else:
        assert (error.code, type(error)) == (case.code, _KINDS.get(case.code, Rejected))
        assert case.message in error.message
