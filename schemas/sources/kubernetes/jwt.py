"""A token's own id, and nothing else of it: bodies of TokenReviews and TokenRequests hold whole tokens."""

from __future__ import annotations

import base64
import binascii

import orjson

PAYLOAD_MAX = 16_384
"""Characters of a payload that is looked into: a service account's is below 1,000."""


def jti_of(token: str | None) -> str:
    """Returns the ``jti`` of a JWT's payload, its signature not checked; "" for anything else."""
    parts = token.split(".") if token else ()
    if len(parts) != 3 or not 0 < len(parts[1]) <= PAYLOAD_MAX:
        return ""
    try:
        payload = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return ""
    jti = payload.get("jti") if isinstance(payload, dict) else None
    return jti if isinstance(jti, str) else ""
