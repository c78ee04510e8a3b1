"""Findings as others read them: OCSF 1.8.0 Detection Finding (2004) and Compliance Finding (2003).

Every time in them is in milliseconds and comes from evidence, so the same evidence gives the same bytes. When
evidence arrived and was processed stands under ``unmapped.latency``, and how far the log had been read that
would contradict a verdict under ``unmapped.watermark``; both only where they are known (never in a replay).
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from schemas.evidence import Evidence
from schemas.freshness import Freshness
from schemas.naming import bare_name
from schemas.standing import standing
from schemas.verdict import Control, Report, Severity, Verdict

OCSF_VERSION = "1.8.0"
RELATED_MAX = 100
"""Events named in one finding: the claims, the first and the last always, and as many between as fit."""
EVIDENCES_MAX = 20
"""Evidence written out in one finding: the first ten and the last ten; the rest is named in
``related_events``.
"""

DETECTION, COMPLIANCE = 2004, 2003
_ACTIVITY = {1: "Create", 2: "Update", 3: "Close"}
_SEVERITY = {1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
_CONFIDENCE = {1: "Low", 2: "Medium", 3: "High"}
_STATUS = {1: "New", 3: "Suppressed", 4: "Resolved"}
_COMPLIANCE = {"proven": (1, "Pass"), "assumed": (2, "Warning"), "violated": (3, "Fail")}
_PRODUCT = {"name": "gapwatch", "vendor_name": "gapwatch"}
CSF = ("DE.CM-09", "DE.AE-03")
"""Subcategories of NIST CSF 2.0 that every control serves: runtime is watched, sources are correlated."""
TENETS = (3, 6)
"""Tenets of NIST SP 800-207 that every control tests: access per session, enforced before it is allowed."""


def render_finding(report: Report, control: Control) -> bytes:
    """Returns the Detection Finding of a report as one JSON object."""
    verdict = report.verdict
    status = 4 if report.detail or (verdict and verdict.value != "violated") else 1
    if status == 1 and verdict and verdict.exception:
        status = 3
    body = _common(report, control, DETECTION)
    body["finding_info"]["attacks"] = [
        {"technique": {"uid": uid, "name": name}, "version": "18"} for uid, name in control.attack
    ]
    body |= {
        "status_id": status,
        "status": _STATUS[status],
        "is_alert": status == 1 and not (verdict and verdict.story),
        "remediation": {"desc": _remediation(verdict, control)},
    }
    if status == 4:
        body["status_detail"] = report.detail or "ended"
    elif status == 3 and verdict:
        body["status_detail"] = verdict.exception
    body["unmapped"]["standards"] = _standards(control)
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def render_assurance(
    report: Report,
    control: Control,
    seen: Mapping[str, int] | None = None,
    freshness: Freshness | None = None,
) -> bytes:
    """Returns the Compliance Finding of a report as one JSON object: what the control is worth for its
    subject now. ``seen``: the watermark of each source in µs, where it is known; ``freshness``: what the site
    grants a proof, None: as the control says."""
    value = report.verdict.value if report.verdict else "withdrawn"
    status, word = _COMPLIANCE.get(value, (0, "Unknown"))
    body = _common(report, control, COMPLIANCE)
    body["compliance"] = {
        "control": control.name,
        "standards": _standards(control),
        "status": value,
        "status_id": status,
        "status_detail": word,
        "desc": control.title,
    }
    body["remediation"] = {"desc": _remediation(report.verdict, control)}
    if report.verdict:
        body["unmapped"] |= standing(report.verdict, freshness or control.freshness, seen or {})
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def _common(report: Report, control: Control, class_uid: int) -> dict[str, Any]:
    verdict, reported = report.verdict, report.reported
    severity = verdict.severity if verdict else reported.severity
    severity = int(severity or Severity.INFORMATIONAL)
    events = _chosen(verdict)
    times = [e.time for e in events if e.time] or [reported.start]
    body: dict[str, Any] = {
        "activity_id": report.activity,
        "activity_name": _ACTIVITY[report.activity],
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": class_uid,
        "class_name": "Detection Finding" if class_uid == DETECTION else "Compliance Finding",
        "type_uid": class_uid * 100 + report.activity,
        "severity_id": severity,
        "severity": _SEVERITY[severity],
        "time": _millis(max(times)),
        "start_time": _millis(min(times)),
        "end_time": _millis(max(times)),
        "finding_info": _info(report, control, events),
        "metadata": {"version": OCSF_VERSION, "product": _PRODUCT, "uid": report.uid},
        "unmapped": {
            "value": verdict.value if verdict else "withdrawn",
            "subject": reported.subject,
            "origins": [origin for _, origin in _named(events)],
        },
    }
    if verdict:
        _fill(body, verdict, events)
        body["unmapped"]["basis"] = {
            "facts": facts_digest(verdict),
            "thresholds": dict(report.thresholds),
        }
    return body


def facts_digest(verdict: Verdict) -> str:
    """Returns the SHA-256 of the facts that a verdict rests on: the events that claim, and those that
    contradict or prove, all of them, whatever a finding names of them. When they arrived is no part of it."""
    facts = [
        [(e.origin, e.uid, e.time, e.actor, e.credential, e.operation, e.place) for e in sorted(set(events))]
        for events in (verdict.claim, verdict.evidence)
    ]
    return hashlib.sha256(orjson.dumps(facts)).hexdigest()


def _info(report: Report, control: Control, events: list[Evidence]) -> dict[str, Any]:
    verdict = report.verdict
    info: dict[str, Any] = {
        "uid": report.uid,
        "title": verdict.title if verdict else report.reported.title,
        "analytic": {
            "uid": control.name,
            "name": control.title,
            "version": control.version,
            "type_id": 1,
            "type": "Rule",
        },
        "product_uid": "gapwatch",
    }
    if verdict:
        info["desc"] = verdict.reason
        info["related_events"] = [{"uid": uid} for uid, _ in _named(events)]
        info["types"] = list(control.owasp)
        sources = sorted({e.source for e in events if e.source})
        if sources:
            info["data_sources"] = sources
    return info


def _fill(body: dict[str, Any], verdict: Verdict, events: list[Evidence]) -> None:
    body["confidence_id"] = int(verdict.confidence)
    body["confidence"] = _CONFIDENCE[int(verdict.confidence)]
    body["message"] = verdict.title
    names = dict(verdict.names)
    body["resources"] = [_resource(verdict.identity, verdict.owner, names)]
    body["resources"] += [_resource(other, "", names) for other in verdict.others]
    evidences = [_evidence(e, verdict, names) for e in _ends(verdict.evidence, EVIDENCES_MAX)]
    if evidences:
        body["evidences"] = evidences
    unmapped = body["unmapped"]
    unmapped["credential"] = verdict.credential
    if verdict.credential:
        unmapped["credential_name"] = bare_name(verdict.credential, names.get(verdict.credential, ""))
    if verdict.claim:
        unmapped["claim"] = [
            {
                "uid": e.uid,
                "time": _millis(e.time),
                "operation": e.operation,
                "actor": e.actor,
                "origin": e.origin,
            }
            for e in verdict.claim
        ]
    if verdict.episodes:
        unmapped["episodes"] = [
            {"start": _millis(e.start), "end": _millis(e.end) or None, "how": e.how} for e in verdict.episodes
        ]
    if verdict.story:
        unmapped["story"] = verdict.story
    if verdict.truncated:
        unmapped["evidence_truncated"] = True
    latency = _latency(events)
    if latency:
        unmapped["latency"] = latency


def _resource(identity: str, owner: str, names: dict[str, str]) -> dict[str, Any]:
    resource: dict[str, Any] = {"uid": identity, "type": "non-human identity"}
    if name := bare_name(identity, names.get(identity, "")):
        resource["name"] = name
    if owner:
        # The declared name is all that is known of an owner, and its id; readers demand the rest.
        known = {"name": owner, "uid": owner, "type_id": 0}
        resource["owner"] = known | {"account": known}
    return resource


def _evidence(e: Evidence, verdict: Verdict, names: dict[str, str]) -> dict[str, Any]:
    actor = e.actor or verdict.identity
    user: dict[str, Any] = {"uid": actor}
    if name := bare_name(actor, names.get(actor, "")):
        user["name"] = name
    credential = e.credential or verdict.credential
    if credential:
        user["credential_uid"] = credential
    shown: dict[str, Any] = {
        "uid": e.uid,
        "actor": {"user": user},
        "api": {"operation": e.operation or "unknown"},
    }
    if e.place:
        shown["src_endpoint"] = {"ip" if _is_ip(e.place) else "name": e.place}
        if e.asn:
            shown["src_endpoint"]["autonomous_system"] = {"number": e.asn}
    if e.client:
        shown["http_request"] = {"user_agent": e.client}
    shown["data"] = {"time": _millis(e.time)}
    if e.source:
        # Of the log: the vendor's service that was called (`api.service`) is not known here.
        shown["data"]["source"] = e.source
        shown["data"]["origin"] = e.origin
    return shown


def _is_ip(place: str) -> bool:
    try:
        ipaddress.ip_address(place)
    except ValueError:
        return False
    return True


def _chosen(verdict: Verdict | None) -> list[Evidence]:
    """The claims and the evidence that a finding names, chosen without regard to arrival order, in order of
    time."""
    if verdict is None:
        return []
    claims = _ends(tuple(sorted(set(verdict.claim))), RELATED_MAX // 2)
    chosen = {*claims, *_ends(verdict.evidence, RELATED_MAX - len(claims))}
    return sorted(chosen)


def _ends(evidence: tuple[Evidence, ...], most: int) -> list[Evidence]:
    """The first and the last, half each, where there are more than ``most``."""
    if len(evidence) <= most:
        return list(evidence)
    half = most // 2
    return [*evidence[:half], *evidence[-(most - half) :]]


def _named(events: Iterable[Evidence]) -> list[tuple[str, str]]:
    """Vendor ids, each with who gave it, mirrors with their call, each once, at most ``RELATED_MAX``."""
    known = list(dict.fromkeys((uid, e.origin) for e in events for uid in (e.uid, *e.mirrors)))
    if len(known) <= RELATED_MAX:
        return known
    return [*known[: RELATED_MAX // 2], *known[-RELATED_MAX // 2 :]]


def _latency(events: list[Evidence]) -> list[dict[str, Any]]:
    return [
        {
            "uid": e.uid,
            "occurred": _millis(e.time),
            "arrived": _millis(e.arrived),
            "processed": _millis(e.processed),
        }
        for e in events
        if e.arrived
    ]


def _standards(control: Control) -> list[str]:
    return [
        *(f"NIST SP 800-53 r5 {c}" for c in control.nist),
        *(f"OWASP {o}" for o in control.owasp),
        *(f"NIST CSF 2.0 {c}" for c in sorted({*CSF, *control.csf})),
        *(f"NIST SP 800-207 tenet {n}" for n in sorted({*TENETS, *control.tenets})),
    ]


def _remediation(verdict: Verdict | None, control: Control) -> str:
    if verdict is None:
        return control.remediation
    owner = f"Owner: {verdict.owner}. " if verdict.owner else "No owner is declared. "
    step = f" Next: {verdict.next_step}." if verdict.next_step else ""
    return f"{owner}{control.remediation}{step}"


def _millis(time: int) -> int:
    return time // 1000
