"""A year in AWS: users with keys that are rotated, roles with sessions and chains of them; people; and the cases of the story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import orjson

from infra.simulator.cases import Step
from infra.simulator.chance import Chance
from infra.simulator.cloudtrail import CloudTrail, Record
from infra.simulator.estate import AGENTS, Holder
from infra.simulator.year_cases import YearCase
from infra.simulator.year_play import Did, Play
from infra.simulator.year_stage import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WORKS_FROM,
    WORKS_UNTIL,
    Line,
    at,
    calls_today,
    moment_of,
    moments,
    stamp,
    uuid_of,
)
from infra.simulator.verbs import ROUTINES, VERBS, About

ACCOUNTS = tuple(f"{n:04}22223333" for n in range(1101, 1109))
ROUTINE_OF = ("objects", "service", "small", "deploy")
ROTATES_EVERY = 90 * DAY
MOVES_EVERY = 80 * DAY
SESSION = 6 * HOUR
CHAINED = HOUR
BUSY = 5 * HOUR
"""A role's session is used within so long of its beginning."""

HOLES = ("key", "session", "made", "place", "time", "event", "request")


@dataclass
class Principal:
    """A user or role and when its routine must rest. ``holder.key`` of a user changes with rotations."""

    holder: Holder
    chance: Chance
    number: int
    quiet: tuple[int, int] = (1 << 62, 1 << 62)

    @property
    def identity(self) -> str:
        return self.holder.identity

    def place(self, time: int) -> str:
        """Where it works; some who play no case move to another network after months, over night."""
        if self.quiet[0] < 1 << 62 or self.number % 8 != 5 or time // MOVES_EVERY % 2 == 0:
            return self.holder.place
        return f"100.70.{self.number // 200}.{self.number % 200 + 10}"


def user_of(number: int, seed: int) -> Principal:
    place = f"100.{64 + number % 3}.{number // 200}.{number % 200 + 10}"
    return _principal("user", f"workload-{number:04}", number, place, seed)


def role_of(number: int, seed: int) -> Principal:
    return _principal(
        "role",
        f"service-{number:04}",
        number,
        f"10.{20 + number % 3}.{number // 200}.{number % 200 + 10}",
        seed,
    )


def admin_of(number: int, seed: int) -> Principal:
    made = _principal("user", f"person-{number:02}", number, f"203.0.113.{number + 10}", seed)
    return replace(
        made,
        holder=replace(
            made.holder, agent=AGENTS["cli"], routine="people", account=ACCOUNTS[number % len(ACCOUNTS)]
        ),
    )


def _principal(kind: str, name: str, number: int, place: str, seed: int) -> Principal:
    chance = Chance(f"{seed}/aws/{name}")
    agents = list(AGENTS.values())
    holder = Holder(
        name, "user" if kind == "user" else "role", name, ACCOUNTS[number % len(ACCOUNTS)], place, agents[number % len(agents)],
        "eu-central-1" if number % 2 else "eu-west-1", f"team-{number % 40}", routine=ROUTINE_OF[number % 4],
        principal=chance.unique_id("AIDA" if kind == "user" else "AROA", 17), key=chance.unique_id("AKIA") if kind == "user" else "",
    )  # fmt: skip
    return Principal(holder, chance, number)


