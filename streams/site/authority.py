"""Settings of who is believed about what (docs/trust.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from schemas.authority import Authority
from schemas.evidence import source_of_origin
from schemas.sources import sources
from streams.site.receivers import Texts, parse_list


def _parse_table(value: Any) -> Any:
    """A table of lists, or its JSON: variables hold no tables."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError('write a JSON object, like {"ocsf": ["aws:111122223333:*"]}') from None
    if not isinstance(value, dict):
        return value
    return {who: parse_list(what) for who, what in value.items()}


Grants = Annotated[dict[str, tuple[str, ...]], NoDecode, BeforeValidator(_parse_table)]


class AuthoritySettings(BaseSettings):
    """What a site lets a source say beyond its own, and which topics may say what they hold."""

    authority: Grants = Field(
        default_factory=dict,
        description="Keys about which a source is believed, beyond its own (docs/trust.md): a table from a "
        "source, or SOURCE/INSTALLATION, to keys or beginnings of keys that end in *, e.g. ocsf/lake = "
        '["aws:*"]. A change also applies to what is already known.',
    )
    header_topics: Texts = Field(
        None,
        description="Raw topics on which the headers source and instance of a message say where it comes "
        "from. Whoever may write to such a topic can speak for any source. Unset: none; the name of the "
        "topic says it.",
    )
    receive_otlp_senders: Path | None = Field(
        None,
        description="JSON file of bearer tokens, each with the services for which it may speak: values of "
        'service.name, or beginnings of them that end in *: {"<token>": ["shop", "support-*"]}.',
    )

    @field_validator("authority")
    @classmethod
    def _known(cls, grants: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for who, keys in grants.items():
            if source_of_origin(who) not in sources():
                raise ValueError(f"there is no source {source_of_origin(who)!r}")
            for key in keys:
                if not key or "*" in key[:-1]:
                    raise ValueError(
                        f"{key!r} is neither a key nor the beginning of keys with a * at its end"
                    )
        return grants

    @property
    def believed(self) -> Authority:
        """As verdicts are given by it."""
        return Authority(tuple((who, key) for who, keys in sorted(self.authority.items()) for key in keys))
