"""Times as people type them: 24h, 7d, today, yesterday, or RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from streams.site.errors import Stop

_LENGTH = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MICRO = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def since(text: str, now: datetime | None = None) -> int:
    """Returns a moment of the past in µs: `24h` is that long ago, `yesterday` its midnight (UTC). Raises
    Stop."""
    return _micros(text, now or datetime.now(UTC), -1)


def until(text: str, now: datetime | None = None) -> int:
    """Returns a moment to come in µs: `7d` is in a week. Raises Stop, also where it has passed."""
    now = now or datetime.now(UTC)
    moment = _micros(text, now, 1)
    if moment <= (now - EPOCH) // MICRO:
        raise Stop(f"{text} has passed already.", code=2)
    return moment


def _micros(text: str, now: datetime, sign: int) -> int:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if found := _LENGTH.fullmatch(text):
        moment = now + sign * timedelta(**{_UNITS[found[2]]: int(found[1])})
    elif text in ("today", "yesterday", "tomorrow"):
        moment = midnight + timedelta(days=("yesterday", "today", "tomorrow").index(text) - 1)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Stop(
                f"{text} is no time: write 24h, 7d, yesterday, or 2026-11-22T10:00:00Z.", code=2
            ) from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // MICRO
