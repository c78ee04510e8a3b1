"""Whom an event is about: subject identifiers (RFC 9493, SSF 1.0) as keys.

What is recognised goes by its own source's key: an IAM arn, a service account's email, Entra's object ids
and sessions, and any key of gapwatch's own. Else ``oidc:<issuer>:sub/<subject>``, ``email:<address>``,
``uri:<uri>``, ``caep:<issuer>:sub/<id>``; sessions ``oidc:<issuer>:session/<id>``, tokens
``oidc:<issuer>:jti/<id>``, credentials ``caep:<issuer>:credential/<type>/<name or subject>``,
``x509:<issuer>:<serial>``.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from schemas.providers.oidc import issuer_name
from schemas.sources.azure.keys import Tenant
from schemas.sources.ocsf.keys import recognised
from schemas.wire import as_fields, as_list, text_at

ENTRA = re.compile(
    r"https://(?:login\.microsoftonline\.com|sts\.windows\.net)/(?P<tenant>[0-9a-fA-F-]{36})(?:/|$)"
)
MEMBERS = ("user", "application", "device", "group", "org_unit")
"""Parts of a complex subject that may be an identity, the most particular first; a tenant is everybody."""


class Subject(NamedTuple):
    """Keys of the identity, of the session, of the token that an event is about; "" where it names none."""

    identity: str = ""
    session: str = ""
    token: str = ""


def subject_of(issuer: str, claims: dict[str, Any], event: dict[str, Any]) -> Subject:
    """Returns the subject that is named: ``sub_id`` of the token; ``subject`` of the event in drafts and
    RISC; ``sub`` where there is nothing else."""
    subject = (
        as_fields(claims.get("sub_id")) or as_fields(event.get("subject")) or as_fields(claims.get("subject"))
    )
    if not subject:
        sub = text_at(claims, "sub")
        return (
            Subject(_identity(issuer, {"format": "iss_sub", "iss": issuer, "sub": sub})) if sub else Subject()
        )
    kind = _format(subject)
    parts = {name: part for name, value in subject.items() if (part := as_fields(value))}
    if kind == "complex" or (not kind and parts):
        session, token = parts.get("session", {}), parts.get("token", {})
        identity = next((key for name in MEMBERS if (key := _identity(issuer, parts.get(name, {})))), "")
        return Subject(identity, _session(issuer, session), _token(issuer, token))
    if kind in ("jwt_id", "saml_assertion_id"):
        return Subject("", "", _token(issuer, subject))
    return Subject(_identity(issuer, subject))


def session_key(issuer: str, name: str) -> str:
    """Returns the key of a session that an issuer names: Entra's own form for Entra's issuers, "" without a
    name."""
    if not name:
        return ""
    found = ENTRA.match(issuer)
    return Tenant(found["tenant"]).session(name) if found else f"oidc:{issuer_name(issuer)}:session/{name}"


def _format(subject: dict[str, Any]) -> str:
    """Drafts call it ``subject_type``, with dashes."""
    return (text_at(subject, "format") or text_at(subject, "subject_type")).replace("-", "_").lower()


def _identity(issuer: str, subject: dict[str, Any]) -> str:
    match _format(subject):
        case "email":
            email = text_at(subject, "email").lower()
            return recognised(email) or (f"email:{email}" if email else "")
        case "iss_sub" | "oidc" | "":
            return _by_subject(text_at(subject, "iss") or issuer, text_at(subject, "sub"))
        case "opaque":
            name = text_at(subject, "id")
            return recognised(name) or (f"caep:{issuer_name(issuer)}:sub/{name}" if name else "")
        case "account" | "uri" | "did":
            uri = text_at(subject, "uri") or text_at(subject, "url")
            return recognised(uri) or (f"uri:{uri}" if uri else "")
        case "phone_number":
            return f"caep:{issuer_name(issuer)}:phone/{text_at(subject, 'phone_number')}"
        case "aliases":
            many = (_identity(issuer, as_fields(one)) for one in as_list(subject.get("identifiers"))[:8])
            return next((key for key in many if key), "")
        case _:
            return ""


def _by_subject(issuer: str, subject: str) -> str:
    if not subject:
        return ""
    found = ENTRA.match(issuer)
    if found:
        return Tenant(found["tenant"]).user(subject)
    return recognised(subject) or f"oidc:{issuer_name(issuer)}:sub/{subject}"


def _session(issuer: str, subject: dict[str, Any]) -> str:
    return session_key(
        text_at(subject, "iss") or issuer,
        text_at(subject, "id") or text_at(subject, "sub") or text_at(subject, "sid"),
    )


def _token(issuer: str, subject: dict[str, Any]) -> str:
    name = text_at(subject, "jti") or text_at(subject, "assertion_id") or text_at(subject, "id")
    owner = text_at(subject, "iss") or text_at(subject, "issuer") or issuer
    return f"oidc:{issuer_name(owner)}:jti/{name}" if name else ""


def credential_of(issuer: str, event: dict[str, Any], identity: str) -> str:
    """Returns the credential of a credential-change: by its certificate, its name, else the one of its type
    that this subject has."""
    kind = text_at(event, "credential_type") or "credential"
    serial = text_at(event, "x509_serial")
    if serial:
        return f"x509:{text_at(event, 'x509_issuer')}:{serial.lower()}"
    name = text_at(event, "friendly_name")
    known = recognised(name)
    if known:
        return known
    return f"caep:{issuer_name(issuer)}:credential/{kind}/{name or identity}" if name or identity else ""
