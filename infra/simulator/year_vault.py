"""A year in Vault: apps that log in, read, renew, lease and make children, their secret ids rotated; people; and the cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from infra.simulator.cases import Step
from infra.simulator.chance import Chance
from infra.simulator.vault import (
    APPROLE,
    DATABASE,
    IDENTITY,
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
    moments,
    uuid_of,
)

PREFIX = "vault:default:"
TTL = 3_600
RENEWS_EVERY = 40 * MINUTE
ROTATES_EVERY = 60 * DAY
MOVES_EVERY = 75 * DAY
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
        return f"{PREFIX}entity/{self.entity}"

    def place(self, time: int) -> str:
        """Where it runs; some move to another network after months, over night."""
        moves = (time // MOVES_EVERY) % 2 if self.number % 9 == 4 and self.quiet[0] == 1 << 62 else 0
        return f"10.{60 + moves}.{self.number // 200}.{self.number % 200 + 10}"


def app_of(name: str, number: int, seed: int) -> App:
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
        self.entity = uuid_of(Chance(f"{seed}/vault/{ADMIN}"))

    @property
    def identity(self) -> str:
        return f"{PREFIX}entity/{self.entity}"

    def token(self, time: int) -> Token:
        """The token of the day in which ``time`` lies."""
        day = time // DAY * DAY
        chance = Chance(f"{self._seed}/vault/{ADMIN}/{day}")
        return Token(
            hmac_of(chance), hmac_of(chance), "people-olga", "ops", '{"username":"olga"}', self.entity, 20 * TTL,
            day + 4 * HOUR, "203.0.113.40", 43_885,
        )  # fmt: skip

    def day(self, start: int, log: VaultLog) -> Iterator[Line]:
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


class AppLife:
    """An app's days."""

    def __init__(self, app: App, admin: Admin, since: int) -> None:
        self._app = app
        self._admin = admin
        self._log = VaultLog(app.chance)
        self._rotates = since + app.chance.randrange(10, 50) * DAY
        self._issued = False
        self._retired: tuple[int, Secret] | None = None

    def day(self, start: int, calls: int) -> Iterator[Line]:
        yield from self._housekeeping(start)
        app, chance = self._app, self._app.chance
        begins = start + WORKS_FROM + int(chance.random() * (WORKS_UNTIL - WORKS_FROM - 4 * HOUR))
        span = int((0.5 + chance.random()) * 2 * HOUR)
        if calls and not (begins + span > app.quiet[0] and begins < app.quiet[1]):
            yield from self._session(begins, span, calls)

    def _housekeeping(self, start: int) -> Iterator[Line]:
        """Secret ids: the first one, and then a new one every so often; the old one goes when its tokens are over."""
        app = self._app
        admin = self._admin.token(start)
        if not self._issued:
            self._issued = True
            yield from _lines(issue(self._log, start + 4 * HOUR + 10 * MINUTE, admin, app.name, app.secret))
        near = app.quiet[0] - 3 * DAY < start < app.quiet[1] + DAY
        if self._retired and start >= self._retired[0]:
            yield from _lines(
                destroy(self._log, start + 4 * HOUR + 30 * MINUTE, admin, app.name, self._retired[1])
            )
            self._retired = None
        elif start >= self._rotates and not near:
            fresh = Secret(hmac_of(app.chance), hmac_of(app.chance))
            yield from _lines(issue(self._log, start + 4 * HOUR + 20 * MINUTE, admin, app.name, fresh))
            self._retired = start + 2 * DAY, app.secret
            app.secret = fresh
            self._rotates += ROTATES_EVERY

    def _session(self, begins: int, span: int, calls: int) -> Iterator[Line]:
        app, chance, log = self._app, self._app.chance, self._log
        ttl = 4 * TTL if app.kind == "batch" else TTL
        token = token_for(app, begins, ttl, "batch" if app.kind == "batch" else "service")
        yield from _lines(login(log, begins, app, token))
        renews = begins + RENEWS_EVERY
        lease = lease_of(chance) if app.kind == "leasing" else ""
        if lease:
            yield from _lines(borrow(log, begins + 2 * SECOND, token, lease))
        if app.kind == "scheduling":
            yield from self._child(begins + 3 * SECOND, token)
        for time in moments(chance, begins, 10 * SECOND, span, calls):
            while time > renews and app.kind != "batch":
                yield from _lines(renew(log, renews, token))
                renews += RENEWS_EVERY
            yield from _lines(read(log, time, token, app.name, place=app.place(time)))
        over = begins + span + 30 * SECOND
        while over > renews and app.kind != "batch":
            yield from _lines(renew(log, renews, token))
            renews += RENEWS_EVERY
        if lease:
            yield from _lines(give_back(log, over, token, hmac_of(chance)))
        if chance.random() < 0.5 and app.kind != "batch":
            yield from _lines(log.call(over + SECOND, token, "update", TOKEN, "auth/token/revoke-self"))

    def _child(self, time: int, parent: Token) -> Iterator[Line]:
        child = child_of(self._app.chance, parent, time)
        yield from _lines(make_child(self._log, time, parent, child))
        for n in (1, 2, 3):
            yield from _lines(read(self._log, time + n * MINUTE, child, self._app.name))


