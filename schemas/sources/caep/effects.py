"""What an event changes: a table from the last step of its type's URI to effects (CAEP 1.0, RISC 1.0)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from schemas.activity import Effect, Ended, EndKind, Exposed, Issued, Parent, Restored
from schemas.credential_kind import CredentialKind
from schemas.evidence import iso
from schemas.sources.caep.subjects import Subject, credential_of
from schemas.wire import text_at


class EventFields(NamedTuple):
    """One event of a token. ``word``: the last step of its type. ``time`` in µs."""

    word: str
    issuer: str
    subject: Subject
    event: dict[str, Any]
    time: int


Teach = Callable[[EventFields], Iterator[Effect]]

GONE = frozenset({"revoke", "delete"})


def effects_of(event: EventFields) -> tuple[Effect, ...]:
    """Returns the effects of one security event; none for an event type that ends nothing."""
    teach = TEACH.get(event.word)
    return tuple(teach(event)) if teach else ()


def _session_revoked(event: EventFields) -> Iterator[Effect]:
    """Of the session or token that is named; where only a user is, of all of that user's sessions."""
    identity, session, token = event.subject
    for credential in filter(None, (session, token)):
        yield Ended(event.word, "revoked", credential, identity)
    if identity and not session and not token:
        yield Ended(event.word, "cut", identity=identity)


def _session_established(event: EventFields) -> Iterator[Effect]:
    identity, session, _ = event.subject
    if session:
        yield Issued(session, identity, "session")


KINDS: dict[str, CredentialKind] = {"password": "password", "pin": "password", "x509": "certificate"}
"""By ``credential_type`` (CAEP 1.0, credential change); keys of hardware and apps are people's."""


def _credential_changed(event: EventFields) -> Iterator[Effect]:
    """Created, revoked, updated, deleted. An update leaves the credential's key what it was."""
    identity = event.subject.identity
    credential = credential_of(event.issuer, event.event, identity)
    change = text_at(event.event, "change_type")
    if not credential:
        return
    if change in GONE:
        yield Ended(
            f"{event.word} {change}", "deleted" if change == "delete" else "revoked", credential, identity
        )
    elif change == "create":
        yield Issued(credential, identity, KINDS.get(text_at(event.event, "credential_type").lower(), ""))
        yield Restored(f"{event.word} create", "remade", credential, identity)


def _token_claims_changed(event: EventFields) -> Iterator[Effect]:
    """The token stays valid with other claims: it is known, nothing ended."""
    identity, session, token = event.subject
    if token and session:
        yield Issued(token, identity, "token", parents={session: Parent("dies_with", identity)})


def _account(alive: bool, kind: EndKind) -> Teach:
    def teach(event: EventFields) -> Iterator[Effect]:
        identity = event.subject.identity
        if not identity:
            return
        how = event.word
        yield Restored(how, kind, identity=identity) if alive else Ended(how, kind, identity=identity)

    return teach


def _compromised(event: EventFields) -> Iterator[Effect]:
    """RISC names the type of credential only."""
    identity = event.subject.identity
    if identity:
        kind = text_at(event.event, "credential_type")
        since = iso(event.time)
        yield Exposed(f"{event.word}: {kind or 'a credential'} at {since}", identity=identity)


TEACH: dict[str, Teach] = {
    "session-revoked": _session_revoked,
    "sessions-revoked": _session_revoked,
    "session-established": _session_established,
    "credential-change": _credential_changed,
    "token-claims-change": _token_claims_changed,
    "account-disabled": _account(False, "disabled"),
    "account-enabled": _account(True, "disabled"),
    "account-purged": _account(False, "deleted"),
    "credential-compromise": _compromised,
}
