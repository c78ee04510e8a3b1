"""From a secret that a record shows in clear to the key of the credential it is; the secret itself goes no
further.

Ids that are no secrets are kept as they are (an AWS access key id, the key id of a Google key file, a
token's ``jti``). Everything else goes by its mask: ``secret:<issuer by its form>/<mask>``, the same whoever
showed it (a report of a leak, a gateway, a lake) and however it was written.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

import orjson

from schemas.gate import is_known_id
from schemas.masking import SCHEME, bare
from schemas.providers.leaks import LEAK_REPORT
from schemas.providers.oidc import issuer_name
from schemas.sources import Context
from schemas.sources.gcp.identity import account_of, key_of
from schemas.token_shapes import issuer_of
from schemas.wire import text_at

AWS_KEY = re.compile(r"(?<![A-Z0-9])A(?:KIA|SIA|CCA|BIA)[A-Z0-9]{16}(?![A-Z0-9])")
"""AWS uses the letters of base32; what anonymises logs uses others too, in logs and reports alike."""
VAULT_TOKEN = re.compile(r"(?:hv[sbr]|[sbr])\.[A-Za-z0-9_-]{20,}")
DRAWN = re.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=\D*\d)[\w.~+/=-]{20,}")
"""Letters and digits too many to be a name: whoever has them may be meant to have nothing else."""
JWT = re.compile(r"[A-Za-z0-9_-]{8,}\.(?P<claims>[A-Za-z0-9_-]{8,})\.[A-Za-z0-9_-]*")
KUBERNETES = "kubernetes.io"
JWT_MAX = 16_384
"""Letters of a text that is read as a signed token; real ones have a few thousand."""
UNKNOWN = "unknown"
"""The issuer of a secret whose form says nothing of it."""
TYPE_MAX = 100
"""Bytes of a token that are decoded, and letters of a type that are kept."""


class Found(NamedTuple):
    """Keys of the credential and of its identity; "" where unknown."""

    credential: str = ""
    identity: str = ""


def found_in(secret: str, context: Context) -> Found:
    """Returns the credential that a secret is, which stood in clear."""
    secret = bare(secret)
    if not secret:
        return Found()
    key = AWS_KEY.search(secret)
    if key:
        return Found(f"aws:key/{key[0]}")
    if secret.lstrip().startswith("{"):
        return _key_file(secret) or _masked(secret, context)
    if VAULT_TOKEN.fullmatch(secret):
        return Found(f"vault:{context.instance}:token/{context.mask(secret)}")
    token = JWT.fullmatch(secret[:JWT_MAX])
    return (_token(token["claims"], context) if token else None) or _masked(secret, context)


def key_or_secret(key: str, shown: str, context: Context) -> str:
    """Returns the key made of what stands where the id of a credential belongs; where that is no id that the
    page of the key knows but looks like a secret, the key of the credential that it is."""
    if is_known_id(key) or not (SCHEME.match(shown) or DRAWN.fullmatch(shown) or issuer_of(shown)):
        return key
    return found_in(shown, context).credential


def leak_report_key(name: str) -> str:
    """Returns the key of the credential that a report is about and does not name."""
    return f"leak:{LEAK_REPORT}{name}"


def kind_of(text: str) -> str:
    """Returns the kind of a secret as a word for keys, made from its scanner's name; at most ``TYPE_MAX``
    characters."""
    return re.sub(r"[^a-z0-9_.-]+", "_", text.lower())[:TYPE_MAX] or "secret"


def _masked(secret: str, context: Context) -> Found:
    return Found(f"secret:{issuer_of(secret) or UNKNOWN}/{context.mask(secret)}")


def _key_file(secret: str) -> Found | None:
    """A Google service account's key file names its key and its account."""
    try:
        content = orjson.loads(secret)
    except orjson.JSONDecodeError:
        return None
    key, email = text_at(content, "private_key_id"), text_at(content, "client_email")
    return (
        Found(key_of(email, key), account_of(email.lower(), text_at(content, "project_id")))
        if key and email
        else None
    )


def _token(claims: str, context: Context) -> Found | None:
    """A Kubernetes token by its id, a token of another issuer by issuer and id; None where it has none."""
    try:
        content = orjson.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except (binascii.Error, ValueError):
        return None
    name, issuer = text_at(content, "jti"), issuer_name(text_at(content, "iss"))
    if not name:
        return None
    if isinstance(content, dict) and KUBERNETES in content:
        return Found(f"k8s:{context.instance}:jti/{name}")
    return Found(f"oidc:{issuer}:jti/{name}") if issuer else None
