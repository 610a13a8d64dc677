"""Manifests are read as kubectl reads them; a mistake is one line that names file and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from alb_controller.sandbox.failures import BadInput
from alb_controller.sandbox.manifests import parse, read_crds, read_example, read_manifests

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\n"


def test_documents_and_lists_are_objects(tmp_path: Path) -> None:
    """Several documents, empty ones between them, and the items of a List."""
    file = tmp_path / "all.yaml"
    items = "\n".join(f"- {{apiVersion: v1, kind: Secret, metadata: {{name: {n}}}}}" for n in "cd")
    text = (
        f"{SERVICE % 'a'}---\n---\n{SERVICE % 'b'}---\napiVersion: v1\nkind: List\nitems:\n{items}"
    )
    file.write_text(text)
    assert [found.body["metadata"]["name"] for found in read_manifests([file])] == list("abcd")


def test_a_folder_is_read_in_order_of_names(tmp_path: Path) -> None:
    """All YAML and JSON files below it, others not."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "2.yml").write_text(SERVICE % "second")
    (tmp_path / "1.yaml").write_text(SERVICE % "first")
    (tmp_path / "sub" / "3.json").write_text(
        '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "third"}}'
    )
    (tmp_path / "README.md").write_text("# not YAML: {")
    names = [found.body["metadata"]["name"] for found in read_manifests([tmp_path])]
    assert names == ["first", "second", "third"]


@pytest.mark.parametrize(
    "text, problem",
    [
        (SERVICE % "a" + "kind: Ingress\n", "x.yaml:4: the key 'kind' is given twice"),
        ("metadata: {name: a, name: b}\n", "x.yaml:1: the key 'name' is given twice"),
        ("a: [1\n", "x.yaml:2: expected ',' or ']'"),
        ("a: !!python/object:os.system {}\n", "x.yaml:1: could not determine a constructor"),
        ("- 1\n", "x.yaml: a document is not an object but list"),
        ("kind: Service\n", "x.yaml: an object has no apiVersion"),
        ("{}\n", "x.yaml: an object has no apiVersion and no kind"),
        ("apiVersion: v1\nkind: Service\n", "x.yaml: a Service has no metadata.name"),
        ("a: \x00\n", "x.yaml: unacceptable character"),
        ("? [a]\n: 1\n", "x.yaml:1: a key must be plain text"),
    ],
)
def test_a_mistake_is_one_line(text: str, problem: str) -> None:
    """It names the file, the line where YAML knows it, and what is wrong."""
    with pytest.raises(BadInput) as caught:
        list(parse(text, "x.yaml"))
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    """Gone, binary, or a folder without manifests."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty").mkdir()
    for path, problem in (
        (tmp_path / "gone.yaml", "No such file or directory"),
        (binary, "not UTF-8 text"),
        (tmp_path / "empty", "no file that ends in"),
    ):
        with pytest.raises(BadInput, match=problem):
            read_manifests([path])


def test_times_and_merge_keys_are_as_in_kubernetes() -> None:
    """A time stays text; a YAML merge is no duplicate key."""
    text = SERVICE % "a" + "x: &base {a: 1}\ny: {<<: *base, a: 2}\nat: 2026-11-23T10:00:00Z\n"
    (found,) = parse(text, "x.yaml")
    assert found.body["at"] == "2026-11-23T10:00:00Z"
    assert found.body["y"] == {"a": 2}


def test_the_bundled_files_are_whole() -> None:
    """The example has two Ingresses in a group and one alone; both CRDs come along."""
    ingresses = [found.body for found in read_example() if found.body["kind"] == "Ingress"]
    group = "alb.ingress.kubernetes.io/group.name"
    groups = [ingress["metadata"]["annotations"].get(group) for ingress in ingresses]
    assert sorted(groups, key=str) == [None, "shared", "shared"]
    assert {crd.body["spec"]["names"]["kind"] for crd in read_crds()} >= {
        "IngressClassParams",
        "TargetGroupBinding",
    }
