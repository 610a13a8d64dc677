"""What the Dockerfile makes, where no builder is at hand: its own steps, done in folders.

Each stage has a tree of its own, and a path of the Dockerfile is a path below it. What a builder
would pull is stood in for by the interpreter that runs the tests: its standard library without
tests and without compiled files, as the official image has it. The C library, OpenSSL and all else
below /usr/lib are this machine's, and so is the pip that installs.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from tests.apiserver.control_plane import take_step

DOCKERFILE, IGNORED = Path("Dockerfile"), Path(".dockerignore")
NOT_IN_A_BASE = ("__pycache__", "test", "tests", "site-packages", "dist-packages", "config-*")
"""Of this machine's standard library."""
_SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OURS = re.compile(r"(?<![\w./-])/(?=(?:app|opt|src|usr/local)\b)")


class Image(msgspec.Struct, frozen=True):
    """A root file system, and how a container runtime starts a process in it."""

    root: Path
    environment: dict[str, str]
    folder: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = []
    command: list[str] = []

    def place(self, text: str) -> str:
        """Text of the Dockerfile with its paths as they are here."""
        return _OURS.sub(f"{self.root}/", text)

    def environ(self) -> dict[str, str]:
        """What a process in it gets."""
        return {name: self.place(text) for name, text in self.environment.items()}


def make(folder: Path) -> Image:
    """Do the steps. Raises Unavailable where one fails: a package that cannot be had among them."""
    builder = _Builder(folder)
    for keyword, text in instructions(DOCKERFILE.read_text()):
        builder.take(keyword, text)
    return builder.image


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Keyword and rest of each instruction."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            keyword, _, rest = line.partition(" ")
            yield keyword, rest.strip()


class _Builder:
    """The stage in work, and those that are done by name."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._name = folder, ""
        self._done: dict[str, Image] = {}
        self.image = Image(folder / "root", {})

    def take(self, keyword: str, text: str) -> None:
        """Do one instruction."""
        match keyword:
            case "FROM":
                self._begin(*text.split(" AS "))
            case "COPY":
                self._copy(*text.split())
            case "RUN":
                self._run(text)
            case "LABEL":
                pass
            case _:
                self.image = msgspec.structs.replace(self.image, **self._changed(keyword, text))

    def _changed(self, keyword: str, text: str) -> dict[str, Any]:
        match keyword:
            case "ENV":
                known = self.image.environment
                texts = shlex.split(Template(text).substitute(known))
                return {"environment": known | dict(term.split("=", 1) for term in texts)}
            case "WORKDIR":
                return {"folder": text}
            case "USER":
                return {"user": text}
            case "ENTRYPOINT":
                return {"entrypoint": json.loads(text)}
            case "CMD":
                return {"command": json.loads(text)}
        raise ValueError(f"{DOCKERFILE}: {keyword} is not known to {__name__}")

    def _begin(self, base: str, name: str = "") -> None:
        root = self.image.root
        if self._name:
            kept = root.rename(self._folder / f"stage-{self._name}")
            self._done[self._name] = msgspec.structs.replace(self.image, root=kept)
        if base in self._done:
            found = self._done[base]
            shutil.copytree(found.root, root, symlinks=True, copy_function=os.link)
            self.image = msgspec.structs.replace(found, root=root)
        else:
            self.image = Image(root, {"PATH": _SYSTEM, **_stand_in(root / "usr/local")})
        self._name = name

    def _copy(self, first: str, *others: str) -> None:
        stage = first.removeprefix("--from=")
        *sources, target = others if stage != first else (first, *others)
        into = self.image.root / Path(self.image.folder, target).relative_to("/")
        for source in sources:
            if stage != first:
                found = self._done[stage].root / Path(source).relative_to("/")
            else:
                assert f"!{source}" in IGNORED.read_text().splitlines(), f"{source}: {IGNORED}"
                found = Path(source)
            _copy_one(found, into / source if target.endswith("/") else into)

    def _run(self, text: str) -> None:
        folder = self.image.root / Path(self.image.folder).relative_to("/")
        folder.mkdir(parents=True, exist_ok=True)
        # the steps' own interpreter must leave nothing compiled that the Dockerfile does not
        environment = self.image.environ() | {"PYTHONDONTWRITEBYTECODE": "1"}
        take_step(["sh", "-ec", self.image.place(text)], folder, environment)


def _copy_one(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        ignored = None if source.is_absolute() else shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=ignored)
    else:
        shutil.copy2(source, target)


def _stand_in(prefix: Path) -> dict[str, str]:
    """An interpreter with its library below a prefix, and what it needs in the environment.

    Copied, not linked: the image's user may not be allowed to read this machine's.
    """
    library = Path(sysconfig.get_path("stdlib"))
    ignored = shutil.ignore_patterns(*NOT_IN_A_BASE)
    shutil.copytree(library, prefix / "lib" / library.name, symlinks=True, ignore=ignored)
    programs = prefix / "bin"
    programs.mkdir()
    shutil.copy2(Path(sys._base_executable).resolve(), programs / library.name)  # type: ignore[attr-defined]  # as venv does
    for name in ("python", "python3"):
        (programs / name).symlink_to(library.name)
    (programs / "pip").write_text(f'#!/bin/sh\nexec {sys.executable} -m pip "$@"\n')
    (programs / "pip").chmod(0o755)
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return {}
    shared = sysconfig.get_config_var("INSTSONAME")
    shutil.copy2(Path(sysconfig.get_config_var("LIBDIR"), shared), prefix / "lib" / shared)
    return {"LD_LIBRARY_PATH": "/usr/local/lib"}
