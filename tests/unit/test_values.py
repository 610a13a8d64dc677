"""Names and addresses that every layer shares."""

from __future__ import annotations

import pytest

from alb_controller.values import (
    BindingKey,
    ObjectRef,
    Secret,
    StackKey,
    canonical_cidr,
    parse_cidr,
)


@pytest.mark.parametrize(
    "text,family",
    [
        ("10.0.0.0/8", "ipv4"),
        ("10.1.2.3/8", "ipv4"),  # host bits may be set
        ("0.0.0.0/0", "ipv4"),
        ("2001:db8::/32", "ipv6"),
        ("::/0", "ipv6"),
        ("::ffff:1.2.3.4/96", "ipv6"),
    ],
)
def test_a_cidr_has_a_family(text: str, family: str) -> None:
    """Host bits do not matter, and whatever has a colon is IPv6 (spec 0)."""
    assert parse_cidr(text) == family


@pytest.mark.parametrize(
    "text",
    [
        "", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "010.0.0.0/8", "10.0.0/8",
        " 10.0.0.0/8", "10.0.0.0/8 ", "10.0.0.0/+8", "10.0.0.0/²", "1.2.3.4/24/8", "::/129",
        "fe80::1%eth0/64",
    ],
)  # fmt: skip
def test_what_is_no_cidr_is_named(text: str) -> None:
    """Neither a bare address, nor a netmask, nor blanks, nor a zone pass (Go's net.ParseCIDR)."""
    with pytest.raises(ValueError, match="is not a CIDR such as") as raised:
        parse_cidr(text)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize(
    "text,spelled",
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.1.2.3/32", "10.1.2.3/32"),
        ("2001:DB8:0::1/32", "2001:db8::/32"),
    ],
)
def test_a_network_has_one_spelling(text: str, spelled: str) -> None:
    """That of EC2, which drops host bits."""
    assert canonical_cidr(text) == spelled


def test_names_read_as_kubernetes_writes_them() -> None:
    """With a namespace it is namespace/name, at cluster scope the name alone."""
    assert str(ObjectRef("Ingress", "shop", "web", "uid")) == "Ingress shop/web"
    assert str(ObjectRef("IngressClass", "", "alb")) == "IngressClass alb"
    assert str(BindingKey("shop", "k8s-1")) == "shop/k8s-1"


def test_a_stack_is_called_by_its_group_or_by_its_ingress() -> None:
    """The stack id string: the group's name, or namespace/name of the Ingress (spec 2.3)."""
    assert str(StackKey("ingress", "", "team")) == "team"
    assert str(StackKey("ingress", "shop", "web")) == "shop/web"


def test_a_stack_of_another_api_is_called_by_it_too() -> None:
    """The stack id is the same as for an Ingress of that name; the text, and the key, are not."""
    key = StackKey("service", "shop", "web")
    assert (key.id, str(key)) == ("shop/web", "service shop/web")
    assert key != StackKey("ingress", "shop", "web")


def test_a_secret_shows_itself_to_nobody() -> None:
    """Neither formatted, nor in a container, nor in an error; only `reveal` has the text."""
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {[secret]} {ValueError(secret)}"
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"


def test_secrets_are_equal_by_their_text() -> None:
    """So that a change is seen without being shown."""
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
