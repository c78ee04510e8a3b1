"""The few facts of a certificate that a log of uses joins by: fingerprint, holder's name, end.

A walk over the outermost DER (X.690) of RFC 5280's Certificate; what is not of that form has no facts but
its fingerprint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.evidence import SECOND

PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
ENCODED_MAX = 65_536
"""Characters of the chain that is looked into; the first certificate in it is the holder's."""

SEQUENCE, CONTEXT_0, UTC_TIME = 0x30, 0xA0, 0x17
COMMON_NAME = bytes.fromhex("550403")
SUBJECT, VALIDITY = 4, 3
"""Positions in TBSCertificate after the version: serial, signature, issuer, validity, subject."""


class Certificate(NamedTuple):
    """SHA-256 of the DER in hex; the subject's common name, "" unknown; the end in µs, 0 unknown."""

    fingerprint: str
    name: str = ""
    expires: int = 0


def certificate_of(encoded: str | None) -> Certificate | None:
    """Returns the first certificate of a base64 PEM chain, as ``status.certificate`` holds it; None for
    anything else."""
    if not encoded or len(encoded) > ENCODED_MAX:
        return None
    try:
        found = PEM.search(base64.b64decode(encoded))
        der = base64.b64decode(found[1]) if found else b""
    except (binascii.Error, ValueError):
        return None
    if not der:
        return None
    fingerprint = hashlib.sha256(der).hexdigest()
    try:
        return Certificate(fingerprint, *_facts(der))
    except (IndexError, ValueError, StopIteration):
        return Certificate(fingerprint)


def _facts(der: bytes) -> tuple[str, int]:
    certificate = next(_inside(der))[1]
    fields = list(_inside(next(_inside(certificate))[1]))
    if fields[0][0] == CONTEXT_0:
        fields = fields[1:]
    return _common_name(fields[SUBJECT][1]), _time(*list(_inside(fields[VALIDITY][1]))[1])


def _common_name(subject: bytes) -> str:
    for _, names in _inside(subject):
        for _, pair in _inside(names):
            (_, kind), (_, value) = list(_inside(pair))[:2]
            if kind == COMMON_NAME:
                return value.decode("utf-8", "replace")
    return ""


def _time(tag: int, value: bytes) -> int:
    text = value.decode("ascii", "replace").removesuffix("Z")
    if tag == UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND


def _inside(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents of the values that stand one after the other. Raises for what is cut short."""
    at = 0
    while at < len(der):
        tag, size = der[at], der[at + 1]
        at += 2
        if size & 0x80:
            length = size & 0x7F
            size = int.from_bytes(der[at : at + length], "big")
            at += length
        if at + size > len(der):
            raise ValueError("cut short")
        yield tag, der[at : at + size]
        at += size
