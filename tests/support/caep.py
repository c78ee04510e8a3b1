"""Security event tokens, signed with a key of the tests."""

from __future__ import annotations

from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from schemas.activity import Activity
from schemas.sources import Context, Reading
from schemas.sources.caep import read

ISSUER = "https://idp.example.com/123456789/"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
USER = "email:jo@example.com"
SESSION = "oidc:idp.example.com/123456789:session/S-1"
SUBJECT: dict[str, Any] = {
    "format": "complex",
    "user": {"format": "email", "email": "Jo@example.com"},
    "session": {"format": "opaque", "id": "S-1"},
}


@cache
def private() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def stranger() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def public() -> dict[str, Any]:
    key: dict[str, Any] = jwt.algorithms.ECAlgorithm.to_jwk(private().public_key(), as_dict=True)
    return key | {"kid": "k1", "use": "sig", "alg": "ES256"}


def context(**more: Any) -> Context:
    return Context(**({"key": b"site", "jwks": {"keys": [public()]}} | more))


def claims(word: str = "session-revoked", event: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    said = {"event_timestamp": 1795341600, "initiating_entity": "policy"} | (event or {})
    return {
        "iss": ISSUER, "jti": "24c63fb56e5a2d77a6b512616ca9fa24", "iat": 1795341660, "aud": "https://sp.example.com/caep",
        "sub_id": SUBJECT, "events": {(word if "://" in word else CAEP + word): said},
    } | more  # fmt: skip


def token(content: dict[str, Any], key: Any = None, algorithm: str = "ES256", **header: Any) -> bytes:
    headers = {"typ": "secevent+jwt", "kid": "k1"} | header
    return jwt.encode(content, key or private(), algorithm=algorithm, headers=headers).encode()


def reading(record: bytes, within: Context | None = None) -> Reading:
    return read(record, within or context())


def activity(*args: Any, **more: Any) -> Activity:
    """The activity of a signed token with these claims."""
    result = reading(token(claims(*args, **more)))
    assert not result.rejects, result.rejects
    (one,) = result.activities
    return one
