"""The settings of the receivers; each receiver is on where the setting of its name is given."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode

from streams.site.units import Duration, Size

TOKEN_CHARACTERS = 16
INSTANCE = r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$"
"""As it may stand in the name of a topic."""


def parse_list(value: Any) -> Any:
    """Returns a list, its JSON, or texts with commas between them: variables hold no lists."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("write a JSON list, or texts with commas between them") from None
    return [text.strip() for text in value.split(",") if text.strip()]


Texts = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(parse_list)]


class ReceiverSettings(BaseSettings):
    """Addresses, secrets and bounds of the receivers."""

    receive_otlp: str | None = Field(
        None,
        description="host:port on which OTLP/HTTP is received, usually 127.0.0.1:4318. Unset: it is not "
        "received.",
    )
    receive_otlp_instance: str | None = Field(
        None, pattern=INSTANCE, description="Installation to which the records that come over OTLP belong."
    )
    receive_otlp_token: SecretStr | None = Field(
        None,
        min_length=TOKEN_CHARACTERS,
        description="Bearer token that OTLP senders must show. Set it in an environment variable rather "
        "than in the settings file.",
    )
    receive_otlp_certificate: Path | None = Field(
        None, description="PEM file of the OTLP receiver's certificate and its chain. Unset: no TLS."
    )
    receive_otlp_key: Path | None = Field(
        None, description="PEM file of the key to receive_otlp_certificate. Unset: the key is in that file."
    )
    receive_otlp_client_ca: Path | None = Field(
        None, description="PEM file of the authority whose client certificates OTLP senders must show."
    )
    receive_kubernetes: str | None = Field(
        None,
        description="host:port on which the Kubernetes audit webhook is received. Unset: it is not received.",
    )
    receive_kubernetes_instance: str | None = Field(
        None, pattern=INSTANCE, description="Cluster whose API server sends to the webhook."
    )
    receive_kubernetes_token: SecretStr | None = Field(
        None,
        min_length=TOKEN_CHARACTERS,
        description="Bearer token that the API server must show. Set it in an environment variable rather "
        "than in the settings file.",
    )
    receive_kubernetes_certificate: Path | None = Field(
        None, description="PEM file of the webhook's certificate and its chain. Unset: no TLS."
    )
    receive_kubernetes_key: Path | None = Field(
        None,
        description="PEM file of the key to receive_kubernetes_certificate. Unset: the key is in that file.",
    )
    receive_kubernetes_client_ca: Path | None = Field(
        None, description="PEM file of the authority whose client certificate the API server must show."
    )
    receive_vault: str | None = Field(
        None,
        description="host:port or unix:/path on which a Vault or OpenBao socket audit device is received. "
        "Unset: it is not received.",
    )
    receive_vault_instance: str | None = Field(
        None, pattern=INSTANCE, description="Vault installation to which the socket audit device belongs."
    )
    receive_vault_peers: Texts = Field(
        None,
        description="Networks whose hosts may connect to the audit socket (10.1.0.0/16,10.2.3.4). They "
        "must be set if receive_vault is no loopback address, because the device knows neither passwords "
        "nor TLS.",
    )
    receive_files: Texts = Field(
        None,
        description="Log files that are followed, each SOURCE[.INSTANCE]=/path, e.g. "
        "vault.prod=/var/log/vault/audit.log. Unset: none.",
    )
    receive_cloudtrail: Path | None = Field(
        None,
        description="Folder in which, or in whose subfolders, CloudTrail's .json.gz objects appear. Unset: "
        "none.",
    )
    receive_cloudtrail_limit: Size = Field(
        128 * 2**20,
        ge=2**10,
        description="Most unpacked bytes of one CloudTrail object; a larger one is a reject. Reading an "
        "object takes some five times its size in memory. CloudTrail's own objects are smaller.",
    )
    file_document_limit: Size = Field(
        256 * 2**20,
        ge=2**10,
        description="Most bytes of one JSON document in a file that is not JSON lines. Decoding a document "
        "takes some five times its size in memory.",
    )
    file_expansion_limit: int = Field(
        250,
        ge=2,
        description="Most unpacked bytes for each packed byte of a gzip file, beyond the first 16 MiB. "
        "Logs have 10 to 50, a decompression bomb 1,000. The rest of the file is left out, and a message "
        "says so.",
    )
    file_records_limit: int = Field(
        10_000_000,
        ge=1,
        description="Most records of one file. The rest of the file is left out, and a message says so.",
    )
    file_time_limit: Duration = Field(
        timedelta(minutes=15),
        description="Longest time for reading one file, not counting the time for which its records wait "
        "for Kafka. The rest of the file is left out, and a message says so.",
    )
    receive_connections: int = Field(
        256, ge=1, le=10_000, description="Most open connections of one receiver; more are turned away."
    )
    receive_body_limit: Size = Field(
        16 * 2**20,
        ge=2**10,
        le=2**28,
        description="Most bytes of one request, unpacked. A request larger than record_limit is cut into "
        "several records where it holds several.",
    )
    receive_in_flight: Size = Field(
        64 * 2**20,
        ge=2**10,
        description="Most bytes that one HTTP receiver holds before Kafka has taken them. Beyond this, "
        "senders get an answer that asks them to come back later.",
    )
