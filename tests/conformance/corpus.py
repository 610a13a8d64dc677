"""The recorded cases: what was applied, and what LBC made of it.

A case is a folder of `N-step.yaml` files; beside each, `N-step.expected.yaml` is what LBC
left in AWS and Kubernetes and the AWS calls it took. After the last step every Ingress is deleted:
`9-delete.expected.yaml`, or the common one where nothing was left. Our deliberate differences stand
in `divergences/CASE/STEP.expected.yaml` and are listed with their reasons in `divergences.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

HERE = Path(__file__).parent
CASES = HERE / "cases"
OWN = HERE / "own"
"""Cases of ours, in the same form, whose expected files are written by hand from the spec."""
DIVERGENCES = HERE / "divergences"
DELETE = "9-delete"
NOTHING_LEFT = HERE / "nothing-left.expected.yaml"
"""The recording of a delete that left the account as it was seeded, for cases without their own."""
Shape = dict[str, Any]


class Divergence(msgspec.Struct, frozen=True):
    """An entry of divergences.yaml: where we differ from LBC on purpose, and why."""

    case: str
    step: str
    why: str
    adr: str

    @property
    def path(self) -> Path:
        """The file that says what we do instead."""
        return DIVERGENCES / self.case / f"{self.step}.expected.yaml"


class Needs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a case of ours needs beside its manifests (`needs.yaml`)."""

    flags: tuple[str, ...] = ()
    """Of the controller."""
    account: tuple[str, ...] = ()
    """Names in `additions`."""


class Step(msgspec.Struct, frozen=True):
    """One step of a case; the last one, `9-delete`, has nothing to apply."""

    case: str
    name: str

    def documents(self, ids: Mapping[str, str]) -> Iterator[Shape]:
        """The manifests to apply, with ids in place of `${name}`."""
        if self.name != DELETE:
            text = (_folder(self.case) / f"{self.name}.yaml").read_text()
            filled = re.sub(r"\$\{([^}]+)\}", lambda found: ids[found.group(1)], text)
            yield from (
                document for document in yaml.load_all(filled, yaml.CSafeLoader) if document
            )

    def expected(self) -> Shape:
        """What must be there afterwards: our own file where there is one, else the recording."""
        ours = DIVERGENCES / self.case / f"{self.name}.expected.yaml"
        return _load(ours) if ours.exists() else self.recorded()

    def recorded(self) -> Shape:
        """What LBC left, `Calls` included."""
        return _load(self._recording)

    @property
    def _recording(self) -> Path:
        own = _folder(self.case) / f"{self.name}.expected.yaml"
        return NOTHING_LEFT if self.name == DELETE and not own.exists() else own

    def demanded_calls(self) -> dict[str, bool]:
        """Of a case of ours: operations that the step must make, or (false) must not make."""
        is_ours = (OWN / self.case).is_dir()
        return dict(self.recorded().get("Calls", {})) if is_ours else {}

    def reason(self) -> str:
        """What the expected file of a case of ours says first: where it comes from."""
        return self._recording.read_text().partition("\nAWS:")[0]


def case_names() -> list[str]:
    """Every recorded case; all of them must pass."""
    return sorted(path.name for path in CASES.iterdir() if path.is_dir())


def own_names() -> list[str]:
    """Every case of ours; all of them must pass."""
    return sorted(path.name for path in OWN.iterdir() if path.is_dir())


def all_names() -> list[str]:
    """Recorded cases and ours."""
    return [*case_names(), *own_names()]


REPRESENTATIVE = (
    "auth-oidc", "change-rules", "error-group-conflict", "error-member-turns-bad", "error-no-cert",
    "frontend-nlb", "group-certs-merge", "group-leave-and-join", "group-two-namespaces",
    "ip-targets-scale", "load-balancer-attributes", "many-cidrs", "minimal-internal-instance",
    "multi-cluster", "mutual-tls", "not-ours", "own-binding-ip", "own-security-groups",
    "scheme-change-replaces", "ssl-policy-and-sni", "tags", "target-type-change",
    "transforms-url-rewrite", "wafv2", "create-acm-cert",
)  # fmt: skip
"""What `make test` runs of them: each kind of resource, change, error and group once. All run on a
real API server, once in each CI run (tests/apiserver), and by `make conformance`."""


def needs(case: str) -> Needs:
    """What a case needs; nothing where it does not say so."""
    path = _folder(case) / "needs.yaml"
    return msgspec.convert(_load(path), Needs) if path.exists() else Needs()


def steps(case: str) -> list[Step]:
    """The steps of a case in order, the delete last."""
    files = sorted(_folder(case).glob("[0-9]*.yaml"))
    names = [path.stem for path in files if not path.name.endswith(".expected.yaml")]
    return [Step(case, name) for name in [*names, DELETE]]


def divergences() -> list[Divergence]:
    """The accepted differences.

    Raises msgspec.ValidationError for an entry without a case, step, reason or ADR.
    """
    entries = yaml.safe_load((HERE / "divergences.yaml").read_text())
    return msgspec.convert(entries or [], list[Divergence])


def _folder(case: str) -> Path:
    own = OWN / case
    return own if own.is_dir() else CASES / case


def _load(path: Path) -> Shape:
    return dict(yaml.load(path.read_text(), yaml.CSafeLoader))
