"""An agent is offered more than was approved, or a tool by another definition than the approved one.

Fires: a call of a tool was carried out, and the definition that its server showed last before the call, in
the session of the call, has a digest that the catalogue in force does not approve: high. If the session
showed no definition, every list that the agent was shown within a day must show an approved one (confidence
medium). The definition is shown and not called by: low, until the approved one is shown again. Tools are
offered that the catalogue in force does not approve, and were not called: low, one finding for an agent,
until they are approved or have not been offered for a day while others were. A definition of which no record
approves a digest changed after the approval: informational, one for each server. A tool with an approved
digest whose server makes more lists in a month than are remembered: low, for one of them may show another
definition. In force is the latest record before; lists before the first record are held against it by digest
alone.
Proves: the last list that shows the tool shows the approved definition; all that is offered is approved, or
what was not is offered no more.
Ends: a record that comes later and approves what was shown; one that was recorded before and comes late
withdraws it.
Evaded by: a server that does another thing under the same definition; definitions that a gateway does not
log (frameworks' spans show names, no digests that are comparable); approving tools without a digest; a list
of more than a thousand tools, which is not read.
Benign: a new version of a server (approve the new digest, beside the old one while both run); descriptions
made anew with each list (no digest of these can be approved); a server with many tools of which few are
meant (filter them in the gateway). Order of fields and blanks in descriptions change no digest.
Do: read the definition in the server's list at the time that is named. Approve its digest, or take the
server from the agent and review what the calls did. Called tools outside the catalogue are told by
``tool_outside_catalog``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Freshness,
    Severity,
    Verdict,
    View,
    iso,
    named,
    spoken,
    times,
    uncollected,
)
from correlators.kernel.views.approvals import Catalogue, Records
from correlators.kernel.views.calls import Call, times_of
from correlators.kernel.views.definitions import DefinedTool, calls_of, defined_tools
from correlators.kernel.views.offers import Listing, Offers, digests_in
from correlators.kernel.views.offers_beyond import beyond_of, changes_of
from schemas.evidence import Evidence
from schemas.span import is_unnamed

CONTROL = Control(
    name="tools_beyond_approval",
    version="1",
    title="Agent is offered tools beyond its approval",
    owasp=("NHI3:2025", "ASI04:2026"),
    attack=(("T1195.002", "Supply Chain Compromise: Compromise Software Supply Chain"),),
    nist=("CM-3", "SR-4"),
    csf=("ID.RA-09", "DE.CM-09"),
    tenets=(5,),
    bound=True,
    freshness=Freshness(
        timedelta(days=7),
        "servers change what they offer with each deployment, and are listed at each start of an agent",
    ),
    needs=frozenset({"stated"}),
    remediation="Read the definition that the server showed. Approve its digest in the inventory, or take "
    "the server from the agent and review what its calls did.",
)

CALLED_SEVERITY = Severity.HIGH
"""The model acted by a text that nobody approved, and what it reads there it may obey."""
OFFERED_SEVERITY = Severity.LOW
"""Nothing was done yet by what is offered."""
CHANGED_SEVERITY = Severity.INFORMATIONAL
"""Servers change their definitions with each release, and no record said that this one may not."""
NAMES_SHOWN = 10
"""Tools that a sentence names; the others are counted."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for each tool with an approved digest, for each agent with a catalogue, and for each
    server whose definitions changed without an approved digest."""
    # Asked of every declared identity: what has no catalogue costs a look at its records.
    if not any(d.tools is not None for many in view.dossier.stated.values() for d in many):
        return
    records = Records(view)
    if is_unnamed(view.key) or not any(d.tools is not None for d in records.latest):
        return
    offers = Offers(view.dossier.lists)
    for agent in offers.agents(view):
        for defined in defined_tools(records, agent):
            yield _of_defined(view, records, offers, defined)
        yield from _changed(view, records, offers, agent)
    yield _offered(view, records, offers, clock)


def _of_defined(view: View, records: Records, offers: Offers, defined: DefinedTool) -> Verdict:
    """One tool whose definition is approved by its digest."""
    called: list[Call] = []
    sure = False
    for call, shown, known in calls_of(view, offers, defined):
        if (
            shown
            and call.ending == "executed"
            and any(
                (allowed := defined.allowed(records.at(time)))
                and all(defined.strays(s, allowed) for s in shown)
                for time in times_of(call.evidence)
            )
        ):
            called.append(call)
            sure = sure or known
    listings = offers.of(defined.agent, defined.names, defined.servers)
    strange = [s for s in listings if defined.strays(s, defined.allowed(records.at(s.evidence.time)))]
    if not strange:
        return _as_approved(view, records, offers, defined, listings)
    approved = not any(defined.strays(s, defined.allowed(records.latest)) for s in strange)
    evidence = tuple(sorted(c.evidence for c in called)) or _ends(strange)
    back = not called and strange[-1] != listings[-1]
    ended = "approved since" if approved else "the approved one is shown again" if back else ""
    end = max(d.recorded for d in records.latest) if approved else listings[-1].evidence.time if back else 0
    does = "called" if called else "is offered"
    title = f"{_who(view, defined.agent)} {does} {defined.name} by a definition that is not the approved one"
    return view.verdict(
        CONTROL,
        subject=defined.subject,
        value="assumed" if approved else "proven" if back else "violated",
        title=title,
        reason=_why(view, defined, records, strange, listings, called) + (f"; {ended}" if ended else ""),
        severity=CALLED_SEVERITY if called else OFFERED_SEVERITY,
        confidence=Confidence.HIGH if sure or not called else Confidence.MEDIUM,
        claim=(*_claim(records.at(strange[0].evidence.time)), strange[0].evidence),
        evidence=evidence,
        episodes=(Episode(strange[0].evidence.time, end, "another definition than the approved one"),),
        next_step=f"ask {view.owner or 'the owner'} whether the new definition of {defined.name} is meant",
        truncated=offers.truncated,
    )


def _why(
    view: View,
    defined: DefinedTool,
    records: Records,
    strange: list[Listing],
    listings: list[Listing],
    called: list[Call],
) -> str:
    """What was called by which definition, who changed it, and when."""
    first = strange[0]
    allowed = defined.allowed(records.at(first.evidence.time))
    digests = sorted(digests_in(first, defined.names) - allowed)
    before = [one for one in listings if one.evidence.time < first.evidence.time]
    was = f", which showed the approved one last at {iso(before[-1].evidence.time)}" if before else ""
    gone = any(s.truncated for c in view.dossier.calls.values() for s in c.channels.values())
    seen = times(tuple(c.evidence for c in called), "call", gone)
    calls = f"{seen} on record; " if called else ""
    return (
        f"{calls}{first.server} shows {' and '.join(digests)} since {iso(first.evidence.time)}{was}; "
        f"approved is {' or '.join(sorted(allowed))}"
    )


def _as_approved(
    view: View, records: Records, offers: Offers, defined: DefinedTool, listings: list[Listing]
) -> Verdict:
    """No other definition than the approved one is known to have been shown."""
    last = listings[-1] if listings else None
    restless = bool(last) and any(offers.flapping(one.agent, one.server) for one in listings)
    if restless:
        reason = "its server makes its list anew more often than lists are remembered: not all were compared"
    elif last:
        reason = f"the approved definition was shown last at {iso(last.evidence.time)}"
    else:
        reason = "no list that shows its definition was seen"
    return view.verdict(
        CONTROL,
        subject=defined.subject,
        value="violated" if restless else "proven" if last else "unverifiable",
        title=f"{_who(view, defined.agent)} may call {defined.name} by an approved definition",
        reason=reason,
        severity=OFFERED_SEVERITY if restless else None,
        claim=_claim(records.at(last.evidence.time if last else 0)),
        evidence=(last.evidence,) if last else (),
    )


def _changed(view: View, records: Records, offers: Offers, agent: str) -> Iterator[Verdict]:
    """Yields a verdict for each server on definitions that changed after their approval and have no approved
    digest."""
    for server, (changed, again) in changes_of(records, offers, agent).items():
        names = sorted(changed)
        evidence = tuple(sorted({one.evidence for one in changed.values()}))
        yield view.verdict(
            CONTROL,
            subject=f"{agent} {server} definitions",
            value="assumed" if again else "violated",
            title=f"{_who(view, agent)}: definitions of {server} changed after they were approved",
            reason=f"{_listed(names)}, first at {iso(evidence[0].time)}; no record approves them by a digest"
            + ("; a record was made since" if again else "")
            + ("; they change with every list" if offers.flapping(agent, server) else ""),
            severity=CHANGED_SEVERITY,
            claim=_claim(records.at(evidence[0].time)),
            evidence=evidence,
            episodes=(Episode(evidence[0].time, again, "another definition than before"),),
            truncated=offers.truncated,
        )


def _offered(view: View, records: Records, offers: Offers, clock: Clock) -> Verdict:
    """The row of the agent: whether what it is offered is approved."""
    found = beyond_of(view, records, offers)
    open_ = sorted(name for name, one in found.items() if not one.end)
    last = offers.judged(records)
    evidence = tuple(sorted({e for one in found.values() for e in (one.first, one.last)}))
    if found:
        end = 0 if open_ else max(one.end for one in found.values())
        return view.verdict(
            CONTROL,
            subject=view.key,
            value="violated" if open_ else "proven" if all(o.gone for o in found.values()) else "assumed",
            title=f"{named(view)} is offered {_listed(open_ or sorted(found))}, which is not approved",
            reason=f"offered first at {iso(evidence[0].time)}, last at {iso(evidence[-1].time)}; "
            + ("not called, as far as is known" if open_ else "approved since, or not offered any more"),
            severity=OFFERED_SEVERITY,
            claim=_claim(records.at(evidence[0].time)),
            evidence=evidence,
            episodes=(Episode(evidence[0].time, end, "offered beyond the catalogue"),),
            next_step=f"ask {view.owner or 'the owner'} whether these tools are meant",
            truncated=offers.truncated,
        )
    if last:
        reason = f"all that it was offered is approved, last seen at {iso(last.evidence.time)}"
    elif offers.listings:
        reason = "lists of what it was offered are older than the record"
    elif missing := uncollected(view.key, clock):
        reason = f"{missing} what it is offered"
    else:
        reason = "nothing on record shows what it is offered"
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="proven" if last else "assumed" if offers.listings else "unverifiable",
        title=f"{named(view)} is to be offered approved tools alone",
        reason=reason,
        claim=_claim(records.latest),
        evidence=(last.evidence,) if last else (),
    )


def _listed(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _ends(listings: list[Listing]) -> tuple[Evidence, ...]:
    every = sorted({one.evidence for one in listings})
    return tuple(every if len(every) <= 2 else (every[0], every[-1]))


def _who(view: View, agent: str) -> str:
    return named(view) if agent == view.key else f"{spoken(agent)} of {named(view)}"


def _claim(catalogue: Catalogue) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            d.recorded, d.uid, d.source, operation="approved tools", arrived=d.arrived, processed=d.processed
        )
        for d in catalogue
        if d.tools is not None
    )
