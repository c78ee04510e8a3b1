"""Who: identity and credential keys of OCSF events.

What is recognised goes by its own source's key (an IAM arn, an access key id, a service account's email or
key), so that it meets that source's records. Anything else: ``ocsf:<account or installation>:user/<uid>``,
``…:app/<uid>``, ``…:entity/<uid>``, ``…:credential/<uid>``, ``…:session/<uid>``, ``…:token/<id>``.
"""

from __future__ import annotations

import re

from schemas.providers import BY_WORD
from schemas.providers.aws.keys import of_arn, user_of
from schemas.sources import Context
from schemas.sources.gcp.identity import IAM, KEY_NAME, account_of, key_of
from schemas.sources.ocsf.wire import Actor, Event, Session, User
from schemas.sources.shown_secrets import found_in, key_or_secret
from schemas.wire import as_list, as_text, text_at

ACCESS_KEY = re.compile(r"A(?:KIA|SIA|CCA|BIA)[A-Z0-9]{12,128}")
CLOUDTRAIL = "cloudtrail"
OURS = re.compile(rf"(?:{'|'.join(sorted(BY_WORD))}):\S+")
"""A key of gapwatch's own, of whatever provider: what writes OCSF may know it."""


class Keys:
    """Keys inside the account (or installation) that an event is of."""

    def __init__(self, event: Event, context: Context) -> None:
        cloud = event.cloud
        account = cloud.account.uid or cloud.project_uid or cloud.account_uid
        self.prefix = f"ocsf:{account or context.instance}:"
        self.context = context
        # Another product's user of the same name is somebody else.
        self.trail = event.metadata.product.name.lower() == CLOUDTRAIL
        self.account = account or text_at(event.unmapped, "recipientAccountId")

    def user(self, user: User | None) -> str:
        """Returns the identity of a user, by whichever of its fields is recognised."""
        if user is None:
            return ""
        names = (user.uid, user.uid_alt, user.uuid, user.name, user.email_addr)
        known = next((key for text in names if (key := recognised(text))), "") or self._in_account(user)
        name = user.uid or user.email_addr or user.name
        return known or (f"{self.prefix}user/{name}" if name else "")

    def changed(self, user: User | None) -> str:
        """Returns a user that an account change is about: the trail names it by its name alone, in its own
        account."""
        known = self.user(user)
        if user and user.name and self.trail and self.account and known.startswith(self.prefix):
            return user_of(self.account, user.name)
        return known

    def _in_account(self, user: User) -> str:
        """A user without its arn, by the kind, account and name that AWS's trail gives it."""
        account = user.account.uid or user.account_uid or self.account
        kind = user.type.lower()
        if not self.trail or not account:
            return ""
        if kind == "root":
            return f"aws:{account}:root"
        return user_of(account, user.name) if kind == "iamuser" and user.name else ""

    def actor(self, actor: Actor) -> str:
        """Returns a session's issuer (a role) before the session's own name; an application where no user is
        named."""
        issuer = recognised(actor.session.issuer)
        if issuer:
            return issuer
        app = f"{self.prefix}app/{actor.app_uid}" if actor.app_uid else ""
        return self.user(actor.user) or app

    def credential(self, *uids: str) -> str:
        """Returns the first credential id that is told."""
        for uid in uids:
            if ACCESS_KEY.fullmatch(uid):
                return f"aws:key/{uid}"
            if (found := KEY_NAME.fullmatch(uid)) and found["key"]:
                return key_of(found["account"], found["key"])
            if OURS.fullmatch(uid):
                return uid
            if uid:
                return key_or_secret(f"{self.prefix}credential/{uid}", uid, self.context)
        return ""

    def session(self, session: Session) -> str:
        """Returns the key of a session; a name that could be a secret is masked, "" without one."""
        if not session.uid:
            return ""
        return key_or_secret(f"{self.prefix}session/{session.uid}", session.uid, self.context)

    def token(self, token: object) -> str:
        """Returns a token by its id; a bare one is a secret."""
        uid = text_at(token, "uid")
        if uid:
            return key_or_secret(f"{self.prefix}token/{uid}", uid, self.context)
        return found_in(as_text(token), self.context).credential

    def entity(self, uid: str) -> str:
        """Returns the key of an entity: the provider's own form where its uid is recognised as one."""
        return recognised(uid) or (f"{self.prefix}entity/{uid}" if uid else "")


def recognised(text: str) -> str:
    """Returns the identity that a text names in another source's form; "" for none."""
    if text.startswith("arn:"):
        return of_arn(text)
    if text.endswith(IAM):
        return account_of(text.rpartition(":")[2])
    return text if OURS.fullmatch(text) else ""


def programmatic(user: User | None) -> str:
    """Returns the id of the one programmatic credential that a user is shown with; of several none is
    meant."""
    many = as_list(user.programmatic_credentials) if user else []
    return text_at(many[0], "uid") if len(many) == 1 else ""
