"""Gone: when something was that thinning let go of.

An end may be learned after the uses of its time were thinned (a period that was over when its records came).
So it is remembered in which minutes of the newest day, which hours of two months before that, and which days
of the longest memory something was let go of: three rows of bits, counted back from the newest hour. A
period that holds such a minute whole was not without a use; one that only touches it may have been.

What is remembered is a function of all that was let go of, in whatever parts it came: rows are united, and
what lies beyond a row's length falls off as the newest hour rises.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from schemas.dossier import Gone
from schemas.evidence import micros

MINUTE, HOUR, DAY = (micros(timedelta(**{unit: 1})) for unit in ("minutes", "hours", "days"))

HOURS_BY_MINUTE_MAX = 24
"""The newest hours of which each minute is remembered: 180 bytes. A record of an end that is later than a day
is of a log that was sent in afterwards."""

DAYS_BY_HOUR_MAX = 60
"""The newest days of which each hour is remembered: 180 bytes."""

DAYS_MAX = 480
"""The newest days that are remembered: 60 bytes; longer than any memory of a credential."""

Span = tuple[int, int]
"""A time (µs, from and until) in which something was that was let go of."""


def at(times: Collection[int]) -> Gone | None:
    """Returns what is remembered of dropped events, given their times (µs)."""
    if not times:
        return None
    hour = max(times) // HOUR
    minutes = {time // MINUTE for time in times}
    hours = {minute // 60 for minute in minutes}
    return Gone(
        hour,
        _row(hour * 60 + 59, minutes, 60 * HOURS_BY_MINUTE_MAX),
        _row(hour // 24 * 24 + 23, hours, 24 * DAYS_BY_HOUR_MAX),
        _row(hour // 24, {each // 24 for each in hours}, DAYS_MAX),
    )


def joined(a: Gone | None, b: Gone | None) -> Gone | None:
    """Returns the join of two memories of dropped events. Returns ``a`` itself where ``b`` teaches
    nothing."""
    if b is None or a is b:
        return a
    if a is None:
        return b
    new, old = (a, b) if a.hour >= b.hour else (b, a)
    hours, days = new.hour - old.hour, new.hour // 24 - old.hour // 24
    both = Gone(
        new.hour,
        _united(new.minutes, old.minutes, 60 * hours, 60 * HOURS_BY_MINUTE_MAX),
        _united(new.hours, old.hours, 24 * days, 24 * DAYS_BY_HOUR_MAX),
        _united(new.days, old.days, days, DAYS_MAX),
    )
    return a if both == a else both


def spans(gone: Gone | None) -> Iterator[Span]:
    """Yields periods in each of which an event was dropped, as narrow as they are remembered."""
    if gone is None:
        return
    minutes = _slots(gone.minutes, gone.hour * 60 + 59)
    hours = _slots(gone.hours, gone.hour // 24 * 24 + 23)
    days = _slots(gone.days, gone.hour // 24)
    yield from _spans(minutes, MINUTE)
    yield from _spans(hours - {minute // 60 for minute in minutes}, HOUR)
    yield from _spans(days - {hour // 24 for hour in hours}, DAY)


def _spans(slots: Collection[int], width: int) -> Iterator[Span]:
    return ((slot * width, (slot + 1) * width) for slot in slots)


def _row(newest: int, slots: Collection[int], length: int) -> bytes:
    return _bytes(sum(1 << (newest - slot) for slot in slots if newest - slot < length))


def _united(new: bytes, old: bytes, steps: int, length: int) -> bytes:
    """Two rows as one, of which the older one ends so many ``steps`` before the other."""
    if not old or steps >= length:
        return new
    shifted = int.from_bytes(old, "little") << steps
    return _bytes((int.from_bytes(new, "little") | shifted) & ((1 << length) - 1))


def _bytes(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _slots(row: bytes, newest: int) -> set[int]:
    bits = int.from_bytes(row, "little")
    return {newest - place for place in range(bits.bit_length()) if bits >> place & 1}
