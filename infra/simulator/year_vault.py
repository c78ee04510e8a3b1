"""A year in Vault: apps that log in, read, renew, lease and make children, their secret ids rotated; people;
and the cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from infra.simulator.chance import Chance
from infra.simulator.vault import (
    APPROLE,
    DATABASE,
    KV,
    PEOPLE,
    SYS,
    TOKEN,
    Call,
    Mount,
    Token,
    VaultLog,
    hmac_of,
)
from infra.simulator.year_stage import (
    DAY,
    HOUR,
    Line,
    uuid_of,
)

PREFIX = "vault:default:"


TTL = 3_600


MOVES_EVERY = 75 * DAY
PLAYERS = 36
"""The first apps play the cases, from one place: a move in between would be another case."""


ADMIN = "olga"


@dataclass
class Secret:
    """A secret id and its accessor, as logged."""

    hmac: str
    accessor: str


@dataclass
class App:
    """An AppRole, its entity and the secret id that it holds. ``kind``: what it does besides reading."""

    name: str
    chance: Chance
    number: int
    owner: str
    role_id: str
    entity: str
    secret: Secret
    kind: str = "plain"
    quiet: tuple[int, int] = (1 << 62, 1 << 62)
    logged_in: bool = False
    secrets: list[Secret] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """The key of the application's entity, as findings name it."""
        return f"{PREFIX}entity/{self.entity}"

    def place(self, time: int) -> str:
        """Returns the address that the application runs at; some move to another network after months, over
        night, and do not come back."""
        moves = (time // MOVES_EVERY) % 9 if self.number % 9 == 4 and self.number >= PLAYERS else 0
        return f"10.{60 + moves}.{self.number // 200}.{self.number % 200 + 10}"


def app_of(name: str, number: int, seed: int) -> App:
    """Makes the application of a name: the same for the same seed; the number decides how it works."""
    chance = Chance(f"{seed}/vault/{name}")
    secret = Secret(hmac_of(chance), hmac_of(chance))
    kind = (
        "leasing"
        if number % 5 == 1
        else "scheduling"
        if number % 7 == 3
        else "batch"
        if number % 11 == 5
        else "plain"
    )
    return App(name, chance, number, f"team-{number % 40}", hmac_of(chance), uuid_of(chance), secret, kind)


class Admin:
    """Olga, who logs in each morning."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._tokens: dict[int, Token] = {}
        self.entity = uuid_of(Chance(f"{seed}/vault/{ADMIN}"))

    @property
    def identity(self) -> str:
        """The key of the administrator's entity, as findings name it."""
        return f"{PREFIX}entity/{self.entity}"

    def token(self, time: int) -> Token:
        """Returns the token of the day in which ``time`` lies."""
        day = time // DAY * DAY
        if day in self._tokens:
            return self._tokens[day]
        chance = Chance(f"{self._seed}/vault/{ADMIN}/{day}")
        self._tokens[day] = Token(
            hmac_of(chance), hmac_of(chance), "people-olga", "ops", '{"username":"olga"}', self.entity,
            20 * TTL,
            day + 4 * HOUR, "203.0.113.40", 43_885,
        )  # fmt: skip
        return self._tokens[day]

    def day(self, start: int, log: VaultLog) -> Iterator[Line]:
        """Yields the lines of the administrator's login on one day; ``start`` is its midnight in µs."""
        token = self.token(start)
        yield from _lines(
            log.login(
                token.issued,
                PEOPLE,
                f"auth/people/login/{ADMIN}",
                f'{{"password":"{token.hmac[::-1][:64]}"}}',
                token,
            )
        )


def _lines(*calls: Call) -> Iterator[Line]:
    for call in calls:
        yield Line(call.time, call.request)
        if call.response:
            yield Line(call.time, call.response)


def token_for(app: App, time: int, ttl: int, kind: str = "service") -> Token:
    """Makes a token for an application, issued at a time in µs to live for ``ttl`` seconds."""
    chance = app.chance
    hmac, accessor = hmac_of(chance), hmac_of(chance)
    return Token(
        hmac, "" if kind == "batch" else accessor, "approle", "app", f'{{"role_name":"{app.name}"}}',
        app.entity, ttl, time,
        app.place(time), 30_000 + chance.getrandbits(14), kind,
    )  # fmt: skip


def child_of(chance: Chance, parent: Token, time: int, orphan: bool = False) -> Token:
    """Makes a child of a token; an orphan has no entity."""
    hmac, accessor = hmac_of(chance), hmac_of(chance)
    entity = "" if orphan else parent.entity
    return Token(hmac, accessor, "token-task", "app", "", entity, TTL, time, parent.place, parent.port)


def login(
    log: VaultLog, time: int, app: App, token: Token, secret: str = "", mount: Mount = APPROLE, uses: int = 0
) -> Call:
    """Tells how an application logs in and is given a token; returns request and response."""
    first, app.logged_in = not app.logged_in, True
    data = f'{{"role_id":"{app.role_id}","secret_id":"{secret or app.secret.hmac}"}}'
    return log.login(time, mount, f"{mount.path}login", data, token, first=first, uses=uses)


def read(log: VaultLog, time: int, token: Token, name: str, place: str = "") -> Call:
    """Tells one read of a secret at a time in µs; returns request and response."""
    answer = (
        '"data":{"data":{"value":"hmac-sha256:a8ab701269496fb80a4006e74153118544902f7df6c1030d6e4c9c16'
        'd948c939"},"metadata":{"created_time":"2025-11-20T21:07:50.511135113Z",'
        '"custom_metadata":null,"deletion_time":"hmac-sha256:e071fdddf851e8c97095779760893d4c6c81efaa6'
        '348b3d441b2808ab7d47e2d","destroyed":false,"version":1}}'
    )
    return log.call(time, token, "read", KV, f"secret/data/{name}/db", answer=answer, place=place)


def renew(log: VaultLog, time: int, token: Token) -> Call:
    """Tells how a token renews itself; returns request and response."""
    shown = token.handed_out[:-1] + token.presented[token.presented.rindex(',"token_issue_time"') :]
    return log.call(time, token, "update", TOKEN, "auth/token/renew-self", answer=f'"auth":{shown}')


def issue(log: VaultLog, time: int, admin: Token, role: str, secret: Secret, uses: int = 0) -> Call:
    """Tells how the administrator makes a secret id, good for ``uses`` logins (0: any number)."""
    answer = (
        f'"data":{{"secret_id":"{secret.hmac}","secret_id_accessor":"{secret.accessor}",'
        f'"secret_id_num_uses":{uses},"secret_id_ttl":0}}'
    )
    return log.call(time, admin, "update", APPROLE, f"auth/approle/role/{role}/secret-id", answer=answer)


def destroy(log: VaultLog, time: int, admin: Token, role: str, secret: Secret) -> Call:
    """Tells how the administrator destroys a secret id by its accessor."""
    data = f'{{"secret_id_accessor":"{secret.accessor}"}}'
    return log.call(
        time, admin, "update", APPROLE, f"auth/approle/role/{role}/secret-id-accessor/destroy", data=data
    )


def make_child(log: VaultLog, time: int, parent: Token, child: Token, orphan: bool = False) -> Call:
    """Tells how a token makes a child of its own; returns request and response."""
    chance = log.chance
    alone = '"no_parent":true,' if orphan else ""
    data = f'{{{alone}"policies":["{hmac_of(chance)}"],"ttl":"{hmac_of(chance)}"}}'
    return log.call(
        time, parent, "update", TOKEN, "auth/token/create", data=data, answer=f'"auth":{child.handed_out}'
    )


def lease_of(chance: Chance) -> str:
    """Returns a drawn lease id of the database engine: the same for the same seed."""
    return f"database/creds/reader/{chance.getrandbits(120):030x}"


def borrow(log: VaultLog, time: int, token: Token, lease: str) -> Call:
    """Tells how a token is given a user of the database under a lease."""
    chance = log.chance
    answer = (
        f'"secret":{{"lease_id":"{lease}"}},"data":{{"password":"{hmac_of(chance)}",'
        f'"username":"{hmac_of(chance)}"}}'
    )
    return log.call(time, token, "read", DATABASE, "database/creds/reader", answer=answer)


def give_back(log: VaultLog, time: int, token: Token, hidden: str) -> Call:
    """Tells how a token revokes a lease; the log shows of the lease only its HMAC, ``hidden``."""
    return log.call(time, token, "update", SYS, "sys/leases/revoke", data=f'{{"lease_id":"{hidden}"}}')
