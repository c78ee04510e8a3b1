"""What an event changes, by class and activity: tables, since OCSF says it in numbers."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.activity import Effect, Ended, EndFailed, EndKind, Issued, Outcome, Parent, Restored
from schemas.credential_kind import CredentialKind
from schemas.sources.ocsf.captions import Kind
from schemas.sources.ocsf.keys import Keys, programmatic
from schemas.sources.ocsf.wire import Event
from schemas.times import micros_of

Turned = tuple[bool, EndKind]
"""Alive from then on or not, and the kind of end."""

ACCOUNT_TURNS: dict[int, Turned] = {
    1: (True, "remade"), 2: (True, "disabled"), 5: (False, "disabled"), 6: (False, "deleted"),
    9: (False, "disabled"), 12: (True, "disabled"),
}  # fmt: skip
"""Create, Enable, Disable, Delete, Lock, Unlock."""

ENTITY_TURNS: dict[int, Turned] = {
    1: (True, "remade"), 4: (False, "deleted"), 7: (False, "disabled"), 8: (True, "disabled"),
    9: (False, "disabled"), 10: (True, "disabled"), 11: (False, "disabled"),
    12: (False, "disabled"), 13: (True, "disabled"),
}  # fmt: skip
"""Create, Delete, Unenroll, Enable, Disable, Activate, Deactivate, Suspend, Resume."""

CREATE, LOGON, LOGOFF = 1, 1, 2

CREDENTIALS = ("credential", "key", "token", "secret", "certificate")
IDENTITIES = ("user", "account", "role", "application", "principal", "identity", "agent", "workload")
"""Words in an entity's type that say what it is."""

USER_ENTITY = 2


def effects_of(
    event: Event, kind: Kind, keys: Keys, outcome: Outcome, identity: str, credential: str
) -> tuple[Effect, ...]:
    """Returns what took; of what failed only that an end was tried."""
    activity = kind.activity_id or 0
    match kind.class_uid:
        case 3001:
            effects = list(_account(event, activity, keys))
        case 3002:
            effects = list(_authentication(event, activity, keys, identity, credential))
        case 3004:
            effects = list(_entity(event, activity, keys, identity, credential))
        case _:
            effects = []
    if outcome == "succeeded":
        return tuple(effects)
    if outcome == "unknown":
        return ()
    return tuple(EndFailed(e.how, e.credential, e.identity) for e in effects if isinstance(e, Ended))


def _account(event: Event, activity: int, keys: Keys) -> Iterator[Effect]:
    """A change of an account; where the event shows one credential of it, and is about that, a change of the
    credential."""
    turned = ACCOUNT_TURNS.get(activity)
    identity = keys.changed(event.user)
    if turned is None or not identity:
        return
    credential = keys.credential(programmatic(event.user), event.user.credential_uid if event.user else "")
    yield from _turn(event, activity, turned, identity, credential if _about_key(event) else "")


def _about_key(event: Event) -> bool:
    operation = event.api.operation.lower()
    return any(word in operation for word in CREDENTIALS)


def _turn(event: Event, activity: int, turned: Turned, identity: str, credential: str) -> Iterator[Effect]:
    alive, kind = turned
    how = event.api.operation or event.activity_name or f"class {event.class_uid} activity {activity}"
    if credential and alive and activity == CREATE:
        yield Issued(credential, identity)
    elif credential:
        yield Restored(how, kind, credential, identity) if alive else Ended(how, kind, credential, identity)
    else:
        yield Restored(how, kind, identity=identity) if alive else Ended(how, kind, identity=identity)


def _entity(event: Event, activity: int, keys: Keys, actor: str, used: str) -> Iterator[Effect]:
    turned = ENTITY_TURNS.get(activity)
    entity, kind = event.entity, event.entity.type.lower()
    uid = entity.uid or entity.name
    if turned is None or not (uid or entity.user):
        return
    if any(word in kind for word in CREDENTIALS):
        credential = keys.credential(uid)
        if turned[0] and activity == CREATE:
            parents = {used: Parent("made_by", actor)} if used else {}
            yield Issued(credential, keys.user(entity.user), _kind(kind), parents=parents)
        else:
            yield from _turn(event, activity, turned, keys.user(entity.user), credential)
    elif entity.type_id == USER_ENTITY or any(word in kind for word in IDENTITIES):
        identity = keys.user(entity.user) or keys.entity(uid)
        yield from _turn(event, activity, turned, identity, "")


KINDS: tuple[tuple[str, CredentialKind], ...] = (
    ("access key", "access_key"), ("access_key", "access_key"), ("accesskey", "access_key"),
    ("api key", "api_key"), ("api_key", "api_key"), ("apikey", "api_key"),
    ("service account key", "service_account_key"), ("service_account_key", "service_account_key"),
    ("client secret", "client_secret"), ("client_secret", "client_secret"),
    ("certificate", "certificate"), ("access token", "access_token"), ("token", "token"),
    ("password", "password"), ("secret", "secret"),
)  # fmt: skip
"""By a part of an entity's type, the more particular first."""


def _kind(said: str) -> CredentialKind:
    return next((kind for part, kind in KINDS if part in said), "")


def _authentication(
    event: Event, activity: int, keys: Keys, identity: str, credential: str
) -> Iterator[Effect]:
    session = keys.session(event.session)
    if not session:
        return
    if activity == LOGOFF:
        yield Ended("Logoff", "revoked", session, identity)
    elif activity == LOGON:
        parents = {credential: Parent("came_from", identity)} if credential and credential != session else {}
        expires = micros_of(event.session.expiration_time_dt) or micros_of(event.session.expiration_time)
        yield Issued(session, identity, "session", parents=parents, expires=expires)
