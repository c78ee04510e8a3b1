"""Okta's System Log: API tokens, service apps and their credentials; people signing in are passed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Activity, Ended, EndFailed, Granted, Issued, Known, Restored
from schemas.sources import detect
from schemas.verdict import Severity, Verdict
from tests.support.okta import (
    ADMIN,
    APP,
    CLIENT,
    PREFIX,
    SECRET,
    TOKEN,
    USER,
    event,
    granted,
    reading,
    target,
)
from tests.support.scenario import every_way

KEY, OWNER = f"{PREFIX}api-token/{TOKEN}", f"{PREFIX}user/{USER}"
SERVICE, HELD = f"{PREFIX}app/{CLIENT}", f"{PREFIX}secret/{SECRET}"
MADE = event("system.api_token.create", 0, target("Token", TOKEN))
REVOKED = event("system.api_token.revoke", 600, target("Token", TOKEN))


def one(document: Any) -> Activity:
    (activity,) = reading(document).activities
    return activity


def write(at: float, **more: Any) -> dict[str, Any]:
    """A group membership, made with the API token."""
    return event("group.user_membership.add", at, target("User", "00u2x"), token=TOKEN, **more)


def verdicts(*documents: dict[str, Any]) -> dict[tuple[str, str], Verdict]:
    """What stands in the end, in every order, by control and subject."""
    world = every_way([activity for document in documents for activity in reading(document).activities])
    result = [report.verdict for report in world.last.values() if report.verdict]
    return {(verdict.control, verdict.subject): verdict for verdict in result}


def test_a_token_that_acts_after_its_revocation_is_told_and_one_that_acted_before_is_not() -> None:
    about = ("revoked_credential_used", KEY)
    before = verdicts(MADE, write(60), REVOKED)[about]
    assert (before.value, before.severity) == ("assumed", None)
    after = verdicts(MADE, write(60), REVOKED, write(1_800))[about]
    assert (after.value, after.severity) == ("violated", Severity.CRITICAL)
    assert after.identity == OWNER and [e.uid for e in after.evidence] == [write(1_800)["uuid"]]


def test_a_token_ends_with_the_account_of_who_made_it() -> None:
    gone = event("user.lifecycle.deactivate", 600, target("User", USER))
    back = event("user.lifecycle.activate", 1_200, target("User", USER))
    result = verdicts(MADE, gone, back, write(1_800))["revoked_credential_used", KEY]
    assert result.value == "violated", "whoever is activated again makes new tokens"
    assert ("revoked_credential_used", KEY) not in verdicts(MADE, write(1_800))


def test_a_suspended_account_is_off_and_may_come_back() -> None:
    off = one(event("user.lifecycle.suspend", 0, target("User", USER)))
    on = one(event("user.lifecycle.unsuspend", 1, target("User", USER)))
    assert off.effects == (Ended("user.lifecycle.suspend", "disabled", identity=OWNER),)
    assert on.effects == (Restored("user.lifecycle.unsuspend", "disabled", identity=OWNER),)


def test_a_service_app_that_gets_tokens_after_it_was_deactivated_is_told() -> None:
    off = event("application.lifecycle.deactivate", 600, target("AppInstance", CLIENT))
    result = verdicts(granted(60), off, granted(1_800))
    (active,) = [v for (control, _), v in result.items() if control == "inactive_identity_active"]
    assert active.identity == SERVICE and active.value == "violated"
    result = verdicts(granted(60), off, granted(1_800, "FAILURE", "invalid_client"))
    assert all(v.severity is None for (c, _), v in result.items() if c == "inactive_identity_active")


def test_a_token_of_an_app_is_issued_by_its_grant_and_one_of_a_person_is_not() -> None:
    activity = one(granted(10))
    assert (activity.identity, activity.outcome) == (SERVICE, "succeeded")
    assert activity.effects == (Issued(f"{PREFIX}token/AT.10", SERVICE, "access_token"),)
    signed_in = granted(10) | {"debugContext": {"debugData": {"grantType": "authorization_code"}}}
    assert one(signed_in).effects == ()


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("invalid_client", "unauthenticated"), ("no_matching_policy", "forbidden"), (None, "forbidden")],
)
def test_a_refused_grant_says_whether_the_client_was_known(reason: str | None, outcome: str) -> None:
    assert one(granted(10, "FAILURE", reason)).outcome == outcome


def test_secrets_and_keys_of_an_app_are_its_own_from_issue_to_end_in_any_order_of_targets() -> None:
    app, secret = target("PublicClientApp", CLIENT), target("ClientSecret", SECRET)
    life = "app.oauth2.credentials.lifecycle."
    for targets in ((app, secret), (secret, app)):
        made = one(event(life + "create", 0, *targets))
        assert made.effects == (Issued(HELD, SERVICE, "client_secret"),)
        off = one(event(life + "deactivate", 1, *targets))
        assert off.effects == (
            Known(HELD, SERVICE, "client_secret"),
            Ended(life + "deactivate", "disabled", HELD),
        )
    assert one(event(life + "activate", 2, secret)).effects == (
        Restored(life + "activate", "disabled", HELD),
    )
    assert one(event(life + "delete", 3, secret)).effects == (Ended(life + "delete", "deleted", HELD),)
    key = one(event(life + "create", 0, app, target("JsonWebKey", "pks1")))
    assert key.effects == (Issued(f"{PREFIX}secret/pks1", SERVICE, "client_credential"),)


def test_which_secret_was_presented_is_in_no_log_so_its_end_is_unverifiable() -> None:
    app, secret = target("PublicClientApp", CLIENT), target("ClientSecret", SECRET)
    life = "app.oauth2.credentials.lifecycle."
    result = verdicts(
        event(life + "create", 0, app, secret), event(life + "delete", 600, secret), granted(900)
    )
    assert result["revoked_credential_used", HELD].value == "unverifiable"


def test_a_revocation_that_failed_revoked_nothing() -> None:
    refused = event("system.api_token.revoke", 1, target("Token", TOKEN), result="FAILURE")
    assert one(refused).effects == (EndFailed("system.api_token.revoke", KEY),)
    assert one(refused).outcome == "failed"


def test_a_token_named_by_another_event_is_no_target_of_its_end() -> None:
    assert one(event("group.user_membership.add", 1, target("Token", TOKEN))).effects == ()


@pytest.mark.parametrize(
    ("actor", "key"),
    [
        (APP, SERVICE),
        ({"id": "system", "type": "SystemPrincipal"}, f"{PREFIX}system/system"),
        ({"id": "wlp1", "type": "WorkloadIdentityPrincipal"}, f"{PREFIX}workload/wlp1"),
        ({"id": "x1", "type": "SomethingNew"}, f"{PREFIX}principal/x1"),
    ],
)
def test_who_acts_goes_by_its_type_and_id(actor: dict[str, Any], key: str) -> None:
    assert one(event("group.user_membership.add", 1, actor=actor)).identity == key


@pytest.mark.parametrize(
    "kind", ["user.session.start", "user.authentication.sso", "policy.evaluate_sign_on", "user.mfa.factor.x"]
)
def test_people_signing_in_are_passed(kind: str) -> None:
    result = reading(event(kind))
    assert (result.activities, result.rejects, result.passed) == ([], [], 1)


def test_secrets_that_the_log_shows_are_not_kept() -> None:
    shown = target("ClientSecret", SECRET, detailEntry={"clientSecret": "in-clear"})
    result = [one(event("app.oauth2.credentials.lifecycle.create", 0, shown)), one(granted(1))]
    assert "in-clear" not in str(result) and "never-to-be-kept" not in str(result)


@pytest.mark.parametrize(
    "wrapped",
    [
        [MADE, REVOKED],
        {"eventType": "com.okta.event_hook", "data": {"events": [MADE, REVOKED]}},
        {"detail-type": "SystemLog", "source": "aws.partner/okta.com/x", "detail": MADE},
    ],
)
def test_hooks_and_streams_are_opened(wrapped: Any) -> None:
    assert detect(json.dumps(wrapped).encode()) == "okta"
    result = reading(wrapped)
    assert result.activities[0] == one(MADE) and not result.rejects


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"published": "2017-09-31T22:23:07.777Z"}, "published"),
        ({"published": None}, "published"),
        ({"uuid": ""}, "uuid"),
        ({"actor": None}, "actor.id"),
        ({"eventType": ""}, "eventType"),
    ],
)
def test_what_an_event_cannot_do_without_is_a_located_reject(broken: dict[str, Any], field: str) -> None:
    result = reading(MADE | broken)
    assert [r.field for r in result.rejects] == [field] and not result.activities


@pytest.mark.parametrize("odd", [{"target": "x"}, {"target": [None]}, {"outcome": None}, {"transaction": []}])
def test_odd_parts_are_as_good_as_absent(odd: dict[str, Any]) -> None:
    assert one(event("group.user_membership.add", 1) | odd).uid


def test_exports_that_write_names_otherwise_are_read_alike() -> None:
    export = {name: value for name, value in REVOKED.items() if name != "eventType"}
    export |= {"event_type": REVOKED["eventType"], "published": "2026-11-22 10:10:00.000"}
    assert one(export) == one(REVOKED)


def test_the_autonomous_system_of_a_client_is_the_one_that_okta_names() -> None:
    assert one(event("group.lifecycle.create", 0, securityContext={"asNumber": 64500})).asn == 64500
    assert [
        one(event("group.lifecycle.create", 0, securityContext=c)).asn for c in (None, {}, {"asNumber": None})
    ] == [0] * 3


ROLE = "role/Group administrator"


def privilege(at: float, who: str = USER, roles: str = "Group administrator", **more: Any) -> dict[str, Any]:
    """An administrator role is given; ``more``: of the event."""
    debug = {"debugData": {"privilegeGranted": roles, "requestUri": f"/api/v1/users/{who}/roles"}}
    return event("user.account.privilege.grant", at, target("User", who), **({"debugContext": debug} | more))


def escalated(*documents: dict[str, Any]) -> list[tuple[str, str, Severity]]:
    return [
        (subject, v.value, v.severity)
        for (control, subject), v in verdicts(*documents).items()
        if control == "scope_escalation" and v.severity is not None
    ]


def test_a_token_that_gives_its_own_account_a_role_is_told_and_one_that_gives_another_is_not() -> None:
    grant = f"{OWNER} {PREFIX}grant/{ROLE}/{USER}"
    assert escalated(MADE, privilege(60, token=TOKEN)) == [(grant, "violated", Severity.MEDIUM)]
    assert escalated(MADE, privilege(60, "00u2x", token=TOKEN)) == []
    # In the console, a person.
    assert escalated(privilege(60)) == []


def test_who_is_a_super_administrator_gives_itself_nothing_more() -> None:
    by_another: dict[str, Any] = {"actor": ADMIN | {"id": "00u9root"}}
    mighty = privilege(0, roles="Super administrator", **by_another)
    assert escalated(mighty, MADE, privilege(60, token=TOKEN)) == []
    both = "Read-only administrator, Group administrator"
    assert escalated(privilege(0, roles=both, **by_another), MADE, privilege(60, token=TOKEN)) == []


def test_a_role_that_was_taken_away_again_stands_no_more() -> None:
    debug = {"debugData": {"privilegeRevoked": "Group administrator"}}
    taken = event("user.account.privilege.revoke", 600, target("User", USER), debugContext=debug)
    assert escalated(MADE, privilege(60, token=TOKEN), taken) == [
        (f"{OWNER} {PREFIX}grant/{ROLE}/{USER}", "assumed", Severity.MEDIUM)
    ]


def test_a_service_app_gives_itself_a_role_or_is_refused_it() -> None:
    itself = target("PublicClientApp", CLIENT)
    debug = {"debugData": {"privilegeGranted": "Super administrator"}}
    kind = "app.oauth2.client.privilege.grant"
    given = event(kind, 60, itself, actor=APP, debugContext=debug)
    assert escalated(given) == [
        (f"{SERVICE} {PREFIX}grant/role/Super administrator/{CLIENT}", "violated", Severity.MEDIUM)
    ]
    refused = event(kind, 60, itself, actor=APP, debugContext=debug, result="DENY")
    assert escalated(refused) == [(f"{SERVICE} grants itself", "violated", Severity.MEDIUM)]
    assert escalated(event(kind, 60, itself, debugContext=debug)) == []


def test_memberships_are_told_where_a_token_gives_them_to_its_own_account() -> None:
    group = target("UserGroup", "00g1admins")
    mine = event("group.user_membership.add", 60, target("User", USER), group, token=TOKEN)
    assert escalated(MADE, mine) == [
        (f"{OWNER} {PREFIX}grant/group/00g1admins/{USER}", "violated", Severity.MEDIUM)
    ]
    app = target("AppInstance", "0oa1vault")
    access = event(
        "application.user_membership.add", 60, target("AppUser", "0ua1"), app, target("User", USER)
    )
    assert one(access).effects == ()
    theirs = event("group.user_membership.add", 60, target("User", "00u2x"), group, token=TOKEN)
    assert not any(isinstance(e, Granted) for e in one(theirs).effects)


def test_a_token_is_called_by_its_name() -> None:
    made = event("system.api_token.create", 0, target("Token", TOKEN, displayName="terraform"))
    (issued,) = one(made).effects
    assert isinstance(issued, Issued) and issued.called == "terraform"
