"""The thresholds of the controls as settings: why each is what it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model
from pydantic_settings import BaseSettings

from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from schemas.evidence import micros
from schemas.providers import GRACES
from streams.site.units import Duration


def _time(name: str, description: str, **bounds: Any) -> Any:
    return Field(timedelta(microseconds=getattr(DEFAULTS, name)), description=description, **bounds)


class SharedThresholds(BaseSettings):
    """The numbers that controls share. A longer one is more patient; correlate and replay take the same."""

    skew: Duration = _time(
        "skew",
        "How much the clocks of two log producers may differ. Lines of one server are ordered by its own "
        "clock.",
    )
    refused_quiet: Duration = _time(
        "refused_quiet",
        "A credential was used after its end, and is refused now: the finding closes if no use was "
        "accepted for this long before. Replicas and regions learn of an end minutes apart; the default is "
        "several times the longest delay that is documented.",
    )
    redeployed: Duration = _time(
        "redeployed",
        "An account that the same actor deletes and makes again within this time counts as deployed anew, "
        "not as removed. Deployment tools do both within seconds, or wait for a finalizer.",
    )
    retry_window: Duration = _time(
        "retry_window",
        "Refused tries that go on for longer than this do not count as the retries of a client, whose "
        "back-off usually ends at 5 minutes.",
    )
    retry_bucket: Duration = _time(
        "retry_bucket",
        "Length of one of the periods that retry_buckets counts: the longest usual back-off.",
        ge=timedelta(seconds=1),
    )
    retry_buckets: int = Field(
        DEFAULTS.retry_buckets,
        ge=1,
        description="Number of periods of retry_bucket with refused tries from which on the tries count as "
        "those of a forgotten consumer. Two bursts are two restarts.",
    )
    rotation_overlap: Duration = _time(
        "rotation_overlap",
        "How long an old version may be used after the first success of its successor, unless a record or "
        "a policy says otherwise. Every daily job runs once in a day.",
    )
    rotation_testing: Duration = _time(
        "rotation_testing",
        "How long the actor that rotates a credential may try the old and the new one. Also how long the "
        "rotation of a secret may take, from its first read to its last step.",
    )
    two_networks: Duration = _time(
        "two_networks",
        "Uses of one credential from two networks within this time count as uses by two holders: moving a "
        "workload takes longer.",
    )
    habit: Duration = _time(
        "habit",
        "How long an identity must have been watched before its conduct counts as a habit: every "
        "weekly job has run once by then.",
    )
    race: Duration = _time(
        "race",
        "How long after an end a write to identities counts as a race against the end. By then the end has "
        "spread: a write that is accepted later is the use of a revoked credential.",
    )
    residual_short: Duration = _time(
        "residual_short",
        "A session that outlives its parent by less than this is a finding of low severity: sessions "
        "ordinarily live that long.",
    )
    leak_deadline: Duration = _time(
        "leak_deadline",
        "Time from the report of a leak until the credential must have ended. A day is enough to move a "
        "workload that nobody has touched for a year. A use after the report is a finding at once.",
    )
    elevation_leeway: Duration = _time(
        "elevation_leeway",
        "How long an elevated use after the end of its approval is put down to delay: brokers look every "
        "few minutes for grants that have to be taken away.",
    )
    sweep_window: Duration = _time(
        "sweep_window",
        "Time within which first reads of secrets belong to one sweep: a script takes seconds, a person "
        "minutes.",
    )
    sweep_secrets: int = Field(
        DEFAULTS.sweep_secrets,
        ge=2,
        description="Number of secrets read for the first time within sweep_window from which on the reads "
        "are a sweep. A release reads a few new ones.",
    )
    heartbeat: Duration = _time(
        "heartbeat",
        "How much longer a source may be silent than in its longest silence of the last four weeks. A "
        "holiday makes a weekend one day longer.",
        ge=timedelta(hours=1),
    )
    rollout: Duration = _time(
        "rollout",
        "How long a roll-out may take if its release does not say. A large deployment takes a quarter of "
        "an hour; one that is stuck does not end.",
    )
    unused: Duration = _time(
        "unused",
        "Access that was not used for this long is listed: every quarterly job has run once by then.",
        ge=timedelta(days=1),
    )
    dormant: Duration = _time(
        "dormant",
        "An identity that was silent for this long is dormant: a monthly job runs more often. At least 30 "
        "days, because of each older month only the first and the last uses are kept.",
        ge=timedelta(microseconds=DEFAULTS.dormant),
    )
    memory: Duration = _time(
        "memory",
        "How long the end of a credential is remembered if no identity is known for the credential and no "
        "record says how long it lives.",
        ge=timedelta(days=1),
    )

    @property
    def thresholds(self) -> Thresholds:
        """As the controls take them."""
        given: dict[str, Any] = {
            name: micros(v) if isinstance(v := getattr(self, name), timedelta) else v
            for name in ThresholdSettings.model_fields
        }
        provided = {setting: given.pop(setting) for setting in GRACES}
        return Thresholds(**given, provided=provided)


if TYPE_CHECKING:
    ThresholdSettings = SharedThresholds
else:
    ThresholdSettings = create_model(
        "ThresholdSettings",
        __base__=SharedThresholds,
        **{name: (Duration, Field(grace.length, description=grace.why)) for name, grace in GRACES.items()},
    )
    """With what each provider is granted, as its page says."""
