"""GitHub's audit log: whose token it is, what ends it, and for whom."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from schemas.activity import Activity, Ended, Issued
from schemas.evidence import iso
from schemas.gate import is_known_id
from schemas.sources import Context, Reading, detect, github
from schemas.verdict import Severity, Verdict
from tests.support.declared import declared, verdicts
from tests.support.golden import record
from tests.support.make import T0
from tests.support.scenario import clock_after, every_way

SITE = "github:lab:"
USER = f"{SITE}user/octo-deployer"
START = 1_795_341_600_000
MINUTE = 60_000
CONTEXT = Context(instance="lab", key=b"site")

FINE: dict[str, Any] = {"programmatic_access_type": "Fine-grained personal access token", "token_id": 88001}
CLASSIC: dict[str, Any] = {"programmatic_access_type": "Personal access token (classic)", "token_id": 77001}
KEY: dict[str, Any] = {"programmatic_access_type": "Public Key (User/Deploy)"}
APP: dict[str, Any] = {"programmatic_access_type": "GitHub App server-to-server token"}


def digest(letter: str) -> str:
    return letter * 42 + "k="


def event(action: str, minute: float = 0, **more: Any) -> dict[str, Any]:
    at = START + int(minute * MINUTE)
    base = {
        "@timestamp": at, "_document_id": f"{action}@{minute}", "action": action, "created_at": at,
        "actor": "octo-deployer", "actor_id": 1001, "actor_ip": "198.51.100.7", "user": "octo-deployer",
        "org": "octo-org", "repo": "octo-org/pay",
    }  # fmt: skip
    return base | more


def by_owner(action: str, minute: float = 0, **more: Any) -> dict[str, Any]:
    return event(action, minute, actor="octo-owner", actor_id=1, actor_ip="203.0.113.1", **more)


def read(*events: dict[str, Any]) -> Reading:
    return github.read(orjson.dumps(list(events)), CONTEXT)


def activities(*events: dict[str, Any]) -> list[Activity]:
    reading = read(*events)
    assert not reading.rejects, reading.rejects
    return reading.activities


def alarms(*events: dict[str, Any]) -> dict[str, Verdict]:
    """What is told above informational, by control and subject, whatever the order; the same where all comes
    twice."""
    many = activities(*events)
    world = every_way(many, clock_after(many))
    return {
        f"{r.verdict.control} {r.verdict.subject}": r.verdict
        for r in world.last.values()
        if r.verdict and r.verdict.severity and r.verdict.value == "violated"
    }


REVOKED = by_owner("personal_access_token.access_revoked", 60, user_programmatic_access_id=88001)


# --- ends


def test_a_fine_grained_token_that_works_after_it_was_revoked_is_told() -> None:
    found = alarms(event("git.clone", 0, **FINE), REVOKED, event("git.push", 120, **FINE))
    (verdict,) = found.values()
    assert (verdict.control, verdict.severity) == ("revoked_credential_used", Severity.HIGH)
    assert verdict.credential == f"{SITE}pat/88001" and verdict.identity == USER
    assert [iso(e.time)[11:16] for e in verdict.evidence] == [iso((START + 120 * MINUTE) * 1000)[11:16]]
    assert alarms(event("git.clone", 0, **FINE), REVOKED) == {}


def test_what_everybody_may_read_and_what_was_under_way_is_no_use_of_a_revoked_token() -> None:
    public = event("git.clone", 120, repository_public=True, **FINE)
    assert alarms(event("git.clone", 0, **FINE), REVOKED, public) == {}
    assert activities(public)[0].credential == ""
    assert alarms(event("git.clone", 0, **FINE), REVOKED, event("git.clone", 60.5, **FINE)) == {}
    assert alarms(
        event("git.clone", 0, **FINE), REVOKED, event("git.push", 120, repository_public=True, **FINE)
    )


def test_a_token_whose_secret_was_made_anew_is_another_one_from_then_on_and_ends_again() -> None:
    anew = event("personal_access_token.credential_regenerated", 90, user_programmatic_access_id=88001)
    used, ended = event("git.push", 120, **FINE), event("git.clone", 0, **FINE)
    gone = by_owner("personal_access_token.credential_revoked", 60, user_programmatic_access_id=88001)
    assert alarms(ended, gone, anew, used) == {}
    between = alarms(ended, gone, event("git.push", 80, **FINE), anew)
    assert [v.severity for v in between.values()] == [Severity.HIGH]
    late = by_owner("personal_access_token.credential_revoked", 100, user_programmatic_access_id=88001)
    assert [v.severity for v in alarms(ended, anew, late, used).values()] == [Severity.HIGH]


def test_a_token_that_its_owner_was_granted_again_is_alive() -> None:
    again = by_owner("personal_access_token.access_granted", 90, user_programmatic_access_id=88001)
    found = alarms(event("git.clone", 0, **FINE), REVOKED, again, event("git.push", 120, **FINE))
    assert not any("revoked_credential" in name for name in found)


@pytest.mark.parametrize(
    ("how", "ends"),
    [
        ("oauth_access.destroy", True),
        ("oauth_access.revoke", True),
        ("oauth_authorization.destroy", True),
        ("oauth_access.update", False),
        ("oauth_access.regenerate", False),
        ("oauth_authorization.create", False),
    ],
)
def test_what_ends_a_classic_token_and_what_does_not(how: str, ends: bool) -> None:
    named = {"token_id": 77001, "hashed_token": digest("A")}
    used = CLASSIC | {"hashed_token": digest("A")}
    found = alarms(
        event("repo.create", 0, **used), event(how, 60, **named), event("repo.create", 120, **used)
    )
    assert any(name == f"revoked_credential_used {SITE}token/77001" for name in found) == ends


@pytest.mark.parametrize("known", ["token_id", "hashed_token"])
def test_a_token_is_the_same_by_its_id_and_by_its_digest(known: str) -> None:
    both: dict[str, Any] = {"token_id": 77001, "hashed_token": digest("A")}
    only: dict[str, Any] = {known: both[known]}
    ended = event("oauth_access.destroy", 60, **only)
    found = alarms(
        event("repo.create", 0, **CLASSIC | both), ended, event("repo.create", 120, **CLASSIC | both)
    )
    assert [v.control for v in found.values()] == ["revoked_credential_used"]


def test_another_token_of_the_same_person_is_not_ended() -> None:
    other = CLASSIC | {"token_id": 77002, "hashed_token": digest("B")}
    ended = event("oauth_access.destroy", 60, token_id=77001)
    assert alarms(event("repo.create", 0, **CLASSIC), ended, event("repo.create", 120, **other)) == {}


# --- single sign-on


SSO_REVOKED = by_owner("org_credential_authorization.revoke", 60, token_id=77001)


def test_an_authorization_that_was_revoked_is_one_organisations_alone() -> None:
    before = [event("repo.create", 0, **CLASSIC), event("repo.create", 1, org="other-org", **CLASSIC)]
    here = event("repo.create", 120, **CLASSIC)
    elsewhere = event("repo.create", 121, org="other-org", **CLASSIC)
    assert alarms(*before, SSO_REVOKED, elsewhere) == {}
    found = alarms(*before, SSO_REVOKED, elsewhere, here)
    assert list(found) == [f"revoked_credential_used {SITE}sso/octo-org/token/77001"]
    given = event("org_credential_authorization.grant", 90, token_id=77001)
    assert not any("revoked_" in name for name in alarms(*before, SSO_REVOKED, given, here))


def test_a_fine_grained_token_and_an_apps_have_no_authorization_of_their_own() -> None:
    for more in (FINE, APP | {"actor": "octo-deployer[bot]"}):
        assert len(activities(event("repo.create", **more))) == 1
    assert len(activities(event("repo.create", **CLASSIC))) == 2
    assert len(activities(event("repo.create", org="", **CLASSIC))) == 1


# --- keys


def deploy(action: str, minute: float, letter: str, **more: Any) -> dict[str, Any]:
    used = {"actor": "deploy_key", "actor_id": None, "user": "", **KEY, "hashed_token": digest(letter)}
    return event(action, minute, **used | more)


def keyed(action: str, minute: float, letter: str, **more: Any) -> dict[str, Any]:
    return event(action, minute, fingerprint=f"SHA256:{digest(letter)[:43]}", **more)


ROTATED = [
    keyed("public_key.create", 0, "A"),
    deploy("git.fetch", 1, "A"),
    keyed("public_key.create", 60, "B"),
    deploy("git.fetch", 61, "B"),
    keyed("public_key.delete", 70, "A"),
]


def test_a_rotated_deploy_key_is_told_where_the_old_one_is_used_still() -> None:
    assert alarms(*ROTATED, deploy("git.fetch", 120, "B")) == {}
    found = alarms(*ROTATED, deploy("git.fetch", 120, "B"), deploy("git.fetch", 121, "A"))
    (verdict,) = found.values()
    assert (
        verdict.subject == f"{SITE}key/{digest('A')[:43]}" and verdict.identity == f"{SITE}repo/octo-org/pay"
    )


def test_a_key_is_known_by_the_key_itself_where_no_fingerprint_is_told() -> None:
    public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ci@example"
    (made,) = activities(event("public_key.create", key=public, fingerprint="aa:bb:cc"))
    (issued,) = [e for e in made.effects if isinstance(e, Issued)]
    assert issued.credential.startswith(f"{SITE}key/") and is_known_id(issued.credential)
    assert activities(event("public_key.create", key="ssh-rsa ***", fingerprint="aa:bb"))[0].effects == ()


# --- apps


def test_an_app_that_acts_after_it_was_uninstalled_is_told_in_that_organisation_alone() -> None:
    app: dict[str, Any] = {"actor": "Octo-Deployer[bot]", "user": "", **APP, "hashed_token": digest("A")}
    gone = by_owner("integration_installation.destroy", 60, integration="Octo Deployer")
    here, there = event("repo.create", 120, **app), event("repo.create", 121, org="other", **app)
    assert alarms(event("repo.create", 0, **app), gone) == {}
    found = alarms(event("repo.create", 0, **app), gone, here)
    assert {v.control for v in found.values()} == {"revoked_credential_used"}
    assert {v.identity for v in found.values()} == {f"{SITE}app/octo-deployer"}
    back = by_owner("integration_installation.create", 90, integration="Octo Deployer")
    assert alarms(event("repo.create", 0, **app), gone, back, here) == {}
    assert activities(there)[0].identity == f"{SITE}app/octo-deployer"


# --- who


def test_an_owner_who_ends_a_token_by_an_app_uses_the_app_and_ends_the_other() -> None:
    theirs = by_owner(
        "personal_access_token.access_revoked", user_programmatic_access_id=88001, **APP,
        hashed_token=digest("Z"), token_id=99,
    )  # fmt: skip
    (found,) = activities(theirs)
    assert [(e.credential, e.identity) for e in found.effects if isinstance(e, Ended)] == [
        (f"{SITE}pat/88001", USER)
    ]


def test_a_login_is_the_same_in_any_case_and_a_bot_is_an_app() -> None:
    for actor, key in (
        ("Octo-Deployer", USER),
        ("dependabot[bot]", f"{SITE}app/dependabot"),
        ("", ""),
    ):
        assert activities(event("repo.create", actor=actor))[0].identity == key


def test_a_request_says_by_its_status_whether_it_was_let_in() -> None:
    for code, outcome in ((200, "succeeded"), (401, "unauthenticated"), (403, "forbidden"), (404, "failed")):
        assert activities(event("api.request", status_code=code, **CLASSIC))[0].outcome == outcome


# --- forms


def test_all_forms_are_read_alike_and_a_repeated_delivery_is_one_event() -> None:
    one = event("git.clone", **FINE)
    bare = {k: v for k, v in one.items() if k != "_document_id"}
    lines = orjson.dumps(one) + b"\n" + orjson.dumps(one | {"_document_id": "b"}) + b"\n"
    forms: list[tuple[bytes, int]] = [
        (orjson.dumps(one), 1),
        (orjson.dumps([one]), 1),
        (lines, 2),
        (gzip.compress(lines), 2),
        (orjson.dumps({"event": one, "time": 1}), 1),
        (orjson.dumps({"message": orjson.dumps(one).decode()}), 1),
        (orjson.dumps({k: v for k, v in one.items() if k != "@timestamp"}), 1),
    ]
    for form, many in forms:
        assert detect(form) == "github", form
        found = github.read(form, CONTEXT)
        assert len(found.activities) == many and found.activities[0].time == START * 1000
    assert len({a.uid for a in activities(bare, bare)}) == 1
    assert len({a.uid for a in activities(bare, bare | {"repo": "octo-org/other"})}) == 2


def test_what_is_special_to_an_event_may_stand_in_its_data() -> None:
    nested = by_owner("personal_access_token.access_revoked", data={"user_programmatic_access_id": 88001})
    assert activities(nested)[0].target == f"{SITE}pat/88001"


def test_no_token_in_clear_is_kept_where_a_digest_belongs() -> None:
    clear = "ghp_" + "A1b2" * 9
    for field in ("hashed_token", "token_id", "user_programmatic_access_id", "fingerprint"):
        named: dict[str, Any] = {field: clear}
        body = orjson.dumps([a.credential for a in activities(event("repo.create", **named))])
        assert clear.encode() not in body


def test_the_goldens_cannot_be_taken_for_another_source() -> None:
    assert detect(record("github", "typical")) == "github"
    assert detect(orjson.dumps({"action": "opened", "actor": {}, "created_at": 1, "org": "x"})) != "github"


# Permissions of an installed app

CI: dict[str, Any] = {"integration": "CI Bot", "name": "CI Bot"}


def scoped(*scopes: str) -> Activity:
    return declared(f"{SITE}app/ci-bot", (START * 1_000 - T0) / 1e6 - 60, "scopes", scopes=scopes)


def beyond(*events: dict[str, Any], scopes: tuple[str, ...]) -> list[str]:
    found = verdicts("scope_escalation", [scoped(*scopes), *activities(*events)])
    return [v.title.rpartition(": ")[2] for v in found if v.severity is not None]


@pytest.mark.parametrize(
    "said",
    [
        {"contents": "write", "issues": "read"}, {"repository": {"contents": "write", "issues": "read"}},
        ["contents:write", "issues:read"], "contents:write,issues:read", '{"contents": "write"}',
    ],
    ids=["an object", "by kind of object", "a list", "a text", "an object as text"],
)  # fmt: skip
def test_what_an_app_is_given_beyond_its_declared_scopes_is_low(said: Any) -> None:
    installed = by_owner("integration_installation.create", permissions={"contents": "read"}, **CI)
    raised = by_owner("integration_installation.version_updated", 9, permissions_upgraded=said, **CI)
    approved = ("contents:read", "issues:read")
    assert beyond(installed, scopes=approved) == []
    (more,) = beyond(installed, raised, scopes=approved)
    assert "permission/contents:write" in more
    assert beyond(installed, raised, scopes=("contents:write", "issues:write")) == [], (
        "the wider has the narrower"
    )


def test_a_permission_that_is_taken_away_ends_and_an_app_without_declared_scopes_has_no_row() -> None:
    both = [
        by_owner("integration_installation.create", permissions={"contents": "write"}, **CI),
        by_owner(
            "integration_installation.version_updated", 9, permissions_removed={"contents": "write"}, **CI
        ),
    ]  # fmt: skip
    effects = [type(e).__name__ for a in activities(*both) for e in a.effects]
    assert "Granted" in effects and "Withdrawn" in effects
    assert verdicts("scope_escalation", activities(*both)) == []
