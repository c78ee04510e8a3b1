"""Ways in which Vault credentials end, or do not, that the recording holds no case of; lines as the servers
write them."""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity
from schemas.verdict import Severity, Verdict
from tests.support.scenario import every_way
from tests.support.vault_lines import accessor, activity, auth, entity, hmac, line, login

OPS = auth("ops", "e-ops", policies=["ops"])
DENIED = "permission denied"
NOT_WRAPPING = "wrapping token is not valid or does not exist"


def story(*lines: tuple[int, dict[str, Any]]) -> list[Activity]:
    """The activities of lines, each so many seconds after the start."""
    start = "2026-11-22T10:{:02}:{:02}.5Z"
    records = []
    for number, (at, document) in enumerate(lines):
        document["time"] = start.format(*divmod(at, 60))
        document["request"]["id"] = f"request-{number}"
        records.append(activity(document))
    return records


def verdicts(*lines: tuple[int, dict[str, Any]]) -> dict[tuple[str, str], Verdict]:
    """By control and subject, however the lines come."""
    world = every_way(story(*lines))
    found = [r.verdict for r in world.last.values() if r.verdict]
    return {(v.control, v.subject): v for v in found}


def loud(judged: dict[tuple[str, str], Verdict]) -> list[Verdict]:
    return [v for v in judged.values() if v.severity is not None and v.severity > Severity.INFORMATIONAL]


def reads(who: dict[str, Any]) -> dict[str, Any]:
    return line("secret/data/app", operation="read", who=who)


def refused(name: str) -> dict[str, Any]:
    """A token that the server does not accept: nothing but its HMAC."""
    return line("secret/data/app", operation="read", client_token=hmac(f"{name} token"), error=DENIED)


def test_an_orphan_made_by_an_entity_that_was_deleted_lives_on_by_design() -> None:
    made = line(
        "auth/token/create", who=auth("eve", "e-eve"), data={"no_parent": True},
        response={"auth": auth("job", entity_id=None)},
    )  # fmt: skip
    child = line("auth/token/create", who=auth("eve", "e-eve"), response={"auth": auth("child", "e-eve")})
    judged = verdicts(
        (0, login("eve", entity="e-eve")),
        (10, made),
        (20, child),
        (30, line("identity/entity/id/e-eve", operation="delete", who=OPS)),
        (90, reads(auth("job", entity_id=None))),
        (95, refused("child")),
    )
    assert loud(judged) == []
    assert ("revoked_credential_used", accessor("job")) not in judged
    assert judged["revoked_credential_used", accessor("child")].value == "proven"


def test_a_secret_id_survives_the_entity_that_logged_in_with_it() -> None:
    judged = verdicts(
        (0, login("app", entity="e-app")),
        (30, line("identity/entity/id/e-app", operation="delete", who=OPS)),
        (90, login("again", entity="e-new")),
    )
    assert not [key for key in judged if "secret-id" in key[1]]


def test_a_token_that_a_role_gave_another_entity_survives_its_maker() -> None:
    made = line(
        "auth/token/create/agents", who=auth("ci", "e-ci"), response={"auth": auth("agent", "e-agent")}
    )
    judged = verdicts(
        (0, login("ci", entity="e-ci")),
        (10, made),
        (20, line("auth/token/revoke-accessor", who=OPS, data={"accessor": hmac("ci accessor")})),
        (90, reads(auth("agent", "e-agent"))),
    )
    assert loud(judged) == []


def test_tokens_of_a_deleted_namespace_are_dead_and_those_of_the_next_one_of_its_name_live() -> None:
    judged = verdicts(
        (0, _within(login("old", entity="e-old"))),
        (30, line("sys/namespaces/team-a", operation="delete", who=OPS)),
        (60, _within(refused("old"))),
        (80, _within(login("new", entity="e-new"))),
        (120, _within(reads(auth("new", "e-new")))),
    )
    assert loud(judged) == []
    assert judged["revoked_credential_used", accessor("old")].value == "proven"
    assert judged["dead_credential_tried", accessor("old")].severity == Severity.INFORMATIONAL
    assert ("revoked_credential_used", accessor("new")) not in judged


