"""What a process uses, as Linux tells it."""

from __future__ import annotations

import time
from pathlib import Path

_MIB = 1 << 20
_SCHEDULED = 2  # CPUCLOCK_SCHED of the kernel: time as the scheduler counts it


def rss_mib(pid: int) -> float:
    """Resident memory."""
    return _status(pid, "VmRSS:")


def peak_mib(pid: int) -> float:
    """The most resident memory that it ever had."""
    return _status(pid, "VmHWM:")


def cpu_seconds(pid: int) -> float:
    """CPU time of all its threads, ended ones too (the clock of clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | _SCHEDULED)


def _status(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024 / _MIB
    raise LookupError(field)
