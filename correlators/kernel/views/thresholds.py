"""Thresholds: the numbers that controls share. Each is a setting of the same name
(``streams/site/thresholds.py`` says why it is what it is); these are the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from schemas.evidence import micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Times in µs, but for ``retry_buckets``, a count."""

    skew: int = micros(timedelta(seconds=2))
    grace_aws_key: int = micros(timedelta(seconds=10))
    grace_aws_policy: int = micros(timedelta(minutes=5))
    grace_gcp: int = micros(timedelta(minutes=10))
    grace_gcp_token: int = micros(timedelta(hours=1))
    grace_entra: int = micros(timedelta(minutes=15))
    grace_kubernetes: int = micros(timedelta(seconds=15))
    grace_vault: int = micros(timedelta(seconds=5))
    expiry_leeway_kubernetes: int = micros(timedelta(seconds=60))
    refused_quiet: int = micros(timedelta(hours=1))
    redeployed: int = micros(timedelta(minutes=10))
    retry_window: int = micros(timedelta(minutes=15))
    retry_bucket: int = micros(timedelta(minutes=5))
    retry_buckets: int = 3
    rotation_overlap: int = micros(timedelta(hours=24))
    rotation_testing: int = micros(timedelta(minutes=15))
    two_networks: int = micros(timedelta(minutes=10))
    alternating: int = micros(timedelta(minutes=5))
    habit: int = micros(timedelta(days=7))
    race: int = micros(timedelta(seconds=60))
    residual_short: int = micros(timedelta(hours=1))
    leak_deadline: int = micros(timedelta(hours=24))
    dormant: int = micros(timedelta(days=30))
    memory: int = micros(timedelta(days=400))

    def grace_of(self, source: str) -> int:
        """What a kill that this source tells of is granted to come true."""
        return {
            "cloudtrail": self.grace_aws_key,
            "vault": self.grace_vault,
            "kubernetes": self.grace_kubernetes,
            "gcp": self.grace_gcp,
            "azure": self.grace_entra,
        }.get(source, 0)

    def expiry_leeway(self, source: str) -> int:
        """How long after its expiry a credential of this source may still be accepted by design."""
        return self.expiry_leeway_kubernetes if source == "kubernetes" else self.skew

    @property
    def longest_grace(self) -> int:
        """Beyond it no kill is undecided any more, tokens of a dead Google key aside."""
        keys = (self.grace_aws_key, self.grace_vault, self.grace_kubernetes, self.grace_gcp, self.grace_entra)
        return max(*keys, self.grace_aws_policy) + self.skew


DEFAULTS = Thresholds()
