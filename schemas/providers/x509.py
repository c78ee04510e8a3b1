"""Certificates by issuer and serial number, as a transmitter of security events names them."""

from __future__ import annotations

from schemas.provider import EVERY_KIND, Id, Provider
from schemas.providers.caep import CHANGES_ONLY

PROVIDER = Provider(
    name="x509",
    words=("x509",),
    sorts={"": "certificate"},
    sources=("caep",),
    # x509:<issuer>:<serial>: all of them are credentials.
    installed="",
    credentials=("",),
    ids={"": Id(r"[0-9a-f]{1,64}", under=r".*:")},
    uses="caep",
    unseen={EVERY_KIND: CHANGES_ONLY},
)