def _within(document: dict[str, Any]) -> dict[str, Any]:
    document["request"]["namespace"] = {"id": "x1", "path": "team-a/"}
    return document


def test_a_wrapping_token_shown_again_beside_a_callers_own_token_is_a_replay() -> None:
    wrap = {"ttl": 120, "token": hmac("w token"), "accessor": hmac("w accessor")}
    body, caller = {"token": hmac("w token")}, auth("app", "e-app")
    judged = verdicts(
        (0, line("sys/wrapping/wrap", who=OPS, response={"wrap_info": wrap})),
        (10, line("sys/wrapping/unwrap", who=caller, data=body)),
        (20, line("sys/wrapping/lookup", kind="request", data=body, error=NOT_WRAPPING)),
        (30, line("sys/wrapping/unwrap", kind="request", who=caller, data=body, error=NOT_WRAPPING)),
    )
    replayed = judged["one_time_credential_replayed", accessor("w")]
    assert (replayed.value, replayed.severity, len(replayed.evidence)) == ("proven", Severity.LOW, 2)
    assert judged["dead_credential_tried", accessor("w")].severity == Severity.INFORMATIONAL


def test_a_look_up_of_a_wrapping_token_uses_nothing_up() -> None:
    wrap = {"ttl": 120, "token": hmac("w token"), "accessor": hmac("w accessor")}
    opener = auth("w", entity_id=None, policies=["response-wrapping"], remaining_uses=1)
    judged = verdicts(
        (0, line("sys/wrapping/wrap", who=OPS, response={"wrap_info": wrap})),
        (10, line("sys/wrapping/lookup", data={"token": hmac("w token")}, response={"data": {}})),
        (20, line("sys/wrapping/unwrap", who=opener)),
    )
    assert loud(judged) == []


def test_revoking_what_nobody_knows_alarms_nobody() -> None:
    nothing = {"warnings": ["No token found with this accessor"]}
    judged = verdicts(
        (0, line("auth/token/revoke-accessor", who=OPS, data={"accessor": hmac("x")}, response=nothing)),
        (60, reads(OPS)),
    )
    assert loud(judged) == []
    assert entity("e-ops") not in {v.subject for v in judged.values()}


def _child_of(parent: str, name: str) -> dict[str, Any]:
    return line(
        "auth/token/create", who=auth(parent, "e-ci"), response={"auth": auth(name, "e-ci", token_ttl=7200)}
    )  # fmt: skip


def test_children_and_grandchildren_die_with_the_expiry_of_the_parent() -> None:
    judged = verdicts(
        (0, login("ci", entity="e-ci", token_ttl=600)),
        (10, _child_of("ci", "child")),
        (20, _child_of("child", "grandchild")),
        (660, refused("child")),
        (670, refused("grandchild")),
    )
    for name in ("child", "grandchild"):
        tried = judged["dead_credential_tried", accessor(name)]
        assert tried.severity == Severity.INFORMATIONAL and "expired" in tried.title
    assert loud(judged) == []


def test_a_child_whose_parent_was_renewed_or_ended_as_an_orphans_does_not_lapse_with_it() -> None:
    born = [(0, login("ci", entity="e-ci", token_ttl=600)), (10, _child_of("ci", "child"))]
    renewal = line("auth/token/renew-self", who=auth("ci", "e-ci"), response={"auth": auth("ci", "e-ci")})
    orphaned = line("auth/token/revoke-orphan", who=OPS, data={"token": hmac("ci token")})
    for between in (renewal, orphaned):
        judged = verdicts(*born, (300, between), (660, refused("child")))
        assert ("dead_credential_tried", accessor("child")) not in judged
