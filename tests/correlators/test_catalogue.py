"""Every control says what it is about, in the words of the standards."""

from __future__ import annotations

import re

import orjson
import pytest

from correlators.kernel.catalogue import controls
from schemas.dossier import Reported
from schemas.finding import render_assurance, render_finding
from schemas.verdict import Report, Severity, Verdict
from tests.support import ocsf
from tests.support.make import USER

IDS = {
    "owasp": r"NHI(?:[1-9]|10):2025|ASI(?:0[1-9]|10):2026",
    "nist": r"[A-Z]{2}-[1-9]\d?(?:\([1-9]\d?\))?",
    "csf": r"(?:GV\.(?:OC|RM|RR|PO|OV|SC)|ID\.(?:AM|RA|IM)|PR\.(?:AA|AT|DS|PS|IR)|DE\.(?:CM|AE)|"
    r"RS\.(?:MA|AN|CO|MI)|RC\.(?:RP|CO))-(?:0[1-9]|1\d)",
}
"""How ids look: OWASP NHI Top 10 2025 and Agentic 2026, SP 800-53 r5, CSF 2.0."""


@pytest.mark.parametrize("name", controls())
def test_every_control_maps_to_every_standard_by_ids_that_exist(name: str) -> None:
    control = controls()[name].CONTROL
    for field, pattern in IDS.items():
        ids = getattr(control, field)
        assert ids and len(set(ids)) == len(ids), field
        assert [i for i in ids if not re.fullmatch(pattern, i)] == []
    assert control.attack and all(re.fullmatch(r"T\d{4}(?:\.\d{3})?", uid) for uid, _ in control.attack)
    assert set(control.tenets) <= set(range(1, 8))


@pytest.mark.parametrize("name", controls())
def test_the_maps_stand_in_the_assurance_and_in_the_finding(name: str) -> None:
    control = controls()[name].CONTROL
    verdict = Verdict(
        control=name,
        subject=USER,
        value="violated",
        identity=USER,
        owner="",
        title="title",
        reason="reason",
        severity=Severity.LOW,
    )
    report = Report(verdict.uid, verdict, Reported(1, "d", True, name, USER, "title", 2, 1, "violated"), 1)
    rendered = render_assurance(report, control), render_finding(report, control)
    assurance, finding = map(orjson.loads, rendered)
    wanted = {f"NIST SP 800-53 r5 {c}" for c in control.nist} | {f"OWASP {o}" for o in control.owasp}
    wanted |= {f"NIST CSF 2.0 {c}" for c in ("DE.CM-09", "DE.AE-03", *control.csf)}
    wanted |= {f"NIST SP 800-207 tenet {n}" for n in (3, 6, *control.tenets)}
    assert set(assurance["compliance"]["standards"]) == wanted
    assert set(finding["unmapped"]["standards"]) == wanted
    techniques = {attack["technique"]["uid"] for attack in finding["finding_info"]["attacks"]}
    assert techniques == {uid for uid, _ in control.attack}
    assert [found for body in rendered if (found := ocsf.faults(body))] == []
