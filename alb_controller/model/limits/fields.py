"""The fields of AWS's calls that have a range, a length or a form."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from .forms import Choice, Limit, Number, Text, problem_of

_TAG = re.compile(r"[\w \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000.:/=+\-@]*")
"""Letters, digits and separators of every script, and some signs."""
_TAG_KEY = re.compile(
    r"(?i:(?!aws:))[\w \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000.:/=+\-@]*"
)
_TAG_ALLOWED = "be of letters, digits, spaces and .:/=+-@_"
_EC2_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*")
_EC2_ALLOWED = "be of letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*"
_QUERY = re.compile(r"[a-zA-Z0-9\-._~:/?#\[\]@!$&'()*+,;=%\\]*")
_QUERY_ALLOWED = "be of letters, digits and -._~:/?#[]@!$&'()*+,;=%\\"
_HTTPS_ALLOWED = "be an https:// URL"
_HTTPS_URL = re.compile(r"https://[^\s/]+.*")


class Field(msgspec.Struct, frozen=True):
    """A field's limit, and the page that has it."""

    limit: Limit
    source: str

    def problem(self, value: int | str) -> str | None:
        """What is wrong with a value and what is allowed; None for one that AWS takes."""
        problem = problem_of(self.limit, value)
        return None if problem is None else f"{problem} (AWS, {self.source})"

    def allowed(self, value: str) -> str:
        """What is allowed, for a value that AWS does not take."""
        return f"{self.limit.allowed(value)} (AWS, {self.source})"


