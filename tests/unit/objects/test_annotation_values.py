"""How annotation values are read, odd cases included (spec 0)."""

from __future__ import annotations

import pytest

from alb_controller.objects.annotations import values as read

LONGEST = 256 * 1024
"""Kubernetes' limit on all annotations of an object, in bytes."""


@pytest.mark.parametrize("raw", ["1", "t", "T", "TRUE", "true", "True"])
def test_these_six_values_are_true(raw: str) -> None:
    """The words of Go's strconv.ParseBool, exactly."""
    assert read.boolean(raw) is True


@pytest.mark.parametrize("raw", ["0", "f", "F", "FALSE", "false", "False"])
def test_these_six_values_are_false(raw: str) -> None:
    """The words of Go's strconv.ParseBool, exactly."""
    assert read.boolean(raw) is False


@pytest.mark.parametrize("raw", ["", "yes", "on", "tRUE", " true", "true\n", "2"])
def test_no_other_value_is_a_boolean(raw: str) -> None:
    """Neither other cases, nor blanks, nor other languages' words."""
    with pytest.raises(ValueError, match="must be true or false"):
        read.boolean(raw)


@pytest.mark.parametrize(
    "raw,number",
    [
        ("0", 0),
        ("+7", 7),
        ("-7", -7),
        ("007", 7),
        ("2147483647", 2147483647),
        ("-2147483648", -2147483648),
    ],
)
def test_a_whole_number_may_have_a_sign(raw: str, number: int) -> None:
    """Base 10, 32 bits."""
    assert read.int32(raw) == number


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "+",
        "-",
        " 1",
        "1 ",
        "1_000",
        "1.0",
        "0x10",
        "\uff11",
        "2147483648",
        "-2147483649",
        "9" * 9999,
    ],
)
def test_what_is_no_int32_is_reported_the_bounds(raw: str) -> None:
    """No blanks, underscores, fractions, other digits, nor more than 32 bits."""
    with pytest.raises(ValueError, match="must be a whole number from -2147483648 to 2147483647"):
        read.int32(raw)


def test_bounds_belong_to_the_numbers_allowed() -> None:
    """Both ends are in, the next ones out."""
    parse = read.int32_between(-1000, 1000)
    assert (parse("-1000"), parse("1000")) == (-1000, 1000)
    for raw in ("-1001", "1001"):
        with pytest.raises(ValueError, match="from -1000 to 1000"):
            parse(raw)


@pytest.mark.parametrize(
    "raw,parts",
    [
        ("", ()),
        (" , ,", ()),
        ("a", ("a",)),
        (" a ,b,, c\t", ("a", "b", "c")),
        ("a,a", ("a", "a")),
        ("a b", ("a b",)),
    ],
)
def test_a_list_is_split_at_commas(raw: str, parts: tuple[str, ...]) -> None:
    """Parts are trimmed, empty ones dropped; an empty value is an empty list."""
    assert read.string_list(raw) == parts