class Trail:
    """Records of one account's callers; those of everyday from templates, for they are nearly all there are."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.writer = CloudTrail(chance)
        self._templates: dict[tuple[str, str, str], bytes] = {}

    def usual(self, who: Holder, verb: str, time: int, place: str) -> Line:
        """A call of somebody's routine, from a template with seven holes."""
        template = self._templates.get((who.name, who.key[:4], verb))
        if template is None:
            template = self._templates[who.name, who.key[:4], verb] = self._template(who, verb)
        body = template % {
            b"key": who.key.encode(), b"session": who.session.encode(), b"made": who.made.encode(), b"place": place.encode(),
            b"time": stamp(time).encode(), b"event": uuid_of(self.chance).encode(), b"request": uuid_of(self.chance).encode(),
        }  # fmt: skip
        return Line(time, body)

    def _template(self, who: Holder, verb: str) -> bytes:
        hollow = replace(
            who, key="@key@", session="@session@" if who.session else "", made="@made@", place="@place@"
        )
        record = self.call(hollow, verb, 0, hollow)
        record |= {"eventTime": "@time@", "eventID": "@event@", "requestID": "@request@"}
        body = orjson.dumps(record).replace(b"%", b"%%")
        for hole in HOLES:
            body = body.replace(f"@{hole}@".encode(), f"%({hole})s".encode())
        return body

    def call(self, who: Holder, verb: str, time: int, of: Holder, step: Step | None = None) -> Record:
        does = VERBS[verb]
        about = About(who, of, moment_of(time), 1)
        touched = does.touches(about) if does.touches else None
        return self.writer.record(
            who, moment_of(time), does.service, does.operation, request=does.request(about), response=does.response(about),
            error=step.error if step else None, resources=[{"type": touched[0], "ARN": touched[1]}] if touched else None,
            writes=does.writes, through=step.through if step else "", unnamed=bool(step and step.unnamed),
        )  # fmt: skip

    def assume(
        self, who: Holder, role: Holder, time: int, span: int, handle: str = ""
    ) -> tuple[Record, Holder]:
        return self.writer.assume(who, moment_of(time), role, moment_of(time + span), handle)


def ec2(account: str) -> Holder:
    return Holder("ec2", "service", "ec2.amazonaws.com", account, "", "", owner="aws")


def _line(record: Record, time: int) -> Line:
    return Line(time, orjson.dumps(record))


class UserLife:
    """A user's days. Every fifth asks for the session of a role for each of its calls; those without a case get new keys every
    three months."""

    def __init__(self, user: Principal, rotator: Holder, deputy: Holder | None, since: int) -> None:
        self._user = user
        self._rotator = rotator
        self._deputy = deputy
        self._trail = Trail(user.chance)
        self._rotates = since + user.chance.randrange(5, 80) * DAY
        self._ending: list[tuple[int, str, Holder]] = []

    def day(self, start: int, calls: int) -> Iterator[Line]:
        user, chance = self._user, self._user.chance
        yield from self._rotation(start)
        holder = user.holder
        verbs = ROUTINES[holder.routine]
        place = user.place(start)
        session, over = holder, 0
        for time in moments(chance, start, WORKS_FROM, WORKS_UNTIL - WORKS_FROM, calls):
            verb = chance.choice(verbs)
            if user.quiet[0] <= time < user.quiet[1]:
                continue
            if self._deputy and time > over:
                who = replace(holder, place=place)
                record, session = self._trail.assume(who, self._deputy, time - 2 * SECOND, CHAINED)
                session = replace(session, handle=holder.name)
                over = time + 50 * MINUTE
                yield _line(record, time - 2 * SECOND)
            yield self._trail.usual(session if self._deputy else holder, verb, time, place)

    def _rotation(self, start: int) -> Iterator[Line]:
        """Over night: a new key; the old one is disabled the next night, and deleted after a week."""
        user, trail = self._user, self._trail
        for when, verb, holder in [due for due in self._ending if due[0] <= start]:
            yield _line(trail.call(self._rotator, verb, start + HOUR, holder), start + HOUR)
            self._ending.remove((when, verb, holder))
        if start < self._rotates or user.quiet[0] < 1 << 62:
            return
        self._rotates = start + ROTATES_EVERY
        old, user.holder = user.holder, replace(user.holder, key=user.chance.unique_id("AKIA"))
        yield _line(trail.call(self._rotator, "create_key", start + 2 * HOUR, user.holder), start + 2 * HOUR)
        self._ending += [(start + DAY, "disable_key", old), (start + 7 * DAY, "delete_key", old)]