FIELDS: Mapping[str, Field] = {
    # load balancers
    "LoadBalancer.Name": Field(
        Text(
            32,
            1,
            re.compile(r"(?!internal-)(?!-)[a-zA-Z0-9-]*(?<!-)"),
            "be of letters, digits and hyphens, with no hyphen at either end, and not begin with "
            "internal-",
        ),
        "CreateLoadBalancer",
    ),
    "LoadBalancer.CustomerOwnedIpv4Pool": Field(
        Text(256, 0, re.compile(r"ipv4pool-coip-[a-zA-Z0-9]+"), "be ipv4pool-coip-…"),
        "CreateLoadBalancer",
    ),
    "IpamPools.Ipv4IpamPoolId": Field(
        Text(1000, 0, re.compile(r"ipam-pool-[a-zA-Z0-9]+"), "be ipam-pool-…"), "IpamPools"
    ),
    # target groups
    "TargetGroup.Name": Field(
        Text(
            32,
            1,
            re.compile(r"(?!-)[a-zA-Z0-9-]*(?<!-)"),
            "be of letters, digits and hyphens, with no hyphen at either end",
        ),
        "CreateTargetGroup",
    ),
    "TargetGroup.Port": Field(Number(1, 65535), "CreateTargetGroup"),
    "TargetGroup.TargetControlPort": Field(Number(1, 65535), "CreateTargetGroup"),
    "TargetGroup.ProtocolVersion": Field(Choice(("HTTP1", "HTTP2", "GRPC")), "CreateTargetGroup"),
    "TargetGroup.HealthCheckPort": Field(Number(1, 65535, ("traffic-port",)), "CreateTargetGroup"),
    "TargetGroup.HealthCheckPath": Field(
        Text(1024, 1, re.compile(r"/\S*"), "begin with / and have no spaces"),
        "Health checks for Application Load Balancer target groups",
    ),
    "TargetGroup.HealthCheckIntervalSeconds": Field(Number(5, 300), "CreateTargetGroup"),
    "TargetGroup.HealthCheckTimeoutSeconds": Field(Number(2, 120), "CreateTargetGroup"),
    "TargetGroup.HealthyThresholdCount": Field(Number(2, 10), "CreateTargetGroup"),
    "TargetGroup.UnhealthyThresholdCount": Field(Number(2, 10), "CreateTargetGroup"),
    # each code of a list, each end of a range
    "Matcher.HttpCode": Field(Number(200, 499), "Matcher"),
    "Matcher.HttpCode of a Network Load Balancer": Field(Number(200, 599), "Matcher"),
    "Matcher.GrpcCode": Field(Number(0, 99), "Matcher"),
    # listeners and rules
    "Listener.Port": Field(Number(1, 65535), "CreateListener"),
    "Rule.Priority": Field(Number(1, 50_000), "CreateRule"),
    "Action.Order": Field(Number(1, 50_000), "Action"),
    # conditions: each value
    "HostHeaderConditionConfig.Values": Field(
        Text(
            128,
            1,
            re.compile(r"\A[a-zA-Z0-9\-_.*?]*\.[a-zA-Z]+"),
            "be of letters, digits and -_.*?, with a dot and only letters behind the last one",
        ),
        "HostHeaderConditionConfig",
    ),
    "PathPatternConditionConfig.Values": Field(
        Text(
            128,
            1,
            re.compile(r"[a-zA-Z0-9_\-.$/~\"'@:+&*?]+"),
            "be of letters, digits and _-.$/~\"'@:+&*?",
        ),
        "RuleCondition",
    ),
    "HttpHeaderConditionConfig.HttpHeaderName": Field(
        Text(
            40,
            1,
            re.compile(r"(?i:(?!host\Z))[a-zA-Z0-9!#$%&'*+\-.^_`|~]+"),
            "be a header's name, of letters, digits and !#$%&'*+-.^_`|~, and not host",
        ),
        "HttpHeaderConditionConfig",
    ),
    "HttpHeaderConditionConfig.Values": Field(Text(128, 1), "HttpHeaderConditionConfig"),
    "HttpRequestMethodConditionConfig.Values": Field(
        Text(40, 1, re.compile(r"[A-Z_-]+"), "be of A to Z, - and _"),
        "HttpRequestMethodConditionConfig",
    ),
    "QueryStringKeyValuePair.Key": Field(
        Text(128, 0, _QUERY, _QUERY_ALLOWED), "QueryStringConditionConfig"
    ),
    "QueryStringKeyValuePair.Value": Field(
        Text(128, 1, _QUERY, _QUERY_ALLOWED), "QueryStringConditionConfig"
    ),
    "RuleCondition.RegexValues": Field(Text(128, 1), "RuleCondition"),
    "RewriteConfig.Regex": Field(Text(1024, 1), "RewriteConfig"),
    "RewriteConfig.Replace": Field(Text(1024), "RewriteConfig"),
    # actions
    "RedirectActionConfig.Protocol": Field(
        Text(form=re.compile(r"HTTPS?|#\{protocol\}"), texts="be HTTP, HTTPS or #{protocol}"),
        "RedirectActionConfig",
    ),
    "RedirectActionConfig.Port": Field(Number(1, 65535, ("#{port}",)), "RedirectActionConfig"),
    "RedirectActionConfig.Host": Field(Text(128, 1), "RedirectActionConfig"),
    "RedirectActionConfig.Path": Field(
        Text(128, 1, re.compile(r"/.*"), "begin with /"), "RedirectActionConfig"
    ),
    "RedirectActionConfig.Query": Field(Text(128), "RedirectActionConfig"),
    "RedirectActionConfig.StatusCode": Field(
        Choice(("HTTP_301", "HTTP_302")), "RedirectActionConfig"
    ),
    "FixedResponseActionConfig.StatusCode": Field(
        Text(form=re.compile(r"[245]\d\d", re.ASCII), texts="be 2xx, 4xx or 5xx"),
        "FixedResponseActionConfig",
    ),
    "FixedResponseActionConfig.ContentType": Field(
        Choice(
            ("text/plain", "text/css", "text/html", "application/javascript", "application/json")
        ),
        "FixedResponseActionConfig",
    ),
    "FixedResponseActionConfig.MessageBody": Field(Text(1024), "FixedResponseActionConfig"),
    "TargetGroupTuple.Weight": Field(Number(0, 999), "TargetGroupTuple"),
    "TargetGroupStickinessConfig.DurationSeconds": Field(
        Number(1, 604_800), "TargetGroupStickinessConfig"
    ),
    # logins: the same in AuthenticateOidcActionConfig and AuthenticateCognitoActionConfig
    "SessionTimeout": Field(
        Number(1, 604_800), "Authenticate users using an Application Load Balancer"
    ),
    "OnUnauthenticatedRequest": Field(
        Choice(("deny", "allow", "authenticate")), "AuthenticateOidcActionConfig"
    ),
    "AuthenticateOidcActionConfig.Issuer": Field(
        Text(form=_HTTPS_URL, texts=_HTTPS_ALLOWED), "AuthenticateOidcActionConfig"
    ),
    "AuthenticateOidcActionConfig.AuthorizationEndpoint": Field(
        Text(form=_HTTPS_URL, texts=_HTTPS_ALLOWED), "AuthenticateOidcActionConfig"
    ),
    "AuthenticateOidcActionConfig.TokenEndpoint": Field(
        Text(form=_HTTPS_URL, texts=_HTTPS_ALLOWED), "AuthenticateOidcActionConfig"
    ),
    "AuthenticateOidcActionConfig.UserInfoEndpoint": Field(
        Text(form=_HTTPS_URL, texts=_HTTPS_ALLOWED), "AuthenticateOidcActionConfig"
    ),
    "AuthenticateCognitoActionConfig.UserPoolArn": Field(
        Text(
            form=re.compile(r"arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool/[\w-]+_\w+"),
            texts="be the ARN of a user pool",
        ),
        "AuthenticateCognitoActionConfig",
    ),
    "AuthenticateCognitoActionConfig.UserPoolDomain": Field(
        Text(
            form=re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?"),
            texts="be a domain's prefix or a domain name",
        ),
        "AuthenticateCognitoActionConfig",
    ),
    "JwtValidationActionConfig.JwksEndpoint": Field(
        Text(256, 0, _HTTPS_URL, _HTTPS_ALLOWED), "JwtValidationActionConfig"
    ),
    "JwtValidationActionConfig.Issuer": Field(Text(256, 1), "JwtValidationActionConfig"),
    "JwtValidationActionAdditionalClaim.Values": Field(
        Text(256, 1), "JwtValidationActionAdditionalClaim"
    ),
    # tags and security groups
    "Tag.Key": Field(Text(128, 1, _TAG_KEY, f"{_TAG_ALLOWED}, and not begin with aws:"), "Tag"),
    "Tag.Value": Field(Text(256, 0, _TAG, _TAG_ALLOWED), "Tag"),
    "SecurityGroup.GroupName": Field(
        Text(255, 1, re.compile(r"(?!sg-)[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*"), _EC2_ALLOWED),
        "CreateSecurityGroup of the Amazon EC2 API reference",
    ),
    "SecurityGroup.Description": Field(
        Text(255, 1, _EC2_TEXT, _EC2_ALLOWED), "CreateSecurityGroup of the Amazon EC2 API reference"
    ),
    "SecurityGroupRule.Description": Field(
        Text(255, 0, _EC2_TEXT, _EC2_ALLOWED), "IpRange of the Amazon EC2 API reference"
    ),
}


def tag_problem(key: str, value: str) -> str | None:
    """What is wrong with a tag and what is allowed; None for one that AWS takes."""
    problem = FIELDS["Tag.Key"].problem(key)
    if problem is not None:
        return f"key {problem}"
    problem = FIELDS["Tag.Value"].problem(value)
    return None if problem is None else f"value of {key} {problem}"
