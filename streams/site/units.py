"""Durations and sizes as people write them (`5s`, `10m`, `512MiB`), for settings and for messages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*\Z")


def parse_duration(text: Any) -> Any:
    """Returns `"250ms"`, `"5s"`, `"10m"`, `"2h"`, `"90d"` or a number of seconds, as a timedelta."""
    if isinstance(text, timedelta):
        return text
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise ValueError("write a duration like 250ms, 5s, 10m, 2h or 90d")
    match = _NUMBER.match(str(text))
    unit = _SECONDS.get(match[2] or "s") if match else None
    if match is None or unit is None:
        raise ValueError("write a duration like 250ms, 5s, 10m, 2h or 90d")
    return timedelta(seconds=float(match[1]) * unit)


def parse_size(text: Any) -> Any:
    """Returns `"512MiB"`, `"2GB"` or a number of bytes, as an int."""
    if isinstance(text, bool) or not isinstance(text, (str, int)):
        raise ValueError("write a size like 512MiB or 2GB, or a number of bytes")
    match = _NUMBER.match(str(text))
    unit = _BYTES.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ValueError("write a size like 512MiB or 2GB, or a number of bytes")
    return int(float(match[1]) * unit)


def show_duration(value: timedelta) -> str:
    """Returns the shortest exact form that `parse_duration` reads back: whole units, else milliseconds."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit in ("d", "h", "m", "s"):
        whole, rest = divmod(milliseconds, int(_SECONDS[unit] * 1000))
        if whole and not rest:
            return f"{whole}{unit}"
    return f"{milliseconds}ms"


def show_size(value: int) -> str:
    """Returns a size for people, one decimal at most: `1.5 GiB`, `512 MiB`, `17 B`."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value >= factor:
            return f"{value / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{value} B"


def exact_size(value: int) -> str:
    """Returns the shortest exact form that `parse_size` reads back: whole units, else bytes."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value and value % factor == 0:
            return f"{value // factor}{unit}"
    return str(value)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
SIZE = BeforeValidator(parse_size)
Size = Annotated[int, SIZE]
