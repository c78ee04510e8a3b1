"""Times: however a vendor or an exporter writes one, as µs since 1970. The one parser of all sources.

| form | who |
|---|---|
| ``2026-11-22T09:00:00.123456789Z``, with a blank for the T, a comma, an offset, or no zone | nearly all |
| seconds, ms or µs since 1970 as digits | answers of AWS, OCSF, security event tokens |
| ``Jul 30, 2024, 9:46:15 PM`` | answers of STS and IAM (newer Java puts U+202F before PM) |
| ``Sat, 05 Jun 2026 15:10:09 GMT`` | mail's form, in AWS Health |
| ``4/22/2026 2:05:13 PM`` (``month_first``) | Azure's portal |

What is finer than a µs is cut off. A time without a zone is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from schemas.evidence import SECOND
from schemas.remembering import remembered

SECONDS_LONG = 19
"""Characters of ``2026-11-22T09:00:00``."""
ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))? ?(Z|UTC|[+-]\d\d:?\d\d)?",
    re.IGNORECASE | re.ASCII,
)
WHOLE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
CONSOLE = re.compile(r"[A-Z][a-z]{2} \d{1,2},? \d{4},? \d{1,2}:\d\d:\d\d [AP]M", re.ASCII)
MAIL = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} .*", re.ASCII)
EPOCH = re.compile(r"\d{9,16}(?:\.\d+)?", re.ASCII)
MONTH_FIRST = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d\d):(\d\d)(?:\.\d+)?(?: (AM|PM))?(?: ?(Z|[+-]\d\d:\d\d))?",
    re.IGNORECASE | re.ASCII,
)
MILLIS_FROM = 100_000_000_000
"""A whole number from here on counts milliseconds (as seconds it would be the year 5138), a thousandfold more
microseconds."""


def micros_of(text: str | None, zoned: bool = False) -> int:
    """Returns a time of any form in µs since 1970; 0 for what is no time after 1970. ``zoned``: a time with
    its zone is meant, and what has none is no time."""
    if not text:
        return 0
    # As servers write it: the seconds repeat from line to line, the decimals do not.
    if text[-1] == "Z" and len(text) > SECONDS_LONG and text[SECONDS_LONG] in ".Z":
        decimals = text[SECONDS_LONG + 1 : -1]
        if (decimals.isdecimal() and decimals.isascii()) or len(text) == SECONDS_LONG + 1:
            whole = _second(text[:SECONDS_LONG])
            if whole is not None:
                return max(whole * SECOND + _fraction(decimals), 0)
    return _zoned(text) if zoned else _any(text)


def month_first(text: str) -> int:
    """Returns a time with its month first, in µs; 0 for any other. What cannot be a month is none: nothing is
    guessed the other way round, and only the source knows that its month stands first."""
    found = MONTH_FIRST.fullmatch(text.replace("\u202f", " ").strip())
    if found is None:
        return 0
    month, day, year, hour, minute, second, half, zone = found.groups()
    clock = int(hour)
    if half:
        if not 1 <= clock <= 12:
            return 0
        clock = clock % 12 + (12 if half.upper() == "PM" else 0)
    return micros_of(f"{year}-{month:0>2}-{day:0>2}T{clock:02}:{minute}:{second}{zone or 'Z'}")


def _zoned(text: str) -> int:
    found = ISO.fullmatch(text)
    return _iso(found) if found is not None and found[5] else 0


@remembered(16_384)
def _any(text: str) -> int:
    text = text.strip()
    if found := ISO.fullmatch(text):
        return _iso(found)
    plain = " ".join(text.replace("\u202f", " ").split())
    if CONSOLE.fullmatch(plain):
        return _console(plain.replace(",", ""))
    if MAIL.fullmatch(plain):
        return _mail(plain)
    return _epoch(plain) if EPOCH.fullmatch(plain) else 0


def _iso(found: re.Match[str]) -> int:
    day, clock, second, decimals, zone = found.groups()
    leap = second == ":60"
    whole = _second(f"{day}T{clock}{':59' if leap else second or ':00'}")
    if whole is None:
        return 0
    return max((whole + leap - _offset(zone)) * SECOND + _fraction(decimals or ""), 0)


def _offset(zone: str | None) -> int:
    """Seconds east of UTC."""
    if not zone or zone[0] not in "+-":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)


def _fraction(decimals: str) -> int:
    return int(decimals[:6].ljust(6, "0")) if decimals else 0


@remembered(4_096)
def _second(text: str) -> int | None:
    """Seconds since 1970; None for no moment of the calendar."""
    if not WHOLE.fullmatch(text):
        return None
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _console(text: str) -> int:
    try:
        moment = datetime.strptime(text, "%b %d %Y %I:%M:%S %p").replace(tzinfo=UTC)
    except ValueError:
        return 0
    return max(int(moment.timestamp()) * SECOND, 0)


def _mail(text: str) -> int:
    try:
        moment = parsedate_to_datetime(text)
        return max(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * SECOND, 0)
    except (ValueError, TypeError, OverflowError):
        return 0


def _epoch(text: str) -> int:
    whole, _, fraction = text.partition(".")
    number = int(whole)
    if number < MILLIS_FROM:
        return number * SECOND + _fraction(fraction)
    return number * 1000 if number < MILLIS_FROM * 1000 else number
