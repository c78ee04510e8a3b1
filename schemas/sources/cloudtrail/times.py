"""The times that CloudTrail and its exports write, as µs since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from schemas.evidence import SECOND

ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))? ?(Z|UTC|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
CONSOLE = re.compile(r"[A-Z][a-z]{2} \d{1,2},? \d{4},? \d{1,2}:\d\d:\d\d [AP]M")
"""How STS and IAM answers write times: ``Jul 30, 2024, 9:46:15 PM`` (newer Java puts U+202F before PM), or
without the second comma."""

EPOCH = re.compile(r"\d{9,16}(?:\.\d+)?")
MILLIS_FROM = 100_000_000_000
"""A whole number from here on counts milliseconds (as seconds it would be the year 5138), a thousandfold more
microseconds."""


@lru_cache(maxsize=16_384)
def micros_of(text: str) -> int:
    """µs since 1970; 0 for what is no time. A time without a zone is UTC, as all of CloudTrail's are."""
    if found := ISO.fullmatch(text.strip()):
        return _iso(*found.groups())
    plain = " ".join(text.replace("\u202f", " ").replace(",", "").split())
    if CONSOLE.fullmatch(plain):
        return _seconds(plain, "%b %d %Y %I:%M:%S %p")
    if EPOCH.fullmatch(plain):
        return _epoch(plain)
    return 0


def _iso(y: str, mo: str, d: str, h: str, mi: str, s: str, fraction: str | None, zone: str | None) -> int:
    leap, second = (1, 59) if s == "60" else (0, int(s))
    try:
        moment = datetime(int(y), int(mo), int(d), int(h), int(mi), second, tzinfo=UTC)
    except ValueError:
        return 0
    micros = int((fraction or "").ljust(6, "0")[:6])
    return (int(moment.timestamp()) + leap - _offset(zone)) * SECOND + micros


def _offset(zone: str | None) -> int:
    """Seconds east of UTC."""
    if not zone or zone[0] not in "+-":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)


def _seconds(text: str, layout: str) -> int:
    try:
        return int(datetime.strptime(text, layout).replace(tzinfo=UTC).timestamp()) * SECOND
    except ValueError:
        return 0


def _epoch(text: str) -> int:
    whole, _, fraction = text.partition(".")
    number = int(whole)
    if number < MILLIS_FROM:
        return number * SECOND + int(fraction.ljust(6, "0")[:6] or 0)
    return number * 1000 if number < MILLIS_FROM * 1000 else number
