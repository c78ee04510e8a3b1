"""The directory's audit log: credentials, accounts and sessions that it says were made and ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Aliased, Ended, EndFailed, Issued, Restored
from schemas.sources import detect
from schemas.sources.azure.changes import UNREADABLE
from tests.support.azure import (
    APP,
    APP_ID,
    KEY,
    KEY_ID,
    OBJECT_ID,
    PRINCIPAL,
    PRINCIPAL_ID,
    TENANT,
    USER,
    USER_ID,
    activity,
    audit,
    changed,
    key_entry,
    keys_changed,
    reading,
)

OTHER_ID = "dddddddd-0000-4000-8000-000000000009"
OTHER = f"entra:{TENANT}:key/{OTHER_ID}"
ALIAS = Aliased(PRINCIPAL, APP)
ADD, REMOVE = "Add service principal credentials", "Remove service principal credentials"
SECRETS = "Update application – Certificates and secrets management "


def test_who_changed_what_from_where() -> None:
    one = activity(audit(ADD, keys_changed([], [key_entry(KEY_ID)])))
    assert (one.uid, one.identity, one.actor_name) == (
        "Directory_ed53faec_XH34Q_29215277",
        USER,
        "admin@example.com",
    )
    assert (one.operation, one.outcome, one.action) == (ADD, "succeeded", "identity_write")
    assert (one.place, one.client, one.target, one.resource) == (
        "203.0.113.9",
        "Mozilla/5.0",
        KEY,
        "payments",
    )


def test_added_and_removed_keys_are_the_difference_of_the_lists() -> None:
    old, new = [key_entry(KEY_ID)], [key_entry(OTHER_ID, "AsymmetricX509Cert")]
    one = activity(audit("Update service principal", keys_changed(old, new)))
    assert one.effects == (
        ALIAS,
        Issued(OTHER, APP, "certificate", called="ci"),
        Ended("Update service principal", "deleted", KEY, APP),
    )


def test_a_key_that_stays_is_neither_made_nor_ended() -> None:
    both = [key_entry(KEY_ID), key_entry(OTHER_ID)]
    assert activity(audit(REMOVE, keys_changed(both, [key_entry(KEY_ID)]))).effects == (
        ALIAS,
        Ended(REMOVE, "deleted", OTHER, APP),
    )


def test_removing_the_last_key_leaves_an_empty_list() -> None:
    assert (
        Ended(REMOVE, "deleted", KEY, APP)
        in activity(audit(REMOVE, keys_changed([key_entry(KEY_ID)], []))).effects
    )


def test_a_keys_display_name_is_what_somebody_typed() -> None:
    named = key_entry(KEY_ID, name=f"x],[KeyIdentifier={OTHER_ID},KeyType=Password")
    effects = activity(audit(REMOVE, keys_changed([named], []))).effects
    assert [e.credential for e in effects if isinstance(e, Ended)] == [KEY]


@pytest.mark.parametrize(
    "new", ['["[KeyIdentifier=dddd', '"Client Secret for API Access"', '["[KeyIdentifi', "7"]
)
def test_a_list_that_was_cut_short_removes_nothing_and_says_so(new: str) -> None:
    target = keys_changed([key_entry(KEY_ID)], [])
    target["modifiedProperties"][0]["newValue"] = new
    result = reading(audit(REMOVE, target))
    assert result.activities[0].effects == (ALIAS,)
    assert [(r.field, r.reason) for r in result.rejects] == [("targetResources.KeyDescription", UNREADABLE)]


def test_an_applications_key_waits_for_the_sign_in_that_says_whose_it_is() -> None:
    target = keys_changed([], [key_entry(KEY_ID)], id=OBJECT_ID, type="Application")
    assert activity(audit(SECRETS, target)).effects == (Issued(KEY, "", "client_secret", called="ci"),)


def test_an_application_that_the_details_name_is_known_by_its_app_id() -> None:
    target = keys_changed([], [key_entry(KEY_ID)], id=OBJECT_ID, type="Application")
    result = audit(SECRETS, target, additionalDetails=[{"key": "AppId", "value": APP_ID}])
    alias = Aliased(f"entra:{TENANT}:application/{OBJECT_ID}", APP)
    assert activity(result).effects == (alias, Issued(KEY, APP, "client_secret", called="ci"))


def test_federated_credentials_are_told_by_their_id() -> None:
    entry = {
        "Name": "gh",
        "Issuer": "https://token.actions.githubusercontent.com",
        "Subject": "repo:x",
        "Id": "F-1",
    }
    target = keys_changed([], []) | {
        "modifiedProperties": [changed("FederatedIdentityCredentials", [], [entry])]
    }
    key = f"entra:{TENANT}:fic/f-1"
    assert (
        Issued(key, PRINCIPAL, "federated_credential", called="gh")
        in activity(audit("Update application", target)).effects
    )
    target["modifiedProperties"] = [changed("FederatedIdentityCredentials", [entry], [])]
    gone = activity(audit("Update application", target)).effects
    assert Ended("Update application", "deleted", key, PRINCIPAL) in gone


@pytest.mark.parametrize(
    ("operation", "effect"),
    [
        (
            "Remove service principal",
            Ended("Remove service principal", "deleted", identity=PRINCIPAL, scope=PRINCIPAL_ID),
        ),
        (
            "Hard delete service principal",
            Ended("Hard delete service principal", "deleted", identity=PRINCIPAL, scope=PRINCIPAL_ID),
        ),
        ("Add service principal", Restored("Add service principal", "remade", identity=PRINCIPAL)),
        ("Restore service principal", Restored("Restore service principal", "deleted", identity=PRINCIPAL)),
    ],
)
def test_ends_of_service_principals_and_their_opposites(operation: str, effect: object) -> None:
    assert activity(audit(operation)).effects == (effect,)


def test_an_applications_deletion_and_restoration() -> None:
    target = {"id": OBJECT_ID, "type": "Application"}
    details = [{"key": "AppId", "value": APP_ID}]
    assert (
        Ended("Delete application", "deleted", identity=APP)
        in activity(audit("Delete application", target, additionalDetails=details)).effects
    )
    assert (
        Restored("Restore application", "deleted", identity=APP)
        in activity(audit("Restore application", target, additionalDetails=details)).effects
    )


@pytest.mark.parametrize(
    ("operation", "old", "new", "effect"),
    [
        (
            "Update service principal",
            [True],
            [False],
            Ended("Update service principal: disabled", "disabled", identity=PRINCIPAL),
        ),
        (
            "Update service principal",
            [False],
            [True],
            Restored("Update service principal: enabled", "disabled", identity=PRINCIPAL),
        ),
        ("Disable account", [True], [False], Ended("Disable account", "disabled", identity=PRINCIPAL)),
        ("Enable account", [False], [True], Restored("Enable account", "disabled", identity=PRINCIPAL)),
    ],
)
def test_an_account_is_switched_once(operation: str, old: object, new: object, effect: object) -> None:
    target = {"modifiedProperties": [changed("AccountEnabled", old, new)]}
    assert activity(audit(operation, target)).effects == (effect,)


@pytest.mark.parametrize(
    "operation", ["Revoke sign in sessions", "Update StsRefreshTokenValidFrom Timestamp"]
)
def test_revoked_sessions_of_a_user_are_cut(operation: str) -> None:
    target = {"id": USER_ID, "type": "User", "userPrincipalName": "jo@example.com"}
    assert activity(audit(operation, target)).effects == (Ended(operation, "cut", identity=USER),)


def test_a_change_that_failed_only_tried() -> None:
    result = audit(
        REMOVE, keys_changed([key_entry(KEY_ID)], []), result="failure", resultReason="Microsoft.Online.X"
    )
    one = activity(result)
    assert (one.outcome, one.error) == ("failed", "failure")
    assert one.effects == (EndFailed(REMOVE, KEY, APP),)


def test_a_change_without_the_privileges_is_forbidden() -> None:
    result = audit(
        REMOVE, result="failure", resultReason="Insufficient privileges to complete the operation."
    )
    assert activity(result).outcome == "forbidden"


def test_an_application_that_changes_something_is_told_by_both_of_its_ids() -> None:
    app = {"appId": APP_ID, "displayName": "ci", "servicePrincipalId": PRINCIPAL_ID}
    one = activity(audit("Add member to role", {"type": "Role", "id": "r"}, initiatedBy={"app": app}))
    assert (one.identity, one.actor_name, one.effects) == (APP, "ci", (ALIAS,))
    bare = activity(audit("Add member to role", {"type": "Role"}, initiatedBy={"app": app | {"appId": None}}))
    assert bare.identity == PRINCIPAL


def test_a_role_given_to_others_ends_and_makes_nothing() -> None:
    target = {"modifiedProperties": [changed("AppRole.Value", None, "Mail.Read")]}
    assert activity(audit("Add app role assignment to service principal", target)).effects == ()


def analytics(row: dict[str, Any]) -> dict[str, Any]:
    flat = {k: v for k, v in row.items() if k not in ("properties", "time", "tenantId")} | row["properties"]
    written = {
        k[0].upper() + k[1:]: json.dumps(v) if isinstance(v, dict | list) else v for k, v in flat.items()
    }
    return written | {
        "TenantId": "the-workspace",
        "AADTenantId": TENANT,
        "TimeGenerated": row["time"],
        "Type": "AuditLogs",
    }


@pytest.mark.parametrize("shape", ["hub", "analytics", "graph"])
def test_an_entry_is_the_same_in_every_shape(shape: str) -> None:
    row = audit(ADD, keys_changed([], [key_entry(KEY_ID)]))
    shaped: dict[str, Any] = {
        "hub": {"records": [row]},
        "analytics": analytics(row),
        "graph": {"value": [row["properties"] | {"tenantId": TENANT}]},
    }
    record = json.dumps(shaped[shape]).encode()
    assert detect(record) == "azure"
    assert activity(record) == activity(row)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (audit(ADD, activityDateTime="") | {"time": "soon"}, "activityDateTime"),
        (audit("", activityDisplayName=""), "activityDisplayName"),
    ],
)
def test_what_is_broken_is_a_reject_with_its_place(broken: object, field: str) -> None:
    result = reading(broken)
    assert not result.activities and [r.field for r in result.rejects] == [field]


def unified(operation: str, **more: Any) -> dict[str, Any]:
    return {
        "CreationTime": "2026-11-22T10:00:00",
        "Id": "abc-def-123",
        "Operation": operation,
        "OrganizationId": TENANT,
        "RecordType": 8,
        "ResultStatus": "Success",
        "UserKey": "Not Available",
        "UserType": 4,
        "ClientIP": "203.0.113.9",
        "Workload": "AzureActiveDirectory",
        "UserId": f"ServicePrincipal_{PRINCIPAL_ID}",
        "ObjectId": "payments",
        "Target": [{"ID": f"ServicePrincipal_{PRINCIPAL_ID}", "Type": 2}],
        "ModifiedProperties": [],
    } | more


def test_the_unified_audit_log_tells_the_same_changes() -> None:
    properties = [
        {"Name": "KeyDescription", "OldValue": json.dumps([key_entry(KEY_ID)]), "NewValue": "[]"},
        {"Name": "TargetId.ServicePrincipalNames", "OldValue": "", "NewValue": json.dumps(APP_ID)},
    ]
    record = unified("Remove service principal credentials.", ModifiedProperties=properties)
    assert detect(json.dumps(record).encode()) == "azure"
    one = activity(record)
    assert (one.identity, one.place, one.uid) == (PRINCIPAL, "203.0.113.9", "abc-def-123")
    assert one.effects == (ALIAS, Ended(REMOVE, "deleted", KEY, APP))


def test_a_row_of_a_search_of_the_unified_log_holds_the_record_as_text() -> None:
    record = unified("Add service principal.")
    row = {
        "RecordType": "AzureActiveDirectory",
        "CreationDate": "2026-11-22T10:00:00Z",
        "UserIds": "x",
        "Operations": "Add service principal.",
        "AuditData": json.dumps(record),
    }
    assert detect(json.dumps(row).encode()) == "azure"
    assert activity(row) == activity(record)


def test_a_refused_log_in_of_the_unified_log_is_refused_whatever_its_result_says() -> None:
    result = unified("UserLoginFailed", LogonError="InvalidUserNameOrPassword", UserId="jo@example.com")
    assert (activity(result).outcome, activity(result).error) == (
        "unauthenticated",
        "InvalidUserNameOrPassword",
    )


def test_an_alert_is_nobodys_act() -> None:
    alert = {
        "id": "a1",
        "tenantId": TENANT,
        "title": "Anonymous IP address",
        "category": "AnonymousLogin",
        "severity": "medium",
        "createdDateTime": "2026-04-01T14:31:48.438Z",
        "serviceSource": "azureAdIdentityProtection",
        "evidence": [
            {"userAccount": {"userPrincipalName": "jo@example.com", "azureAdUserId": USER_ID}},
            {"ipAddress": "203.0.113.9"},
        ],
    }
    assert detect(json.dumps(alert).encode()) == "azure"
    one = activity(alert)
    assert (one.identity, one.place, one.outcome, one.operation) == (
        USER,
        "203.0.113.9",
        "unknown",
        "Anonymous IP address",
    )
