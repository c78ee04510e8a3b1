"""Who may send: bearer tokens, TLS and client certificates of an HTTP receiver."""

from __future__ import annotations

import hmac
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streams.receivers.addresses import Address
from streams.site.errors import SettingsError
from streams.site.receivers import TOKEN_CHARACTERS
from streams.site.settings import Settings

EVERYTHING = ("*",)
"""The services that a token may speak for which is bound to none."""


@dataclass(frozen=True)
class Access:
    """`token` in clear, b"" for none; `tls` None for plain HTTP; `bound`: tokens that may speak for some
    services only."""

    token: bytes = b""
    tls: ssl.SSLContext | None = None
    bound: Mapping[bytes, tuple[str, ...]] = field(default_factory=dict)

    def admits(self, authorization: bytes) -> tuple[str, ...] | None:
        """Returns for which services a request with this `Authorization` header (b"" without one) may speak;
        None: it may not come in."""
        if not self.token and not self.bound:
            return EVERYTHING
        scheme, _, shown = authorization.partition(b" ")
        # All of all are compared, so that the time taken says nothing about the tokens.
        found = None
        for token, services in ((self.token, EVERYTHING), *self.bound.items()):
            if token and hmac.compare_digest(shown.strip(), token):
                found = services
        return found if scheme.lower() == b"bearer" else None


def of_receiver(settings: Settings, name: str, address: Address) -> Access:
    """Returns the access that the settings `<name>_token`, `_certificate`, `_key` and `_client_ca` give.

    Raises SettingsError where files are of no use, or where strangers could send.
    """
    token = getattr(settings, f"{name}_token")
    certificate = getattr(settings, f"{name}_certificate")
    client_ca = getattr(settings, f"{name}_client_ca")
    bound = _bound(name, getattr(settings, f"{name}_senders", None))
    if client_ca and not certificate:
        raise SettingsError(f"Setting {name}_client_ca needs TLS: give {name}_certificate too.")
    if not address.private and not (token or bound or client_ca):
        raise SettingsError(
            f"Setting {name}: anybody could send to {address}. Give {name}_token, or "
            f"{name}_certificate and {name}_client_ca, or listen on 127.0.0.1."
        )
    if not address.private and not certificate:
        raise SettingsError(
            f"Setting {name}: records and token would pass {address} in clear. Give {name}_certificate, or "
            "listen on 127.0.0.1 behind a proxy that does TLS."
        )
    tls = _context(name, certificate, getattr(settings, f"{name}_key"), client_ca) if certificate else None
    return Access(token.get_secret_value().encode() if token else b"", tls, bound)


def _bound(name: str, path: Path | None) -> dict[bytes, tuple[str, ...]]:
    if path is None:
        return {}
    try:
        senders = json.loads(path.read_bytes())
        bound = {token.encode(): tuple(map(str, services)) for token, services in senders.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        raise SettingsError(
            f"Setting {name}_senders is not usable: {path} must be a JSON object of tokens, each with a list "
            "of services."
        ) from None
    if any(len(token) < TOKEN_CHARACTERS for token in bound):
        raise SettingsError(f"Setting {name}_senders: a token in {path} is shorter than {TOKEN_CHARACTERS}.")
    return bound


def _context(name: str, certificate: Path, key: Path | None, client_ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise SettingsError(
            f"Settings {name}_certificate and {name}_key are not usable ({_words(error)}): "
            f"{certificate}{f', {key}' if key else ''} must be PEM files that belong together."
        ) from None
    if client_ca:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"Setting {name}_client_ca is not usable ({_words(error)}): {client_ca} must be a PEM file."
            ) from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _no_password() -> str:
    """Without it OpenSSL would ask at the terminal."""
    raise ValueError("the key is locked with a password")


def _words(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return str(reason or error).lower()
