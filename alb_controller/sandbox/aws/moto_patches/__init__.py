"""Where moto 5.2.5 departs from AWS on calls that load balancer controllers make, put right.

`PATCHES` is the table: each patch is a function whose docstring is the AWS rule, with the page of
AWS's documentation that has it. docs/reference/moto-patches.md is written from it. `ACCOUNT` has
the quotas of the local account.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from . import (
    addons,
    dns,
    images,
    listeners,
    load_balancers,
    network,
    pools,
    rules,
    tags,
    target_groups,
    targets,
    trust_stores,
)
from .patching import Patch, put_all
from .refusals import (
    actions,
    attributes,
    authentication,
    certificates,
    conditions,
    expressions,
    health_checks,
    names,
    permissions,
    quotas,
    shapes,
)
from .refusals.quotas import ACCOUNT
from .targets import TIMES, Times

_PARTS = (
    ("Load balancers", load_balancers),
    ("Address pools and control ports", pools),
    ("Listeners", listeners),
    ("Trust stores", trust_stores),
    ("Rules", rules),
    ("Target groups", target_groups),
    ("Targets", targets),
    ("Tags", tags),
    ("EC2", network),
    ("ACM, WAF, Shield", addons),
    ("Route 53", dns),
    ("Attributes", attributes),
    ("Refused: certificates and security policies", certificates),
    ("Refused: quotas", quotas),
    ("Refused: actions", actions),
    ("Refused: authentication", authentication),
    ("Refused: conditions", conditions),
    ("Refused: transforms", expressions),
    ("Refused: health checks", health_checks),
    ("Refused: names and tags", names),
    ("Refused: security groups", permissions),
    ("Refused: shapes", shapes),
)
"""The last patch of a method is asked first: shapes before meaning, quotas after it."""
PATCHES: tuple[Patch, ...] = tuple(patch for _, part in _PARTS for patch in part.PATCHES)
_lock = threading.Lock()
_done = threading.Event()


def apply_patches() -> None:
    """Put all patches in place, once for the process."""
    with _lock:
        if not _done.is_set():
            put_all(PATCHES)
            images.keep_one()
            _done.set()


def patches_page() -> str:
    """docs/reference/moto-patches.md: every patch, its rule, its source."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Where the local AWS departs from moto"
    yield ""
    yield "The offline world's AWS is moto 5.2.5, put right where it departs from AWS on calls"
    yield "that load balancer controllers make. Sources are pages of AWS's API references and user"
    yield "guides."
    yield "Written by `make gen` from `alb_controller/sandbox/aws/moto_patches`."
    for title, part in _PARTS:
        yield f"\n## {title}\n"
        yield "| AWS rule | source | patch |"
        yield "| --- | --- | --- |"
        for patch in dict.fromkeys((m.rule, m.source, m.name) for m in part.PATCHES):
            yield "| {} | {} | `{}` |".format(*patch)


__all__ = ["ACCOUNT", "PATCHES", "TIMES", "Patch", "Times", "apply_patches", "patches_page"]
