"""A year in AWS: users with keys that are rotated, roles with sessions and chains of them; people; and the
cases of the story."""

from __future__ import annotations

from dataclasses import dataclass, replace

import orjson

from infra.simulator.cases import Step
from infra.simulator.chance import Chance
from infra.simulator.cloudtrail import CloudTrail, Record
from infra.simulator.estate import AGENTS, Holder
from infra.simulator.verbs import VERBS, About
from infra.simulator.year_stage import (
    DAY,
    HOUR,
    Line,
    moment_of,
    stamp,
    uuid_of,
)

ACCOUNTS = tuple(f"{n:04}22223333" for n in range(1101, 1109))


ROUTINE_OF = ("objects", "service", "small", "deploy")


MOVES_EVERY = 80 * DAY


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
        """The key of the user or role, as findings name it."""
        return self.holder.identity

    def place(self, time: int) -> str:
        """Returns the address that the principal works from; some who play no case move to another network
        after months, over night."""
        if self.quiet[0] < 1 << 62 or self.number % 8 != 5 or time // MOVES_EVERY % 2 == 0:
            return self.holder.place
        return f"100.70.{self.number // 200}.{self.number % 200 + 10}"


def user_of(number: int, seed: int) -> Principal:
    """Makes the IAM user of a number: the same for the same seed."""
    place = f"100.{64 + number % 3}.{number // 200}.{number % 200 + 10}"
    return _principal("user", f"workload-{number:04}", number, place, seed)


def role_of(number: int, seed: int) -> Principal:
    """Makes the role of a number: the same for the same seed."""
    return _principal(
        "role",
        f"service-{number:04}",
        number,
        f"10.{20 + number % 3}.{number // 200}.{number % 200 + 10}",
        seed,
    )


def admin_of(number: int, seed: int) -> Principal:
    """Makes the person of a number, who administers one of the accounts from the command line."""
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
        name, "user" if kind == "user" else "role", name, ACCOUNTS[number % len(ACCOUNTS)], place,
        agents[number % len(agents)],
        "eu-central-1" if number % 2 else "eu-west-1", f"team-{number % 40}", routine=ROUTINE_OF[number % 4],
        principal=chance.unique_id("AIDA" if kind == "user" else "AROA", 17),
        key=chance.unique_id("AKIA") if kind == "user" else "",
    )  # fmt: skip
    return Principal(holder, chance, number)


class Trail:
    """Records of one account's callers; those of everyday from templates, for they are nearly all there
    are."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.writer = CloudTrail(chance)
        self._templates: dict[tuple[str, str, str], str] = {}

    def usual(self, who: Holder, verb: str, time: int, place: str) -> Line:
        """Returns a call of somebody's routine, from a template with seven holes."""
        template = self._templates.get((who.name, who.key[:4], verb))
        if template is None:
            template = self._templates[who.name, who.key[:4], verb] = self._template(who, verb)
        body = template % {
            "key": who.key, "session": who.session, "made": who.made, "place": place,
            "time": stamp(time), "event": uuid_of(self.chance), "request": uuid_of(self.chance),
        }  # fmt: skip
        return Line(time, body.encode())

    def _template(self, who: Holder, verb: str) -> str:
        hollow = replace(
            who, key="@key@", session="@session@" if who.session else "", made="@made@", place="@place@"
        )
        record = self.call(hollow, verb, 0, hollow)
        record |= {"eventTime": "@time@", "eventID": "@event@", "requestID": "@request@"}
        body = orjson.dumps(record).decode().replace("%", "%%")
        for hole in HOLES:
            body = body.replace(f"@{hole}@", f"%({hole})s")
        return body

    def call(self, who: Holder, verb: str, time: int, of: Holder, step: Step | None = None) -> Record:
        """Tells one call of ``who`` about ``of`` at a time in µs, and returns its record."""
        does = VERBS[verb]
        about = About(who, of, moment_of(time), 1)
        touched = does.touches(about) if does.touches else None
        return self.writer.record(
            who, moment_of(time), does.service, does.operation, request=does.request(about),
            response=does.response(about),
            error=step.error if step else None, resources=[{"type": touched[0],
            "ARN": touched[1]}] if touched else None,
            writes=does.writes, through=step.through if step else "", beside=step.beside if step else (),
        )  # fmt: skip

    def assume(
        self, who: Holder, role: Holder, time: int, span: int, handle: str = ""
    ) -> tuple[Record, Holder]:
        """Tells how ``who`` assumes a role for ``span`` µs; returns the record and the session's holder."""
        return self.writer.assume(who, moment_of(time), role, moment_of(time + span), handle)


def ec2(account: str) -> Holder:
    """Returns the service that assumes the roles of an account's instances."""
    return Holder("ec2", "service", "ec2.amazonaws.com", account, "", "", owner="aws")


ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"


TRUSTING = ACCOUNTS[0]
"""The account whose roles trust the cluster's service accounts."""


def subject_of(namespace: str, name: str) -> str:
    """Returns the ``sub`` of a Kubernetes service account's token."""
    return f"system:serviceaccount:{namespace}:{name}"


def exchanged(chance: Chance, namespace: str, name: str, place: str, time: int) -> tuple[str, bytes]:
    """Returns a service account's token, exchanged for a role's session: the event's id, and its record."""
    subject, provider = subject_of(namespace, name), f"arn:aws:iam::{TRUSTING}:oidc-provider/{ISSUER}"
    role = Holder(
        f"irsa-{name}",
        "role",
        f"irsa-{name}",
        TRUSTING,
        place,
        "",
        principal=Chance(name).unique_id("AROA", 17),
    )
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
