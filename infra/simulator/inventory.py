"""The estate's declared state, in the inventory's format, version 1."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import yaml

from infra.simulator.cases import CASES, Status
from infra.simulator.cloudtrail import stamp
from infra.simulator.estate import Holder
from infra.simulator.story import Story, at

SINCE = "2026-01-01T00:00:00Z"
UNDECLARED = frozenset({"shadow-ops"})
"""Identities that the story makes and no record knows."""


def inventory(story: Story) -> str:
    """Returns the inventory as YAML. It is recorded the day before the story, so no record is younger than
    what it speaks of."""
    own = [h for h in story.holders.values() if h.handle == h.name and h.handle not in UNDECLARED]
    document = {
        "gapwatch": "inventory/v1",
        "recorded": stamp(story.start - timedelta(days=1)),
        "identities": [_identity(holder, story.start) for holder in own],
    }
    return yaml.safe_dump(document, sort_keys=False, width=100)


def _identity(holder: Holder, start: datetime) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": holder.identity,
        "name": holder.name,
        "kind": "role" if holder.kind == "role" else "service_account",
        "owner": holder.owner,
        "environment": holder.environment,
    }
    statuses = [s for case in CASES for s in case.statuses if s.who == holder.handle]
    fields["status"] = [{"value": "active", "from": SINCE}, *(_status(s, start) for s in statuses)]
    revoked = [case.revoked for case in CASES if case.revoked and case.subject == holder.handle]
    if revoked:
        fields["credentials"] = [{"id": holder.credential, "revoked": stamp(at(start, revoked[0]))}]
    return fields


def _status(status: Status, start: datetime) -> dict[str, str]:
    fields = {"value": status.value, "from": stamp(at(start, status.since))}
    return fields | ({"until": stamp(at(start, status.until))} if status.until else {})
