"""Actions: what AWS takes and refuses."""

from __future__ import annotations

from typing import Any

from tests.sandbox.aws.refusals.standing import (
    GONE_GROUP,
    NOT_FOUND,
    Case,
    Params,
    network,
    of_actions,
    of_secure_actions,
)

_ACTION, _INVALID = "InvalidLoadBalancerAction", "ValidationError"
_LOOP = "The redirect configuration is not valid because it creates a loop."
_CHECKED = "failed to satisfy constraint"


def _redirect(**config: str) -> list[Params]:
    return [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", **config}}]


def _fixed(**config: str) -> list[Params]:
    return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", **config}}]


def _forward(*groups: Params, **config: Any) -> list[Params]:
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": [*groups], **config}}]


def _to(group: str, weight: int | None = None) -> Params:
    return {"TargetGroupArn": group} | ({} if weight is None else {"Weight": weight})


def _oidc(**config: Any) -> list[Params]:
    base = {
        "Issuer": "https://idp.example",
        "AuthorizationEndpoint": "https://idp.example/a",
        "TokenEndpoint": "https://idp.example/t",
        "UserInfoEndpoint": "https://idp.example/u",
        "ClientId": "id",
        "ClientSecret": "s3cr3t",
    }
    first = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": {**base, **config}}
    return [first, {**NOT_FOUND, "Order": 2}]


def _cognito(**config: Any) -> list[Params]:
    base = {
        "UserPoolArn": "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_abc",
        "UserPoolClientId": "id",
        "UserPoolDomain": "login.example.com",
    }
    first = {
        "Type": "authenticate-cognito",
        "Order": 1,
        "AuthenticateCognitoConfig": {**base, **config},
    }
    return [first, {**NOT_FOUND, "Order": 2}]


def _jwt(**config: Any) -> list[Params]:
    base = {"JwksEndpoint": "https://idp.example/keys", "Issuer": "https://idp.example"}
    first = {"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": {**base, **config}}
    return [first, {**NOT_FOUND, "Order": 2}]


def _claim(**claim: Any) -> list[Params]:
    base = {"Format": "single-string", "Name": "team", "Values": ["a"]}
    return _jwt(AdditionalClaims=[{**base, **claim}])


_KEPT = _oidc(UseExistingClientSecret=True)
del _KEPT[0]["AuthenticateOidcConfig"]["ClientSecret"]
_WITHOUT_SECRET = _oidc()
del _WITHOUT_SECRET[0]["AuthenticateOidcConfig"]["ClientSecret"]

REFUSED = (
    *of_actions("demand_action_structures", [{"Type": "redirect"}], _ACTION, "'RedirectConfig'"),
    *of_actions("demand_action_structures", [{"Type": "forward"}], _INVALID),
    *of_actions("refuse_order_of_actions", [NOT_FOUND, *_fixed()], _ACTION),
    *of_secure_actions("refuse_order_of_actions", _oidc()[:1], _ACTION),
    *of_secure_actions("refuse_order_of_actions", [*_oidc()[:1], NOT_FOUND], _ACTION),
    *of_secure_actions(
        "refuse_too_many_actions",
        [*_oidc()[:1], {**_jwt()[0], "Order": 2}, {**NOT_FOUND, "Order": 3}],
        "TooManyActions",
    ),
    *of_actions("refuse_redirect_loop", _redirect(), _ACTION, _LOOP),
    *of_actions("refuse_redirect_loop", _redirect(Protocol="HTTP", Query="a=b"), _ACTION, _LOOP),
    *of_actions(
        "refuse_redirect_loop",
        _redirect(Protocol="#{protocol}", Host="#{host}", Port="#{port}", Path="/#{path}"),
        _ACTION,
        _LOOP,
    ),
    *(
        case
        for case in of_secure_actions(
            "refuse_redirect_loop", _redirect(Protocol="HTTPS", Port="443"), _ACTION, _LOOP
        )
        if case.operation != "CreateListener"  # which is of another port
    ),
    *of_actions("refuse_redirect_fields", _redirect(Port="0"), _INVALID),
    *of_actions("refuse_redirect_fields", _redirect(Port="65536"), _INVALID),
    *of_actions("refuse_redirect_fields", _redirect(Path="a"), _INVALID),
    *of_secure_actions("refuse_redirect_fields", _redirect(Protocol="HTTP", Host="a.b"), _ACTION),
    *of_actions("check_shapes", _redirect(Protocol="FTP"), _INVALID, _CHECKED),
    *of_actions("check_shapes", _redirect(StatusCode="HTTP_308"), _INVALID, _CHECKED),
    *of_actions("check_shapes", _redirect(Host=129 * "a"), _INVALID, "less than or equal to 128"),
    *of_actions("check_shapes", _redirect(Path="/" + 128 * "a"), _INVALID, _CHECKED),
    *of_actions("check_shapes", _redirect(Query=129 * "a"), _INVALID, _CHECKED),
    *of_actions(
        "check_shapes",
        _fixed(StatusCode="301"),
        _INVALID,
        r"Member must satisfy regular expression pattern: ^(2|4|5)\d\d$",
    ),
    *of_actions("check_shapes", _fixed(MessageBody=1025 * "a"), _INVALID, _CHECKED),
    *of_actions("refuse_content_types", _fixed(ContentType="image/png"), _ACTION, "'text/html'"),
    *of_actions("refuse_forward_fields", _forward(_to("<group>", 1000)), _INVALID),
    *of_actions("refuse_forward_fields", _forward(_to("<group>", -1)), _INVALID),
    *of_actions(
        "refuse_forward_fields",
        _forward(_to("<group>"), TargetGroupStickinessConfig={"Enabled": True}),
        _INVALID,
        "Target group stickiness duration must be between 1 and 604800 seconds",
    ),
    *of_actions(
        "refuse_forward_fields",
        _forward(
            _to("<group>"),
            TargetGroupStickinessConfig={"Enabled": True, "DurationSeconds": 604_801},
        ),
        _INVALID,
        "between 1 and 604800 seconds",
    ),
    *of_actions(
        "refuse_forward_fields",
        [{**_forward(_to("<group>"))[0], "TargetGroupArn": "<second>"}],
        _INVALID,
    ),
    *of_actions("refuse_unknown_groups", _forward(_to(GONE_GROUP)), "TargetGroupNotFound"),
    *of_actions("refuse_protocols_of_groups", _forward(_to("<tcp>")), "IncompatibleProtocols"),
    Case(
        "refuse_protocols_of_groups",
        "CreateListener",
        network(DefaultActions=_forward(_to("<group>"))),
        "IncompatibleProtocols",
    ),
    *of_actions(
        "demand_https_for_grpc",
        _forward(_to("<grpc>")),
        "InvalidConfigurationRequest",
        "Listener protocol 'HTTP' is not supported",
    ),
    *of_actions("demand_https_for_authentication", _oidc(), _ACTION),
    *of_actions("demand_https_for_authentication", _cognito(), _ACTION),
    *of_actions("demand_https_for_authentication", _jwt(), _ACTION),
    *of_secure_actions("refuse_login_fields", _oidc(Issuer="http://idp.example"), _INVALID),
    *of_secure_actions("refuse_login_fields", _oidc(TokenEndpoint="/token"), _INVALID),
    *of_secure_actions("refuse_login_fields", _oidc(SessionTimeout=0), _INVALID),
    *of_secure_actions("refuse_login_fields", _oidc(SessionTimeout=604_801), _INVALID),
    *of_secure_actions(
        "refuse_login_fields",
        _oidc(AuthenticationRequestExtraParams={str(n): "x" for n in range(11)}),
        _INVALID,
    ),
    *of_secure_actions("check_shapes", _oidc(OnUnauthenticatedRequest="ask"), _INVALID, _CHECKED),
    *of_secure_actions("refuse_login_fields", _cognito(UserPoolArn="pool"), _INVALID),
    *of_secure_actions("refuse_login_fields", _cognito(UserPoolDomain="a b"), _INVALID),
    *of_secure_actions(
        "refuse_client_secrets",
        _oidc(UseExistingClientSecret=True),
        _ACTION,
        "You cannot both specify a client secret and set UseExistingClientSecret to true",
    ),
    *of_secure_actions("refuse_client_secrets", _WITHOUT_SECRET, _ACTION),
    *(
        case
        for case in of_secure_actions("refuse_client_secrets", _KEPT, _ACTION)
        if case.operation.startswith("Create")
    ),
    *of_secure_actions("refuse_token_fields", _jwt(JwksEndpoint="http://idp.example"), _INVALID),
    *of_secure_actions("refuse_token_fields", _jwt(Issuer=257 * "a"), _INVALID),
    *of_secure_actions("refuse_token_fields", _claim(Name="exp"), _INVALID),
    *of_secure_actions("refuse_token_fields", _claim(Values=[str(n) for n in range(11)]), _INVALID),
    *of_secure_actions("refuse_token_fields", _claim(Values=[257 * "a"]), _INVALID),
    *of_secure_actions(
        "refuse_token_fields", _claim(Format="space-separated-values", Values=["a b"]), _INVALID
    ),
    *of_secure_actions(
        "refuse_token_fields",
        _jwt(AdditionalClaims=11 * _claim()[0]["JwtValidationConfig"]["AdditionalClaims"]),
        _INVALID,
    ),
)

TAKEN = (
    *of_actions("refuse_redirect_loop", _redirect(Protocol="HTTPS", Port="443")),
    *of_actions("refuse_redirect_loop", _redirect(Path="/new/#{path}")),
    *of_secure_actions("refuse_redirect_loop", _redirect(Host="www.#{host}", Port="443")),
    *of_actions("refuse_redirect_fields", _redirect(Port="65535", Path="/")),
    *of_actions("check_shapes", _fixed(MessageBody=1024 * "a", ContentType="text/css")),
    *of_actions("check_shapes", _redirect(Host=128 * "a", Query=128 * "a", Path="/" + 127 * "a")),
    *of_actions(
        "refuse_forward_fields",
        _forward(
            _to("<group>", 999),
            _to("<second>", 0),
            TargetGroupStickinessConfig={"Enabled": True, "DurationSeconds": 604_800},
        ),
    ),
    *of_actions("refuse_forward_fields", [{"Type": "forward", "TargetGroupArn": "<group>"}]),
    *of_secure_actions("demand_https_for_grpc", _forward(_to("<grpc>"))),
    *of_secure_actions("refuse_login_fields", _oidc(SessionTimeout=604_800)),
    *of_secure_actions("refuse_login_fields", _cognito(SessionTimeout=1)),
    *of_secure_actions("refuse_token_fields", _claim(Format="string-array")),
)
