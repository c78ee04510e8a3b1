"""The story: a day of two accounts, the cases among the noise of everybody's routine, and the truth about
them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from infra.simulator.cases import CASES, CLAIM, CONTRADICTION, PROOF, Case, Step
from infra.simulator.chance import Chance
from infra.simulator.cloudtrail import CloudTrail, Record
from infra.simulator.estate import PROD, Holder, estate
from infra.simulator.verbs import ROUTINES, VERBS, About

DAY = timedelta(hours=21)
"""Length of the story: it ends before midnight, so that a run on the evening of its date holds no future."""

CALLS_PER_IDENTITY = 68
SESSION_HOURS = 6
DELIVERY_MINUTES = (2.0, 14.0)
"""CloudTrail delivers within about 15 minutes, in no order."""

ENDS_KEY = frozenset({"delete_key", "disable_key", "delete_user"})


@dataclass
class Sent:
    """A record and when CloudTrail delivers it."""

    moment: datetime
    delivered: datetime
    record: Record


@dataclass
class Story:
    """What was written, and what is true of it. ``marked``: event ids of each case by their mark."""

    start: datetime
    holders: dict[str, Holder]
    sent: list[Sent] = field(default_factory=list)
    marked: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @property
    def until(self) -> datetime:
        """The end of the day that is told."""
        return self.start + DAY


def tell(seed: int, start: datetime) -> Story:
    """Returns the whole story; the same seed and start give the same bytes."""
    chance = Chance(seed)
    story = Story(start, estate(chance))
    teller = _Teller(story, chance)
    for case in CASES:
        teller.play(case)
    for holder in list(story.holders.values()):
        if holder.handle == holder.name:
            teller.work(holder)
    story.sent.sort(key=lambda sent: (sent.delivered, sent.record["eventID"]))
    return story


def at(start: datetime, moment: str) -> datetime:
    """Returns a time of the story's day, or the beginning of a date."""
    if "-" in moment:
        return datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return datetime.combine(start.date(), time.fromisoformat(moment), UTC)


class _Teller:
    def __init__(self, story: Story, chance: Chance) -> None:
        self._story = story
        self._chance = chance
        self._trail = CloudTrail(chance)

    def play(self, case: Case) -> None:
        marked = self._story.marked.setdefault(case.name, {CLAIM: [], CONTRADICTION: [], PROOF: []})
        for turn, step in enumerate(case.steps):
            moment = at(self._story.start, step.at)
            record = self._assume(step, moment) if step.verb == "assume" else self._call(step, moment, turn)
            self._send(record, moment, step.late)
            if step.mark:
                marked[step.mark].append(record["eventID"])

    def work(self, holder: Holder) -> None:
        """Tells a day of routine, at uneven times, until the holder's first end."""
        verbs = ROUTINES[holder.routine]
        until = self._quiet_from(holder)
        calls = sorted(self._chance.uniform(0, DAY.total_seconds()) for _ in range(CALLS_PER_IDENTITY))
        acting = holder
        for turn, seconds in enumerate(calls):
            moment = self._story.start + timedelta(seconds=int(seconds))
            if not verbs or moment >= until:
                return
            if holder.kind == "role" and (not acting.made or moment >= self._over(acting)):
                acting = self._instance(holder, moment)
            verb = self._chance.choice(verbs)
            self._send(self._call(Step("", acting.handle, verb), moment, turn, acting), moment)

    def _over(self, session: Holder) -> datetime:
        return datetime.fromisoformat(session.made) + timedelta(hours=SESSION_HOURS)

    def _instance(self, role: Holder, moment: datetime) -> Holder:
        """EC2 fetches the session of an instance's role a moment before its first call."""
        asked = moment - timedelta(seconds=1)
        until = asked + timedelta(hours=SESSION_HOURS)
        record, session = self._trail.assume(_service("ec2", role.account), asked, role, until, role.handle)
        self._send(record, asked)
        return session

    def _assume(self, step: Step, moment: datetime) -> Record:
        role = self._holder(step.of)
        caller = _service(step.who, role.account) if step.who == "ec2" else self._holder(step.who)
        until = moment + timedelta(hours=step.hours)
        record, session = self._trail.assume(caller, moment, role, until, step.into)
        self._story.holders[step.into] = session
        return record

    def _call(self, step: Step, moment: datetime, turn: int, caller: Holder | None = None) -> Record:
        who = caller or self._holder(step.who)
        verb = VERBS[step.verb]
        about = About(who, self._holder(step.of) if step.of else who, moment, turn)
        touched = verb.touches(about) if verb.touches else None
        return self._trail.record(
            who,
            moment,
            verb.service,
            verb.operation,
            request=verb.request(about),
            response=verb.response(about),
            error=step.error,
            resources=[{"type": touched[0], "ARN": touched[1]}] if touched else None,
            writes=verb.writes,
            through=step.through,
        )

    def _holder(self, handle: str) -> Holder:
        """Known by its handle; ``user.suffix`` is a further key of the user, made when it is first spoken
        of."""
        if handle not in self._story.holders:
            user = self._story.holders[handle.partition(".")[0]]
            key = self._chance.unique_id("AKIA")
            self._story.holders[handle] = replace(user, handle=handle, key=key)
        return self._story.holders[handle]

    def _quiet_from(self, holder: Holder) -> datetime:
        """From when the holder's routine must not blur a case: its key's or sessions' end, its
        decommissioning."""
        ends = [
            at(self._story.start, step.at)
            for case in CASES
            for step in case.steps
            if step.of == holder.handle and step.verb in ENDS_KEY | {"revoke_sessions"} and not step.error
        ]
        ends += [
            at(self._story.start, status.since)
            for case in CASES
            for status in case.statuses
            if status.who == holder.handle and status.value != "active"
        ]
        ends += [at(self._story.start, c.revoked) for c in CASES if c.revoked and c.subject == holder.handle]
        return min(ends, default=self._story.until)

    def _send(self, record: Record, moment: datetime, late: int = 0) -> None:
        minutes = self._chance.uniform(*DELIVERY_MINUTES) + late
        self._story.sent.append(Sent(moment, moment + timedelta(minutes=minutes), record))


def _service(name: str, account: str) -> Holder:
    return Holder(name, "service", f"{name}.amazonaws.com", account or PROD, "", "", owner="aws")


def truth(story: Story, seed: int) -> dict[str, Any]:
    """Returns what should be said of the story, with the event ids that it hangs on."""
    return {
        "seed": seed,
        "start": story.start.isoformat().replace("+00:00", "Z"),
        "until": story.until.isoformat().replace("+00:00", "Z"),
        "events": len(story.sent),
        "cases": [_row_of(case, story) for case in CASES],
    }


def _row_of(case: Case, story: Story) -> dict[str, Any]:
    holder = story.holders[case.subject]
    subjects = {
        "credential": holder.credential,
        "identity": holder.identity,
        "sessions": f"{holder.identity} sessions",
    }
    marked = story.marked[case.name]
    return {
        "case": case.name,
        "says": case.says,
        "control": case.control or None,
        "severity": case.severity or None,
        "subject": subjects[case.about],
        "identity": holder.identity,
        "claim": marked[CLAIM],
        "contradictions": marked[CONTRADICTION],
        "proofs": marked[PROOF],
    }
