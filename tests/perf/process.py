"""What a process uses, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

_MIB = 1 << 20
_NANOSECONDS = 1e9


def rss_mib(pid: int) -> float:
    """Resident memory."""
    return _status(pid, "VmRSS:")


def peak_mib(pid: int) -> float:
    """The most resident memory that it ever had."""
    return _status(pid, "VmHWM:")


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads that live, by the scheduler's exact count."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    spent = (int((thread / "schedstat").read_text().split()[0]) for thread in threads)
    return sum(spent) / _NANOSECONDS


def _status(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024 / _MIB
    raise LookupError(field)
