"""What all of Azure's records have in common when they become activities."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import orjson

from schemas.activity import Activity
from schemas.rejected import Rejected
from schemas.sources import Context
from schemas.times import micros_of, month_first

NAME = "azure"
CLIENT_MAX = 200
SHOWN_MAX = 512


class Record(NamedTuple):
    """One record: its own fields and those of its ``properties`` (themselves, where it has no envelope), all
    names plain."""

    outer: dict[str, Any]
    inner: dict[str, Any]
    context: Context

    @property
    def all(self) -> dict[str, Any]:
        """The inner fields where both have one: of sign-ins the envelope's id, time and location are other
        things."""
        return {
            **self.outer,
            **{name: value for name, value in self.inner.items() if value not in (None, "")},
        }


class RowRead(NamedTuple):
    """What one record gave; both where part of it cannot be read."""

    activity: Activity | None = None
    rejected: tuple[tuple[str, str], ...] = ()


def wrong(field: str, reason: str) -> RowRead:
    """Returns a row that was not read, with the field at fault and the reason."""
    return RowRead(None, ((field, reason),))


def time_of(record: Record, *texts: str) -> int:
    """Returns the first of these that is a time; of a record that holds none of them, its arrival."""
    first = next((time for text in texts if (time := micros_of(text) or month_first(text))), 0)
    return first or record.context.time_unless(*texts)


def uid_of(record: Record, *ids: str) -> str:
    """Returns the vendor's id; without one, a digest of the record."""
    for text in ids:
        if 0 < len(text) <= SHOWN_MAX:
            return text
    body = orjson.dumps(record.outer, option=orjson.OPT_SORT_KEYS)
    return f"sha256:{hashlib.sha256(body).hexdigest()[:32]}"


def made(record: Record, **fields: Any) -> RowRead:
    """Returns the activity with its texts cut to what is shown."""
    shown = {
        name: value[: CLIENT_MAX if name == "client" else SHOWN_MAX] if name in CUT else value
        for name, value in fields.items()
    }
    context = record.context
    return RowRead(
        Activity(
            source=NAME,
            instance=context.instance,
            arrived=context.arrived,
            processed=context.processed,
            **shown,
        )
    )


CUT = frozenset({"actor_name", "operation", "service", "client", "resource", "error"})


def rejects_of(row: RowRead, place: str) -> list[Rejected]:
    """Returns the rejects of a row, all at one place of the record."""
    return [Rejected(NAME, reason, field, place) for field, reason in row.rejected]