@pytest.mark.parametrize(
    "raw,pairs",
    [
        ("", {}),
        ("a=b", {"a": "b"}),
        (" a = b , c = d ", {"a": "b", "c": "d"}),
        ("a=", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a=1,a=2", {"a": "2"}),
        ("a=b,", {"a": "b,"}),
        ("a=b, ", {"a": "b,"}),
        (r"a=x\,y=z,c=d", {"a": "x,y=z", "c": "d"}),
        (r"a=x\\,c=d", {"a": "x\\", "c": "d"}),
        (r"a\=b=c", {"a": "b=c"}),
        ("a=b\\", {"a": "b\\"}),
        ("k=ü,ö=v", {"k": "ü", "ö": "v"}),
    ],
)
def test_a_map_is_read_as_the_reference_reads_it(raw: str, pairs: dict[str, str]) -> None:
    """A backslash takes the next character literally; a comma at the end belongs to the value."""
    assert read.string_map(raw) == pairs


@pytest.mark.parametrize(
    "raw", ["a", "=b", " =b", "a=b,c", "a,b=c", ",a=b", "a=b,,", "a=b,,c=d", ",", "  "]
)
def test_an_item_without_key_or_equals_sign_spoils_the_map(raw: str) -> None:
    """Every item needs `=` and something before it."""
    with pytest.raises(ValueError, match="must be a list of key=value separated by commas"):
        read.string_map(raw)


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", ["a=b,", ",x=", "a", "\\", "\\,"])
def test_the_longest_value_is_read_in_no_time(piece: str) -> None:
    """Anybody may write an annotation as long as Kubernetes allows: the scanner is linear."""
    raw = "k=v" + piece * ((LONGEST - 3) // len(piece))
    assert read.string_map(raw)["k"].startswith("v")


def test_strings_are_taken_as_they_are() -> None:
    """Neither trimmed nor changed; some must have a character, some at most so many bytes."""
    assert read.string(" x ") == " x "
    assert read.non_empty_string(" ") == " "
    with pytest.raises(ValueError, match="must not be empty"):
        read.non_empty_string("")
    assert read.string_up_to(4)("a" * 4) == "aaaa"
    with pytest.raises(ValueError, match="cannot be longer than 4"):
        read.string_up_to(4)("üüü")  # six bytes


def test_a_value_is_one_of_those_allowed() -> None:
    """Exactly, and the message lists them."""
    parse = read.one_of("HTTP", "HTTPS")
    assert parse("HTTP") == "HTTP"
    for raw in ("", "http", "HTTP "):
        with pytest.raises(ValueError, match="must be one of HTTP, HTTPS"):
            parse(raw)


def test_a_list_of_cidrs_names_the_one_that_is_none() -> None:
    """All must have a prefix length."""
    assert read.cidr_list("10.0.0.0/8, ::/0") == ("10.0.0.0/8", "::/0")
    with pytest.raises(ValueError, match=r"is not a list of CIDRs: '10\.0\.0\.1' is not a CIDR"):
        read.cidr_list("10.0.0.0/8,10.0.0.1")


@pytest.mark.parametrize(
    "raw,ports",
    [
        ('[{"HTTP": 80}]', {80: "HTTP"}),
        (
            '[{"HTTP": 80}, {"HTTPS": 443}, {"HTTP": 8080}]',
            {80: "HTTP", 443: "HTTPS", 8080: "HTTP"},
        ),
        ('[{"HTTP": 80, "HTTPS": 443}]', {80: "HTTP", 443: "HTTPS"}),
        ('[{"HTTP": 80}, {"HTTPS": 80}]', {80: "HTTPS"}),
        ('[{"HTTP": 1}, {"HTTP": 65535}, {}]', {1: "HTTP", 65535: "HTTP"}),
    ],
)
def test_listen_ports_are_objects_of_protocol_and_port(raw: str, ports: dict[int, str]) -> None:
    """With one key or several; of one port twice the last counts."""
    assert read.listen_ports(raw) == ports


@pytest.mark.parametrize(
    "raw,complaint",
    [
        ("", "is empty: it must be a list such as"),
        ("80", "must be a list such as"),
        ("null", "must be a list such as"),
        ('{"HTTP": 80}', "must be a list such as"),
        ('[{"HTTP": "80"}]', "must be a list such as"),
        ('[{"HTTP": 80.0}]', "must be a list such as"),
        ('[{"HTTP": true}]', "must be a list such as"),
        ('[{"HTTP": null}]', "must be a list such as"),
        ('[{"HTTP": 80}]]', "must be a list such as"),
        ('[{"HTTP": ' + "9" * 5000 + "}]", "must be a list such as"),
        ('[{"HTTP": ' + "[" * 9000 + "]" * 9000 + "}]", "must be a list such as"),
        ("[" * 10_000, "must be a list such as"),
        ("[]", "names no port"),
        ("[{}]", "names no port"),
        ('[{"HTTP": 0}]', "names port 0: allowed are 1 to 65535"),
        ('[{"HTTP": 65536}]', "names port 65536: allowed are 1 to 65535"),
        ('[{"http": 80}]', "names protocol 'http': allowed are HTTP and HTTPS"),
        ('[{"TCP": 80}]', "names protocol 'TCP': allowed are HTTP and HTTPS"),
    ],
)
def test_listen_ports_that_are_none_are_reported_why(raw: str, complaint: str) -> None:
    """The type is strict, the protocols and the range are fixed, and one port there must be."""
    with pytest.raises(ValueError, match=complaint):
        read.listen_ports(raw)


@pytest.mark.parametrize(
    "raw, units", [("CapacityUnits=3000", 3000), ("CapacityUnits=0", 0), ("", None)]
)
def test_capacity_units_are_a_number_from_zero(raw: str, units: int | None) -> None:
    """An empty map says nothing."""
    assert read.capacity_units(raw) == units


@pytest.mark.parametrize(
    "raw", ["capacityunits=1", "CapacityUnits=", "CapacityUnits=1.5", "CapacityUnits=2147483648"]
)
def test_capacity_units_that_are_none_are_reported_why(raw: str) -> None:
    """The key is exact, the number has 32 bits."""
    with pytest.raises(ValueError, match="must be CapacityUnits=N"):
        read.capacity_units(raw)


def test_ports_are_mapped_in_front_to_behind() -> None:
    """Both are ports."""
    assert read.port_mapping("80=8080, 443=8443") == {80: 8080, 443: 8443}
    for raw in ("80", "80=", "http=80", "0=80", "80=65536"):
        with pytest.raises(ValueError, match=r"pairs of ports|key=value"):
            read.port_mapping(raw)


def test_a_traffic_port_is_a_name_or_a_number() -> None:
    """A name is none: there is no Service to look it up on."""
    assert read.traffic_port("traffic-port") == "traffic-port"
    assert read.traffic_port("+8080") == "8080"
    for raw in ("http", "0", "70000", ""):
        with pytest.raises(ValueError, match="must be traffic-port or a number"):
            read.traffic_port(raw)


@pytest.mark.parametrize("raw, value", [("none", ""), ("None", "None"), ("arn", "arn"), ("", "")])
def test_the_value_none_is_an_empty_value(raw: str, value: str) -> None:
    """In lower case alone."""
    assert read.none_or(raw) == value