def token_for(app: App, time: int, ttl: int, kind: str = "service") -> Token:
    chance = app.chance
    hmac, accessor = hmac_of(chance), hmac_of(chance)
    return Token(
        hmac, "" if kind == "batch" else accessor, "approle", "app", f'{{"role_name":"{app.name}"}}', app.entity, ttl, time,
        app.place(time), 30_000 + chance.getrandbits(14), kind,
    )  # fmt: skip


def child_of(chance: Chance, parent: Token, time: int, orphan: bool = False) -> Token:
    hmac, accessor = hmac_of(chance), hmac_of(chance)
    entity = "" if orphan else parent.entity
    return Token(hmac, accessor, "token-task", "app", "", entity, TTL, time, parent.place, parent.port)


def login(
    log: VaultLog, time: int, app: App, token: Token, secret: str = "", mount: Mount = APPROLE, uses: int = 0
) -> Call:
    first, app.logged_in = not app.logged_in, True
    data = f'{{"role_id":"{app.role_id}","secret_id":"{secret or app.secret.hmac}"}}'
    return log.login(time, mount, f"{mount.path}login", data, token, first=first, uses=uses)


def read(log: VaultLog, time: int, token: Token, name: str, place: str = "") -> Call:
    answer = '"data":{"data":{"value":"hmac-sha256:a8ab701269496fb80a4006e74153118544902f7df6c1030d6e4c9c16d948c939"},"metadata":{"created_time":"2025-11-20T21:07:50.511135113Z","custom_metadata":null,"deletion_time":"hmac-sha256:e071fdddf851e8c97095779760893d4c6c81efaa6348b3d441b2808ab7d47e2d","destroyed":false,"version":1}}'
    return log.call(time, token, "read", KV, f"secret/data/{name}/db", answer=answer, place=place)


def renew(log: VaultLog, time: int, token: Token) -> Call:
    shown = token.handed_out[:-1] + token.presented[token.presented.rindex(',"token_issue_time"') :]
    return log.call(time, token, "update", TOKEN, "auth/token/renew-self", answer=f'"auth":{shown}')


def issue(log: VaultLog, time: int, admin: Token, role: str, secret: Secret, uses: int = 0) -> Call:
    answer = f'"data":{{"secret_id":"{secret.hmac}","secret_id_accessor":"{secret.accessor}","secret_id_num_uses":{uses},"secret_id_ttl":0}}'
    return log.call(time, admin, "update", APPROLE, f"auth/approle/role/{role}/secret-id", answer=answer)


def destroy(log: VaultLog, time: int, admin: Token, role: str, secret: Secret) -> Call:
    data = f'{{"secret_id_accessor":"{secret.accessor}"}}'
    return log.call(
        time, admin, "update", APPROLE, f"auth/approle/role/{role}/secret-id-accessor/destroy", data=data
    )


