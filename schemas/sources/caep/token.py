"""Security event tokens (RFC 8417): taken apart, and their signatures checked against a configured key set.

A token is a claim by its issuer that others act on: one whose signature cannot be checked is refused, unless
the context says that unsigned ones are allowed. Symmetric keys are never taken: who can check could also
sign.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jwt
import orjson
from jwt.exceptions import PyJWTError
from jwt.types import Options

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
TYPES = frozenset({"secevent+jwt", "application/secevent+jwt", "jwt", ""})
"""Older transmitters leave the type out; a token of any other type is another kind of token."""

Keys = dict[str, Any]

UNCHECKED: Options = {
    "verify_signature": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False,
    "verify_aud": False,
}  # fmt: skip
CHECKED: Options = {**UNCHECKED, "verify_signature": True}
"""An event stays true after its token has expired; the audience is compared by the reader."""


class RefusedError(ValueError):
    """Why a token is not believed: the field, and the reason without a word of the token."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def claims_of(token: str, keys: Keys, unsigned_allowed: bool) -> dict[str, Any]:
    """Returns the claims of a compact token whose signature holds. Raises ``RefusedError``."""
    try:
        header = jwt.get_unverified_header(token)
        bare: dict[str, Any] = jwt.decode(token, options=UNCHECKED, algorithms=list(ALGORITHMS))
    except (PyJWTError, ValueError, RecursionError, TypeError):
        raise RefusedError("token", "is not a JSON Web Token") from None
    kind = header.get("typ") or ""
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise RefusedError("typ", "is not that of a security event token")
    if header.get("alg") == "none":
        if unsigned_allowed:
            return bare
        raise RefusedError("alg", "is none: unsigned tokens are refused")
    if not keys:
        if unsigned_allowed:
            return bare
        raise RefusedError("signature", "cannot be checked: no key set is configured")
    return _verified(token, header, bare, keys)


def _verified(token: str, header: dict[str, Any], bare: dict[str, Any], keys: Keys) -> dict[str, Any]:
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise RefusedError("alg", "is not an asymmetric signature algorithm")
    own = keys if "keys" in keys else keys.get(str(bare.get("iss")))
    if not isinstance(own, dict):
        raise RefusedError("iss", "is no issuer with a configured key set")
    known = _key_set(orjson.dumps(own, option=orjson.OPT_SORT_KEYS))
    if not known:
        raise RefusedError("signature", "cannot be checked: the configured key set holds no public key")
    wanted = header.get("kid")
    fitting = [
        body
        for name, alg, body in known
        if (not wanted or not name or name == wanted) and alg in ("", algorithm)
    ]
    if not fitting:
        raise RefusedError("kid", "names no key of the configured key set")
    for key in filter(None, (_key(body, str(algorithm)) for body in fitting)):
        try:
            return dict(jwt.decode(token, key=key, algorithms=[str(algorithm)], options=CHECKED))
        except (PyJWTError, ValueError, TypeError, NotImplementedError):
            continue
    raise RefusedError("signature", "does not hold")


@lru_cache(maxsize=64)
def _key_set(keys: bytes) -> tuple[tuple[str | None, str, bytes], ...]:
    """The public signature keys of a set: id, the one algorithm it is for ("" any), itself; others are
    passed over."""
    many = orjson.loads(keys).get("keys")
    return tuple(
        (one.get("kid"), str(one.get("alg") or ""), orjson.dumps(one, option=orjson.OPT_SORT_KEYS))
        for one in (many if isinstance(many, list) else [])
        if isinstance(one, dict) and one.get("kty") != "oct" and one.get("use", "sig") == "sig"
    )


@lru_cache(maxsize=256)
def _key(body: bytes, algorithm: str) -> jwt.PyJWK | None:
    """A key for this algorithm; None where it is for none such: RFC 7517 asks to pass over what one does not
    know."""
    try:
        return jwt.PyJWK(orjson.loads(body), algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
