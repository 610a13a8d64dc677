"""A flag beyond its limits ends the process at once: one sentence, exit code 2."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from alb_controller.settings.table import flag_rows

ALONE: dict[str, tuple[str, ...]] = {
    "default-tags=aws:owner=me": ("aws:owner",),
    f"default-tags={'k' * 129}=v": ("1 to 128",),
    f"default-tags=k={'v' * 257}": ("256",),
    f"default-tags={','.join(f'k{n}=v' for n in range(60))}": ("60 tags", "at most"),
    "aws-quotas=rules-per-application-load-balancer=0": ("above 0", "'0'"),
    "aws-quotas=rules=100": ("must name quotas", "'rules'"),
    "webhook-bind-port=65536": ("1 to 65535", "65536"),
    "webhook-cert-lifetime=9s": ("10s or more", "9s"),
    "backend-security-group=web": ("sg-", "'web'"),
    "sync-period=10": ("30s", "'10'"),
}
"""By what is given: texts of the sentence, the value and what is allowed."""


def flags() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Those of the table that have a least value, one below it; and the others."""
    for row in flag_rows():
        if row.flag.minimum is not None:
            below = row.flag.minimum - 1
            yield f"{row.name}={below}", (f"{row.flag.minimum} or more", str(below))
    yield from ALONE.items()


def test_a_flag_beyond_its_limits_is_one_sentence_and_exit_2() -> None:
    """It names the flag, the value and what is allowed, and nothing is begun."""
    command = (sys.executable, "-m", "alb_controller", "run", "--cluster-name=prod")
    for given, texts in flags():
        ended = subprocess.run(
            [*command, f"--{given}"], capture_output=True, text=True, timeout=60, check=False
        )
        name = given.partition("=")[0]
        assert (ended.returncode, ended.stdout) == (2, ""), given
        assert ended.stderr.count("\n") == 1, ended.stderr
        assert ended.stderr.startswith(f"alb-controller: --{name} "), ended.stderr
        assert [text for text in texts if text not in ended.stderr] == [], ended.stderr
