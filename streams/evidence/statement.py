"""What a pack says of itself: an in-toto statement over its files, in a DSSE envelope where it is signed.

Formats: in-toto Attestation Framework (Statement v1, predicate Test Result v0.1), and DSSE v1 of
secure-systems-lab. The signature is Ed25519 (RFC 8032), which gives the same bytes for the same statement.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from streams.evidence.ledger import VALUES, Row
from streams.site.errors import Stop

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD = "application/vnd.in-toto+json"
CONFIGURATION = ("controls.csv", "queries.sql")
MADE_BY = "`openssl genpkey -algorithm ed25519 -out pack.key` makes one."


def statement(rows: Sequence[Row], files: Mapping[str, str]) -> bytes:
    """Returns the statement: the files by SHA-256, and per control whether it failed (something is violated),
    warns (something is not proven) or passed."""
    worst: dict[str, str] = {}
    for row in rows:
        worst[row.control] = min(worst.get(row.control, row.value), row.value, key=_gravity)
    tests = {name: sorted(c for c, value in worst.items() if _test(value) == name) for name in _RESULTS}
    predicate: dict[str, Any] = {
        "result": next((_RESULTS[name] for name in _RESULTS if tests[name]), "PASSED"),
        "configuration": [{"name": name, "digest": {"sha256": files[name]}} for name in CONFIGURATION],
        **tests,
    }
    subject = [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(files.items())]
    document = {
        "_type": STATEMENT,
        "subject": subject,
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n"


_RESULTS = {"failedTests": "FAILED", "warnedTests": "WARNED", "passedTests": "PASSED"}


def _test(value: str) -> str:
    return {"violated": "failedTests", "proven": "passedTests"}.get(value, "warnedTests")


def _gravity(value: str) -> tuple[int, int]:
    order = {"failedTests": 0, "warnedTests": 1, "passedTests": 2}
    return order[_test(value)], VALUES.index(value) if value in VALUES else len(VALUES)


def signed(said: bytes, key: Ed25519PrivateKey) -> bytes:
    """Returns the statement in an envelope, signed."""
    signature = key.sign(_authenticated(PAYLOAD, said))
    envelope = {
        "payload": base64.b64encode(said).decode(),
        "payloadType": PAYLOAD,
        "signatures": [
            {"keyid": key_id(key.public_key()), "sig": base64.b64encode(signature).decode()},
        ],
    }
    return orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n"


def opened(envelope: bytes, key: Ed25519PublicKey) -> bytes:
    """Returns the statement in an envelope that this key signed. Raises Stop for any other."""
    from cryptography.exceptions import InvalidSignature

    try:
        read = orjson.loads(envelope)
        said, kind = base64.b64decode(read["payload"], validate=True), str(read["payloadType"])
        signatures = [base64.b64decode(each["sig"], validate=True) for each in read["signatures"]]
    except (ValueError, KeyError, TypeError):
        raise Stop("The envelope is no DSSE envelope: it was changed, or is another file.") from None
    for signature in signatures:
        try:
            key.verify(signature, _authenticated(kind, said))
        except InvalidSignature:
            continue
        if kind == PAYLOAD:
            return said
    raise Stop("No signature of the envelope is of this key: it was changed, or signed by another key.")


def _authenticated(kind: str, said: bytes) -> bytes:
    """What is signed (DSSE, pre-authentication encoding)."""
    return b" ".join((b"DSSEv1", str(len(kind)).encode(), kind.encode(), str(len(said)).encode(), said))


def key_id(key: Ed25519PublicKey) -> str:
    """Returns the SHA-256 of the public key as it stands in a certificate."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def private_key(path: Path) -> Ed25519PrivateKey:
    """Returns the key to sign with. Raises Stop for a file that holds none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Stop(f"{path} holds no private key in PEM without a password. {MADE_BY}", code=2) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Stop(f"{path} holds a key of another kind; statements are signed by Ed25519. {MADE_BY}", code=2)
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """Returns the key to check a signature with. Raises Stop for a file that holds none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Stop(
            f"{path} holds no public Ed25519 key in PEM. "
            "`openssl pkey -in pack.key -pubout -out pack.pub` makes it.",
            code=2,
        )
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Stop(f"{path} cannot be read: {error.strerror}. Name the file of a key.", code=2) from None
