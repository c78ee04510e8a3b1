"""How clients reach Kafka: one place for addresses and security, for confluent-kafka and for Faust."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path
from typing import Any

from streams.kafka.seldom import Seldom, of_librdkafka
from streams.kafka.tokens import tokens
from streams.site.errors import NotRunning, SettingsError
from streams.site.reaching import text_of
from streams.site.settings import Settings

_log = logging.getLogger("gapwatch.kafka")
_log.addFilter(Seldom(of_librdkafka))

_read: dict[Path, str] = {}
"""What was read of certificates and keys: a process that was shut in since does not reach them any more."""


def bootstrap(settings: Settings) -> str:
    """Returns the broker as host:port[,host:port]. Raises NotRunning where no broker is known (an embedded
    one that is not started)."""
    if settings.broker is None:
        raise NotRunning(
            f"No broker: nothing runs over {settings.data}. Start `gapwatch run`, or set "
            f"GAPWATCH_BROKER=host:port."
        )
    return settings.broker


def kafka_config(settings: Settings, **more: Any) -> dict[str, Any]:
    """Returns the configuration of a confluent-kafka client. Its own log lines go to the logger
    `gapwatch.kafka`."""
    config: dict[str, Any] = {
        "bootstrap.servers": bootstrap(settings),
        "client.id": "gapwatch",
        "logger": _log,
        # librdkafka's default of 100 s would let a command look hung on a wrong address.
        "reconnect.backoff.max.ms": 2000,
    }
    return config | _security(settings) | more


def _security(settings: Settings) -> dict[str, Any]:
    """Who we are to the broker, and by what it is known. Certificates are handed over, not named: clients are
    made in processes that do not reach them."""
    config: dict[str, Any] = {"security.protocol": settings.broker_security}
    if settings.broker_security.startswith("sasl"):
        config["sasl.mechanism"] = settings.broker_sasl_mechanism
        if settings.broker_sasl_mechanism == "OAUTHBEARER":
            of_now = tokens(settings)
            # Where there is none it is said at once: a client would wait for one for ten seconds.
            of_now.get()
            config["oauth_cb"] = lambda _: tuple(of_now.get())
        else:
            config["sasl.username"] = settings.broker_user or ""
            config["sasl.password"] = settings.broker_secret
    if settings.broker_security.endswith("ssl"):
        key = settings.broker_key or settings.broker_certificate
        files = {
            "ssl.ca.pem": (settings.broker_ca_file, "broker_ca_file"),
            "ssl.certificate.pem": (settings.broker_certificate, "broker_certificate"),
            "ssl.key.pem": (key, "broker_key"),
        }
        if not {path for path, _ in files.values() if path} <= _read.keys():
            # What cannot be used is said in words, before a client says it in its own.
            _tls(settings)
        config |= {name: _pem(path, setting) for name, (path, setting) in files.items() if path}
    return config


def _pem(path: Path, setting: str) -> str:
    try:
        _read[path] = text_of(path, setting)
    except SettingsError:
        if path not in _read:
            raise
    return _read[path]


def read_secrets(settings: Settings) -> None:
    """Reads the secrets that stand in files, before this process is shut in; for tokens somebody is there who
    goes on reading. Raises Stop where something cannot be read."""
    if settings.broker is not None:
        _security(settings)


def no_answer(settings: Settings, error: Exception) -> NotRunning:
    """Returns what to say where librdkafka raised this because nobody answered."""
    return NotRunning(
        f"The broker at {settings.broker} does not answer: {error.args[0].str()}.\n"
        "Is the address right, the broker up, and no firewall between? `gapwatch doctor` looks at the rest."
    )


def faust_broker(settings: Settings) -> list[str]:
    """Returns the broker URLs for a Faust app (`kafka://` is aiokafka; its confluent driver delivers nothing
    on some brokers)."""
    return [f"kafka://{address.strip()}" for address in bootstrap(settings).split(",")]


def faust_credentials(settings: Settings) -> Any:
    """Returns the `broker_credentials` for a Faust app, None for plaintext. Raises SettingsError where a file
    cannot be read."""
    if settings.broker_security == "plaintext":
        return None
    import faust
    from faust.auth import OAuthCredentials

    tls = _tls(settings) if settings.broker_security.endswith("ssl") else None
    if settings.broker_security == "ssl":
        return faust.SSLCredentials(context=tls)
    if settings.broker_sasl_mechanism == "OAUTHBEARER":
        return OAuthCredentials(oauth_cb=_token_provider(settings), ssl_context=tls)
    return faust.SASLCredentials(
        username=settings.broker_user or "",
        password=settings.broker_secret,
        mechanism=settings.broker_sasl_mechanism,
        ssl_context=tls,
    )


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.broker_ca_file)
        if settings.broker_certificate:
            context.load_cert_chain(settings.broker_certificate, settings.broker_key, _no_password)
    except (OSError, ValueError) as error:
        raise SettingsError(
            "The certificates towards Kafka (broker_ca_file, broker_certificate, broker_key) cannot be "
            f"used: {getattr(error, 'reason', None) or getattr(error, 'strerror', None) or error}."
        ) from None
    return context


def _no_password() -> str:
    """Raises ValueError: without it OpenSSL would ask at the terminal."""
    raise ValueError("the key is locked with a password")


def _token_provider(settings: Settings) -> Any:
    """Tokens as aiokafka asks for them: at each login, so a new one needs no new client."""
    from aiokafka.abc import AbstractTokenProvider  # type: ignore[import-untyped, unused-ignore]

    of_now = tokens(settings)

    class Provider(AbstractTokenProvider):  # type: ignore[misc, unused-ignore]
        async def token(self) -> str:
            return (await asyncio.to_thread(of_now.get)).text

    return Provider()


def consumer_config(settings: Settings, group: str, **more: Any) -> dict[str, Any]:
    """Returns the configuration of a consumer in a group, which commits by itself only after its work is
    done.

    Joining takes about half the session timeout on the embedded broker, so the timeout is short (measured: 3
    s against 30 s with librdkafka's default).
    """
    return kafka_config(
        settings,
        **{
            "group.id": settings.topic_prefix + group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 1000,
            # New raw topics (another instance of a source) are noticed within this time.
            "topic.metadata.refresh.interval.ms": 2000,
            "fetch.message.max.bytes": settings.record_limit + 2**20,
        }
        | more,
    )
