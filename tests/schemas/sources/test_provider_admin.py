"""Administrative logs of model providers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest

from schemas.activity import Activity, Ended, Granted, Issued, Parent, Withdrawn
from schemas.credential_kind import CredentialKind
from schemas.sources import Context, Reading, detect, provider_admin
from tests.support.recorded_agents import AGENTS
from tests.support.scenario import run

PANTHER = AGENTS.parent / "panther-labs_panther-analysis"
SESSION = {"user": {"id": "user-1", "email": "a@x.example"}, "ip_address": "203.0.113.9", "user_agent": "UA"}
ADMIN = {"type": "session", "session": SESSION}
BY_KEY = {
    "type": "api_key",
    "api_key": {"type": "service_account", "id": "key-0", "service_account": {"id": "svc-1"}},
}
PERSON = {
    "type": "user_actor",
    "email_address": "a@x.example",
    "user_id": "user_01",
    "ip_address": "203.0.113.9",
}


def openai(
    kind: str, details: Any = None, actor: Any = ADMIN, dotted: bool = True, **more: Any
) -> dict[str, Any]:
    row = {
        "id": "audit_log-1",
        "type": kind,
        "effective_at": 1_790_000_000,
        "object": "organization.audit_log",
        "actor": actor,
    }
    return row | ({kind if dotted else kind.replace(".", "_"): details} if details is not None else {}) | more


def anthropic(kind: str, actor: Any = PERSON, **more: Any) -> dict[str, Any]:
    return {
        "id": "activity_01",
        "created_at": "2026-05-07T10:00:00Z",
        "organization_id": "org_1",
        "type": kind,
        "actor": actor,
    } | more


def read(document: Any) -> Reading:
    return provider_admin.read(orjson.dumps(document), Context(instance="prod"))


def read_one(document: Any) -> Activity:
    (activity,) = read(document).activities
    return activity


@pytest.mark.parametrize("dotted", [True, False])
def test_an_api_key_belongs_to_who_made_it(dotted: bool) -> None:
    activity = read_one(
        openai("api_key.created", {"id": "key-1", "data": {"scopes": ["all"]}}, dotted=dotted)
    )
    assert activity.effects == (Issued("openai:key/key-1", "openai:prod:user/user-1", "api_key"),)
    assert (activity.identity, activity.actor_name) == ("openai:prod:user/user-1", "a@x.example")
    assert (activity.target, activity.place, activity.client) == (
        "openai:key/key-1",
        "203.0.113.9",
        "UA",
    )
    assert (activity.outcome, activity.action, activity.time) == (
        "succeeded",
        "identity_write",
        1_790_000_000_000_000,
    )


def test_a_key_made_with_a_key_has_it_as_its_parent_and_outlives_it() -> None:
    activity = read_one(openai("api_key.created", {"id": "key-1"}, BY_KEY))
    (effect,) = activity.effects
    assert isinstance(effect, Issued)
    assert effect.parents == {"openai:key/key-0": Parent("made_by", "openai:prod:service_account/svc-1")}
    assert activity.credential == "openai:key/key-0"


def test_a_deleted_key_has_ended_and_its_later_use_is_found() -> None:
    dead = openai("api_key.deleted", {"id": "key-0"})
    assert read_one(dead).effects == (Ended("api_key.deleted", "deleted", "openai:key/key-0"),)
    late = openai("project.created", {"id": "p"}, BY_KEY, id="audit_log-2", effective_at=1_790_003_600)
    verdicts = [r.verdict for r in run([read_one(dead), read_one(late)]).last.values() if r.verdict]
    assert {(v.control, v.value) for v in verdicts} >= {("revoked_credential_used", "violated")}


def test_a_deleted_account_has_ended_with_its_keys() -> None:
    assert read_one(openai("service_account.deleted", {"id": "svc-1"})).effects == (
        Ended("service_account.deleted", "deleted", identity="openai:prod:service_account/svc-1"),
    )
    assert read_one(anthropic("org_user_deleted", deleted_user_id="user_02")).effects == (
        Ended("org_user_deleted", "deleted", identity="anthropic:org_1:user/user_02"),
    )


def test_a_role_is_granted_and_withdrawn_by_one_key() -> None:
    name = "role_assignment_role-api-organization-owner__api-organization__org-1_user-2"
    details = {"id": name, "principal_id": "user-2", "principal_type": "user"}
    given = read_one(openai("role.assignment.created", details)).effects
    taken = read_one(openai("role.assignment.deleted", details)).effects
    grant = f"openai:prod:grant/{name}"
    role = "openai:prod:role/role-api-organization-owner"
    assert given == (Granted(grant, role, "role.assignment.created", ("openai:prod:user/user-2",)),)
    assert taken == (Withdrawn(grant, "role.assignment.deleted"),)
    same = {
        "target_id": "user_02",
        "target_type": "organization_member",
        "role": "admin",
        "resource_id": "r",
        "resource_type": "t",
    }
    granted, revoked = (
        read_one(anthropic(f"role_assignment_{done}", **same)).effects[0] for done in ("granted", "revoked")
    )
    assert isinstance(granted, Granted) and isinstance(revoked, Withdrawn) and granted.grant == revoked.grant
    assert granted.identities == ("anthropic:org_1:user/user_02",)


@pytest.mark.parametrize("kind", ["service_key", "admin_api_key", "api_key"])
def test_service_keys_are_made_and_revoked(kind: str) -> None:
    named = {f"{kind}_id": "apikey_1"}
    (made,) = read_one(anthropic(f"{kind}_created", **named)).effects
    (ended,) = read_one(anthropic(f"{kind}_revoked", **named)).effects
    known: CredentialKind = "admin_key" if kind == "admin_api_key" else "api_key"
    assert made == Issued("anthropic:key/apikey_1", "anthropic:org_1:user/user_01", known)
    assert ended == Ended(f"{kind}_revoked", "revoked", "anthropic:key/apikey_1")


def test_an_event_that_does_not_name_its_key_is_kept_without_an_effect() -> None:
    activity = read_one(anthropic("service_key_revoked"))
    assert (activity.operation, activity.action, activity.effects) == (
        "service_key_revoked",
        "identity_write",
        (),
    )


def test_a_server_that_was_added_is_the_target() -> None:
    activity = read_one(
        anthropic("mcp_server_created", mcp_server_id="mcpsrv_1", mcp_server_name="Snowflake")
    )
    assert (activity.target, activity.resource) == ("anthropic:org_1:mcp_server/mcpsrv_1", "Snowflake")
    assert activity.action == "identity_write"


def test_an_integration_is_granted_to_who_connected_it() -> None:
    given, taken = (
        read_one(anthropic(f"integration_user_{d}", integration_type="github")).effects[0]
        for d in ("connected", "disconnected")
    )
    assert isinstance(given, Granted) and isinstance(taken, Withdrawn) and given.grant == taken.grant


@pytest.mark.parametrize(
    ("document", "outcome", "error"),
    [
        (openai("login.succeeded"), "succeeded", ""),
        (
            openai("login.failed", {"error_code": "invalid_credentials"}),
            "unauthenticated",
            "invalid_credentials",
        ),
        (anthropic("sso_login_failed", {"type": "unauthenticated_user_actor"}), "unauthenticated", ""),
        (anthropic("claude_chat_access_failed"), "forbidden", ""),
        (openai("logout.failed"), "failed", ""),
    ],
)
def test_what_is_logged_was_done_unless_it_says_that_it_failed(
    document: dict[str, Any], outcome: str, error: str
) -> None:
    activity = read_one(document)
    assert (activity.outcome, activity.error, activity.action) == (outcome, error, "")


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (openai("") | {"type": ""}, "type"),
        (openai("a.b") | {"id": None}, "id"),
        (openai("a.b") | {"effective_at": "yesterday"}, "effective_at"),
        (anthropic("a_b") | {"created_at": None}, "created_at"),
    ],
)
def test_what_an_event_cannot_do_without_is_named(bad: dict[str, Any], field: str) -> None:
    reading = read({"object": "list", "data": [openai("login.succeeded"), bad]})
    assert len(reading.activities) == 1
    assert [(r.place, r.field) for r in reading.rejects] == [("data[1]", field)]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"type": NaN}', b"\xff\xfe{\x00"]
)
def test_what_is_no_record_is_no_exception(body: bytes) -> None:
    assert not provider_admin.read(body, Context()).activities


def test_the_kind_of_a_record_is_told_from_its_content() -> None:
    for one in (openai("api_key.created"), anthropic("service_key_created")):
        for known in (one, [one], {"object": "list", "data": [one]}):
            assert detect(orjson.dumps(known)) == "provider_admin"
    assert not provider_admin.recognises({"data": [{"data": [{"data": []}]}]})


@pytest.mark.skipif(not PANTHER.is_dir(), reason=f"no test events at {PANTHER}")
def test_each_test_event_of_the_rules_says_who_did_what_from_where() -> None:
    resolved: Counter[str] = Counter()
    for path in sorted(PANTHER.glob("*.tests.jsonl")):
        for line in path.read_bytes().splitlines():
            row = orjson.loads(line)["log"]
            assert detect(orjson.dumps(row)) == "provider_admin"
            activity = read_one(row)
            assert activity.operation and activity.service and activity.outcome != "unknown"
            assert activity.place or activity.credential
            resolved["events"] += 1
            resolved["identity"] += bool(activity.identity)
            resolved["changes of access"] += activity.action == "identity_write"
    assert resolved == {"events": 71, "identity": 69, "changes of access": resolved["changes of access"]}


def test_the_autonomous_system_of_a_session_is_told() -> None:
    session = SESSION | {"ip_address_details": {"country": "US", "asn": "64500"}}
    assert read_one(openai("login.succeeded", actor={"type": "session", "session": session})).asn == 64500
