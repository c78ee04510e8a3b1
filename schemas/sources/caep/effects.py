"""What an event changes: a table from the last step of its type's URI to effects (CAEP 1.0, RISC 1.0)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from schemas.activity import Effect, Ended, EndKind, Exposed, Issued, Parent, Restored
from schemas.credential_kind import CredentialKind
from schemas.evidence import iso
from schemas.sources.caep.subjects import Subject, credential_of
from schemas.wire import text_at


class Told(NamedTuple):
    """One event of a token. ``word``: the last step of its type. ``time`` in µs."""

    word: str
    issuer: str
    subject: Subject
    event: dict[str, Any]
    time: int


Teach = Callable[[Told], Iterator[Effect]]

GONE = frozenset({"revoke", "delete"})


def effects_of(told: Told) -> tuple[Effect, ...]:
    teach = TEACH.get(told.word)
    return tuple(teach(told)) if teach else ()


def _session_revoked(told: Told) -> Iterator[Effect]:
    """Of the session or token that is named; where only a user is, of all of that user's sessions."""
    identity, session, token = told.subject
    for credential in filter(None, (session, token)):
        yield Ended(told.word, "revoked", credential, identity)
    if identity and not session and not token:
        yield Ended(told.word, "cut", identity=identity)


def _session_established(told: Told) -> Iterator[Effect]:
    identity, session, _ = told.subject
    if session:
        yield Issued(session, identity, "session")


KINDS: dict[str, CredentialKind] = {"password": "password", "pin": "password", "x509": "certificate"}
"""By ``credential_type`` (CAEP 1.0, credential change); keys of hardware and apps are people's."""


def _credential_changed(told: Told) -> Iterator[Effect]:
    """Created, revoked, updated, deleted. An update leaves the credential's key what it was."""
    identity = told.subject.identity
    credential = credential_of(told.issuer, told.event, identity)
    change = text_at(told.event, "change_type")
    if not credential:
        return
    if change in GONE:
        yield Ended(
            f"{told.word} {change}", "deleted" if change == "delete" else "revoked", credential, identity
        )
    elif change == "create":
        yield Issued(credential, identity, KINDS.get(text_at(told.event, "credential_type").lower(), ""))
        yield Restored(f"{told.word} create", "remade", credential, identity)


def _token_claims_changed(told: Told) -> Iterator[Effect]:
    """The token stays valid with other claims: it is known, nothing ended."""
    identity, session, token = told.subject
    if token and session:
        yield Issued(token, identity, "token", parents={session: Parent("dies_with", identity)})


def _account(alive: bool, kind: EndKind) -> Teach:
    def teach(told: Told) -> Iterator[Effect]:
        identity = told.subject.identity
        if not identity:
            return
        how = told.word
        yield Restored(how, kind, identity=identity) if alive else Ended(how, kind, identity=identity)

    return teach


def _compromised(told: Told) -> Iterator[Effect]:
    """RISC names the type of credential only."""
    identity = told.subject.identity
    if identity:
        kind = text_at(told.event, "credential_type")
        since = iso(told.time)
        yield Exposed(f"{told.word}: {kind or 'a credential'} at {since}", identity=identity)


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
