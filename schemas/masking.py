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
    """Returns the secret itself, without the quotes, the scheme and the namespace that it may be written
    with."""
    secret = secret.strip().strip("\"'")
    if found := SCHEME.match(secret):
        secret = secret[found.end() :].strip()
    found = _NAMESPACED.fullmatch(secret)
    return found[1] if found else secret


def masked(key: bytes, secret: str) -> str:
    """Returns the HMAC-SHA256 of the bare secret under the site's key, 128 bits in hex; a mask stays what it
    is."""
    if MASK.fullmatch(secret):
        return secret
    digest = hmac.new(key, bare(secret).encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"hmac-{digest.hexdigest()[:32]}"


FORMER_MAX = 50_000
"""Masks of which it is remembered what they were under former keys: the gate asks once a record was read."""


class Masks:
    """Masks under the site's key, and what the same secrets were called under its former keys, newest first:
    an end that was told under the one meets its use under the other. ``rotated``: whether there are any."""

    def __init__(self, key: bytes, former: tuple[bytes, ...] = ()) -> None:
        self._key = key
        self._former = former
        self.rotated = bool(former)
        self._before: dict[str, tuple[str, ...]] = {}

    def of(self, secret: str) -> str:
        """Returns the mask of a secret under the site's key. The masks under former keys are remembered
        beside it."""
        mask = masked(self._key, secret)
        if self._former and mask not in self._before and mask != secret:
            if len(self._before) >= FORMER_MAX:
                self._before.clear()
            self._before[mask] = tuple(masked(key, secret) for key in self._former)
        return mask

    def former(self, key: str) -> tuple[str, ...]:
        """Returns the former keys of a credential, by its key now; () where no mask stands in it."""
        if not self._before:
            return ()
        return tuple(
            key.replace(found[0], before)
            for found in MASK.finditer(key)
            for before in self._before.get(found[0], ())
        )
