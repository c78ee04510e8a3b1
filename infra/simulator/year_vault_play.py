"""Cases in Vault: the table of verbs that their steps use."""

from __future__ import annotations

from dataclasses import replace

from infra.simulator.cases import Step
from infra.simulator.vault import (
    APPROLE,
    IDENTITY,
    KV,
    SYS,
    TOKEN,
    Call,
    Mount,
    Token,
    VaultLog,
    hmac_of,
)
from infra.simulator.year_case import YearCase
from infra.simulator.year_play import Did, Play
from infra.simulator.year_vault import (
    PREFIX,
    Admin,
    App,
    Secret,
    child_of,
    destroy,
    issue,
    login,
    make_child,
    read,
    renew,
    token_for,
)


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
        """The key of the entity that the case is played with."""
        return self._app.identity

    @property
    def credentials(self) -> list[str]:
        """The keys of the credentials that this entity had in the case: accessors, tokens and secret ids."""
        keys = [
            f"{PREFIX}{kind}/{value}"
            for t in self._tokens.values()
            for kind, value in (("accessor", t.accessor), ("token", t.hmac))
            if value
        ]
        return keys + [f"{PREFIX}secret-id/{s.hmac}" for s in (*self._secrets.values(), self._app.secret)]

    @property
    def subject(self) -> str:
        """The subject that the finding of this case is about: the entity, its switch or the root token."""
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
        """Tells one step at a time in µs; returns its event id and the lines that were written of it."""
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
                answer = (
                    f'"data":{{"secret_id":"{inside.hmac}","secret_id_accessor":"{inside.accessor}",'
                    f'"secret_id_num_uses":0,"secret_id_ttl":0}}'
                )
                return log.call(time, who, "update", SYS, "sys/wrapping/unwrap", answer=answer)
            case "wrap":
                return self._wrap(step, time, who)
            case "issue_once" | "issue_next":
                secret = self._secrets[step.into] = Secret(hmac_of(self.chance), hmac_of(self.chance))
                return issue(log, time, who, name, secret, uses=int(step.verb == "issue_once"))
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
                progress = (
                    '"complete":true,"encoded_token":"%s","nonce":"%s","progress":2,"required":2,'
                    '"started":true'
                )
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
            f'"wrap_info":{{"ttl":1800,"token":"{token.hmac}","accessor":"{token.accessor}",'
            f'"creation_time":"2026-01-01T00:00:00Z",'
            f'"creation_path":"auth/approle/role/{self._app.name}/secret-id",'
            f'"wrapped_accessor":"{inside.accessor}"}}'
        )
        path = f"auth/approle/role/{self._app.name}/secret-id"
        return self._log.call(time, who, "update", APPROLE, path, answer=answer, more=',"wrap_ttl":1800')
