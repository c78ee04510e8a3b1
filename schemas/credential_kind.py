"""Kinds of credentials: a closed list, and one table of what follows from each.

A reader of records says which kind a credential is of; what is long-lived, what is issued for a while, what
is used up, and what outlives its account is looked up here and nowhere else. Stored dossiers hold the kind as
text, so that a dossier of another version is never unreadable: a kind that this version does not know has the
traits of one that nobody told.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

CredentialKind = Literal[
    "",
    "access_key",
    "access_token",
    "admin_key",
    "api_key",
    "batch",
    "certificate",
    "client_credential",
    "client_secret",
    "federated_credential",
    "inferred",
    "lease",
    "legacy_token",
    "password",
    "root",
    "secret",
    "secret_id",
    "service",
    "service_account_key",
    "service_credential",
    "session",
    "token",
    "token_extended",
    "wrapping",
]
"""``""``: the record does not say. ``service`` and ``batch`` are Vault's two types of tokens, ``token`` is
any other token that is issued for a while, ``inferred`` what is known by the object alone that it rests
on."""


class Traits(NamedTuple):
    """What follows from a kind.

    ``long``: it lives until somebody ends it, so it is a way in that stays. ``passing``: it is issued for a
    while from something else, so nobody rotates it. ``once``: it is judged by the number of its uses and not
    by its expiry. ``residual``: it runs on to its expiry by design when its account goes. ``cut``: a policy
    that revokes sessions ends it. ``root``: it may do everything. ``unseen``: why no source shows its use, ""
    where one does. ``inferred``: no record names it. ``extended``: its provider accepts
    it beyond its expiry and says so. ``form_of``: the kind of which it is a form.
    """

    long: bool = False
    passing: bool = False
    once: bool = False
    residual: bool = False
    cut: bool = False
    root: bool = False
    unseen: str = ""
    inferred: bool = False
    extended: bool = False
    form_of: str = ""


UNSAID = Traits()
LONG = Traits(long=True)

TRAITS: dict[str, Traits] = {
    "": UNSAID,
    "access_key": LONG,
    "access_token": Traits(residual=True),
    "admin_key": LONG,
    "api_key": LONG,
    "batch": UNSAID,
    "certificate": LONG,
    "client_credential": LONG,
    "client_secret": LONG,
    "federated_credential": LONG,
    "inferred": Traits(passing=True, inferred=True),
    "lease": Traits(passing=True, unseen="the leased system keeps its own log"),
    "legacy_token": LONG,
    "password": LONG,
    "root": Traits(long=True, root=True),
    "secret": LONG,
    "secret_id": LONG,
    "service": UNSAID,
    "service_account_key": LONG,
    "service_credential": LONG,
    "session": Traits(passing=True, cut=True),
    "token": UNSAID,
    "token_extended": Traits(extended=True, form_of="token"),
    "wrapping": Traits(passing=True, once=True),
}

FORMER = {"api key": "api_key", "legacy token": "legacy_token", "token (extended)": "token_extended"}
"""What earlier versions wrote into dossiers, and what it is called now."""

TRAITS.update({former: TRAITS[now] for former, now in FORMER.items()})

KINDS: frozenset[str] = frozenset(get_args(CredentialKind))


def traits_of(kind: str) -> Traits:
    """Returns the traits of a kind; those of an unsaid one for what this version does not know."""
    return TRAITS.get(kind, UNSAID)
