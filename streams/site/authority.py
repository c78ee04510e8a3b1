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
        description="What a source is believed about beyond its own (docs/trust.md): a table of keys, or of "
        'beginnings of keys that end in *, by source or SOURCE/INSTALLATION, e.g. ocsf/lake = ["aws:*"]. It '
        "counts for what is already known too.",
    )
    header_topics: Texts = Field(
        None,
        description="Raw topics whose messages may say in headers (source, instance) what they hold: whoever "
        "may write there speaks for all of these. Unset: none; the topic's name says it.",
    )
    receive_otlp_senders: Path | None = Field(
        None,
        description="JSON file of bearer tokens that may speak for some services only, each with a list of "
        'service.name, or of beginnings that end in *: {"<token>": ["shop", "support-*"]}.',
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
