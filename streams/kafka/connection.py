"""How clients reach Kafka: one place for addresses and security, for confluent-kafka and for Faust."""

from __future__ import annotations

import logging
import ssl
from typing import Any

from streams.site.errors import NotRunning
from streams.site.settings import Settings


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
        "security.protocol": settings.broker_security,
        "client.id": "gapwatch",
        "logger": logging.getLogger("gapwatch.kafka"),
        # librdkafka's default of 100 s would let a command look hung on a wrong address.
        "reconnect.backoff.max.ms": 2000,
    }
    if settings.broker_security.startswith("sasl"):
        config["sasl.mechanism"] = settings.broker_sasl_mechanism
        config["sasl.username"] = settings.broker_user or ""
        config["sasl.password"] = (
            settings.broker_password.get_secret_value() if settings.broker_password else ""
        )
    if settings.broker_ca_file and settings.broker_security.endswith("ssl"):
        config["ssl.ca.location"] = str(settings.broker_ca_file)
    return config | more


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
    """Returns the `broker_credentials` for a Faust app, None for plaintext."""
    if settings.broker_security == "plaintext":
        return None
    import faust

    context = None
    if settings.broker_security.endswith("ssl"):
        context = ssl.create_default_context(cafile=settings.broker_ca_file)
    if settings.broker_security == "ssl":
        return faust.SSLCredentials(context=context)
    return faust.SASLCredentials(
        username=settings.broker_user or "",
        password=settings.broker_password.get_secret_value() if settings.broker_password else "",
        mechanism=settings.broker_sasl_mechanism,
        ssl_context=context,
    )


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
