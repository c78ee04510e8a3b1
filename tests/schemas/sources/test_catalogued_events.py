"""Kubernetes' and model providers' events of a catalogue of rules: each is an activity that says who, what,
how it ended and from where, as far as the event says it.

Google's and Azure's: test_clouds_recorded.py; those that are no event: docs/rejects.md.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.activity import Activity
from schemas.wire import pick
from tests.support.replayed import DATA
from tests.support.shares import CONTEXT, PANTHER, cases

pytestmark = pytest.mark.skipif(
    not PANTHER["kubernetes"], reason="the recorded events of others are not here"
)

Event = dict[str, Any]


def activities_of(source: str) -> list[tuple[Event, Activity]]:
    """Each event of the catalogue with its activity."""
    every = [case for path in PANTHER[source] for case in cases(DATA / path)]
    assert all(len(case.activities) == 1 or case.rejects for case in every)
    return [(audited(case.event), activity) for case in every for activity in case.activities]


def audited(event: Event) -> Event:
    """The audit event within a row of Azure."""
    log = pick(event, "properties", "log")
    return orjson.loads(log) if isinstance(log, str) else log or event


def said(event: Event, *places: tuple[str, ...]) -> bool:
    return any(pick(event, *place) for place in places)


def test_every_event_of_a_cluster_is_an_activity_and_one_without_a_time_is_as_old_as_its_arrival() -> None:
    every = activities_of("kubernetes")
    late = [event for event, activity in every if activity.time == activity.arrived == CONTEXT.arrived]
    assert (len(every), len(late)) == (280, 240)
    assert not [event for event in late if said(event, ("requestReceivedTimestamp",), ("timestamp",))]


def test_who_did_something_in_a_cluster_is_known_wherever_it_is_said() -> None:
    names = (("user", "username"), ("protoPayload", "authenticationInfo", "principalEmail"),
             ("protoPayload", "authenticationInfo", "authoritySelector"))  # fmt: skip
    assert [a for event, a in activities_of("kubernetes") if said(event, *names) != bool(a.identity)] == []


def test_from_where_is_known_wherever_it_is_said() -> None:
    names = (("sourceIPs",), ("protoPayload", "requestMetadata", "callerIp"),
             ("protoPayload", "requestMetadata", "callerIP"))  # fmt: skip
    assert [a for event, a in activities_of("kubernetes") if said(event, *names) != bool(a.place)] == []


def test_how_a_request_ended_is_known_wherever_it_is_said() -> None:
    names = (("responseStatus", "code"), ("protoPayload",))
    assert [
        a for event, a in activities_of("kubernetes") if said(event, *names) != (a.outcome != "unknown")
    ] == []


def test_what_was_done_is_known_of_all_but_the_one_that_says_only_who() -> None:
    (bare,) = (event for event, a in activities_of("kubernetes") if not a.operation.strip("? "))
    assert set(bare) == {"apiVersion", "kind", "sourceIPs", "user", "p_log_type"}


def test_each_act_at_a_model_provider_says_who_what_and_how_it_ended() -> None:
    every = activities_of("provider_admin")
    assert len(every) == 71 and all(a.operation and a.outcome != "unknown" for _, a in every)
    assert {event["actor"]["type"] for event, a in every if not a.identity} == {
        "api_actor",  # Named by its key alone.
        "unauthenticated_user_actor",
    }
