"""Who: identity and credential keys of a CloudTrail event.

Identities: ``aws:<account>:user/<name>``, ``…:role/<name>``, ``…:root``; callers from outside IAM
``…:web/<provider>/<subject>``, ``…:saml/<provider>/<name>``, ``…:sso/<user id>``, ``…:directory/<name>``,
``…:principal/<id>``, ``…:account``; AWS itself ``aws:service/<service>``. Credentials: ``aws:key/<access key
id>``, ``aws:bearer/<credential id>`` of an Identity Center token, ``aws:<account>:password/<user>`` for a
console password, ``aws:<account>:console/<session>/<beginning>`` for a sign-in that shows no key. Names are
without their IAM path: a user's or role's name is unique in its account whatever its path.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import msgspec

from schemas.providers.aws.keys import key_of, of_arn
from schemas.remembering import remembered_together
from schemas.sources.cloudtrail.wire import Principal, text

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""What CloudTrail writes for a user name that does not exist (it may be a mistyped password)."""

ANONYMOUS = "ANONYMOUS_PRINCIPAL"


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Identity key, readable name, credential key, account; "" where the record does not say."""

    identity: str = ""
    name: str = ""
    credential: str = ""
    account: str = ""


@dataclass(slots=True, eq=False)
class Who:
    """What ``userIdentity`` says: the caller; whether AWS itself calls; whether the session is of a role that
    AWS keeps for itself, and of a person; and the element, as it was read. One of equal bytes is the same.
    Of a temporary credential: what its session is called, when it ``began`` ("" unsaid), and whether it is of
    a federated user, or of an older record of the console."""

    caller: Caller
    service: bool
    theirs: bool
    person: bool
    principal: Principal | None
    session: str = ""
    began: str = ""
    federated: bool = False


CONSOLE = "signin.amazonaws.com"
"""Older console calls say ``invokedBy`` sign-in: a person's own calls, made in a browser."""


def read_who(element: bytes, recipient: str) -> Who:
    """Returns who called, by the bytes of ``userIdentity`` (none: b""); worked out once for equal ones.
    Raises ``msgspec.DecodeError`` for no such element. ``recipient``: see ``caller_of``."""
    short = len(element) + len(recipient) <= REMEMBERED_MAX
    return (_read_who if short else _read_who.__wrapped__)(element, recipient)


REMEMBERED_MAX = 4_096
"""Bytes of an element that is remembered, several times the longest that AWS writes: a cache of entries of
any length would be memory without bound."""

_PRINCIPAL = msgspec.json.Decoder(Principal | None)


@lru_cache(maxsize=32_768)
def _read_who(element: bytes, recipient: str) -> Who:
    return who_of(_PRINCIPAL.decode(element) if element else None, recipient)


def who_of(principal: Principal | None, recipient: str) -> Who:
    """Returns who called, by the element as it was read. ``recipient``: see ``caller_of``."""
    service = principal is not None and (
        principal.type == "AWSService" or bool(principal.invoked_by and principal.invoked_by != CONSOLE)
    )
    caller = caller_of(principal, recipient)
    who = Who(caller, service, is_theirs(principal), is_person(principal), principal)
    if principal is not None and principal.type in TEMPORARY:
        context = principal.session_context
        began = context.attributes.creation_date if context and context.attributes else ""
        if began and len(began) <= BEGAN_MAX:
            arn = principal.arn or ""
            who.session = _last(arn) or (principal.principal_id or "").partition(":")[2]
            who.began = began
            who.federated = principal.type == "FederatedUser" or principal.invoked_by == CONSOLE
    return who


TEMPORARY = frozenset({"AssumedRole", "FederatedUser"})
"""Types of callers with a session that has a name (CloudTrail, "userIdentity element")."""

BEGAN_MAX = 64
"""Letters of a time; a longer text is none."""


