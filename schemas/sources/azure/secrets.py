"""Lists of an application's credentials as the directory's audit log writes them: what was added, what
removed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from schemas.credential_kind import CredentialKind

KEYS = "keydescription"
FEDERATED = "federatedidentitycredentials"

ENTRY = re.compile(r"\[?KeyIdentifier=(?P<key>[^,\]]+),KeyType=(?P<kind>[^,\]]*)")
"""Read from the entry's beginning: its display name, at the end, is whatever somebody typed."""

KINDS: dict[str, CredentialKind] = {
    "password": "client_secret",
    "asymmetricx509cert": "certificate",
    "x509certandpassword": "certificate",
}


NAMED = re.compile(r"\[?KeyIdentifier=(?P<key>[^,\]]+),.*?,DisplayName=(?P<name>.*?)\]?$", re.DOTALL)
"""Its display name is whatever somebody typed, to the end; what stands before it is Entra's own."""


class Change(NamedTuple):
    """Ids of what was added and removed, each with its kind."""

    added: dict[str, CredentialKind]
    removed: dict[str, CredentialKind]


def change_of(
    old: object, new: object, ids_of: Callable[[object], dict[str, CredentialKind] | None]
) -> Change | None:
    """Returns the difference of two lists; None where one cannot be read: a list that was cut short removes
    nothing.

    An absent old list is an empty one; an absent new one says nothing.
    """
    before = {} if old in (None, "") else ids_of(decoded(old))
    after = None if new in (None, "") else ids_of(decoded(new))
    if before is None or after is None:
        return None
    return Change(
        {key: kind for key, kind in after.items() if key not in before},
        {key: kind for key, kind in before.items() if key not in after},
    )


def decoded(value: object) -> object:
    """Returns the value of JSON in text; other text as it is."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except (orjson.JSONDecodeError, RecursionError):
        return value


def keys_of(value: object) -> dict[str, CredentialKind] | None:
    """Returns the key ids and kinds of ``KeyDescription``: a list of
    ``[KeyIdentifier=…,KeyType=…,KeyUsage=…,DisplayName=…]``."""
    if not isinstance(value, list):
        return None
    found: dict[str, CredentialKind] = {}
    for entry in value:
        match = ENTRY.match(entry) if isinstance(entry, str) else None
        if match is None:
            return None
        found[match["key"].strip().lower()] = KINDS.get(match["kind"].strip().lower(), "client_credential")
    return found


def names_of(value: object) -> dict[str, str]:
    """Returns what the keys of ``KeyDescription``, and federated credentials, are called, by id."""
    entries = decoded(value)
    names: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, str) and (found := NAMED.match(entry)):
            names[found["key"].strip().lower()] = found["name"].strip()
        elif name := _id(entry):
            said = entry.get("Name") or entry.get("name")
            names[name.lower()] = said if isinstance(said, str) else ""
    return names


def federated_of(value: object) -> dict[str, CredentialKind] | None:
    """Returns the ids of ``FederatedIdentityCredentials``: a list of objects."""
    if not isinstance(value, list):
        return None
    found: dict[str, CredentialKind] = {}
    for entry in value:
        name = _id(entry)
        if not name:
            return None
        found[name.lower()] = "federated_credential"
    return found


def _id(entry: Any) -> str:
    if not isinstance(entry, dict):
        return ""
    name = entry.get("Id") or entry.get("id")
    return name if isinstance(name, str) else ""
