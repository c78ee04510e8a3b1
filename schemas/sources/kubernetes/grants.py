"""Bindings: who is given what, and when it is taken away."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.activity import Effect, Granted, Withdrawn
from schemas.sources.kubernetes.call import RBAC, Call, grant_of
from schemas.sources.kubernetes.who import account_key, group_name_key, identity_of, short
from schemas.sources.kubernetes.wire import RoleRef, Subject

BINDINGS = frozenset({"rolebindings", "clusterrolebindings"})

SUBJECTS_MAX = 256
"""Subjects of one binding that are told: a binding with more is an export of a directory."""


def grants_of(call: Call) -> Iterator[Effect]:
    """Yields the effects of a write to a binding that succeeded."""
    if call.group != RBAC or call.resource not in BINDINGS or call.subresource:
        return
    if call.verb == "deletecollection":
        names = [item.metadata.name for item in call.answered.items or () if item.metadata]
        for name in names:
            if name:
                yield Withdrawn(_key(call, name), f"{call.operation}/{short(name)}")
        return
    if not call.name:
        return
    grant = _key(call, call.name)
    how = f"{call.verb} {call.resource}/{short(call.name)}"
    if call.verb == "delete":
        yield Withdrawn(grant, how)
        return
    body = call.answered if call.answered.role else call.asked
    if body.role is None:
        return
    identities = tuple(sorted(set(_subjects(call, body.subjects or []))))[:SUBJECTS_MAX]
    if call.verb != "create":
        yield Withdrawn(grant, how, kept=identities)
    yield Granted(grant, role_key(call, body.role), how, identities)


def refused_self(call: Call) -> str:
    """Says, as a grant, that the caller was refused to bind itself; "" where it bound others, or the body is
    not on record."""
    if call.group != RBAC or call.resource not in BINDINGS or call.verb not in ("create", "update", "patch"):
        return ""
    itself = call.who.identity in set(_subjects(call, call.asked.subjects or []))
    return f"{call.prefix}binds-itself" if itself else ""


def _key(call: Call, name: str) -> str:
    return grant_of(call.prefix, call.resource, call.namespace, name)


def role_key(call: Call, role: RoleRef) -> str:
    """Returns the key of a role; a Role is of the binding's namespace."""
    place = f"{call.namespace}/" if role.kind == "Role" and call.namespace else ""
    return f"{call.prefix}{(role.kind or 'role').lower()}/{place}{short(role.name or '')}"


def _subjects(call: Call, subjects: list[Subject]) -> Iterator[str]:
    for subject in subjects:
        if not subject.name:
            continue
        if subject.kind == "ServiceAccount":
            yield account_key(subject.namespace or call.namespace, subject.name, call.prefix)
        elif subject.kind == "Group":
            yield group_name_key(subject.name, call.prefix)
        else:
            yield identity_of(subject.name, call.prefix)
