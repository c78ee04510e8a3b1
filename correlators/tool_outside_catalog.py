"""An agent executes a tool, or hands over to an agent, that its approved catalogue does not hold.

Fires: a call was carried out of a tool that the catalogue did not approve when the call was made. The
catalogue in force is the latest record from before the call, or the first record for calls before it. A
tool is approved if the name that the model used is approved, or if every name that the call bears further
down is (or is declared as another name of an approved tool). Where the approved tool names its server and
the servers of the call are known, the servers must agree. Where they are not known the name decides, and
the agent's own row is less sure. A call whose record came more than a day late must also be approved when
the record came.
Severity is high, and medium for a hand-over to an agent outside the declared delegates. Confidence is
medium where only the caller's side was seen or only the server differs; it is low where evidence to the
contrary may have been dropped.
Proves: a call of a tool that is not approved was refused (by protocol, gateway or framework; or it failed,
and the tool had not been offered). Nothing is proven of the agent as a whole: its own row is assumed. The
row is unverifiable where the agent was never seen, or no span of its tools was (crewAI under OpenLLMetry
writes none).
Over: a later record approves the tool, which ends the finding: the call was outside the catalogue of its
time. A record from before the call that only arrived after it withdraws the finding. A later refused call
ends nothing, since another instance of the tool may be the one that refuses.
Evaded by: names. A server may give a dangerous tool the name of an approved one (declare servers, and watch
definitions). A tool may fail on purpose with the text of an unknown tool, where no list of offered tools is
seen. A tool named ``transfer_to_agent`` or ``handoff_to_agent`` reads as a hand-over in frameworks that
have such tools. Spans may be sampled away, or a framework writes none.
Benign: a new tool that shipped before its approval; a prefix that a framework adds to names (declare it
under ``also``).
Do: ask the owner whether the tool is meant. Approve it in the inventory; or take it from the agent, and
review what its calls did.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Evidence,
    Freshness,
    Severity,
    Value,
    Verdict,
    View,
    iso,
    named,
    spoken,
    times,
    uncollected,
)
from correlators.kernel.views.approvals import WITHIN, Catalogue, Match, Records, leads_within, match_of
from correlators.kernel.views.calls import DENIED, Call, Ending, came_late, endings, lateness, parted
from schemas.dossier import Calls
from schemas.span import is_unnamed

CONTROL = Control(
    name="tool_outside_catalog",
    version="1",
    title="Agent executes a tool outside its approved catalogue",
    owasp=("NHI5:2025", "ASI02:2026", "ASI03:2026"),
    attack=(("T1078", "Valid Accounts"),),
    nist=("AC-3", "CM-7(5)"),
    csf=("PR.AA-05", "DE.CM-03"),
    tenets=(4,),
    bound=True,
    freshness=Freshness(
        timedelta(days=30),
        "what refuses calls is set up anew with each release of the gateway or framework",
    ),
    needs=frozenset({"stated"}),
    remediation="Ask the owner whether the tool is meant. Approve it in the inventory, or take it from the "
    "agent and review what its calls did.",
)

TOOL_SEVERITY = Severity.HIGH
"""An agent that acts beyond its approval has, for that call, no control over it."""
HANDOFF_SEVERITY = Severity.MEDIUM
"""The agent handed to has a catalogue of its own, which is judged."""


OTHER_TOOL_SEVERITY = Severity.LOW
"""Frameworks rename tools: that the server names another is no sure violation."""

OUTCOMES: tuple[tuple[Ending, Value], ...] = (
    ("refused", "proven"),
    ("undecided", "indeterminate"),
    ("unanswered", "indeterminate"),
    ("deferred", "indeterminate"),
    ("transferring", "indeterminate"),
    ("hidden", "unverifiable"),
)
WHY: dict[Ending, str] = {
    "refused": "not approved, and refused",
    "undecided": "not approved; it ended in an error, and nothing on record says if it ran",
    "unanswered": "not approved; it was asked for, and no answer is on record: it may have run",
    "deferred": "not approved; it was put off, to wait for an approval",
    "transferring": "it would hand over to a declared delegate, who was not seen to run since",
    "hidden": "its product does not tell which tool that is",
}
NOBODYS_SHOWN = 10
"""Names of tools in one row."""

CONTRADICTED = ("declined", "refused")
"""Refusals by the word of a server, which its own list of tools may contradict."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each tool and agent that was called against a declared catalogue, and one for
    the agent as a whole."""
    records = Records(view)
    if not records.claims:
        return
    for key, calls in sorted(view.dossier.calls.items()):
        if is_unnamed(parted(key)[0]) and not is_unnamed(view.key):
            continue
        verdict = _judged(view, records, key, calls)
        if verdict:
            yield verdict
    if any(d.tools is not None for d in records.latest) and not is_unnamed(view.key):
        yield _agent(view, records, clock)


def _judged(view: View, records: Records, key: str, calls: Calls) -> Verdict | None:
    _, tool = parted(key)
    outside: dict[Ending, list[Call]] = {"executed": [], **{ending: [] for ending, _ in OUTCOMES}}
    matches: dict[str, Match] = {}
    for call in endings(key, calls):
        catalogue = records.at(call.evidence.time)
        match = match_of(catalogue, tool, calls)
        if match in WITHIN and came_late(call.evidence):
            match = match_of(records.at(call.evidence.arrived), tool, calls)
        if match and match not in WITHIN:
            outside[_ending(view, key, call, leads_within(catalogue, calls))].append(call)
            matches[call.evidence.uid] = match
    if outside["executed"]:
        denied = [call for call in outside["refused"] if call.channel == DENIED]
        return _violated(view, records, key, calls, outside["executed"], matches, denied)
    if match_of(records.latest, tool, calls) in WITHIN:
        return None
    for ending, value in OUTCOMES:
        if outside[ending]:
            return _row(view, records, key, calls, (ending, value), outside[ending])
    return None


def _ending(view: View, key: str, call: Call, leads: bool) -> Ending:
    """A transfer that leads to no declared delegate is a call like others; a server that listed the tool
    before contradicts itself where it says that there is none."""
    if call.ending == "transferring" and not leads:
        return "executed"
    offered = view.dossier.offered.get(key)
    if call.channel in CONTRADICTED and offered and offered.time <= call.evidence.time:
        return "undecided"
    return call.ending


def _violated(
    view: View, records: Records, key: str, calls: Calls, executed: list[Call], matches: dict[str, Match],
    denied: list[Call],
) -> Verdict:  # fmt: skip
    agent, tool = parted(key)
    evidence = _sorted(executed)
    others = [name for name in calls.names if name != tool]
    also = f"; also seen as {', '.join(others)}" if others and not calls.handoff else ""
    now = match_of(records.latest, tool, calls)
    ended = "; approved since" if now in WITHIN else "" if now else "; the catalogue was taken back since"
    end = max(d.recorded for d in records.latest) if ended else 0
    gone = any(s.truncated for s in calls.channels.values())
    refused = (
        f"; not enforced: it was refused {_when(denied)}, and carried out by another way" if denied else ""
    )
    return view.verdict(
        CONTROL,
        subject=_subject(key),
        value="assumed" if ended else "violated",
        title=f"{_who(view, agent)} {_what(tool, calls, {matches[e.uid] for e in evidence})}",
        reason=f"{times(evidence, 'call', gone)} on record, {_span(evidence)}{also}{refused}{ended}"
        + _late(evidence, gone),
        severity=_severity(calls, {matches[e.uid] for e in evidence}),
        confidence=_confidence(executed, matches),
        claim=_claim(records.at(evidence[0].time), calls.handoff),
        evidence=evidence,
        episodes=(Episode(evidence[0].time, end, "outside the catalogue"),),
        next_step=f"ask {view.owner or 'the owner'} whether {tool} is meant",
        truncated=any(s.truncated for s in calls.channels.values()),
    )  # fmt: skip


def _when(denied: list[Call]) -> str:
    return f"at {iso(max(call.evidence.time for call in denied))}"


def _late(evidence: tuple[Evidence, ...], gone: bool) -> str:
    said = lateness(evidence, gone)
    return f"{said}, and the catalogue of then counts as well" if said else ""


def _span(evidence: tuple[Evidence, ...]) -> str:
    return f"{iso(evidence[0].time)} to {iso(evidence[-1].time)}"


def _severity(calls: Calls, matches: set[Match]) -> Severity:
    if matches == {"other tool"}:
        return OTHER_TOOL_SEVERITY
    return HANDOFF_SEVERITY if calls.handoff else TOOL_SEVERITY


def _what(tool: str, calls: Calls, matches: set[Match]) -> str:
    if calls.handoff:
        return f"handed over to {tool}, which its record does not name as a delegate"
    if matches == {"other server"}:
        return f"executed {tool}, approved for another server than {', '.join(calls.servers)}"
    if matches == {"other tool"}:
        others = ", ".join(name for name in calls.names if name != tool)
        return f"called {tool}, which is approved, and the server names {others}, which is not"
    return f"executed {tool}, which its catalogue does not approve"


def _confidence(executed: list[Call], matches: dict[str, Match]) -> Confidence:
    """That of the surest call."""
    caps = {"other server": Confidence.MEDIUM, "other tool": Confidence.LOW}
    return max(
        min(call.confidence, caps.get(matches[call.evidence.uid], Confidence.HIGH)) for call in executed
    )


def _row(
    view: View,
    records: Records,
    key: str,
    calls: Calls,
    ended: tuple[Ending, Value],
    found: list[Call],
) -> Verdict:
    agent, tool = parted(key)
    ending, value = ended
    evidence = _sorted(found)
    return view.verdict(
        CONTROL,
        subject=_subject(key),
        value=value,
        title=f"{_who(view, agent)} tried {tool}, which its catalogue does not approve",
        reason=f"{WHY[ending]}, last at {iso(evidence[-1].time)}",
        claim=_claim(records.at(evidence[0].time), calls.handoff),
        evidence=evidence,
        truncated=any(s.truncated for s in calls.channels.values()),
    )


def _agent(view: View, records: Records, clock: Clock) -> Verdict:
    """The row of the agent as a whole."""
    own = {key: calls for key, calls in view.dossier.calls.items() if not is_unnamed(parted(key)[0])}
    tools = any(not calls.handoff for calls in own.values())
    nobodys = _nobodys(view)
    seen = (view.dossier.seen,) if view.dossier.seen else ()
    value: Value = "unverifiable"
    by_name = _by_name(view, records)
    if nobodys and not tools:
        reason = f"calls of its service name no agent, and may be its own: {', '.join(nobodys)}"
    elif not seen and (missing := uncollected(view.key, clock)):
        reason = f"{missing} its calls"
    elif not seen:
        reason = "no span of this agent was seen (sampled away, not instrumented, or idle)"
    elif not tools:
        reason = "its spans show no tool calls at all: its framework may write none"
    else:
        value = "assumed"
        reason = "the tool calls that were seen are approved, but for those reported on their own"
        if by_name:
            reason += f"; by name alone, for their server is not known: {', '.join(by_name)}"
        if nobodys:
            reason += f"; calls of its service that name no agent: {', '.join(nobodys)}"
    return view.verdict(
        CONTROL,
        subject=view.key,
        value=value,
        title=f"{named(view)} has an approved catalogue of tools",
        reason=reason,
        confidence=Confidence.MEDIUM if by_name else Confidence.HIGH,
        claim=_claim(records.latest, False),
        evidence=seen,
    )


def _nobodys(view: View) -> list[str]:
    """Tools that were called in the agent's service by calls that name no agent, and count as such."""
    found = {
        parted(key)[1]
        for key, calls in view.dossier.calls.items()
        if is_unnamed(parted(key)[0]) and any(endings(key, calls))
    }
    return sorted(found)[:NOBODYS_SHOWN]


def _by_name(view: View, records: Records) -> list[str]:
    """Tools whose calls are approved at a server, and were seen without one."""
    return [
        parted(key)[1]
        for key, calls in sorted(view.dossier.calls.items())
        if any(
            match_of(records.at(call.evidence.time), parted(key)[1], calls) == "by name"
            for call in endings(key, calls)
        )
    ]


def _sorted(calls: list[Call]) -> tuple[Evidence, ...]:
    return tuple(sorted(call.evidence for call in calls))


def _subject(key: str) -> str:
    return " ".join(key.split("\t"))


def _who(view: View, agent: str) -> str:
    if is_unnamed(agent):
        return f"{agent} (an agent that no span names)"
    return named(view) if agent == view.key else f"{spoken(agent)} of {named(view)}"


def _claim(catalogue: Catalogue, handoff: bool) -> tuple[Evidence, ...]:
    """The records in force that speak of tools (or delegates)."""
    what = "approved delegates" if handoff else "approved tools"
    return tuple(
        Evidence(d.recorded, d.uid, d.source, operation=what, arrived=d.arrived, processed=d.processed)
        for d in catalogue
        if (d.delegates if handoff else d.tools) is not None
    )
