"""Silence: what may be said where no live evidence speaks either way."""

from __future__ import annotations

from correlators.kernel.views.ends import Off, grace_of
from correlators.kernel.views.thresholds import Thresholds
from schemas.verdict import Clock, Value

SOURCE_OF = {
    "aws": "cloudtrail",
    "vault": "vault",
    "k8s": "kubernetes",
    "agent": "otel",
    "gcp": "gcp",
    "entra": "azure",
    "azure": "azure",
}
"""Which source would show a use, by the first word of the key."""

UNSEEN_KINDS = {"lease": "the leased system keeps its own log"}
"""Kinds of credentials whose use no source of this installation shows by design."""


def source_of(key: str) -> str:
    """The source that would show activity of an identity or credential; "" where the key does not tell."""
    return SOURCE_OF.get(key.partition(":")[0], "")


def unheard(
    off: Off, credential: str, kind: str, clock: Clock, granted: Thresholds
) -> tuple[Value, str, int]:
    """The value of a claim without evidence, why, and when to ask again (µs, 0 never)."""
    settled = off.start + grace_of(off.turn, granted)
    if clock.now <= settled:
        return "indeterminate", "within the time that the provider needs to make the end true", settled + 1
    if kind in UNSEEN_KINDS:
        return "unverifiable", f"the end is recorded; its use is not in this source: {UNSEEN_KINDS[kind]}", 0
    source = source_of(credential)
    if not clock.hears(source):
        return "unverifiable", f"no {source or 'log'} records are collected that would show a use", 0
    if not clock.reached(source, off.start):
        return "unverifiable", f"the {source} log has not reached the time of the end", 0
    return "assumed", "the record says so, and no use or refused try has been seen since", 0
