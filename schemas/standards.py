"""Standards: how the controls of NIST SP 800-53 are called in OSCAL, and which indicators of FedRAMP 20x
name them.

The indicators' references stand in FedRAMP's machine-readable rules (github.com/FedRAMP/docs, Key Security
Indicators, Consolidated Rules 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SP_800_53 = "NIST SP 800-53 r5 "
CSF_2 = "NIST CSF 2.0 "

EVERY_INDICATOR = ("KSI-IAM-SNU",)
"""Indicators that every control serves: how accounts that are no person's authenticate is looked at again
and again."""

INDICATORS: dict[str, tuple[str, ...]] = {
    "AC-2": ("KSI-IAM-APM", "KSI-IAM-JIT", "KSI-IAM-SNU", "KSI-IAM-SUS"),
    "AC-2(2)": ("KSI-IAM-AAM", "KSI-IAM-JIT", "KSI-IAM-SNU"),
    "AC-2(3)": ("KSI-IAM-AAM", "KSI-IAM-JIT", "KSI-IAM-SUS"),
    "AC-2(6)": ("KSI-IAM-ELP", "KSI-IAM-JIT"),
    "AC-3": ("KSI-IAM-APM", "KSI-IAM-ELP", "KSI-IAM-JIT"),
    "AC-6": ("KSI-IAM-ELP", "KSI-IAM-JIT"),
    "AC-6(5)": ("KSI-IAM-JIT", "KSI-IAM-SNU"),
    "AC-6(7)": ("KSI-IAM-AAM", "KSI-IAM-JIT"),
    "AC-6(10)": ("KSI-IAM-JIT",),
    "AC-12": ("KSI-CNA-ULN", "KSI-IAM-ELP"),
    "AC-17": ("KSI-IAM-ELP", "KSI-IAM-JIT"),
    "AU-4": ("KSI-MLA-OSM",),
    "AU-5": ("KSI-MLA-OSM",),
    "AU-6": ("KSI-MLA-RVL",),
    "AU-6(3)": ("KSI-MLA-OSM",),
    "AU-9": ("KSI-MLA-OSM",),
    "CA-7": ("KSI-MLA-EVC",),
    "CM-3": ("KSI-CMT-LMC", "KSI-CMT-RMV", "KSI-CMT-RVP"),
    "CM-6": ("KSI-CMT-LMC", "KSI-CMT-RMV", "KSI-MLA-EVC", "KSI-SVC-ACM"),
    "CM-7(5)": ("KSI-IAM-JIT", "KSI-PIY-GIV"),
    "CM-8": ("KSI-PIY-GIV",),
    "IA-2(8)": ("KSI-IAM-APM",),
    "IA-5": ("KSI-IAM-APM",),
    "IA-11": ("KSI-IAM-ELP",),
    "IR-4": ("KSI-INR-AAR", "KSI-INR-RIR", "KSI-INR-RPI"),
    "SC-7": ("KSI-CNA-ULN", "KSI-SVC-EIS"),
    "SC-12": ("KSI-SVC-ASM",),
    "SC-23": ("KSI-IAM-APM", "KSI-IAM-ELP", "KSI-IAM-JIT", "KSI-SVC-SIN", "KSI-SVC-VCM", "KSI-SVC-VRI"),
    "SI-4": ("KSI-MLA-RVL", "KSI-SVC-EIS"),
    "SI-4(5)": ("KSI-INR-RIR", "KSI-MLA-LET"),
}
"""The indicators that reference a control of SP 800-53; without those about FedRAMP's own processes
(KSI-AFR)."""

UNNAMED = frozenset(
    {"AC-2(7)", "AC-2(9)", "AC-3(8)", "IA-5(7)", "IA-9", "SI-2", "SR-4"},
)
"""Controls of SP 800-53 that no indicator references."""

_CONTROL = re.compile(r"([A-Z]{2}-\d+)(?:\((\d+)\))?")


def indicators(controls: Iterable[str]) -> tuple[str, ...]:
    """Returns the indicators of FedRAMP 20x that reference one of these controls, and those that every
    control serves, in order."""
    named = {name for control in controls for name in INDICATORS.get(control, ())}
    return tuple(sorted(named.union(EVERY_INDICATOR)))


def in_oscal(control: str) -> str:
    """Returns the id of a control in NIST's OSCAL catalogue: AC-2(3) is ac-2.3."""
    found = _CONTROL.fullmatch(control)
    if found is None:
        raise ValueError(f"{control} is no control of SP 800-53")
    return found[1].lower() + (f".{found[2]}" if found[2] else "")


def named_in(standards: Iterable[str], prefix: str) -> tuple[str, ...]:
    """Returns what a finding's standards say of one standard, without its name."""
    return tuple(text.removeprefix(prefix) for text in standards if text.startswith(prefix))
