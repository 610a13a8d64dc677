"""Flag values in Go's forms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alb_controller.settings.forms import (
    BindAddress,
    ThrottleRule,
    format_duration,
    format_throttle,
    parse_bind_address,
    parse_bool,
    parse_duration,
    parse_int,
    parse_list,
    parse_map,
    parse_quotas,
    parse_throttle,
)


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_gos_values_for_true_are_true(text: str) -> None:
    """Every token of Go's ParseBool for true is taken."""
    assert parse_bool(text) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_gos_values_for_false_are_false(text: str) -> None:
    """Every token of Go's ParseBool for false is taken."""
    assert parse_bool(text) is False


@pytest.mark.parametrize("text", ["", "yes", "on", "tRue", " true"])
def test_other_values_are_no_bool(text: str) -> None:
    """What Go refuses as a bool is refused, with the value named."""
    with pytest.raises(ValueError, match="must be true or false"):
        parse_bool(text)


@pytest.mark.parametrize(
    "text, seconds",
    [("10h", 36000), ("1m30s", 90), ("120s", 120), ("16m40s", 1000), ("1.5h", 5400), ("0", 0)],
)
def test_durations_are_read_as_go_writes_them(text: str, seconds: float) -> None:
    """Hours, minutes and seconds add up, fractions included."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "h", "1h 30m", "-5s", "10H", "1d"])
def test_a_duration_needs_a_unit(text: str) -> None:
    """A bare number or an unknown unit is refused with an example of what is allowed."""
    with pytest.raises(ValueError, match="such as 30s, 1m30s or 10h"):
        parse_duration(text)


def test_a_duration_beyond_measure_is_refused() -> None:
    """A number of hours that no clock holds is a mistake, not a crash."""
    with pytest.raises(ValueError, match="shorter"):
        parse_duration("9999999999999h")


@given(st.integers(min_value=0, max_value=10**7))
def test_a_duration_survives_being_written_and_read(seconds: int) -> None:
    """`format_duration` writes what `parse_duration` reads back."""
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


def test_whole_numbers_only() -> None:
    """A fraction is no whole number."""
    assert parse_int("0x10") == 16
    with pytest.raises(ValueError, match=r"whole number, not '1\.5'"):
        parse_int("1.5")


def test_a_list_is_split_at_commas_and_grows_when_given_again() -> None:
    """Repeating a list flag adds; quotes keep a comma."""
    assert parse_list(["a,b", 'c,"d,e"', ""]) == ("a", "b", "c", "d,e")


def test_a_map_is_read_by_pairs_and_the_last_value_wins() -> None:
    """Repeating a map flag adds pairs; a single pair may hold commas, as in LBC."""
    assert parse_map(["a=1,b=2", "b=3"]) == {"a": "1", "b": "3"}
    assert parse_map(["a=1,2"]) == {"a": "1,2"}


@pytest.mark.parametrize("text", ["", "a", "a=1,b,c=2"])
def test_a_map_needs_an_equals_sign_in_each_pair(text: str) -> None:
    """A pair without `=` is refused, with the text named."""
    with pytest.raises(ValueError, match="key=value pairs"):
        parse_map([text])


def test_a_map_with_an_open_quote_is_refused() -> None:
    """Broken CSV is a mistake in the flag, not a crash."""
    with pytest.raises(ValueError, match="comma separated"):
        parse_map(['"a=1,b=2'])


@pytest.mark.parametrize(
    "text, address",
    [
        (":8080", BindAddress("", 8080)),
        ("127.0.0.1:0", BindAddress("127.0.0.1", 0)),
        ("[::1]:80", BindAddress("::1", 80)),
        ("0", None),
        ("", None),
    ],
)
def test_addresses_are_host_and_port_or_off(text: str, address: BindAddress | None) -> None:
    """An empty host is every address, `0` and nothing switch the server off."""
    assert parse_bind_address(text) == address


@pytest.mark.parametrize("text", ["8080", "host:", ":http", ":70000"])
def test_an_address_needs_a_port(text: str) -> None:
    """A port that is missing, named or too large is refused."""
    with pytest.raises(ValueError, match="must be an address"):
        parse_bind_address(text)


def test_a_service_that_is_named_loses_its_default_throttle() -> None:
    """Rules of other services stay, those of the named one are replaced as a whole (spec 11.4)."""
    defaults = {"WAFV2": (ThrottleRule("^Get", 1, 1),), "EC2": (ThrottleRule("^D", 9, 9),)}
    rules = parse_throttle(["WAFV2:^Put=0.5:2,WAFV2:^List=3:4"], defaults)
    assert rules == {
        "WAFV2": (ThrottleRule("^Put", 0.5, 2), ThrottleRule("^List", 3, 4)),
        "EC2": (ThrottleRule("^D", 9, 9),),
    }
    assert parse_throttle([format_throttle(rules)], {}) == rules


@pytest.mark.parametrize("text", ["", "EC2", "EC2:^D", "EC2:^D=1", "EC2:(=1:1", "EC2:^D=1.2.3:1"])
def test_a_throttle_rule_has_four_parts(text: str) -> None:
    """A part that is missing, no number or no expression is refused, with the text named."""
    with pytest.raises(ValueError, match="must "):
        parse_throttle([text], {})


def test_quotas_are_numbers_by_awss_names() -> None:
    """Given again, the last number wins."""
    rules, listeners = "rules-per-application-load-balancer", "listeners-per-network-load-balancer"
    found = parse_quotas([f"{rules}=200,{listeners}=60", f"{rules}=300"])
    assert found == {rules: 300, listeners: 60}


@pytest.mark.parametrize(
    "text, problem",
    [
        ("rules=200", "must name quotas (actions-per-rule, .*), not 'rules'"),
        ("trust-stores=0", "must have a whole number above 0 for trust-stores, not '0'"),
        ("trust-stores=many", "not 'many'"),
        ("trust-stores", "must be key=value pairs"),
    ],
)
def test_what_is_no_quota_is_refused(text: str, problem: str) -> None:
    """The message has what is allowed."""
    with pytest.raises(ValueError, match=problem.replace("(", r"\(").replace(")", r"\)")):
        parse_quotas([text])
