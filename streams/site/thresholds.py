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
        "How much the clocks of two log producers may differ; one server's clock orders its own lines.",
    )
    refused_quiet: Duration = _time(
        "refused_quiet",
        "How long no use may have been accepted before a refusal closes the finding about a credential that "
        "was used after its end: replicas and regions learn of an end minutes apart, and this is several "
        "times the longest delay that is documented.",
    )
    redeployed: Duration = _time(
        "redeployed",
        "An account that is made again within this time by the actor that deleted it was only deployed anew: "
        "deployment tools do both within seconds, or wait for a finalizer.",
    )
    retry_window: Duration = _time(
        "retry_window",
        "Refused tries that go on for longer than this are no client's retries: the usual back-off ends at "
        "5 minutes.",
    )
    retry_bucket: Duration = _time(
        "retry_bucket",
        "Length of one of the stretches of time that retry_buckets counts: the longest usual back-off.",
        ge=timedelta(seconds=1),
    )
    retry_buckets: int = Field(
        DEFAULTS.retry_buckets,
        ge=1,
        description="In how many stretches of retry_bucket refused tries must lie to be those of a forgotten "
        "consumer: two bursts are two restarts.",
    )
    rotation_overlap: Duration = _time(
        "rotation_overlap",
        "How long an old version may be used after its successor's first success, where neither record nor "
        "policy says: every daily job comes round once.",
    )
    rotation_testing: Duration = _time(
        "rotation_testing",
        "How long whoever rotates a credential may try the old and the new one, and how long the rotation of "
        "a secret takes from its first read to its last step.",
    )
    two_networks: Duration = _time(
        "two_networks",
        "Uses of one credential from two networks within this time are uses by two holders: a move takes "
        "longer.",
    )
    habit: Duration = _time(
        "habit", "What was watched for less time than this is no habit: a weekly job has not come round once."
    )
    race: Duration = _time(
        "race",
        "How long after an end a write to identities counts as the race against it. Later the end has "
        "spread, and a write that is accepted is a use of a revoked credential.",
    )
    residual_short: Duration = _time(
        "residual_short",
        "A session that outlives its parent by less than this is low: that is the ordinary life of a "
        "session.",
    )
    leak_deadline: Duration = _time(
        "leak_deadline",
        "From the report of a leak to the end of the credential: a day is what it takes to move a workload "
        "that nobody has touched for a year. A use counts at once.",
    )
    elevation_leeway: Duration = _time(
        "elevation_leeway",
        "How long after an approval has ended an elevated use is put down to delay: brokers look every few "
        "minutes for grants that are due to be taken away.",
    )
    sweep_window: Duration = _time(
        "sweep_window",
        "Within how long first reads of secrets are one sweep: a script takes seconds, a person minutes.",
    )
    sweep_secrets: int = Field(
        DEFAULTS.sweep_secrets,
        ge=2,
        description="How many secrets, read for the first time within sweep_window, are a sweep: a release "
        "brings a few.",
    )
    heartbeat: Duration = _time(
        "heartbeat",
        "How much longer a source may be silent than its longest silence of the last four weeks: a holiday "
        "makes a week-end a day longer.",
        ge=timedelta(hours=1),
    )
    rollout: Duration = _time(
        "rollout",
        "How long a roll-out may take where its release does not say: a large deployment takes a quarter of "
        "an hour, a stuck one does not end.",
    )
    unused: Duration = _time(
        "unused",
        "Access that is not used for so long is listed: a quarterly job has come round within it.",
        ge=timedelta(days=1),
    )
    dormant: Duration = _time(
        "dormant",
        "A silence this long is dormancy: a monthly job runs within it. Not less than 30 days, for of older "
        "months only the first and last uses are kept.",
        ge=timedelta(microseconds=DEFAULTS.dormant),
    )
    memory: Duration = _time(
        "memory",
        "How long the end of a credential is remembered where nobody owns the credential and no record says "
        "how long it lives.",
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
