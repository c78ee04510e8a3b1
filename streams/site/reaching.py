"""The settings by which Kafka and ClickHouse are reached: who we are there, and how we know them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from streams.site.errors import SettingsError

THIS_MACHINE = r"http://(127\.0\.0\.1|\[::1\]|localhost)"


class ReachSettings(BaseSettings):
    """Users, passwords, certificates and tokens. Where one stands in a file, a new one is taken from it while
    gapwatch runs (``streams.site.renewal``)."""

    broker_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext",
        description="Security protocol of an external Kafka: plaintext, ssl, sasl_plaintext or sasl_ssl.",
    )
    broker_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism; used with broker_security sasl_plaintext or sasl_ssl."
    )
    broker_user: str | None = Field(
        None, description="SASL user name, or with broker_token_url the client's id; used with a password."
    )
    broker_password: SecretStr | None = Field(
        None, description="SASL password. Set it in an environment variable rather than in the settings file."
    )
    broker_password_file: Path | None = Field(
        None, description="File that holds nothing but the SASL password, in place of broker_password."
    )
    broker_ca_file: Path | None = Field(
        None,
        description="PEM file of the authority that signed the broker's certificate. Unset: the system's.",
    )
    broker_certificate: Path | None = Field(
        None, description="PEM file of our certificate and its chain, for a Kafka that asks for one (mTLS)."
    )
    broker_key: Path | None = Field(
        None, description="PEM file of the key to broker_certificate. Unset: the key is in that file."
    )
    broker_token_file: Path | None = Field(
        None,
        description="File that holds nothing but the token for OAUTHBEARER. Another program keeps the "
        "token current (Kubernetes with a projected token, an agent). The file is read anew for each "
        "login.",
    )
    broker_token_url: str | None = Field(
        None,
        pattern=rf"^(https://|{THIS_MACHINE}[:/])[^@\s]+$",
        description="URL that issues tokens for OAUTHBEARER to broker_user and its password (OAuth 2.0 "
        "client credentials): https, or this machine. In place of broker_token_file.",
    )
    broker_token_scope: str = Field("", description="Scope to ask for at broker_token_url.")
    clickhouse_user: str = Field("default", description="User on the ClickHouse server.")
    clickhouse_password: SecretStr = Field(SecretStr(""), description="Password on the ClickHouse server.")
    clickhouse_password_file: Path | None = Field(
        None,
        description="File that holds nothing but the ClickHouse password, in place of clickhouse_password.",
    )
    clickhouse_ca_file: Path | None = Field(
        None,
        description="PEM file of the authority that signed the ClickHouse server's certificate. Unset: the "
        "system's.",
    )
    clickhouse_certificate: Path | None = Field(
        None,
        description="PEM file of our certificate and its chain, for a ClickHouse that asks for one; "
        "without a password the server takes the user from it.",
    )
    clickhouse_key: Path | None = Field(
        None, description="PEM file of the key to clickhouse_certificate. Unset: the key is in that file."
    )

    @property
    def broker_secret(self) -> str:
        """The SASL password, from the file where there is one. Raises SettingsError where that cannot be
        read."""
        if self.broker_password_file:
            return secret_in(self.broker_password_file, "broker_password_file")
        return self.broker_password.get_secret_value() if self.broker_password else ""

    @property
    def clickhouse_secret(self) -> str:
        """The same for ClickHouse."""
        if self.clickhouse_password_file:
            return secret_in(self.clickhouse_password_file, "clickhouse_password_file")
        return self.clickhouse_password.get_secret_value()


def text_of(path: Path, setting: str) -> str:
    """Returns what the file holds. Raises SettingsError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"Setting {setting}: {path} cannot be read: {why}.") from None


def secret_in(path: Path, setting: str) -> str:
    """Returns the one line of the file, without the end of the line. Raises SettingsError."""
    secret = text_of(path, setting).strip("\r\n")
    if not secret or not secret.isprintable():
        raise SettingsError(f"Setting {setting}: {path} holds nothing, or more than one line.")
    return secret
