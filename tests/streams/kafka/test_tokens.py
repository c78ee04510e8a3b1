"""Tokens for Kafka: from a file or from an issuer, each for as long as it lives."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr, ValidationError

from streams.kafka.connection import kafka_config
from streams.kafka.tokens import UNKNOWN_SECONDS, Token, Tokens, tokens
from streams.site.errors import SettingsError, Stop
from streams.site.settings import Settings
from tests.support.certificates import Authority


class Issuer(BaseHTTPRequestHandler):
    """Gives what ``answer`` says, and remembers who asked for what."""

    answer: bytes = b""
    asked: list[tuple[str, dict[str, list[str]]]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append((self.headers["Authorization"], parse_qs(body)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def issuer() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Issuer.asked = []
    yield server
    server.shutdown()
    server.server_close()


def settings(tmp_path: Path, **more: object) -> Settings:
    return Settings(
        data=tmp_path, broker="127.0.0.1:1", broker_security="sasl_ssl", broker_sasl_mechanism="OAUTHBEARER"
    ).model_copy(update=more)


def test_an_issuer_is_asked_as_the_client_and_again_after_most_of_a_tokens_life(
    tmp_path: Path, issuer: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = settings(
        tmp_path,
        broker_token_url=f"http://127.0.0.1:{issuer.server_port}/token",
        broker_user="us:er",
        broker_password=SecretStr("p&ss"),
        broker_token_scope="kafka",
    )
    Issuer.answer = b'{"access_token": "first", "expires_in": 100, "token_type": "Bearer"}'
    of_now = tokens(asking)
    began = time.time()
    first = of_now.get()
    assert first.text == "first" and 99 < first.until - began < 102
    name = base64.b64encode(b"us%3Aer:p%26ss").decode()
    assert Issuer.asked == [
        (f"Basic {name}", {"grant_type": ["client_credentials"], "scope": ["kafka"]}),
    ]
    Issuer.answer = b'{"access_token": "second", "expires_in": 100}'
    assert of_now.get() == first and len(Issuer.asked) == 1
    monkeypatch.setattr(time, "time", lambda: began + 85)
    assert of_now.get().text == "second"


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"error": "no"}', b'{"access_token": "a\\nb"}', b"\xff"])
def test_an_answer_without_a_token_is_said_in_words_without_secrets(
    tmp_path: Path, issuer: HTTPServer, answer: bytes
) -> None:
    Issuer.answer = answer
    url = f"http://127.0.0.1:{issuer.server_port}/{answer.hex()}"
    asking = settings(tmp_path, broker_token_url=url, broker_user="u", broker_password=SecretStr("hush"))
    with pytest.raises(Stop, match="broker_token_url") as stopped:
        kafka_config(asking)
    assert "hush" not in str(stopped.value)


def test_a_file_is_read_each_time_and_a_jwt_says_how_long_it_lives(tmp_path: Path) -> None:
    path = tmp_path / "token"
    of_now = tokens(settings(tmp_path, broker_token_file=path))
    path.write_text("opaque\n")
    assert of_now.get().text == "opaque" and of_now.get().until > time.time() + UNKNOWN_SECONDS / 2
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + 7}).encode()).rstrip(b"=").decode()
    path.write_text(f"a.{claims}.b")
    assert time.time() + 5 < of_now.get().until < time.time() + 8
    path.write_text("two\nlines")
    with pytest.raises(SettingsError, match="more than one line"):
        of_now.get()


def test_without_a_place_for_tokens_the_settings_are_said_to_lack_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="broker_token_file, or broker_token_url"):
        kafka_config(settings(tmp_path))


def test_an_issuer_in_clear_elsewhere_is_no_setting(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Settings(data=tmp_path, broker_token_url="http://id.example/token")


def test_one_that_has_ended_is_not_shown() -> None:
    with pytest.raises(Stop, match="has ended"):
        Tokens(lambda: Token("old", time.time() - 5), held=False).get()


@pytest.mark.parametrize("setting", ["broker_ca_file", "broker_certificate", "broker_key"])
def test_a_file_that_is_no_certificate_or_key_is_said_in_words(tmp_path: Path, setting: str) -> None:
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("me")
    files = {"broker_ca_file": authority.file, "broker_certificate": certificate, "broker_key": key}
    wrong = tmp_path / "wrong"
    wrong.write_text("no certificate")
    named = settings(tmp_path, broker_security="ssl", **files)
    assert "ssl.key.pem" in kafka_config(named)
    with pytest.raises(SettingsError, match="cannot be used"):
        kafka_config(named.model_copy(update={setting: wrong}))


def test_a_locked_key_is_not_asked_for_at_the_terminal(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    certificate, key = Authority(tmp_path, "authority").issue("me")
    opened = serialization.load_pem_private_key(key.read_bytes(), None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    key.write_bytes(opened.private_bytes(*form, serialization.BestAvailableEncryption(b"hush")))
    named = settings(tmp_path, broker_security="ssl", broker_certificate=certificate, broker_key=key)
    with pytest.raises(SettingsError, match="locked with a password"):
        kafka_config(named)
