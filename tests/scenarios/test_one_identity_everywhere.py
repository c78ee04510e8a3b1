"""One non-human identity in six systems: its secret is rotated in the vault, and the agent's tool goes on
with the old cloud key.

All records are as their vendors write them. An inventory says which names are one identity.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from correlators.kernel.routes.routing import forwarded_to
from schemas.activity import Activity
from schemas.sources import Context, sources
from schemas.stored import decode
from schemas.verdict import Severity, Verdict
from streams.clickhouse.engine import Engine
from streams.clickhouse.sql_endpoint import SqlEndpoint
from streams.command import cli
from tests.support import azure, cloudtrail, kubernetes, otlp, vault_lines
from tests.support.clickhouse import engine_over, rows
from tests.support.scenario import World, every_way
from tests.support.stored import store

DAY = "2026-11-22T"
AGENT, OWNER = "agent:desk/triage", "team-support"
USER = "aws:111122223333:user/deployer"
ALIASES = (USER, vault_lines.entity("e-triage"), kubernetes.ACCOUNT, azure.APP)
JOB = {
    "arn": "arn:aws:iam::111122223333:user/vault",
    "userName": "vault",
    "principalId": "AIDAEXAMPLEUSER00002",
}
JOB_KEY = "AKIAEXAMPLE000VAULT1"
OLD, NEW, SESSION = "AKIAEXAMPLE0000000R1", "AKIAEXAMPLE0000000R2", cloudtrail.SESSION
PATH = "secret/data/triage/aws"
TOOL_CALL = otlp.uid(2)


def at(time: str, offset: str = "Z") -> str:
    return f"{DAY}{time}:00{offset}"


def read(source: str, record: dict[str, Any], instance: str = "default") -> list[Activity]:
    result = sources()[source].read(json.dumps(record).encode(), Context(instance=instance, key=b"site"))
    assert not result.rejects, result.rejects
    return result.activities


def declared() -> list[Activity]:
    """Who is who, and (from the vault's job) that the new key takes the place of the old at eleven."""
    identity = {"id": AGENT, "kind": "agent", "owner": OWNER, "aliases": list(ALIASES)}
    rotation = {"subject": f"aws:key/{OLD}", "successor": f"aws:key/{NEW}", "at": at("11:00")}
    document = {"gapwatch": "inventory/v1", "recorded": at("09:00")}
    return read("inventory", document | {"identities": [identity], "rotations": [rotation]})


def amazon(operation: str, service: str, time: str, key: str, **more: Any) -> list[Activity]:
    caller = cloudtrail.USER | (JOB if key == JOB_KEY else {}) | {"accessKeyId": key}
    about = {"eventID": f"{operation} {time}", "eventTime": at(time), "userIdentity": caller}
    return read("cloudtrail", cloudtrail.event(operation, service, **about | more))


def vault(time: str, uid: str, line: dict[str, Any]) -> list[Activity]:
    return read("vault", line | {"time": at(time), "request": line["request"] | {"id": uid}}, "prod")


def spans() -> list[Activity]:
    """The tool's call, and in a later export the agent that made it."""
    start = 1_795_348_800_000_000_000
    times: dict[str, Any] = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 60_000_000_000)}
    call = otlp.tool(2, 1, "list_tickets", **times)
    return otlp.activities(call) + otlp.activities(otlp.agent(1, **times))


def before() -> list[Activity]:
    """In use: the pod's token, a login at the vault, the key read from it, a session made with it, the
    application."""
    login = vault_lines.login(entity="e-triage")
    created = {"accessKey": {"accessKeyId": OLD, "userName": "deployer", "status": "Active"}}
    session = {"accessKeyId": SESSION, "expiration": "Nov 22, 2026, 10:00:00 PM"}
    who = vault_lines.auth(entity="e-triage")
    return [
        *amazon("CreateAccessKey", "iam", "09:00", JOB_KEY, responseElements=created),
        *read("kubernetes", kubernetes.event(60), kubernetes.INSTANCE),
        *vault("10:02", "login", login),
        *vault("10:03", "read key", vault_lines.line(PATH, operation="read", who=who)),
        *amazon("ListBuckets", "s3", "10:04", OLD),
        *amazon("GetSessionToken", "sts", "10:05", OLD, responseElements={"credentials": session}),
        *azure_sign_in("10:06"),
    ]


def azure_sign_in(time: str) -> list[Activity]:
    row = azure.sign_in()
    row["properties"] |= {"createdDateTime": at(time), "id": "sign-in"}
    return [azure.activity(row | {"time": at(time)})]