def caller_of(principal: Principal | None, recipient: str) -> Caller:
    """Returns the caller; ``recipient``, the account that got the event ("": unsaid), is the account of those
    who name none."""
    if principal is None:
        return Caller(account=recipient)
    session = principal.session_context
    issuer = session.session_issuer if session else None
    parts = (
        principal.type,
        principal.arn,
        issuer.arn if issuer else None,
        principal.account_id,
        principal.user_name,
        principal.principal_id,
        principal.access_key_id,
        principal.credential_id,
        principal.invoked_by,
        principal.identity_provider,
        text(principal.on_behalf_of, "userId") if principal.on_behalf_of else "",
        text(principal.in_scope_of, "credentialsIssuedTo") if principal.in_scope_of else "",
        recipient,
    )
    return _caller(*(part or "" for part in parts))


@remembered_together(65_536)
def _caller(*parts: str) -> Caller:
    """As ``caller_of``, for each different caller once. Its parts: see there."""
    kind, arn, issuer, account, user, principal, key, bearer, service, provider, behalf, scope, recipient = (
        parts
    )
    user = "" if user == HIDDEN else user
    # A part of what is no ARN could be a part of anything.
    arn = arn if arn.startswith("arn:") else ""
    account = _account(arn) or (account if account != ANONYMOUS else "") or recipient
    credential = key_of(key) or (f"aws:bearer/{bearer}" if bearer else "")
    at = f"aws:{account}"
    match kind:
        case "IAMUser":
            name = _last(arn) or user
            identity = f"{at}:user/{name}" if name else _principal(at, principal)
        case "AssumedRole" | "FederatedUser":
            identity = of_arn(issuer) or of_arn(arn) or _principal(at, principal)
            name = arn.partition("/")[2]
        case "Role":
            identity, name = of_arn(arn), _last(arn)
        case "Root":
            identity, name = f"{at}:root", "root"
        case "WebIdentityUser":
            identity, name = f"{at}:web/{_provider(provider)}/{user}" if user else "", user
        case "SAMLUser":
            identity, name = f"{at}:saml/{_provider(provider)}/{user}" if user else "", user
        case "IdentityCenterUser":
            identity, name = f"{at}:sso/{behalf or principal}", user or behalf or principal
        case "Directory":
            identity, name = f"{at}:directory/{user}" if user else "", user
        case "AWSService":
            identity, name = f"aws:service/{service}" if service else "", service
        case "AWSAccount":
            # Another account's principal: that account knows whose key it is, so the key alone is followed.
            identity = "" if credential else _principal(at, principal)
            name = principal
        case _:
            identity, name = of_arn(issuer) or of_arn(arn), user
    return Caller(identity, name or scope or principal, credential, account)


FOR_PEOPLE = ":role/aws-reserved/sso.amazonaws.com/"
"""The path, AWS's own, of the roles that Identity Center makes for people; the name anybody may choose."""


def is_person(principal: Principal | None) -> bool:
    """Says whether AWS says that a person holds the session: it is of a role that Identity Center made."""
    return FOR_PEOPLE in _issuer(principal)


RESERVED = (":role/aws-service-role/", ":role/aws-reserved/")
"""Paths under which AWS alone makes roles: service-linked ones, and those of Identity Center (AWS IAM,
"Create a service-linked role"; IAM Identity Center, "Referencing permission sets in resource policies")."""


def is_theirs(principal: Principal | None) -> bool:
    """Says whether AWS says that the session is of a role that it keeps for itself."""
    issuer = _issuer(principal)
    return any(path in issuer for path in RESERVED)


def _issuer(principal: Principal | None) -> str:
    session = principal.session_context if principal else None
    issuer = session.session_issuer if session else None
    return (issuer.arn or "") if issuer is not None else ""


def _account(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def _last(arn: str) -> str:
    return arn.rpartition("/")[2] if "/" in arn else ""


def _principal(at: str, principal: str) -> str:
    """A caller known by its unique id alone; another account's own id stands for all of that account."""
    unique = principal.partition(":")[0]
    if not unique:
        return ""
    return f"{at}:account" if at == f"aws:{unique}" else f"{at}:principal/{unique}"


def _provider(provider: str) -> str:
    """An OIDC or SAML provider's own name: the arn without its account part, a URL without its scheme."""
    if provider.startswith("arn:"):
        return provider.partition("/")[2]
    return provider.rpartition("://")[2]
