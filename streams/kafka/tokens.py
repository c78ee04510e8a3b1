"""Tokens that Kafka's OAUTHBEARER shows: from a file that others keep current, or from who issues them
against our client's id and secret (OAuth 2.0 client credentials, RFC 6749 section 4.4).

They are read by one thread. It is there before a process is shut in (``streams.site.shut_in``), and so the
only one of that process that still reaches the file.
"""

from __future__ import annotations

import base64
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import orjson

from streams.site.errors import SettingsError, Stop
from streams.site.reaching import secret_in
from streams.site.settings import Settings

UNKNOWN_SECONDS = 60.0
"""How long a token is shown that does not say until when it lives."""
USED_SHARE = 0.8
"""Of an issued token's life, until another one is asked for; librdkafka asks for one after the same share."""
ISSUER_SECONDS = 10.0
ANSWER_BYTES_MAX = 2**16
"""Of the answer of an issuer: a token is a few thousand."""


class Token(NamedTuple):
    """``until``: seconds since 1970 at which it ends."""

    text: str
    until: float


class Tokens:
    """Gives the token of now. ``read`` gets one, and may raise Stop; ``held``: a token serves for most of its
    life, while one in a file is read each time."""

    def __init__(self, read: Callable[[], Token], held: bool) -> None:
        self._read = read
        self._held = held
        self._renew_at = 0.0
        self._token = Token("", 0.0)
        self._thread = ThreadPoolExecutor(1, "tokens")

    def get(self) -> Token:
        """Raises Stop where there is none, or one that has ended."""
        token = self._thread.submit(self._current).result()
        if token.until <= time.time():
            raise Stop(
                f"The token that Kafka is to be shown has ended {time.time() - token.until:.0f} s ago: "
                "what keeps it current (broker_token_file, broker_token_url) does not."
            )
        return token

    def _current(self) -> Token:
        if not self._held or time.time() >= self._renew_at:
            self._token = self._read()
            self._renew_at = time.time() + USED_SHARE * (self._token.until - time.time())
        return self._token


def tokens(settings: Settings) -> Tokens:
    """Returns the tokens of these settings, one in a process. Raises SettingsError where the settings name
    none."""
    if settings.broker_token_file:
        return _in_file(settings.broker_token_file)
    if settings.broker_token_url:
        user, scope = settings.broker_user or "", settings.broker_token_scope
        return _issued(settings.broker_token_url, user, settings.broker_secret, scope)
    raise SettingsError(
        "Setting broker_sasl_mechanism: OAUTHBEARER shows a token, and nothing says where one is.\n"
        "Set broker_token_file, or broker_token_url with broker_user and broker_password."
    )


@cache
def _in_file(path: Path) -> Tokens:
    def read() -> Token:
        text = secret_in(path, "broker_token_file")
        return Token(text, _until(text) or time.time() + UNKNOWN_SECONDS)

    return Tokens(read, held=False)


@cache
def _issued(url: str, user: str, secret: str, scope: str) -> Tokens:
    asked = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    name = f"{urllib.parse.quote_plus(user)}:{urllib.parse.quote_plus(secret)}"
    headers = {"Authorization": "Basic " + base64.b64encode(name.encode()).decode()}

    def read() -> Token:
        request = urllib.request.Request(url, urllib.parse.urlencode(asked).encode(), headers)
        try:
            tls = ssl.create_default_context()
            with urllib.request.urlopen(request, timeout=ISSUER_SECONDS, context=tls) as answer:
                answered = orjson.loads(answer.read(ANSWER_BYTES_MAX))
            text, seconds = (
                str(answered["access_token"]),
                float(answered.get("expires_in") or UNKNOWN_SECONDS),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = getattr(error, "reason", None) or type(error).__name__
            raise Stop(f"{url} (setting broker_token_url) gave no token: {why}.") from None
        if not text.isascii() or not text.isprintable():
            raise Stop(f"{url} (setting broker_token_url) gave what is no token.")
        return Token(text, time.time() + seconds)

    return Tokens(read, held=True)


def _until(token: str) -> float | None:
    """When a JWT ends by what it says itself (RFC 7519, `exp`)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"])
    except (ValueError, KeyError, TypeError):
        return None
