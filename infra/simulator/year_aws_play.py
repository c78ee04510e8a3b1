"""Cases in AWS: the story's, with identities of the year standing in for its own."""

from __future__ import annotations

from dataclasses import replace

import orjson

from infra.simulator.cases import Step
from infra.simulator.chance import Chance
from infra.simulator.estate import Holder
from infra.simulator.year_aws import Principal, Trail, ec2
from infra.simulator.year_case import YearCase
from infra.simulator.year_play import Did, Play
from infra.simulator.year_stage import (
    HOUR,
    SECOND,
    at,
    stamp,
)


class AwsPlay(Play):
    """A case around one user or role. Other handles of the story are stood in for by ``others``: an
    administrator, a role, a user."""

    def __init__(
        self,
        case: YearCase,
        number: int,
        day: int,
        seed: int,
        subject: Principal,
        admin: Holder,
        role: Holder,
        user: Holder,
    ) -> None:
        super().__init__(case, number, day, seed)
        self._subject = subject
        self._stand_ins = {"admin": admin, "role": role, "user": user}
        self._trail = Trail(self.chance)
        self._known: dict[str, Holder] = {}

    @property
    def _holder(self) -> Holder:
        return self._named(self.case.subject)

    @property
    def identity(self) -> str:
        """The key of the user or role that the case is played with."""
        return self._holder.identity

    @property
    def credentials(self) -> list[str]:
        """The keys of the credentials that this identity had in the case, sessions among them."""
        own = [
            h.credential
            for name, h in self._known.items()
            if h.key and not name.startswith("admin-") and h not in self._stand_ins.values()
        ]
        return own or [self._holder.credential]

    @property
    def subject(self) -> str:
        """The subject that the finding of this case is about: the identity, its sessions or its access
        key."""
        match self.case.about:
            case "identity":
                return self.identity
            case "sessions":
                return f"{self.identity} sessions"
        return self._holder.credential

    def declared(self) -> list[dict[str, str]]:
        """Returns the access key of the case as the inventory declares it."""
        claims = {"revoked": self.case.revoked, "exposed": self.case.exposed}
        said = {name: stamp(at(self.day, text)) for name, text in claims.items() if text}
        return [{"id": self._subject.holder.credential, **said}] if said else []

    def records(self) -> dict[str, list[dict[str, str]]]:
        """Returns the declarations that the case adds to the inventory, by section."""
        if not self.case.rotated:
            return super().records()
        old, new = self._subject.holder, self._named(f"{self.case.subject}.next")
        cut = {
            "subject": old.credential,
            "at": stamp(at(self.day, self.case.rotated)),
            "successor": new.credential,
        }
        return {"rotations": [cut]}

    def do(self, step: Step, time: int) -> Did:
        """Tells one step at a time in µs, rounded to CloudTrail's seconds; returns its event id and lines."""
        time = time // SECOND * SECOND
        who = ec2(self._subject.holder.account) if step.who == "ec2" else self._named(step.who)
        who = replace(who, place=step.place or who.place, agent=step.client or who.agent)
        if step.verb == "assume":
            role = self._named(step.of)
            record, session = self._trail.assume(who, role, time, round(step.hours * HOUR), step.into)
            self._known[step.into] = session
        else:
            record = self._trail.call(who, step.verb, time, self._named(step.of) if step.of else who, step)
        return Did(record["eventID"], ((time, orjson.dumps(record)),))

    def _named(self, handle: str) -> Holder:
        """Who goes by a handle of the story. ``name.suffix`` is a further key of a user."""
        if handle not in self._known:
            name, further, _ = handle.partition(".")
            if name in MADE_UP:
                holder = self._made_up(name)
            elif name == self.case.subject:
                holder = self._subject.holder
            elif name.startswith("admin-"):
                holder = self._stand_ins["admin"]
            elif name in STORY_ROLES:
                holder = self._stand_ins["role"]
            else:
                holder = self._stand_ins["user"]
            chance = Chance(f"{self.name}/{handle}")
            self._known[handle] = replace(holder, key=chance.unique_id("AKIA")) if further else holder
        return self._known[handle]

    def _made_up(self, name: str) -> Holder:
        """A user that the case makes."""
        principal = Chance(f"{self.name}/{name}").unique_id("AIDA", 17)
        return replace(self._stand_ins["user"], name=f"{name}-{self.name}", principal=principal, key="")


STORY_ROLES = frozenset({"audit-collector", "release-role", "partner-export"})


MADE_UP = frozenset({"shadow-ops", "ghost", "leased"})
"""Users that a case makes and no record knows."""