class RoleLife:
    """A role's days: an instance's session of six hours on each; every sixth goes on to another role from there."""

    def __init__(self, role: Principal, next_role: Holder | None) -> None:
        self._role = role
        self._next = next_role
        self._trail = Trail(role.chance)

    def day(self, start: int, calls: int) -> Iterator[Line]:
        role, chance, trail = self._role, self._role.chance, self._trail
        begins = start + WORKS_FROM + int(chance.random() * (WORKS_UNTIL - WORKS_FROM - SESSION))
        rests = begins + SESSION > role.quiet[0] and begins < role.quiet[1]
        if not calls or rests:
            return
        place = role.place(start)
        record, session = trail.assume(ec2(role.holder.account), role.holder, begins, SESSION)
        session = replace(session, handle=role.holder.name, place=place)
        yield _line(record, begins)
        verbs = ROUTINES[role.holder.routine]
        if self._next:
            record, chained = trail.assume(session, self._next, begins + MINUTE, CHAINED)
            yield _line(record, begins + MINUTE)
            yield trail.usual(chained, "list_buckets", begins + 2 * MINUTE, place)
        for time in moments(chance, begins, SECOND, BUSY, calls):
            yield trail.usual(session, chance.choice(verbs), time, place)


class PersonLife:
    """An administrator looks around."""

    def __init__(self, person: Principal) -> None:
        self._person = person
        self._trail = Trail(person.chance)

    def day(self, start: int, calls: int) -> Iterator[Line]:
        person = self._person
        for time in moments(
            person.chance, start, WORKS_FROM, WORKS_UNTIL - WORKS_FROM, calls_today(person.chance, 3)
        ):
            yield self._trail.usual(
                person.holder, person.chance.choice(ROUTINES["people"]), time, person.holder.place
            )


class AwsPlay(Play):
    """A case around one user or role. Other handles of the story are stood in for by ``others``: an administrator, a role, a user."""

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
        return self._holder.identity

    @property
    def credentials(self) -> list[str]:
        own = [
            h.credential
            for name, h in self._known.items()
            if h.key and not name.startswith("admin-") and h not in self._stand_ins.values()
        ]
        return own or [self._holder.credential]

    @property
    def subject(self) -> str:
        match self.case.about:
            case "identity":
                return self.identity
            case "sessions":
                return f"{self.identity} sessions"
        return self._holder.credential

    def declared(self) -> list[dict[str, str]]:
        """Its key as the inventory has it."""
        told = {"revoked": self.case.revoked, "exposed": self.case.exposed}
        said = {name: stamp(at(self.day, text)) for name, text in told.items() if text}
        return [{"id": self._subject.holder.credential, **said}] if said else []

    def records(self) -> dict[str, list[dict[str, str]]]:
        if not self.case.rotated:
            return super().records()
        old, new = self._subject.holder, self._named(f"{self.case.subject}.next")
        cut = {"subject": old.credential, "at": stamp(at(self.day, self.case.rotated)), "successor": new.credential}
        return {"rotations": [cut]}

    def do(self, step: Step, time: int) -> Did:
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
MADE_UP = frozenset({"shadow-ops", "ghost"})
"""Users that a case makes and no record knows."""

ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
TRUSTING = ACCOUNTS[0]
"""The account whose roles trust the cluster's service accounts."""


def subject_of(namespace: str, name: str) -> str:
    return f"system:serviceaccount:{namespace}:{name}"


def exchanged(chance: Chance, namespace: str, name: str, place: str, time: int) -> tuple[str, bytes]:
    """A service account's token, exchanged for a role's session: the event's id, and its record."""
    subject, provider = subject_of(namespace, name), f"arn:aws:iam::{TRUSTING}:oidc-provider/{ISSUER}"
    role = Holder(f"irsa-{name}", "role", f"irsa-{name}", TRUSTING, place, "", principal=Chance(name).unique_id("AROA", 17))
    caller = replace(role, agent=AGENTS["boto"])
    record, _ = CloudTrail(chance).assume(caller, moment_of(time), role, moment_of(time + HOUR), "")
    record["eventName"] = "AssumeRoleWithWebIdentity"
    record["userIdentity"] = {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }
    return str(record["eventID"]), orjson.dumps(record)