def rotated() -> list[Activity]:
    """The vault's job makes the new key, writes it into the vault and revokes the token that read the old."""
    job = vault_lines.auth("job", "e-job")
    made = {"accessKey": {"accessKeyId": NEW, "userName": "deployer", "status": "Active"}}
    accessor = {"accessor": vault_lines.hmac("app accessor")}
    revoke = vault_lines.line("auth/token/revoke-accessor", who=job, data=accessor)
    return [
        *amazon("CreateAccessKey", "iam", "10:59", JOB_KEY, responseElements=made),
        *vault("11:00", "write", vault_lines.line(PATH, operation="update", who=job)),
        *vault("11:01", "revoke", revoke),
    ]


def after() -> list[Activity]:
    """The tool calls with what it remembers of the old key; its dead vault token is refused."""
    dead = vault_lines.line(PATH, operation="read", error="permission denied")
    dead["request"]["client_token"] = vault_lines.hmac("app token")
    return [
        *spans(),
        *amazon("GetObject", "s3", "12:00", OLD),
        *vault("12:05", "refused", dead),
    ]


ALL = [*declared(), *before(), *rotated(), *after()]


@pytest.fixture(scope="module")
def world() -> World:
    return every_way(ALL)


def verdicts(world: World, control: str) -> list[Verdict]:
    return [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == control]


def test_all_its_names_are_one_identity(world: World) -> None:
    stored = {key: decode(body) for one in world.stores for key, body in one.items()}
    assert [forwarded_to(name, stored[name]) for name in ALIASES] == [[AGENT]] * len(ALIASES)
    known = set(stored[AGENT].credentials)
    assert {f"aws:key/{OLD}", f"aws:key/{NEW}", f"aws:key/{SESSION}"} <= known
    assert {name.partition(":")[0] for name in known if name} >= {"aws", "vault", "k8s", "entra"}
    assert any("list_tickets" in key for key in stored[AGENT].calls)


def test_the_old_key_still_in_use_is_one_finding_of_the_identity_and_its_owner(world: World) -> None:
    (verdict,) = verdicts(world, "old_version_used_after_rotation")
    assert (verdict.value, verdict.identity, verdict.subject) == ("violated", AGENT, f"aws:key/{OLD}")
    assert [e.uid for e in verdict.evidence] == ["GetObject 12:00"]
    alarms = [
        v for r in world.last.values() if (v := r.verdict) and (v.severity or 0) > Severity.INFORMATIONAL
    ]
    assert alarms == [verdict] and verdict.severity == Severity.MEDIUM


def test_the_revoked_token_of_the_vault_is_proven_by_its_refusal(world: World) -> None:
    (verdict,) = verdicts(world, "revoked_credential_used")
    assert (verdict.value, verdict.identity) == ("proven", AGENT)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(Path(tmp_path_factory.mktemp("everywhere")) / "clickhouse") as engine:
        store(engine, ALL)
        yield engine


NAMES = {
    f"aws:key/{JOB_KEY}": "vault's own key",
    f"aws:key/{OLD}": "old key",
    f"aws:key/{NEW}": "new key",
    f"aws:key/{SESSION}": "session",
}


def drawn(node: dict[str, Any]) -> tuple[str, str | None, list[Any]]:
    """A credential, how it hangs on the one above it, and those below."""
    return NAMES[node["credential"]], node["edge"], [drawn(child) for child in node["children"]]


def test_what_is_shown_of_it_draws_where_the_old_key_came_from_and_its_session_and_no_other_branch(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "SELECT uid, owner FROM findings FINAL WHERE control = 'old_version_used_after_rotation'"
    ((uid, owner),) = rows(engine, query)
    assert owner == OWNER
    endpoint = SqlEndpoint(engine)
    endpoint.start()
    monkeypatch.setenv("GAPWATCH_CLICKHOUSE", f"http://127.0.0.1:{endpoint.port}")
    monkeypatch.setattr(sys, "argv", ["gapwatch", "explain", "--json", uid])
    with contextlib.suppress(SystemExit):
        cli.main()
    endpoint.stop()
    story = orjson.loads(capsys.readouterr().out)

    assert [drawn(node) for node in story["lineage"]] == [
        (
            "vault's own key",
            None,
            [("old key", "made_by", [("session", "came_from", [])])],
        )
    ]
    assert "0 of 1 known consumers moved" in story["sentence"]
    assert "GetObject 12:00" in [entry["uid"] for entry in story["timeline"]]


def test_everything_that_it_did_is_found_under_it_whatever_name_it_bore(engine: Engine) -> None:
    found = rows(engine, f"SELECT uid FROM activities_resolved WHERE resolved_identity = '{AGENT}'")
    assert {"read key", "refused", "GetObject 12:00", "sign-in", "audit-60", TOOL_CALL} <= {
        u for (u,) in found
    }
