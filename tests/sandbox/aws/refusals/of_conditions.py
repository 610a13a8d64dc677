"""Conditions and transforms: what AWS takes and refuses."""

from __future__ import annotations

from tests.sandbox.aws.refusals.standing import PATH, Case, Params, of_rules, rule

_INVALID = "ValidationError"
_CHARACTER = "contains a character that is not valid"


def _values(field: str, config: str, *values: str) -> list[Params]:
    return [{"Field": field, config: {"Values": [*values]}}]


def _host(*values: str) -> list[Params]:
    return _values("host-header", "HostHeaderConfig", *values)


def _path(*values: str) -> list[Params]:
    return _values("path-pattern", "PathPatternConfig", *values)


def _method(*values: str) -> list[Params]:
    return _values("http-request-method", "HttpRequestMethodConfig", *values)


def _source(*values: str) -> list[Params]:
    return _values("source-ip", "SourceIpConfig", *values)


def _header(name: str, *values: str) -> list[Params]:
    return [
        {
            "Field": "http-header",
            "HttpHeaderConfig": {"HttpHeaderName": name, "Values": [*values]},
        }
    ]


def _query(**pair: str) -> list[Params]:
    return [{"Field": "query-string", "QueryStringConfig": {"Values": [pair]}}]


def _regex(*expressions: str) -> list[Params]:
    return [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": [*expressions]}}]


def _transforms(*transforms: Params) -> list[Case]:
    check = "refuse_transforms"
    return [
        Case(check, "CreateRule", rule(Transforms=[*transforms]), _INVALID),
        Case(check, "ModifyRule", {"RuleArn": "<rule>", "Transforms": [*transforms]}, _INVALID),
    ]


def _rewrite(regex: str = "^/a", replace: str = "/") -> Params:
    rewrites = [{"Regex": regex, "Replace": replace}]
    return {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": rewrites}}


_VALUES = "refuse_condition_values"
REFUSED = (
    *of_rules(
        "demand_condition_values",
        [{"PathPatternConfig": {"Values": ["/a"]}}],
        _INVALID,
        "A condition field must be specified",
    ),
    *of_rules("demand_condition_values", _path(), _INVALID, "A condition value must be specified"),
    *of_rules("demand_condition_values", _path(""), _INVALID, "A condition value must be"),
    *of_rules(
        "demand_condition_values",
        [{**_host("a.example")[0], "Values": ["a.example"]}],
        _INVALID,
        "You cannot provide both Values and 'HostHeaderConfig'",
    ),
    *of_rules("refuse_repeated_conditions", [PATH, PATH], _INVALID),
    *of_rules("refuse_repeated_conditions", [*_method("GET"), *_method("PUT")], _INVALID),
    *of_rules(_VALUES, _path("/" + 128 * "a"), _INVALID, "too long; the limit is '128'"),
    *of_rules(_VALUES, _path("/a b"), _INVALID, f"Condition value '/a b' {_CHARACTER}"),
    *of_rules(_VALUES, _path("/a%20b"), _INVALID, _CHARACTER),
    *of_rules(_VALUES, _path("^/[a-z]{2}/i/"), _INVALID, _CHARACTER),
    *of_rules(_VALUES, _host(125 * "a" + ".com"), _INVALID, "too long; the limit is '128'"),
    *of_rules(_VALUES, _host("foo-bar"), _INVALID, f"Condition value 'foo-bar' {_CHARACTER}"),
    *of_rules(_VALUES, _host("example.com:8443"), _INVALID, _CHARACTER),
    *of_rules(_VALUES, _host("example.c1"), _INVALID, _CHARACTER),
    *of_rules(_VALUES, _header("x-team", 129 * "a"), _INVALID, "too long; the limit is '128'"),
    *of_rules(_VALUES, _method(41 * "A"), _INVALID, "too long; the limit is '40'"),
    *of_rules(_VALUES, _method("get"), _INVALID),
    *of_rules("refuse_header_names", _header(41 * "a", "x"), _INVALID, "the limit is '40'"),
    *of_rules("refuse_header_names", _header("x team", "x"), _INVALID),
    *of_rules("refuse_header_names", _header("Host", "x"), _INVALID),
    *of_rules("refuse_query_strings", _query(Value=129 * "a"), _INVALID, "the limit is '128'"),
    *of_rules("refuse_query_strings", _query(Key=129 * "a", Value="b"), _INVALID, "'Key' value"),
    *of_rules("refuse_query_strings", _query(Value="a b"), _INVALID, _CHARACTER),
    *of_rules("refuse_source_addresses", _source("10.0.0.0"), _INVALID),
    *of_rules("refuse_source_addresses", _source("10.0.0.0/33"), _INVALID),
    *of_rules("refuse_source_addresses", _source("10.*"), _INVALID),
    *of_rules("refuse_regular_expressions", _regex("^/" + 127 * "a"), _INVALID, "limit is '128'"),
    *of_rules("refuse_regular_expressions", _regex("^/("), _INVALID),
    *(
        case
        for lacking in (r"(?=a)", r"(?<!a)b", r"(a)\1", "(?>a)", "a++", "(?R)", r"\p{L}", "(?1)")
        for case in of_rules("refuse_regular_expressions", _regex(lacking), _INVALID)
    ),
    *of_rules(
        "refuse_regular_expressions",
        [{"Field": "source-ip", "RegexValues": ["^10"]}],
        _INVALID,
    ),
    *of_rules(
        "refuse_regular_expressions",
        [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/"], "RegexValues": ["/"]}}],
        _INVALID,
    ),
    *_transforms(_rewrite(1025 * "a")),
    *_transforms(_rewrite(replace=1025 * "a")),
    *_transforms(_rewrite("(?=a)")),
    *_transforms(_rewrite(), _rewrite("^/b")),
    *_transforms({"Type": "url-rewrite"}),
    Case(
        "refuse_transforms",
        "ModifyRule",
        {"RuleArn": "<rule>", "Transforms": [_rewrite()], "ResetTransforms": True},
        _INVALID,
    ),
)

TAKEN = (
    *of_rules(_VALUES, _path("/" + 127 * "a")),
    *of_rules(_VALUES, _path("/aZ0_-.$/~\"'@:+&*?")),
    *of_rules(_VALUES, _path("*")),
    *of_rules(_VALUES, _host(124 * "a" + ".com")),
    *of_rules(_VALUES, _host("*.a_b-c.example")),
    *of_rules(_VALUES, [{"Field": "path-pattern", "Values": ["/a"]}]),
    *of_rules(_VALUES, _header("x-team", 128 * "a")),
    *of_rules(_VALUES, _method("MY-OWN_METHOD")),
    *of_rules("refuse_repeated_conditions", [*_header("a", "x"), *_header("b", "x")]),
    *of_rules("refuse_header_names", _header("x!#$%&'*+-.^_`|~9", "x")),
    *of_rules("refuse_query_strings", _query(Key="a%20b", Value=r"\*?")),
    *of_rules("refuse_source_addresses", _source("10.0.0.1/8", "2001:db8::/32")),
    *of_rules("refuse_regular_expressions", _regex(r"^/(?:a|b)+[*+]{1,2}\\1\.(\d+)?$")),
)
