"""The mask of a secret: its HMAC under the site's key, the same whichever way the secret was written down."""

from __future__ import annotations

import hashlib
import hmac
import re

MASK = re.compile(r"hmac-(?:[0-9a-f]{32}|sha256:[0-9a-f]{64})")
"""Masks, and the HMACs of Vault's and OpenBao's audit devices."""

SCHEME = re.compile(r"(?:authorization:\s*)?(?:bearer|token)(?:\s+|%20|\+)", re.IGNORECASE)
"""How a token is written in a request (RFC 6750, section 2.1; GitHub's ``token``)."""

_NAMESPACED = re.compile(r"((?:hv[sbr]|[sbr])\.[\w-]{20,})\.[A-Za-z0-9]{1,16}")
"""A token of Vault or OpenBao with the id of its namespace, which a server takes with and without it."""


def bare(secret: str) -> str:
    """The secret itself, without the quotes, the scheme and the namespace that it may be written with."""
    secret = secret.strip().strip("\"'")
    if found := SCHEME.match(secret):
        secret = secret[found.end() :].strip()
    found = _NAMESPACED.fullmatch(secret)
    return found[1] if found else secret


def masked(key: bytes, secret: str) -> str:
    """HMAC-SHA256 of the bare secret under the site's key, 128 bits in hex. A mask stays what it is."""
    if MASK.fullmatch(secret):
        return secret
    digest = hmac.new(key, bare(secret).encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"hmac-{digest.hexdigest()[:32]}"
