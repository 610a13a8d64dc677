"""Manifests as users have them: files and folders of YAML, several documents to a file, Lists.

YAML is read as kubectl reads it: a key that is given twice is a mistake; the last one does not win.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from alb_controller.sandbox.failures import BadInput

Json = dict[str, Any]
_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object and the file it stands in."""

    source: str
    body: Json

    @property
    def name(self) -> str:
        """How a user calls the object: `Ingress shop/web`."""
        meta = self.body["metadata"]
        where = f"{meta['namespace']}/" if meta.get("namespace") else ""
        return f"{self.body['kind']} {where}{meta.get('name') or meta.get('generateName')}"


def read_manifests(paths: Sequence[Path]) -> list[Manifest]:
    """The objects of files and folders, in order. Raises BadInput, naming file and line."""
    return [found for path in paths for file in _files(path) for found in _read_file(file)]


def read_example() -> list[Manifest]:
    """The bundled example."""
    return list(_read_bundled("alb_controller.sandbox", "example"))


def read_crds() -> list[Manifest]:
    """The project's own CustomResourceDefinitions."""
    return list(_read_bundled("alb_controller", "crds"))


def _read_bundled(package: str, folder: str) -> Iterator[Manifest]:
    files = resources.files(package).joinpath(folder).iterdir()
    for file in sorted(files, key=lambda found: found.name):
        if file.name.endswith(_SUFFIXES):
            yield from parse(file.read_text(encoding="utf-8"), file.name)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(f for f in path.rglob("*") if f.suffix in _SUFFIXES and f.is_file())
        if not found:
            raise BadInput(f"{path}: no file that ends in {', '.join(_SUFFIXES)}")
        return found
    return [path]


def _read_file(path: Path) -> Iterator[Manifest]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8 text") from None
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None
    yield from parse(text, str(path))


def parse(text: str, source: str) -> Iterator[Manifest]:
    """The objects of a text. Raises BadInput, naming the line where there is one."""
    try:
        documents = list(yaml.load_all(text, Loader=_StrictLoader))  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        raise BadInput(f"{source}{line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise BadInput(f"{source}: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise BadInput(f"{source}: the text is nested too deeply") from None
    for document in documents:
        if document is not None:
            yield from _objects(document, source)


def _objects(document: object, source: str) -> Iterator[Manifest]:
    if not isinstance(document, dict):
        raise BadInput(f"{source}: a document is not an object but {type(document).__name__}")
    missing = [key for key in ("apiVersion", "kind") if not isinstance(document.get(key), str)]
    if missing:
        raise BadInput(f"{source}: an object has no {' and no '.join(missing)}")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _objects(item, source)
        return
    meta = document.get("metadata")
    if not isinstance(meta, dict) or not (meta.get("name") or meta.get("generateName")):
        raise BadInput(f"{source}: a {document['kind']} has no metadata.name")
    yield Manifest(source, document)


class _StrictLoader(yaml.SafeLoader):
    """Refuses duplicate keys; leaves timestamps as the text they are in Kubernetes."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise _problem("a key must be plain text", key_node)
            if key in seen:
                raise _problem(f"the key {key!r} is given twice", key_node)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _problem(texts: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, texts, node.start_mark)


_StrictLoader.yaml_implicit_resolvers = {
    letter: [(tag, regex) for tag, regex in found if tag != "tag:yaml.org,2002:timestamp"]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
