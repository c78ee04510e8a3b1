"""An app's days in Vault: logins, reads, renewals, leases, children; and new secret ids every so often."""

from __future__ import annotations

from collections.abc import Iterator

from infra.simulator.vault import (
    TOKEN,
    Token,
    VaultLog,
    hmac_of,
)
from infra.simulator.year_stage import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WORKS_FROM,
    WORKS_UNTIL,
    Line,
    moments,
)
from infra.simulator.year_vault import (
    TTL,
    Admin,
    App,
    Secret,
    _lines,
    borrow,
    child_of,
    destroy,
    give_back,
    issue,
    lease_of,
    login,
    make_child,
    read,
    renew,
    token_for,
)

RENEWS_EVERY = 40 * MINUTE


ROTATES_EVERY = 60 * DAY


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
        """Yields the lines of one ordinary day: housekeeping, and a session with so many calls unless the
        application rests."""
        yield from self._housekeeping(start)
        app, chance = self._app, self._app.chance
        begins = start + WORKS_FROM + int(chance.random() * (WORKS_UNTIL - WORKS_FROM - 4 * HOUR))
        span = int((0.5 + chance.random()) * 2 * HOUR)
        if calls and not (begins + span > app.quiet[0] and begins < app.quiet[1]):
            yield from self._session(begins, span, calls)

    def _housekeeping(self, start: int) -> Iterator[Line]:
        """Secret ids: the first one, and then a new one every so often; the old one goes when its tokens are
        over."""
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
