"""Thresholds: the numbers that controls share. Each is a setting of the same name
(``streams/site/thresholds.py`` says why it is what it is); these are the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta

from schemas.evidence import micros
from schemas.providers import GRACES, SPREADING

PROVIDED = {setting: micros(grace.length) for setting, grace in GRACES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Times in µs, but for ``retry_buckets`` and ``sweep_secrets``, counts. ``provided``: what providers are
    granted, by the setting that their pages name."""

    skew: int = micros(timedelta(seconds=2))
    refused_quiet: int = micros(timedelta(hours=1))
    redeployed: int = micros(timedelta(minutes=10))
    retry_window: int = micros(timedelta(minutes=15))
    retry_bucket: int = micros(timedelta(minutes=5))
    retry_buckets: int = 3
    rotation_overlap: int = micros(timedelta(hours=24))
    rotation_testing: int = micros(timedelta(minutes=15))
    two_networks: int = micros(timedelta(minutes=10))
    habit: int = micros(timedelta(days=7))
    race: int = micros(timedelta(seconds=60))
    residual_short: int = micros(timedelta(hours=1))
    leak_deadline: int = micros(timedelta(hours=24))
    elevation_leeway: int = micros(timedelta(minutes=5))
    sweep_window: int = micros(timedelta(minutes=5))
    sweep_secrets: int = 6
    heartbeat: int = micros(timedelta(days=1))
    rollout: int = micros(timedelta(minutes=30))
    unused: int = micros(timedelta(days=90))
    dormant: int = micros(timedelta(days=30))
    memory: int = micros(timedelta(days=400))
    provided: Mapping[str, int] = field(default_factory=lambda: PROVIDED, hash=False)

    @property
    def longest_grace(self) -> int:
        """Beyond it no kill is undecided any more, what a credential was exchanged for aside."""
        return max(self.provided[setting] for setting in SPREADING) + self.skew

    def unusual(self) -> tuple[tuple[str, int], ...]:
        """Returns those that are not the defaults, by name, in order."""
        own = ((f.name, getattr(self, f.name)) for f in fields(self) if f.name != "provided")
        changed = {name: value for name, value in own if value != getattr(DEFAULTS, name)}
        changed |= {name: value for name, value in self.provided.items() if value != PROVIDED.get(name)}
        return tuple(sorted(changed.items()))


DEFAULTS = Thresholds()