def make_child(log: VaultLog, time: int, parent: Token, child: Token, orphan: bool = False) -> Call:
    chance = Chance(child.hmac)
    alone = '"no_parent":true,' if orphan else ""
    data = f'{{{alone}"policies":["{hmac_of(chance)}"],"ttl":"{hmac_of(chance)}"}}'
    return log.call(
        time, parent, "update", TOKEN, "auth/token/create", data=data, answer=f'"auth":{child.handed_out}'
    )


def lease_of(chance: Chance) -> str:
    return f"database/creds/reader/{chance.getrandbits(120):030x}"


def borrow(log: VaultLog, time: int, token: Token, lease: str) -> Call:
    chance = Chance(lease)
    answer = f'"secret":{{"lease_id":"{lease}"}},"data":{{"password":"{hmac_of(chance)}","username":"{hmac_of(chance)}"}}'
    return log.call(time, token, "read", DATABASE, "database/creds/reader", answer=answer)


def give_back(log: VaultLog, time: int, token: Token, hidden: str) -> Call:
    return log.call(time, token, "update", SYS, "sys/leases/revoke", data=f'{{"lease_id":"{hidden}"}}')


class VaultPlay(Play):
    """A case around one app. Handles: ``app``, ``admin``, and whatever its steps make."""

    def __init__(self, case: YearCase, number: int, day: int, seed: int, app: App, admin: Admin) -> None:
        super().__init__(case, number, day, seed)
        self._app = replace(app, chance=self.chance)
        self._origin = app
        self._admin = admin
        self._log = VaultLog(self.chance)
        self._tokens: dict[str, Token] = {}
        self._secrets: dict[str, Secret] = {}
        self._root = ""
        self._mount = Mount(
            f"auth/{self.name}/", "approle", f"auth_approle_{self.chance.getrandbits(32):08x}"
        )

    @property
    def identity(self) -> str:
        return self._app.identity

    @property
    def credentials(self) -> list[str]:
        keys = [
            f"{PREFIX}{kind}/{value}"
            for t in self._tokens.values()
            for kind, value in (("accessor", t.accessor), ("token", t.hmac))
            if value
        ]
        return keys + [f"{PREFIX}secret-id/{s.hmac}" for s in (*self._secrets.values(), self._app.secret)]

    @property
    def subject(self) -> str:
        match self.case.about:
            case "identity":
                return self.identity
            case "switch":
                return f"{self.identity} provider switch"
            case "root":
                return self._root
        name = self.case.credential
        if name == "app":
            return f"{PREFIX}secret-id/{self._app.secret.hmac}"
        if name in self._secrets:
            return f"{PREFIX}secret-id/{self._secrets[name].hmac}"
        token = self._tokens[name]
        return f"{PREFIX}accessor/{token.accessor}" if token.accessor else f"{PREFIX}token/{token.hmac}"

    def do(self, step: Step, time: int) -> Did:
        self._app.secret, self._app.logged_in = self._origin.secret, self._origin.logged_in
        who = self._admin.token(time) if step.who == "admin" else self._tokens.get(step.who)
        call = self._done(step, time, who) if who else self._logged_in(step, time)
        bodies = (call.request, call.response) if call.response else (call.request,)
        return Did(call.uid, tuple((call.time, body) for body in bodies))

    def _logged_in(self, step: Step, time: int) -> Call:
        kind = "batch" if step.verb == "login_batch" else "service"
        token = self._tokens[step.into] = token_for(self._app, time, round(step.hours * 3600), kind)
        secret = self._secrets[step.of].hmac if step.verb == "login_with" else ""
        mount = self._mount if step.verb == "login_apart" else APPROLE
        return login(self._log, time, self._app, token, secret, mount)

    def _done(self, step: Step, time: int, who: Token) -> Call:
        """One call of a token: the table of verbs."""
        log, name = self._log, self._app.name
        about = self._tokens.get(step.of)
        match step.verb:
            case "read" if step.error:
                return log.refused(
                    time,
                    who,
                    KV,
                    f"secret/data/{name}/db",
                    place=step.place,
                    accessor=step.error[0] == "disabled",
                )
            case "read":
                return read(log, time, who, name, step.place)
            case "renew":
                return renew(log, time, who)
            case "create_child" | "create_orphan":
                orphan = step.verb == "create_orphan"
                child = self._tokens[step.into] = child_of(self.chance, who, time, orphan)
                return make_child(log, time, who, child, orphan)
            case "unwrap" if step.error:
                return log.unwrap_refused(time, who)
            case "unwrap":
                inside = self._secrets["wrapped"]
                answer = f'"data":{{"secret_id":"{inside.hmac}","secret_id_accessor":"{inside.accessor}","secret_id_num_uses":0,"secret_id_ttl":0}}'
                return log.call(time, who, "update", SYS, "sys/wrapping/unwrap", answer=answer)
            case "wrap":
                return self._wrap(step, time, who)
            case "issue_once":
                secret = self._secrets[step.into] = Secret(hmac_of(self.chance), hmac_of(self.chance))
                return issue(log, time, who, name, secret, uses=1)
            case "destroy_secret_id":
                return destroy(log, time, who, name, self._app.secret)
            case "disable_entity" | "enable_entity":
                disabled = "true" if step.verb == "disable_entity" else "false"
                return log.call(
                    time,
                    who,
                    "update",
                    IDENTITY,
                    f"identity/entity/id/{self._app.entity}",
                    data=f'{{"disabled":{disabled}}}',
                )
            case "generate_root":
                progress = '"complete":true,"encoded_token":"%s","nonce":"%s","progress":2,"required":2,"started":true'
                answer = f'"data":{{{progress % (hmac_of(self.chance), hmac_of(self.chance))}}}'
                made = log.call(time, who, "update", SYS, "sys/generate-root/update", answer=answer)
                self._root = f"{PREFIX}root/{made.uid}"
                return made
            case "revoke_prefix":
                return log.call(time, who, "update", SYS, f"sys/leases/revoke-prefix/{self._mount.path}login")
        assert about, step
        return self._about(step.verb, time, who, about)

    def _about(self, verb: str, time: int, who: Token, about: Token) -> Call:
        """A call about another token."""
        log, named, held = self._log, f'{{"accessor":"{about.accessor}"}}', f'{{"token":"{about.hmac}"}}'
        match verb:
            case "revoke_accessor":
                return log.call(time, who, "update", TOKEN, "auth/token/revoke-accessor", data=named)
            case "revoke_nothing":
                warned = '"warnings":["No token found with this accessor"]'
                return log.call(
                    time, who, "update", TOKEN, "auth/token/revoke-accessor", data=named, answer=warned
                )
            case "revoke":
                return log.call(time, who, "update", TOKEN, "auth/token/revoke", data=held)
            case "revoke_refused":
                answer = f'"data":{{"error":"{hmac_of(self.chance)}"}}'
                return log.call(time, who, "update", TOKEN, "auth/token/revoke", data=held, answer=answer)
            case "look_up":
                call = log.call(time, who, "update", TOKEN, "auth/token/lookup-accessor", data=named)
                return call._replace(
                    response=call.response[:-1] + rb',"error":"1 error occurred:\n\t* invalid accessor\n\n"}'
                )
        raise ValueError(f"no such verb: {verb}")

    def _wrap(self, step: Step, time: int, who: Token) -> Call:
        """The secret id of a role, wrapped; the wrapping token is held by the app."""
        inside = self._secrets["wrapped"] = Secret(hmac_of(self.chance), hmac_of(self.chance))
        token = self._tokens[step.into] = Token(
            hmac_of(self.chance), hmac_of(self.chance), "", "response-wrapping", "", "", 1_800, time,
            self._app.place(time), 31_000,
        )  # fmt: skip
        answer = (
            f'"wrap_info":{{"ttl":1800,"token":"{token.hmac}","accessor":"{token.accessor}","creation_time":"2026-01-01T00:00:00Z",'
            f'"creation_path":"auth/approle/role/{self._app.name}/secret-id","wrapped_accessor":"{inside.accessor}"}}'
        )
        path = f"auth/approle/role/{self._app.name}/secret-id"
        return self._log.call(time, who, "update", APPROLE, path, answer=answer, more=',"wrap_ttl":1800')
