"""What a case asks of a replay's findings, assurance, activities and rejects (tests/cases/README.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]

SEVERITIES = ("informational", "low", "medium", "high", "critical")
STATUSES = {1: "open", 2: "open", 3: "suppressed", 4: "resolved"}


@dataclass(frozen=True)
class Rows:
    """The rows that one replay gave; ``activities`` without those of declarations."""

    findings: list[Row]
    assurance: list[Row]
    activities: list[Row]
    rejects: list[Row]


def unmet(rows: Rows, want: Row) -> Iterator[str]:
    """What is missing, too loud or untrue, a sentence each; none where the case is right."""
    if len(rows.activities) < want.get("read", 0):
        yield f"only {len(rows.activities)} of {want['read']} activities were read"
    for kind in ("findings", "assurance"):
        those = getattr(rows, kind)
        for each in want.get(kind, ()):
            if not any(_fits(row, each) for row in those):
                yield f"{kind}: none is {_json(each)}"
        for each in want.get(f"no_{kind}", ()):
            yield from (f"{kind}: {_title(row)} is {_json(each)}" for row in those if _fits(row, each))
    yield from _counted(rows, want)
    yield from _activities(rows, want)
    if options := want.get("any_of", ()):
        each_unmet = [list(unmet(rows, option)) for option in options]
        if all(each_unmet):
            yield "none of the ways holds: " + " | ".join("; ".join(one) for one in each_unmet)


def _counted(rows: Rows, want: Row) -> Iterator[str]:
    if most := want.get("findings_at_most"):
        such = sum(_fits(row, most) for row in rows.findings)
        if such > most["count"]:
            yield f"{such} findings are {_json(most)}"
    if rejects := want.get("rejects"):
        such = sum(_has(_text(row), rejects.get("says", ())) for row in rows.rejects)
        if not rejects.get("at_least", 0) <= such <= rejects.get("at_most", such):
            yield f"{such} rejects are {_json(rejects)}"


def _activities(rows: Rows, want: Row) -> Iterator[str]:
    for each in want.get("activities", ()):
        if sum(_is(row, each) for row in rows.activities) < each.get("at_least", 1):
            yield f"no activity is {_json(each)}"
    for each in want.get("no_activities", ()):
        if any(_is(row, each) for row in rows.activities):
            yield f"an activity is {_json(each)}"


def _fits(row: Row, want: Row) -> bool:
    info = row.get("finding_info", {})
    compliance = row.get("compliance", {})
    control = compliance.get("control") or info.get("analytic", {}).get("uid")
    level = min(max(int(row.get("severity_id") or 1), 1), 5) - 1
    said = _text([info.get("title"), info.get("desc"), row.get("message"), row.get("comment")])
    bounds = want.get("severity", {})
    return (
        _one_of(control, want.get("control"))
        and _one_of(str(compliance.get("status", "")).lower(), want.get("value"))
        and _one_of(STATUSES.get(int(row.get("status_id") or 1)), want.get("status"))
        and _has(_about(row), want.get("about", ()))
        and _has(said, want.get("says", ()))
        and not any(str(text).lower() in said for text in _many(want.get("says_not", ())))
        and len(row.get("evidences") or ()) <= want.get("evidence_at_most", 1_000)
        and ("above" not in want or level > SEVERITIES.index(want["above"]))
        and level >= SEVERITIES.index(bounds.get("at_least", SEVERITIES[0]))
        and level <= SEVERITIES.index(bounds.get("at_most", SEVERITIES[-1]))
    )


def _about(row: Row) -> str:
    info, own = row.get("finding_info", {}), row.get("unmapped", {})
    events = [[e.get("uid"), e.get("data"), e.get("src_endpoint")] for e in row.get("evidences") or ()]
    names = [row.get("resources"), own.get("credential"), own.get("subject"), info.get("title")]
    return _text([*names, row.get("message"), info.get("related_events"), *events])


def _is(row: Row, want: Row) -> bool:
    return all(
        any(_same(row, name, str(one)) for one in _many(wanted))
        for name, wanted in (*want.get("where", {}).items(), *want.get("is", {}).items())
    )


def _same(row: Row, name: str, wanted: str) -> bool:
    held = _text(row) if name == "any" else str(row.get(name, ""))
    return wanted[1:].lower() in held.lower() if wanted.startswith("~") else held == wanted


def _one_of(value: object, wanted: object) -> bool:
    return wanted is None or value in _many(wanted)


def _has(text: str, wanted: object) -> bool:
    """All texts are in it; of a list inside the list any one."""
    return all(any(str(one).lower() in text for one in _many(each)) for each in _many(wanted))


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _text(value: object) -> str:
    return "\n".join(_texts(value)).lower()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield str(value)


def _title(row: Row) -> str:
    return repr(row.get("finding_info", {}).get("title", ""))


def _json(want: Row) -> str:
    return json.dumps(want, ensure_ascii=False)
