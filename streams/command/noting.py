"""`gapwatch ack`, `assign`, `comment`, `close`, `reopen` and `suppress`: what an analyst says of a finding.

A note stands beside its finding and is never part of it: correlators neither read nor lose it. Only
`suppress` is more: it declares an exception, so that what the finding is about is expected until then.
"""

from __future__ import annotations

import getpass
import sys
import time
import uuid
from collections.abc import Callable

import orjson

from schemas.evidence import iso
from schemas.inventory_model import VERSION
from streams.command.declare import written
from streams.command.declaring import declare_messages
from streams.command.explain import find
from streams.command.moments import until as moment
from streams.kafka.feed import Finding
from streams.kafka.noting import send_notes
from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.settings import Settings

TEXT_MAX = 10_000
"""Letters of a note: more is a document, and belongs where documents are."""

SAID = {
    "ack": "acknowledged",
    "assign": "assigned",
    "comment": "commented on",
    "close": "closed",
    "reopen": "opened again",
}


def note(
    settings: Settings,
    verb: str,
    prefix: str,
    text: str,
    by: str | None = None,
    assignee: str = "",
    until: str | None = None,
) -> None:
    """Notes something of the finding whose id begins so. Raises Stop where there is none, or several, and
    where a close or comment gives no reason."""
    if not text.strip() and verb in ("close", "comment"):
        raise Stop("Say why: --reason TEXT.", code=2)
    if len(text) > TEXT_MAX:
        raise Stop(f"A note has at most {TEXT_MAX:,} letters.", code=2)
    finding = find(settings, prefix)
    row = {
        "id": str(uuid.uuid4()),
        "finding": finding["finding_info"]["uid"],
        "verb": verb,
        "author": by or author(),
        "text": text.strip(),
        "assignee": assignee,
        "until": moment(until) // 1000 if until else 0,
        "noted": time.time_ns() // 1000,
        "known": finding.get("end_time") or 0,
    }
    send_notes(datafolder.attached(settings), [(str(row["id"]), orjson.dumps(row))])
    print(shown(f"{SAID[verb].capitalize()}: {row['finding']} {_title(finding)}"), file=sys.stderr)


def suppress(
    settings: Settings,
    prefix: str,
    reason: str,
    until: str,
    by: str | None = None,
    dry_run: bool = False,
    ask: Callable[[str], bool] | None = None,
    yes: bool = False,
) -> None:
    """Declares an exception for the control and the identity of a finding, and says what it suppresses."""
    if not reason.strip():
        raise Stop("Say why: --reason TEXT.", code=2)
    finding = find(settings, prefix)
    identity = (finding.get("resources") or [{}])[0].get("uid", "")
    entry = {
        "control": finding["finding_info"]["analytic"]["uid"],
        "identity": identity,
        "owner": by or author(),
        "reason": reason.strip(),
        "until": iso(moment(until)),
    }
    if not identity:
        raise Stop("The finding names no identity, so no exception can name one.")
    message = written({"gapwatch": VERSION, "exceptions": [entry]}, 1)
    declare_messages(settings, [message], dry_run, yes, ask)


def author() -> str:
    """Returns who sits there, as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _title(finding: Finding) -> str:
    return str(finding["finding_info"].get("title", ""))
