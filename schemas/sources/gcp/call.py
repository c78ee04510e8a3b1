"""One call as the tables of effects read it."""

from __future__ import annotations

from typing import NamedTuple

from schemas.activity import Outcome
from schemas.sources.gcp.identity import KEY_NAME, Caller, account_of
from schemas.sources.gcp.wire import Entry, Payload
from schemas.wire import text_at


class Call(NamedTuple):
    """``word``: the method's last word in small letters. ``time`` in µs."""

    word: str
    method: str
    outcome: Outcome
    error: str
    time: int
    uid: str
    caller: Caller
    entry: Entry

    @property
    def payload(self) -> Payload:
        """The ``protoPayload`` of the entry: the audit log itself."""
        return self.entry.proto_payload

    @property
    def account(self) -> str:
        """The email (or unique id) of the service account that the call is about."""
        email = text_at(self.entry.resource.labels, "email_id")
        if "@" in email:
            return email
        for text in (
            text_at(self.payload.response, "email"),
            text_at(self.payload.response, "restored_account", "email"),
            self.named("account"),
            text_at(self.entry.resource.labels, "unique_id"),
        ):
            if text and text != "-":
                return text
        return ""

    @property
    def identity(self) -> str:
        """The key of the service account that the call is about, in the project of the resource."""
        project = text_at(self.entry.resource.labels, "project_id")
        return account_of(self.account, project)

    def named(self, what: str) -> str:
        """Returns the account or the key that request, answer or resource name; an email before a unique
        id."""
        found = [
            match[what] or ""
            for text in (
                text_at(self.payload.request, "name"),
                text_at(self.payload.response, "name"),
                self.payload.resource_name,
            )
            if (match := KEY_NAME.fullmatch(text))
        ]
        return max(found, key=lambda name: ("@" in name, bool(name)), default="")
