"""A year of simulated life over AWS, Kubernetes, Vault and agents: raw logs as their vendors write them, the
inventory, and the truth.

Days are told one after the other, so memory is that of two days. The clean year is the same but for what is
wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson

from infra.simulator.chance import Chance
from infra.simulator.estate import estate
from infra.simulator.vault import VaultLog
from infra.simulator.year_agents import AgentLife, AgentPlay, agent_of, hand_over_to_others
from infra.simulator.year_aws import ACCOUNTS, Principal, admin_of, role_of, user_of
from infra.simulator.year_aws_life import PersonLife, RoleLife, UserLife
from infra.simulator.year_aws_play import AwsPlay
from infra.simulator.year_case import YearCase
from infra.simulator.year_cases import CATALOGUE
from infra.simulator.year_files import Delivery
from infra.simulator.year_kubernetes import PEOPLE, account_of
from infra.simulator.year_kubernetes_life import AccountLife
from infra.simulator.year_kubernetes_play import KubernetesPlay
from infra.simulator.year_play import Play
from infra.simulator.year_scenes import Scene, ScenePlay
from infra.simulator.year_stage import DAY, Life, Line, Pace, Plan, calls_today, stamp
from infra.simulator.year_vault import Admin, app_of
from infra.simulator.year_vault_life import AppLife
from infra.simulator.year_vault_play import VaultPlay

SHARES = {"cloudtrail": 0.44, "kubernetes": 0.22, "vault": 0.24, "otel": 0.10}
"""Of the lines."""

MIX = {"user": 0.24, "role": 0.22, "kubernetes": 0.26, "vault": 0.18, "otel": 0.10}
"""Of the identities."""

PLAYED_PER = 240
"""Each case is played once for so many identities, at least once."""

CASES_FROM, CASES_LAST_DAYS = 0.45, 4
"""Cases lie between this part of the year and its last days: before, habits form."""

EARLY_DAYS = (2, 12)
"""Cases that take months lie in these first days."""

SINCE = "2020-01-01T00:00:00Z"


class Subject(Protocol):
    """One identity that a case can be played with. ``quiet``: from and until when (µs) its ordinary life
    rests."""

    chance: Chance
    number: int
    quiet: tuple[int, int]

    @property
    def identity(self) -> str:
        """The key of the identity, as findings name it."""


@dataclass
class Cast:
    """Everybody, by kind, in an order in which the first play cases."""

    people: list[Principal]
    by_kind: dict[str, list[Any]]
    admin: Admin
    free: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def next(self, kind: str) -> Any:
        """Returns somebody who plays no case yet. The last roles stand in for those of other cases."""
        number = self.free[kind]
        self.free[kind] += 1
        if number >= len(self.by_kind[kind]) - (len(ACCOUNTS) if kind == "role" else 0):
            raise ValueError(
                f"too few identities: more than {number} of kind {kind} are needed to play every case once"
            )
        return self.by_kind[kind][number]


def cast_of(plan: Plan) -> Cast:
    """Deals out the identities of a year to its kinds, by the shares of ``MIX``."""
    seed = plan.seed
    made: dict[str, Callable[[int], Any]] = {
        "user": lambda n: user_of(n, seed),
        "role": lambda n: role_of(n, seed),
        "kubernetes": lambda n: account_of(n, seed),
        "vault": lambda n: app_of(f"app-{n:04}", n, seed),
        "otel": lambda n: agent_of(n, seed),
    }
    everybody = {
        kind: [make(n) for n in range(round(plan.identities * MIX[kind]))] for kind, make in made.items()
    }
    return Cast([admin_of(n, seed) for n in range(3 * len(ACCOUNTS))], everybody, Admin(seed))


class Year:
    """The whole year of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.cast = cast_of(plan)
        if len(self.cast.by_kind["role"]) <= len(ACCOUNTS):
            raise ValueError("too few identities: every account needs a role")
        self.plays = list(self._planned())
        gone = {play.agent.name for play in self.plays if isinstance(play, AgentPlay) and play.case.statuses}
        hand_over_to_others(self.cast.by_kind["otel"], gone)
        self._lives = self._living()

    def _planned(self) -> Iterator[Play]:
        """Each case, as often as there are identities for it, on days of its own; those who play it rest
        meanwhile."""
        plan, days = self.plan, Chance(f"{self.plan.seed}/days")
        kinds = {name: holder.kind for name, holder in estate(Chance(0)).items()}
        first, last = int(plan.days * CASES_FROM), plan.days - CASES_LAST_DAYS
        early = Chance(f"{plan.seed}/early")
        for number in range(max(1, plan.identities // PLAYED_PER)):
            for source, cases in CATALOGUE.items():
                for case in cases:
                    if isinstance(case, Scene) and case.early:
                        yield ScenePlay(case, number, plan.day(early.randrange(*EARLY_DAYS)), plan.seed)
                        continue
                    day = plan.day(days.randrange(first, last))
                    if isinstance(case, Scene):
                        yield ScenePlay(case, number, day, plan.seed)
                        continue
                    kind = kinds.get(case.subject, "user") if source == "cloudtrail" else source
                    subject = self.cast.next(kind)
                    play = self._play(case, number, day, subject)
                    subject.quiet = play.quiet
                    yield play

    def _play(self, case: YearCase, number: int, day: int, subject: Any) -> Play:
        seed = self.plan.seed
        match case.source:
            case "vault":
                return VaultPlay(case, number, day, seed, subject, self.cast.admin)
            case "kubernetes":
                return KubernetesPlay(case, number, day, seed, subject)
            case "otel":
                return AgentPlay(case, number, day, seed, subject)
        account = subject.number % len(ACCOUNTS)
        people, role = self.cast.people, self.cast.by_kind["role"][-1 - account]
        return AwsPlay(
            case,
            number,
            day,
            seed,
            subject,
            people[account].holder,
            role.holder,
            people[account + len(ACCOUNTS)].holder,
        )

    def _living(self) -> dict[str, list[Life]]:
        cast, since = self.cast, self.plan.start
        users, roles = cast.by_kind["user"], cast.by_kind["role"]
        aws: list[Life] = [PersonLife(person) for person in cast.people]
        for n, user in enumerate(users):
            rotator = cast.people[user.number % len(ACCOUNTS) + 2 * len(ACCOUNTS)].holder
            deputy = roles[-1 - n % 8].holder if n % 5 == 4 and user.quiet[0] == 1 << 62 else None
            aws.append(UserLife(user, rotator, deputy, since))
        for n, role in enumerate(roles):
            onward = roles[n - 1].holder if n % 6 == 5 and role.quiet[0] == 1 << 62 else None
            aws.append(RoleLife(role, onward))
        return {
            "cloudtrail": aws,
            "kubernetes": [AccountLife(account) for account in cast.by_kind["kubernetes"]],
            "vault": [AppLife(app, cast.admin, since) for app in cast.by_kind["vault"]],
            "otel": [AgentLife(agent) for agent in cast.by_kind["otel"]],
        }

    def days(self) -> Iterator[dict[str, list[Line]]]:
        """Yields for each day the lines of each source, none of an earlier day."""
        plan = self.plan
        chance = Chance(f"{plan.seed}/calls")
        paces = {
            source: Pace(int(plan.records * SHARES[source]), len(lives), plan.days)
            for source, lives in self._lives.items()
        }
        log = VaultLog(Chance(f"{plan.seed}/people"))
        plays = defaultdict(list)
        for play in self.plays:
            plays[play.day].append(play)
        for number in range(plan.days):
            start = plan.day(number)
            today = {source: self._day(source, start, paces[source], chance) for source in self._lives}
            today["vault"] += self.cast.admin.day(start, log)
            for play in plays.pop(start, ()):
                for source, line in play.lines():
                    today.setdefault(source, []).append(line)
            yield today

    def _day(self, source: str, start: int, pace: Pace, chance: Chance) -> list[Line]:
        lines: list[Line] = []
        mean, asked = pace.begin(), 0
        for life in self._lives[source]:
            calls = calls_today(chance, mean)
            asked += calls
            lines.extend(life.day(start, calls))
        pace.end(len(lines), asked)
        return lines

    def inventory(self) -> dict[str, Any]:
        """Returns what is declared of everybody, recorded the day before the year."""
        plays = {play.identity: play for play in self.plays}
        everybody = [self._identity(subject, plays.get(subject.identity)) for subject in self._subjects()]
        people = [{"id": identity, "owner": "team-platform"} for identity in self._people()]
        roles = [play.trusted for play in self.plays if isinstance(play, KubernetesPlay) and play.trusted]
        trusted = [{"id": role, "owner": "team-platform"} for role in roles]
        fields: dict[str, Any] = {"gapwatch": "inventory/v1", "recorded": stamp(self.plan.start - DAY)}
        fields["identities"] = everybody + people + trusted
        for play in self.plays:
            for section, records in play.records().items():
                fields.setdefault(section, []).extend(records)
        return fields

    def _subjects(self) -> Iterable[Any]:
        for many in self.cast.by_kind.values():
            yield from many

    def _people(self) -> list[str]:
        return [*(person.identity for person in self.cast.people), self.cast.admin.identity, *PEOPLE]

    @staticmethod
    def _identity(subject: Any, play: Play | None) -> dict[str, Any]:
        owner = subject.owner if hasattr(subject, "owner") else subject.holder.owner
        fields: dict[str, Any] = {"id": subject.identity, "owner": owner, "environment": "prod"}
        if hasattr(subject, "declared"):
            fields |= subject.declared()
        fields["status"] = [{"value": "active", "from": SINCE}, *(play.statuses() if play else ())]
        if play and (declared := play.declared()):
            fields["credentials"] = declared
        if play and (windows := play.windows()):
            fields["windows"] = windows
        if play and (aliases := play.aliases()):
            fields["aliases"] = aliases
        return fields

    def truth(self) -> dict[str, Any]:
        """Returns the truth of the year as JSON: its plan, and what each case played should lead to."""
        plan = self.plan
        return {
            "seed": plan.seed, "start": stamp(plan.start), "until": stamp(plan.until), "clean": plan.clean,
            "identities": plan.identities, "cases": [play.truth() for play in self.plays],
        }  # fmt: skip


def write(
    plan: Plan, folder: Path, progress: Callable[[int, int], None] = lambda day, written: None
) -> tuple[int, int]:
    """Writes the year's logs, ``inventory.json`` and ``truth.json``. Returns lines, and how many of them came
    twice.

    Raises ValueError where the plan has too few identities or days for its cases.
    """
    if plan.days * (1 - CASES_FROM) - CASES_LAST_DAYS < 1:
        raise ValueError("too few days: cases need some to form habits before, and some to end")
    year = Year(plan)
    delivery = Delivery(plan, folder)
    (folder / "inventory.json").write_bytes(orjson.dumps(year.inventory()) + b"\n")
    for number, today in enumerate(year.days()):
        for source, lines in today.items():
            delivery.take(source, lines)
        delivery.close(plan.day(number + 1))
        progress(number + 1, delivery.written)
    delivery.finish()
    (folder / "truth.json").write_bytes(orjson.dumps(year.truth(), option=orjson.OPT_INDENT_2) + b"\n")
    return delivery.written, delivery.twice
