"""Azure Activity, Key Vault and storage: operations on resources, by claims of the caller's token."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Aliased, Fetched, Known, Rotated
from schemas.evidence import SECOND, iso
from schemas.sources import Context, detect
from schemas.times import month_first
from tests.support.azure import (
    APP,
    APP_ID,
    PRINCIPAL,
    PRINCIPAL_ID,
    TENANT,
    TOKEN,
    TOKEN_ID,
    USER_ID,
    activity,
    claims,
    operation,
    reading,
    secret_get,
)

ALIAS = Aliased(PRINCIPAL, APP)


def test_an_operation_is_a_use_of_the_token_that_its_claims_name() -> None:
    one = activity(operation())
    assert (one.identity, one.credential, one.effects) == (APP, TOKEN, (ALIAS,))
    assert (one.service, one.outcome, one.place) == ("microsoft.compute", "succeeded", "198.51.100.7")


def test_start_and_end_of_an_operation_are_two_events_of_which_only_the_end_says_how_it_ended() -> None:
    start = activity(
        operation(resultType="Start", resultSignature="Started.") | {"time": "2026-11-22T10:01:59Z"}
    )
    end = activity(operation())
    assert (start.outcome, end.outcome) == ("unknown", "succeeded")
    assert start.uid != end.uid


def test_a_person_is_told_by_the_object_id_and_named_by_the_upn() -> None:
    fields = {
        "http://schemas.microsoft.com/identity/claims/objectidentifier": USER_ID,
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "Jo@example.com", "idtyp": "user",
    }  # fmt: skip
    one = activity(operation(identity={"claims": claims(**fields)}))
    assert (one.identity, one.actor_name) == (f"entra:{TENANT}:user/{USER_ID}", "Jo@example.com")
    only_name = activity(operation(identity={"claims": {"name": "Jo@example.com"}}))
    assert only_name.identity == f"entra:{TENANT}:user/jo@example.com"


def test_a_managed_identity_is_its_resource_too() -> None:
    host = "/subscriptions/s1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Mailer"
    one = activity(operation(identity={"claims": claims(xms_mirid=host)}))
    assert one.effects == (ALIAS, Aliased(f"azure:{host.lower()}", APP))


def test_a_caller_without_claims_is_whom_the_authorization_was_for() -> None:
    evidence = {"principalId": PRINCIPAL_ID.upper(), "principalType": "ServicePrincipal", "role": "Owner"}
    assert activity(operation(identity={"authorization": {"evidence": evidence}})).identity == PRINCIPAL
    group = {"authorization": {"evidence": evidence | {"principalType": "Group"}}}
    assert activity(operation(identity=group)).identity == ""


@pytest.mark.parametrize(
    ("result", "signature", "outcome"),
    [
        ("Success", "200", "succeeded"),
        ("Succeeded", "", "succeeded"),
        ("Accept", "Accepted.Accepted", "succeeded"),
        ("Failure", "Failed.Forbidden", "forbidden"),
        ("Failed", "403", "forbidden"),
        ("Failure", "Failed.Unauthorized", "unauthenticated"),
        ("Failed", "409", "failed"),
        ("Failure", "Failed.Conflict", "failed"),
        ("Active", "Succeeded", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_the_status_decides_before_the_word(result: str, signature: str, outcome: str) -> None:
    assert activity(operation(resultType=result, resultSignature=signature)).outcome == outcome


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("Microsoft.Authorization/roleAssignments/write", "identity_write"),
        ("MICROSOFT.AUTHORIZATION/ELEVATEACCESS/ACTION", "identity_write"),
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
            "identity_write",
        ),
        ("Microsoft.Storage/storageAccounts/regenerateKey/action", "identity_write"),
        ("Microsoft.Storage/storageAccounts/listkeys/action", "secret_read"),
        ("MICROSOFT.WEB/SITES/PUBLISHXML/ACTION", "secret_read"),
        ("Microsoft.Compute/disks/write", ""),
    ],
)
def test_writes_to_access_and_reads_of_keys(name: str, action: str) -> None:
    assert activity(operation(name)).action == action


def test_a_role_assignment_is_about_who_gets_it() -> None:
    body = {
        "Id": "x",
        "Properties": {
            "PrincipalId": PRINCIPAL_ID,
            "PrincipalType": "ServicePrincipal",
            "RoleDefinitionId": "y",
        },
    }
    record = operation(
        "Microsoft.Authorization/roleAssignments/write", properties={"requestbody": json.dumps(body)}
    )
    assert activity(record).target == PRINCIPAL


def test_the_rest_apis_form_is_the_same_operation() -> None:
    event: dict[str, Any] = {
        "caller": PRINCIPAL_ID,
        "eventTimestamp": "2026-11-22T10:02:00.1234567Z",
        "eventDataId": "event-1",
        "operationName": {
            "value": "Microsoft.Compute/virtualMachines/runCommand/action",
            "localizedValue": "Run",
        },
        "status": {"value": "Succeeded"},
        "subStatus": {"value": ""},
        "claims": claims(),
        "correlationId": "c",
        "resourceId": "/subscriptions/s1/x",
        "httpRequest": {"clientIpAddress": "198.51.100.7"},
        "tenantId": TENANT,
    }
    assert detect(json.dumps(event).encode()) == "azure"
    one = activity(event)
    assert (one.uid, one.identity, one.outcome, one.place) == ("event-1", APP, "succeeded", "198.51.100.7")
    denied = activity(
        event | {"status": {"value": "Failed"}, "subStatus": {"value": "Forbidden (HTTP Status Code: 403)"}}
    )
    assert denied.outcome == "forbidden"
    assert activity(event | {"claims": None}).identity == PRINCIPAL


def test_azures_own_services_are_no_users() -> None:
    fields = {
        "claims": {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "Microsoft.Advisor"}
    }
    one = activity(
        operation(
            "Microsoft.Advisor/recommendations/available/action", identity=fields, callerIpAddress="0.0.0.0"
        )
    )
    assert (one.identity, one.action, one.place) == ("", "service", "")


def test_a_secret_read_from_a_key_vault_which_names_no_tenant_so_the_installation_does() -> None:
    one = activity(secret_get(), Context(TENANT))
    assert (one.identity, one.operation, one.action, one.outcome) == (
        APP,
        "SecretGet",
        "secret_read",
        "succeeded",
    )
    assert (one.resource, one.client) == (
        "https://shopvault.vault.azure.net/secrets/db/0a1b2c",
        "python/3.11",
    )


@pytest.mark.parametrize(
    ("secret", "version"),
    [("db/0a1b2c", "version 0a1b2c"), ("db", "stage AWSCURRENT"), ("db/", "stage AWSCURRENT")],
)
def test_which_version_of_a_vaults_secret_was_read(secret: str, version: str) -> None:
    fields = {"id": f"https://ShopVault.vault.azure.net/secrets/{secret}", "httpStatusCode": 200}
    assert Fetched("azure:shopvault:secret/db", version) in activity(secret_get(properties=fields)).effects


def test_a_secret_that_is_set_takes_the_place_of_the_one_before() -> None:
    fields = {"id": "https://shopvault.vault.azure.net/secrets/db/ff00", "httpStatusCode": 200}
    one = activity(secret_get(operationName="SecretSet", properties=fields))
    assert Rotated("azure:shopvault:secret/db", successor="version ff00", how="SecretSet") in one.effects
    denied = activity(secret_get(operationName="SecretSet", properties=fields | {"httpStatusCode": 403}))
    assert not [e for e in denied.effects if isinstance(e, Rotated)]


def test_a_vaults_challenge_names_nobody() -> None:
    one = activity(
        secret_get(401, identity={}, operationName="Authentication", resultSignature="Unauthorized")
    )
    assert (one.outcome, one.identity, one.credential) == ("unauthenticated", "", "")


def test_a_vaults_denial_is_of_an_accepted_caller() -> None:
    assert activity(secret_get(403, resultSignature="Forbidden")).outcome == "forbidden"


def blob(**more: Any) -> dict[str, Any]:
    return {
        "time": "2026-11-22T10:02:00.1234567Z",
        "category": "StorageRead",
        "operationName": "GetBlob",
        "statusCode": 200,
        "callerIpAddress": "198.51.100.7:45123",
        "correlationId": "c",
        "resourceId": "/subscriptions/s1/x",
        "properties": {"accountName": "shop", "objectKey": "/shop/orders/1", "metricResponseType": "Success"},
    } | more


def test_storage_is_read_with_a_signature_or_a_key_that_goes_by_its_hash() -> None:
    signed = blob(identity={"type": "SAS", "tokenHash": "key1(AAAA),SasSignature(BBBB)"})
    keyed = blob(identity={"type": "AccountKey", "tokenHash": "key2(CCCC)"})
    assert activity(signed).credential == "azure:sas/BBBB"
    assert activity(keyed).credential == "azure:storage-key/shop/key2/CCCC"
    assert activity(signed).place == "198.51.100.7" and activity(signed).resource == "/shop/orders/1"


def test_a_signature_in_clear_is_masked_and_the_url_is_not_kept() -> None:
    one = activity(blob(uri="https://shop.blob.core.windows.net/o?sv=1&sig=SECRET%3D", properties={}))
    assert one.credential.startswith("azure:sas/hmac-") and "SECRET" not in repr(one)
    assert activity(blob(uri="https://shop.blob.core.windows.net/o?sig=XXXXX")).credential == ""


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (403, "AuthenticationFailed", "unauthenticated"),
        (403, "AuthorizationPermissionMismatch", "forbidden"),
        (409, "BlobUsesCustomerSpecifiedEncryption", "failed"),
        (202, "", "succeeded"),
        (503, "ServerBusy", "unknown"),
    ],
)
def test_storage_answers_403_where_it_does_not_accept_the_signature(
    status: int, text: str, outcome: str
) -> None:
    assert activity(blob(statusCode=status, statusText=text)).outcome == outcome


@pytest.mark.parametrize(
    ("broken", "field"), [(operation(time="soon"), "time"), (operation(""), "operationName")]
)
def test_what_is_broken_is_a_reject_with_its_place(broken: object, field: str) -> None:
    answer = reading(broken)
    assert not answer.activities and [r.field for r in answer.rejects] == [field]


def test_a_row_without_any_time_is_as_old_as_its_arrival() -> None:
    arrived = Context(key=b"site", arrived=1_795_400_000_000_000)
    bare = {name: value for name, value in operation().items() if name != "time"}
    assert [(a.time, a.arrived) for a in reading(bare, arrived).activities] == [(arrived.arrived,) * 2]
    assert not reading(bare).activities
    assert not reading(bare | {"time": "soon"}, arrived).activities


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("4/22/2026 2:05:13 PM +00:00", "2026-04-22T14:05:13Z"),
        ("04/22/2026 14:05:13", "2026-04-22T14:05:13Z"),
        ("4/22/2026, 12:05:13.123 AM", "2026-04-22T00:05:13Z"),
        ("4/22/2026 2:05:13 PM +02:00", "2026-04-22T12:05:13Z"),
        ("22/4/2026 2:05:13 PM", ""),
        ("4/22/2026 14:05:13 PM", ""),
    ],
)
def test_times_with_the_month_first_are_read_and_none_is_guessed(written: str, time: str) -> None:
    assert iso(month_first(written)) == time


def test_a_token_says_itself_until_when_it_is_good() -> None:
    identity = {"claims": {"appid": APP_ID, "uti": TOKEN_ID, "iat": "1740819500", "exp": "1740823400"}}
    row = operation(identity=identity)
    known = Known(
        TOKEN,
        APP,
        "access_token",
        issued=1_740_819_500 * SECOND,
        expires=1_740_823_400 * SECOND,
        as_of=1_740_819_500 * SECOND,
    )
    assert known in activity(row).effects
    unsaid = {"claims": {"appid": APP_ID, "uti": TOKEN_ID, "exp": "soon"}}
    assert not any(isinstance(e, Known) for e in activity(operation(identity=unsaid)).effects)
