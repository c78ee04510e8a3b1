"""What processes cost: CPU time and memory, as Linux tells them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """CPU time of an event (user and system, µs) and resident memory (MB) of one process."""

    cpu_us_per_event: float
    rss_mb: float


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, user and system; 0.0 where it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # The name, in brackets, may hold anything; user and system time are the 12th and 13th after it.
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


def rss_mb(pid: int) -> float:
    """Resident memory now."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")), "0")
    return int(kilobytes) / 1024


class Meter:
    """Measures named processes from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._began = {name: cpu_seconds(pid) for name, pid in self._pids.items()}

    def costs(self, events: int) -> dict[str, Cost]:
        """By name, what each cost since, shared out among so many events."""
        return {
            name: Cost((cpu_seconds(pid) - self._began[name]) / events * 1e6, rss_mb(pid))
            for name, pid in self._pids.items()
        }
