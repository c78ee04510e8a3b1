"""Calls: how each call of a tool ended, when its spans say several things.

| channel | what was seen | worth |
|---|---|---|
| disowned | the chain of parents says that another made the call, or that it is a mirror of one | no call |
| served | the server's own span ended without error | executed |
| denied | a gateway, or the product itself, refused | refused |
| declined | the server refused by the protocol | refused |
| executed | the framework's span ended without error, or with one on a tool that was offered | executed |
| refused | the error's text says that the tool is unknown, or the tool was not offered | refused |
| deferred | the call was put off | deferred |
| hidden | the product does not tell the tool's name | hidden |
| transferring | a tool of the framework hands over to an agent that was not seen | transferring |
| undecided | an error, no more | undecided |
| sent | only a client's span without error, which some write whatever the answer | executed, less surely |
| unanswered | a request, and no answer to it | unanswered |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

from correlators.kernel.views.wording import times
from schemas.dossier import Calls
from schemas.evidence import Evidence, iso, micros
from schemas.span import is_unnamed
from schemas.verdict import Confidence

Ending = Literal["executed", "refused", "undecided", "deferred", "hidden", "transferring", "unanswered"]

DENIED = "denied"

LATE = micros(timedelta(days=1))
"""An exporter that tries again gives up within minutes; a file of spans is sent the same day. Who writes of a
time at which he was still allowed, writes later than that."""

HANDOFF = "-> "
UNNAMED = "(an agent not named)"

RANKED: tuple[tuple[str, Ending | None], ...] = (
    ("disowned", None),
    ("served", "executed"),
    (DENIED, "refused"),
    ("declined", "refused"),
    ("executed", "executed"),
    ("refused", "refused"),
    ("deferred", "deferred"),
    ("hidden", "hidden"),
    ("transferring", "transferring"),
    ("undecided", "undecided"),
    ("sent", "executed"),
    ("unanswered", "unanswered"),
)
"""Channels from the one that outranks all others down, and what each is worth."""


def came_late(call: Evidence) -> bool:
    """Says whether a call came so long after the time it states that it may have been written later, too."""
    return call.arrived > call.time + LATE


def times_of(call: Evidence) -> tuple[int, ...]:
    """Returns the times (µs) by which a call is judged: its own, and, where it came late, that of its
    arrival."""
    return (call.time, call.arrived) if came_late(call) else (call.time,)


def lateness(many: Iterable[Evidence], thinly: bool) -> str:
    """Returns in words how late calls came; "" where no call was late. ``thinly``: some calls were
    dropped."""
    late = tuple(e for e in many if came_late(e))
    if not late:
        return ""
    seen = times(late, "call", thinly)
    return f"; {seen} came more than a day later than said, last at {iso(late[-1].arrived)}"


def call_key(agent: str, tool: str) -> str:
    """Returns the key of an agent's calls of a tool in its dossier. It names the agent, for two agents may be
    one identity."""
    return f"{agent}\t{tool}"


def handoff_key(agent: str, target: str) -> str:
    """Returns the key of an agent's hand-offs to another ("" not named)."""
    return f"{agent}\t{HANDOFF}{target or UNNAMED}"


def parted(key: str) -> tuple[str, str]:
    """Returns the agent and the tool (or the agent handed to) of a key."""
    agent, _, tool = key.partition("\t")
    return agent, tool.removeprefix(HANDOFF)


class Call(NamedTuple):
    """One call: its evidence, how it ended, how sure that is, by which channel, in which session of a server
    ("" none, or not known)."""

    evidence: Evidence
    ending: Ending
    confidence: Confidence = Confidence.HIGH
    channel: str = ""
    session: str = ""


def endings(key: str, calls: Calls) -> Iterator[Call]:
    """Yields every call under a key that is remembered, once, its evidence written out.

    Low confidence: what would say otherwise may have been let go.
    """
    agent, tool = parted(key)
    operation = f"handoff {tool}" if calls.handoff else f"execute_tool {tool}"
    known: set[str] = set()
    doubt = False
    for channel, ending in RANKED:
        sightings = calls.channels.get(channel)
        if sightings is None:
            continue
        for evidence in sightings.kept:
            if evidence.uid not in known and ending:
                sure = Confidence.MEDIUM if channel == "sent" else Confidence.HIGH
                known_as = _full(evidence, agent, operation)
                yield Call(known_as, ending, Confidence.LOW if doubt else sure, channel, evidence.asked)
            known.add(evidence.uid)
        doubt = doubt or sightings.truncated


def _full(e: Evidence, actor: str, operation: str) -> Evidence:
    trace = e.uid.partition(":")[0]
    mirrors = tuple(span if ":" in span else f"{trace}:{span}" for span in e.mirrors)
    return Evidence(
        e.time,
        e.uid,
        e.origin,
        actor,
        e.credential,
        operation,
        e.place,
        e.client,
        e.arrived,
        e.processed,
        mirrors,
        "",
        e.asn,
    )


def executed(every: Mapping[str, Calls]) -> tuple[Evidence, ...]:
    """Returns the tool calls of a dossier that were executed; not those of its service that name no agent."""
    return tuple(
        call.evidence
        for key, calls in every.items()
        if not calls.handoff and not is_unnamed(parted(key)[0])
        for call in endings(key, calls)
        if call.ending == "executed"
    )
