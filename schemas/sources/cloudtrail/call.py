"""One call as the tables of effects read it."""

from __future__ import annotations

from typing import NamedTuple

from schemas.activity import Outcome
from schemas.providers.aws.keys import role_of, user_of
from schemas.sources.cloudtrail.identity import Caller
from schemas.sources.cloudtrail.wire import Fields, text


class Call(NamedTuple):
    """``service``: the first label of ``eventSource``. ``account``: where the call was carried out. ``time``
    in µs."""

    service: str
    operation: str
    outcome: Outcome
    error: str
    time: int
    account: str
    caller: Caller
    request: Fields | None
    response: Fields | None

    def user(self) -> str:
        """Returns the user that the call is about; the caller's own where it names none, "" where that is no
        user."""
        name = text(self.request, "userName")
        if name:
            return user_of(self.account, name)
        own = self.caller.identity
        return own if ":user/" in own or own.endswith(":root") else ""

    def role(self) -> str:
        """Returns the key of the role that the request names."""
        return role_of(self.account, text(self.request, "roleName"))
