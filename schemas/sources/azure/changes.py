"""What an entry of the directory's audit log changes: credentials, accounts, sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schemas.activity import Aliased, Effect, Ended, EndKind, Issued, Restored
from schemas.credential_kind import CredentialKind
from schemas.sources.azure.keys import GUID, Tenant
from schemas.sources.azure.secrets import (
    FEDERATED,
    KEYS,
    Change,
    change_of,
    decoded,
    federated_of,
    keys_of,
    names_of,
)
from schemas.sources.azure.wire import Changed, Target

APP_ID_PROPERTIES = frozenset(
    {"targetid.serviceprincipalnames", "serviceprincipalnames", "appprincipalid", "appid"}
)
"""Where an entry about a service principal names its application; the first GUID is the appId."""

ENABLED = "accountenabled"

DELETED = frozenset({
    "remove service principal", "delete service principal", "hard delete service principal",
    "delete application", "hard delete application", "delete user", "hard delete user",
})  # fmt: skip
RESTORED = frozenset({"restore application", "restore service principal", "restore user"})
"""Out of the recycle bin: the same object, with its credentials."""

MADE = frozenset({"add service principal", "add application", "add user"})
"""A new object of a name or application that may have been deleted before."""

DISABLED = frozenset({"disable account"})
ENABLED_AGAIN = frozenset({"enable account"})

ABOUT_ITSELF = DELETED | MADE | DISABLED | ENABLED_AGAIN | {"update service principal"}
"""Entries whose ``AppId`` among the details is of the service principal that they are about; in others (a
role of an application given to it) it is another one's."""

SESSIONS_REVOKED = frozenset({
    "revoke sign in sessions", "revoke sign-in sessions", "update stsrefreshtokenvalidfrom timestamp",
    "invalidate all refresh tokens",
})  # fmt: skip
"""Ends a user's sessions; access tokens that were out before run on until they expire."""

UNREADABLE = "cannot be read: which credentials this change added or removed is not known"


def word_of(operation: str) -> str:
    """Returns an operation's name in one spelling: records differ in dashes, blanks and final dots."""
    return " ".join(operation.replace("–", "-").replace("—", "-").lower().split()).rstrip(".")


class Changes:
    """The effects of one entry, and the properties that could not be read."""

    def __init__(self, tenant: Tenant, operation: str, app_id: str) -> None:
        self.tenant = tenant
        self.operation = operation.strip()
        self.word = word_of(operation)
        self.app_id = app_id
        self.unreadable: list[str] = []

    def of(self, targets: list[Target]) -> list[Effect]:
        """Returns the effects of a directory operation on all its targets, in their order."""
        return [effect for target in targets for effect in self._of(target)]

    def identity(self, target: Target) -> str:
        """Returns the key of what an entry is about; its application's where the entry names that."""
        match target.type.lower():
            case "application":
                return self.tenant.app(self.app_id) or self.tenant.application(target.id)
            case "serviceprincipal":
                named = self._named(target) or (self.app_id if self.word in ABOUT_ITSELF else "")
                return self.tenant.app(named) or self.tenant.principal(target.id)
            case "user":
                return self.tenant.user(target.id or target.user_principal_name)
            case _:
                return ""

    def _named(self, target: Target) -> str:
        for changed in _changed(target):
            if changed.display_name.lower() in APP_ID_PROPERTIES:
                found = GUID.search(str(changed.new_value or changed.old_value or ""))
                if found:
                    return found[0]
        return ""

    def _of(self, target: Target) -> Iterator[Effect]:
        identity = self.identity(target)
        if not identity:
            return
        alias = self._alias(target)
        if alias and alias != identity:
            yield Aliased(alias, identity)
        for changed in _changed(target):
            yield from self._property(changed, identity, self._holder(identity))
        principal = target.id if target.type.lower() == "serviceprincipal" else ""
        yield from self._account(identity, principal)

    def _alias(self, target: Target) -> str:
        kind = target.type.lower()
        if kind == "serviceprincipal":
            return self.tenant.principal(target.id)
        return self.tenant.application(target.id) if kind == "application" else ""

    def _account(self, identity: str, principal: str) -> Iterator[Effect]:
        word, how = self.word, self.operation
        if word in DELETED:
            yield Ended(how, "deleted", identity=identity, scope=principal)
        elif word in RESTORED:
            yield Restored(how, "deleted", identity=identity)
        elif word in MADE:
            yield Restored(how, "remade", identity=identity)
        elif word in DISABLED:
            yield Ended(how, "disabled", identity=identity)
        elif word in ENABLED_AGAIN:
            yield Restored(how, "disabled", identity=identity)
        elif word in SESSIONS_REVOKED:
            yield Ended(how, "cut", identity=identity)

    def _holder(self, identity: str) -> str:
        """Whose a credential is; "" where only the application's object is named: what says its appId
        besides is the credential's own sign-in, so the credential waits for that."""
        return "" if identity.startswith(self.tenant.application_prefix) else identity

    def _property(self, changed: Changed, identity: str, holder: str) -> Iterator[Effect]:
        name = changed.display_name.lower()
        if name == KEYS:
            yield from self._credentials(changed, holder, keys_of, self.tenant.key)
        elif name == FEDERATED:
            yield from self._credentials(changed, holder, federated_of, self.tenant.federated)
        elif name == ENABLED and self.word not in DISABLED | ENABLED_AGAIN:
            yield from self._switched(changed, identity)

    def _credentials(
        self,
        changed: Changed,
        identity: str,
        ids_of: Callable[[object], dict[str, CredentialKind] | None],
        key: Callable[[str], str],
    ) -> Iterator[Effect]:
        change: Change | None = change_of(changed.old_value, changed.new_value, ids_of)
        if change is None:
            self.unreadable.append(changed.display_name)
            return
        called = names_of(changed.new_value) if change.added else {}
        for name, kind in change.added.items():
            yield Issued(key(name), identity, kind, called=called.get(name, ""))
        for name in change.removed:
            yield Ended(self.operation, "deleted", key(name), identity)

    def _switched(self, changed: Changed, identity: str) -> Iterator[Effect]:
        """``[true]`` to ``[false]``: a list of one."""
        new = decoded(changed.new_value)
        new = new[0] if isinstance(new, list) and new else new
        kind: EndKind = "disabled"
        if new is False:
            yield Ended(f"{self.operation}: disabled", kind, identity=identity)
        elif new is True:
            yield Restored(f"{self.operation}: enabled", kind, identity=identity)


def _changed(target: Target) -> list[Changed]:
    return [Changed.model_validate(one) for one in target.modified_properties]
