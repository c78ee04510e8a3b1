"""Silence: what may be said where no live evidence speaks either way."""

from __future__ import annotations

from correlators.kernel.views.ends import Off, grace_of
from correlators.kernel.views.thresholds import Thresholds
from schemas.providers import refusals_hidden, shown_by, unseen
from schemas.verdict import Clock, Value


def uncollected(key: str, clock: Clock) -> str:
    """Returns in words that none of the sources is collected that would show a use; "" where one is."""
    sources = shown_by(key)
    heard = [source for source in sources if clock.hears(source)]
    return "" if heard else f"no {' or '.join(sources) or 'log'} records are collected that would show"


def unheard(off: Off, credential: str, kind: str, clock: Clock, granted: Thresholds) -> tuple[Value, str]:
    """Returns the value of a claim for which there is no evidence, and the reason for that value."""
    if not clock.past(off.start + grace_of(off.turn, granted)):
        return "indeterminate", "within the time that the provider needs to make the end true"
    hidden = unseen(credential, kind)
    if hidden:
        return "unverifiable", f"the end is recorded; its use is in no log here: {hidden}"
    if missing := uncollected(credential, clock):
        return "unverifiable", f"{missing} a use"
    source = next(source for source in shown_by(credential) if clock.hears(source))
    if not clock.reached(source, off.start):
        return "unverifiable", f"the {source} log has not reached the time of the end"
    hidden = refusals_hidden(credential)
    why = f" ({hidden})" if hidden else ""
    return "assumed", f"the record says so, and no use or refused try has been seen since{why}"
