"""What a line of Vault's log calls who calls."""

from __future__ import annotations

from schemas.sources.vault.wire import Auth, Data

MADE_BY_TOKEN = "token"
"""How the display name of a token begins that another token made: its maker wrote its metadata, too."""

NAMES = ("role_name", "username", "service_account_email", "common_name", "cert_name", "role")
"""Metadata that auth methods give a token, the most telling first (API, "AppRole", "Userpass", "LDAP",
"Google Cloud", "TLS certificates", "JWT/OIDC")."""


def name_of(auth: Auth) -> str:
    """Returns the name by which people know who calls: the account or role that a login method wrote into the
    token, else the token's display name."""
    shown = auth.display_name or ""
    data = auth.metadata or {}
    if shown.startswith(MADE_BY_TOKEN) or not data:
        return shown
    account, namespace = _text(data, "service_account_name"), _text(data, "service_account_namespace")
    if account and namespace:
        return f"{namespace}/{account}"
    return next((name for field in NAMES if (name := _text(data, field))), shown)


def _text(data: Data, field: str) -> str:
    value = data.get(field)
    return value if isinstance(value, str) else ""
