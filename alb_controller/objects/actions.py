"""What `actions.*`, `conditions.*`, `transforms.*`, `auth-idp-*` and `jwt-validation` hold.

Structs of the annotations' JSON (spec 1.2, 1.3); what they must satisfy beside their types is
checked where they are translated.
"""

from __future__ import annotations

from alb_controller.objects.core import KubeStruct
from alb_controller.values import PortRef


class FixedResponseConfig(KubeStruct, frozen=True):
    """An answer of the load balancer itself."""

    status_code: str = ""
    content_type: str | None = None
    message_body: str | None = None


class RedirectConfig(KubeStruct, frozen=True):
    """A redirect; what is left out stays as in the request."""

    status_code: str = ""
    host: str | None = None
    path: str | None = None
    port: str | None = None
    protocol: str | None = None
    query: str | None = None


class TargetGroupTuple(KubeStruct, frozen=True):
    """One target of a forward: a group by ARN or name, or a Service port."""

    target_group_arn: str | None = None
    target_group_name: str | None = None
    service_name: str | None = None
    service_port: PortRef | None = None
    weight: int | None = None


class StickinessConfig(KubeStruct, frozen=True):
    """Requests of one client go to one target group for a while."""

    enabled: bool | None = None
    duration_seconds: int | None = None


class ForwardConfig(KubeStruct, frozen=True):
    """The targets of a forward, with weights where there are several."""

    target_groups: list[TargetGroupTuple] = []
    target_group_stickiness_config: StickinessConfig | None = None


class ActionConfig(KubeStruct, frozen=True):
    """The JSON of `actions.NAME`."""

    type: str = ""
    target_group_arn: str | None = None
    target_group_name: str | None = None
    fixed_response_config: FixedResponseConfig | None = None
    redirect_config: RedirectConfig | None = None
    forward_config: ForwardConfig | None = None


class ValuesConfig(KubeStruct, frozen=True):
    """Values of a condition."""

    values: list[str] = []


class PatternsConfig(KubeStruct, frozen=True):
    """Values of a condition, or regular expressions in their place."""

    values: list[str] = []
    regex_values: list[str] = []


class HttpHeaderConfig(KubeStruct, frozen=True):
    """A header's name and the values that fit."""

    http_header_name: str = ""
    values: list[str] = []
    regex_values: list[str] = []


class QueryStringKeyValue(KubeStruct, frozen=True):
    """A pair of the query string; without a key any key fits."""

    key: str | None = None
    value: str = ""


class QueryStringConfig(KubeStruct, frozen=True):
    """Pairs of the query string, any of which fits."""

    values: list[QueryStringKeyValue] = []


class ConditionConfig(KubeStruct, frozen=True):
    """One element of `conditions.NAME`."""

    field: str = ""
    host_header_config: PatternsConfig | None = None
    path_pattern_config: PatternsConfig | None = None
    http_header_config: HttpHeaderConfig | None = None
    http_request_method_config: ValuesConfig | None = None
    query_string_config: QueryStringConfig | None = None
    source_ip_config: ValuesConfig | None = None


class RewriteConfig(KubeStruct, frozen=True):
    """A regular expression and its replacement."""

    regex: str = ""
    replace: str = ""


class RewritesConfig(KubeStruct, frozen=True):
    """The rewrites of a transform."""

    rewrites: list[RewriteConfig] = []


class TransformConfig(KubeStruct, frozen=True):
    """One element of `transforms.NAME`."""

    type: str = ""
    url_rewrite_config: RewritesConfig | None = None
    host_header_rewrite_config: RewritesConfig | None = None


class CognitoConfig(KubeStruct, frozen=True):
    """The JSON of `auth-idp-cognito`."""

    user_pool_arn: str = ""
    user_pool_client_id: str = ""
    user_pool_domain: str = ""
    authentication_request_extra_params: dict[str, str] = {}


class OidcConfig(KubeStruct, frozen=True):
    """The JSON of `auth-idp-oidc`."""

    issuer: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    user_info_endpoint: str = ""
    secret_name: str = ""
    authentication_request_extra_params: dict[str, str] = {}


class JwtClaim(KubeStruct, frozen=True):
    """A claim that a token must hold."""

    format: str = ""
    name: str = ""
    values: list[str] = []


class JwtConfig(KubeStruct, frozen=True):
    """The JSON of `jwt-validation`."""

    jwks_endpoint: str = ""
    issuer: str = ""
    additional_claims: list[JwtClaim] = []
