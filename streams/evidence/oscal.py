"""A pack as OSCAL assessment results, version 1.2 (NIST, https://pages.nist.gov/OSCAL).

Each row of the ledger is an observation. A row that is violated or proven is also a finding for each control
of SP 800-53 that it speaks for: not satisfied, satisfied. What is assumed, unverifiable or indeterminate is
no finding, since nothing was found: the observation says why. Every id is a UUID of version 5 over what it
names, so the same rows give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid5

from schemas.evidence import iso
from schemas.standards import in_oscal
from schemas.verdict import NAMESPACE
from streams.evidence.ledger import Row
from streams.site.foreign import shown

OSCAL_VERSION = "1.2.3"
OWN = f"urn:uuid:{NAMESPACE}"
"""The namespace of properties that OSCAL does not define."""

STATES = {"violated": ("not-satisfied", "fail"), "proven": ("satisfied", "pass")}
NO_FINDING = {
    "assumed": "No finding: the records say so, and no live evidence shows it either way.",
    "unverifiable": "No finding: the log that would show it is not collected, is silent, or cannot show it.",
    "indeterminate": "No finding: it cannot be decided yet.",
}
AGED = {
    "stale": "No finding: it was proven, and the proof is older than a proof of this control is good for.",
    "source behind": "No finding: it was proven, and the log that would contradict it is behind.",
}
SEVERITY_NS = "https://schema.ocsf.io/1.8.0"
_MARKUP = re.compile(r"[\\`*_{}\[\]<>$~^|]")


def assessment_results(
    rows: Sequence[Row], stored: Collection[tuple[str, str]], files: Mapping[str, str], as_of: int
) -> dict[str, Any]:
    """Returns the document. ``stored``: ids and origins of the events that are in the pack; ``files``: the
    other files of the pack and their SHA-256; ``as_of``: in µs, the moment at which this is so."""
    moment = _time(as_of // 1000)
    resources = [_resource(name, digest) for name, digest in sorted(files.items())]
    result: dict[str, Any] = {
        "uuid": _id("result", *(row.uid for row in rows), moment),
        "title": "What the records say of non-human identities, held against what runs",
        "description": "One observation for each control of gapwatch and each thing that it judges.",
        "start": _time(min(row.start for row in rows)),
        "end": moment,
        "local-definitions": {"inventory-items": _identities(rows)},
        "reviewed-controls": {
            "control-selections": [
                {
                    "include-controls": [
                        {"control-id": in_oscal(name)}
                        for name in sorted({nist for row in rows for nist in row.nist})
                    ]
                }
            ]
        },
        "observations": [_observation(row, stored) for row in rows],
    }
    if findings := [finding for row in rows for finding in _findings(row)]:
        result["findings"] = findings
    return {
        "assessment-results": {
            "uuid": _id("pack", moment, *files.values()),
            "metadata": {
                "title": "Assurance of non-human identities",
                "last-modified": moment,
                "version": moment,
                "oscal-version": OSCAL_VERSION,
            },
            # There is no plan but the controls and the queries, which are part of the pack.
            "import-ap": {"href": f"#{_file_id('controls.csv')}"},
            "results": [result],
            "back-matter": {"resources": resources},
        }
    }


def _observation(row: Row, stored: Collection[tuple[str, str]]) -> dict[str, Any]:
    observation: dict[str, Any] = {
        "uuid": _observed(row),
        "title": _markup(row.title) or row.control,
        "description": _markup(row.reason) or row.control,
        "props": [
            *_props(
                ("value", row.value),
                ("judged", row.judged),
                ("control", row.control),
                ("control-version", row.control_version),
                ("subject", row.subject),
                ("identity", row.identity),
                ("credential", row.credential),
                ("owner", row.owner),
                ("ledger-uid", row.uid),
            ),
            *_props(("severity", row.severity), ns=SEVERITY_NS),
            *_standards(row),
        ],
        "methods": ["EXAMINE"],
        "types": ["control-objective" if row.value in STATES else "discovery"],
        "subjects": [{"subject-uuid": _id("identity", row.identity), "type": "inventory-item"}],
        "collected": _time(row.end),
    }
    if evidence := [_evidence(event, event in stored) for event in dict.fromkeys(row.events)]:
        observation["relevant-evidence"] = evidence
    if row.value in NO_FINDING:
        observation["remarks"] = AGED.get(row.aged, NO_FINDING[row.value])
    return observation


def _findings(row: Row) -> Iterable[dict[str, Any]]:
    if row.value not in STATES:
        return
    state, reason = STATES[row.value]
    for control in row.nist:
        yield {
            "uuid": _id("finding", row.uid, control),
            "title": _markup(row.title) or row.control,
            "description": _markup(row.reason) or row.control,
            "props": _standards(row),
            "target": {
                "type": "objective-id",
                "target-id": f"{in_oscal(control)}_obj",
                "status": {"state": state, "reason": reason},
            },
            "related-observations": [{"observation-uuid": _observed(row)}],
        }


def _observed(row: Row) -> str:
    return _id("observation", row.uid, row.value, str(row.end), row.reason)


def _standards(row: Row) -> list[dict[str, str]]:
    return _props(
        *(("sp-800-53", name) for name in row.nist),
        *(("csf-2.0", name) for name in row.csf),
        *(("fedramp-20x", name) for name in row.indicators),
    )


def _evidence(event: tuple[str, str], is_stored: bool) -> dict[str, Any]:
    uid, origin = event
    return {
        **({"href": "events.csv"} if is_stored else {}),
        "description": "An event, in full in events.csv."
        if is_stored
        else "An event whose row is not stored, or no longer.",
        "props": _props(("event", uid), ("origin", origin), ("stored", "yes" if is_stored else "no")),
    }


def _identities(rows: Iterable[Row]) -> list[dict[str, Any]]:
    known = {row.identity: row for row in rows}
    return [
        {
            "uuid": _id("identity", key),
            "description": _markup(row.identity_name or key) or "no identity",
            "props": _props(("identity", key), ("name", row.identity_name), ("owner", row.owner))
            or _props(("identity", "none")),
        }
        for key, row in sorted(known.items())
    ]


def _resource(name: str, digest: str) -> dict[str, Any]:
    hashes = [{"algorithm": "SHA-256", "value": digest}]
    return {"uuid": _file_id(name), "title": name, "rlinks": [{"href": name, "hashes": hashes}]}


def _file_id(name: str) -> str:
    return _id("file", name)


def _props(*pairs: tuple[str, str], ns: str = OWN) -> list[dict[str, str]]:
    """Properties of those that have a value; one cannot be empty, or begin or end with a space."""
    said = ((name, shown(value).strip()) for name, value in pairs)
    return [{"name": name, "ns": ns, "value": value} for name, value in said if value]


def _markup(text: str) -> str:
    """Foreign text in a field that readers take as Markdown: no letter of it means anything there."""
    return _MARKUP.sub(r"\\\g<0>", shown(text).strip())


def _id(*about: str) -> str:
    return str(uuid5(NAMESPACE, "\x1f".join(("oscal", *about))))


def _time(millis: int) -> str:
    return iso(millis * 1000) or "1970-01-01T00:00:00Z"
