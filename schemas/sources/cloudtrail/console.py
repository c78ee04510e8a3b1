"""The console: who signs in with a temporary credential, and who takes on a role there.

STS gives no key for what is done in the console, and no record shows which keys the console uses. Each of
these says the name of its session and when that began (CloudTrail record contents, ``userIdentity`` and
``sessionCredentialFromConsole``), as the records of sign-ins do that show no key.
"""

from __future__ import annotations

from datetime import timedelta

from schemas.activity import Effect, Issued, Known, Parent
from schemas.evidence import iso, micros
from schemas.providers.aws import PROVIDER
from schemas.providers.aws.keys import console_of, of_arn, password_of
from schemas.sources.cloudtrail.identity import Who
from schemas.sources.cloudtrail.wire import AnyEvent, text

SIGN_INS = PROVIDER.sign_ins
"""Operations with which somebody comes to the console."""

SWITCH = "SwitchRole"
"""Somebody in the console takes on a role (AWS IAM, "Switch from a user to an IAM role (console)")."""


SIGNED_IN_BEFORE = micros(timedelta(seconds=10))
"""Who takes on a role in the console had signed in some seconds before."""


def session_of(event: AnyEvent, who: Who, service: str) -> str:
    """Returns of which session the caller's key is, where no record says from what the key was issued; ""
    where one may."""
    if not who.began:
        return ""
    in_console = service == "signin" or who.federated or str(event.from_console).lower() == "true"
    return who.session if in_console else ""


def signed_in_with(who: Who, operation: str) -> str:
    """Returns what stands for the credential of a sign-in with a temporary one, which its record does not
    show; "" for any other operation."""
    if operation not in SIGN_INS:
        return ""
    return console_of(who.caller.account, who.session, who.began)


def switched(event: AnyEvent, who: Who, time: int) -> tuple[Effect, ...]:
    """Returns the session of the role that was taken on, as it came from the session in which it was asked
    for: of a role, the one of that name; of a user, that of the password."""
    asked_by = text(event.additional, "SwitchFrom")
    origin, began = of_arn(asked_by), who.began or iso(time)
    taken = console_of(who.caller.account, who.session or _session(who), began)
    account, _, name = origin.removeprefix("aws:").partition(":")
    if not taken or not origin:
        return ()
    if name.startswith("role/"):
        session = asked_by.rpartition("/")[2]
        before = console_of(account, session, iso(time))
        known: tuple[Effect, ...] = (Known(before, origin, session=session, opened=time - SIGNED_IN_BEFORE),)
    else:
        before, known = password_of(account, name.rpartition("/")[2]), ()
    parents = {before: Parent("came_from", origin)}
    made = Issued(taken, who.caller.identity, "session", parents=parents, session=_session(who))
    return (*known, made)


def _session(who: Who) -> str:
    """Its name, also where the record does not say when it began."""
    arn = (who.principal.arn or "") if who.principal else ""
    return arn.rpartition("/")[2] if "/" in arn else ""
