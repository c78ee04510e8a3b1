"""What a site reads and judges by, from its settings: made in one place for the stages and for a replay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple

import orjson

from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from schemas.authority import PAGES_ONLY, Authority
from schemas.masking import Masks
from schemas.rosters import draw_with
from schemas.sources import Context
from streams.site.errors import Stop
from streams.site.settings import Settings
from streams.site.sitekey import former_keys, site_key


class Site(NamedTuple):
    """``reads``: the site's key for secret ids, and whose security event tokens are believed;
    ``thresholds``: the numbers that controls share; ``authority``: what is believed beyond the pages of
    providers; ``freshness``: for how long proofs are good, by control."""

    reads: Context = Context()
    thresholds: Thresholds = DEFAULTS
    authority: Authority = PAGES_ONLY
    freshness: Mapping[str, timedelta] = MappingProxyType({})


def site_of(settings: Settings, key: bytes = b"") -> Site:
    """Returns the site of these settings. ``key``: under which to mask; without it, the site's own, made at
    first start. Raises Stop where a key or a key set cannot be read."""
    masks = Masks(key) if key else Masks(site_key(settings), former_keys(settings))
    key = key or site_key(settings)
    draw_with(key)
    reads = Context(
        key=key,
        masks=masks,
        jwks=_key_sets(settings),
        audiences=settings.caep_audiences,
        unsigned_allowed=settings.caep_unsigned,
    )
    return Site(reads, settings.thresholds, settings.believed, settings.freshness)


def _key_sets(settings: Settings) -> dict[str, object]:
    if not settings.caep_keys:
        return {}
    try:
        keys: dict[str, object] = orjson.loads(settings.caep_keys.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise Stop(
            f"The key set {settings.caep_keys} (setting caep_keys) cannot be read: {error}.\n"
            "Name a JSON Web Key Set, as the transmitter publishes it under jwks_uri.",
            code=2,
        ) from None
    return keys
