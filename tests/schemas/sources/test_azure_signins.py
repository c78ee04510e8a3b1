"""Sign-ins and Graph calls: an application, its key, the token that came of it, and what the token did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Aliased, Issued, Parent
from schemas.evidence import SECOND
from schemas.sources import Context, detect
from tests.support.azure import (
    APP,
    APP_ID,
    KEY,
    PRINCIPAL,
    PRINCIPAL_ID,
    TENANT,
    TOKEN,
    USER,
    USER_ID,
    activity,
    graph_call,
    reading,
    sign_in,
)

ALIAS = Aliased(PRINCIPAL, APP)


def test_a_sign_in_uses_the_key_and_issues_the_token() -> None:
    one = activity(sign_in())
    assert (one.uid, one.source, one.service) == ("36658c78-02d9-4d8f-84ee-5ca4a3fdefef", "azure", "entra")
    assert (one.identity, one.actor_name, one.credential) == (APP, "payments", KEY)
    assert (one.outcome, one.place, one.target) == ("succeeded", "198.51.100.7", TOKEN)
    assert one.effects == (ALIAS, Issued(TOKEN, APP, "access_token", parents={KEY: Parent("came_from", APP)}))


def test_its_time_is_that_of_the_sign_in_not_of_the_log() -> None:
    assert activity(sign_in()).time == 1_795_341_600 * SECOND + 123_456


def test_object_ids_of_a_service_principal_are_aliases_of_its_application() -> None:
    assert ALIAS in activity(sign_in()).effects
    assert ALIAS in activity(graph_call()).effects
    assert activity(sign_in(appId="")).identity == PRINCIPAL


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (7000215, "unauthenticated"),
        (7000222, "unauthenticated"),
        (50173, "unauthenticated"),
        (700016, "unauthenticated"),
        (7000112, "unauthenticated"),
        (700027, "unauthenticated"),
        (53003, "forbidden"),
        (50105, "forbidden"),
        (50076, "unknown"),
        (123456789, "unknown"),
    ],
)
def test_refusals_by_their_code_and_codes_unheard_of_decide_nothing(code: int, outcome: str) -> None:
    one = activity(sign_in(code))
    assert (one.identity, one.outcome, one.error) == (APP, outcome, f"AADSTS{code}")
    assert not any(isinstance(effect, Issued) for effect in one.effects)


def test_an_expired_secret_is_refused_by_name_where_the_row_names_it() -> None:
    assert (
        activity(sign_in(7000222, servicePrincipalCredentialKeyId=KEY.rpartition("/")[2])).credential == KEY
    )


@pytest.mark.parametrize(
    ("word", "outcome"), [("Success", "succeeded"), ("0", "succeeded"), ("Failure", "unknown")]
)
def test_an_export_may_put_a_word_in_place_of_the_code(word: str, outcome: str) -> None:
    assert activity(sign_in(status=None) | {"resultType": word}).outcome == outcome


def test_a_managed_identity_has_no_address_and_no_key() -> None:
    host = "/subscriptions/S1/resourceGroups/Shop/providers/Microsoft.Compute/virtualMachines/vm1"
    row = sign_in(
        category="ManagedIdentitySignInLogs", ipAddress="", servicePrincipalCredentialKeyId="",
        managedServiceIdentity={"msiType": "SystemAssigned", "associatedResourceId": host},
    )  # fmt: skip
    row["callerIpAddress"] = ""
    one = activity(row)
    assert (one.identity, one.credential, one.place) == (APP, "", "")
    assert one.effects == (
        ALIAS,
        Aliased(
            "azure:/subscriptions/s1/resourcegroups/shop/providers/microsoft.compute/virtualmachines/vm1", APP
        ),
        Issued(TOKEN, APP, "access_token"),
    )


def test_a_user_assigned_identity_is_not_the_machine_that_uses_it() -> None:
    row = sign_in(
        managedServiceIdentity={"msiType": "UserAssigned", "associatedResourceId": "/subscriptions/s1/x"}
    )
    assert [e for e in activity(row).effects if isinstance(e, Aliased)] == [ALIAS]


def test_a_federated_sign_in_uses_the_federated_credential() -> None:
    row = sign_in(servicePrincipalCredentialKeyId="", federatedCredentialId="F-1")
    assert activity(row).credential == f"entra:{TENANT}:fic/f-1"


def test_a_row_that_stands_for_many_sign_ins_is_one_activity() -> None:
    assert len(reading(sign_in(signInCount=17, aggregated=True)).activities) == 1


def test_a_person_signs_in_to_a_session_and_gets_tokens_of_it() -> None:
    result: dict[str, Any] = {
        "userId": USER_ID,
        "userPrincipalName": "jo@example.com",
        "sessionId": "S-9",
        "servicePrincipalId": "",
        "servicePrincipalCredentialKeyId": "",
        "isInteractive": True,
        "appDisplayName": "Azure CLI",
    }
    session = f"entra:{TENANT}:session/s-9"
    one = activity(sign_in(category="SignInLogs", **result))
    assert (one.identity, one.actor_name, one.credential) == (USER, "jo@example.com", session)
    token = Issued(TOKEN, USER, "access_token", parents={session: Parent("came_from", USER)})
    assert one.effects == (Issued(session, USER, "session"), token)
    later = activity(sign_in(category="NonInteractiveUserSignInLogs", **(result | {"isInteractive": False})))
    assert (later.credential, later.effects) == (session, (token,))


def test_a_graph_call_is_a_use_of_the_token_of_its_sign_in() -> None:
    one = activity(graph_call())
    assert (one.identity, one.credential) == (APP, TOKEN)
    assert (one.uid, one.operation, one.outcome) == (
        "0bb0c5b7-0000-4000-8000-000000000006",
        "GET /v1.0/users",
        "succeeded",
    )


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (204, "succeeded"),
        (401, "unauthenticated"),
        (403, "forbidden"),
        (404, "failed"),
        (429, "failed"),
        (503, "unknown"),
    ],
)
def test_a_graph_call_ends_by_its_status(status: int, outcome: str) -> None:
    assert activity(graph_call(status)).outcome == outcome


def test_a_delegated_graph_call_is_the_persons() -> None:
    one = activity(graph_call(userId=USER_ID))
    assert one.identity == USER and ALIAS not in one.effects


@pytest.mark.parametrize(
    ("method", "uri", "action"),
    [
        ("POST", f"/v1.0/applications/{APP_ID}/addPassword", "identity_write"),
        ("PATCH", "/beta/servicePrincipals(appId='x')", "identity_write"),
        ("GET", "/v1.0/users", ""),
        ("POST", "/v1.0/users/x/sendMail", ""),
        ("POST", "/v1.0/directoryObjects/getByIds", ""),
        ("POST", "/v1.0/$batch", ""),
    ],
)
def test_graph_writes_to_identities(method: str, uri: str, action: str) -> None:
    assert activity(graph_call(method=method, uri=uri)).action == action


def test_what_was_searched_for_in_graph_is_not_kept() -> None:
    one = activity(graph_call(uri="/v1.0/users?$filter=mail eq 'secret@example.com'"))
    assert "secret" not in repr(one)


@pytest.mark.parametrize("address", ["198.51.100.7:41234", "::ffff:198.51.100.7", " 198.51.100.7"])
def test_an_address_may_have_a_port(address: str) -> None:
    assert activity(graph_call(ipAddress=address)).place == "198.51.100.7"


def test_a_row_that_names_no_tenant_is_of_the_installation() -> None:
    row = sign_in() | {"tenantId": None, "resourceId": None}
    assert activity(row, Context("contoso", b"site")).identity == f"entra:contoso:app/{APP_ID}"


# Shapes.


def analytics(row: dict[str, Any], table: str) -> dict[str, Any]:
    """As Log Analytics exports it: one level, names in Pascal case, objects as text, the workspace as
    TenantId."""
    flat = {k: v for k, v in row.items() if k not in ("properties", "time", "tenantId")} | row["properties"]
    written = {
        k[0].upper() + k[1:]: json.dumps(v) if isinstance(v, dict | list) else v for k, v in flat.items()
    }
    return written | {
        "TenantId": "the-workspace",
        "AADTenantId": TENANT,
        "TimeGenerated": row["time"],
        "Type": table,
    }


SHAPES: dict[str, Any] = {
    "an event hub's envelope": {"records": [sign_in()]},
    "an array": [sign_in()],
    "small letters": {(k if k == "Level" else k.lower()): v for k, v in sign_in().items()},
    "properties as text": sign_in() | {"properties": json.dumps(sign_in()["properties"])},
    "Log Analytics": analytics(sign_in(), "AADServicePrincipalSignInLogs"),
    "the Graph resource": {
        "value": [sign_in()["properties"] | {"signInEventTypes": ["servicePrincipal"], "tenantId": TENANT}]
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sign_in_is_the_same_in_every_shape(shape: str) -> None:
    record = json.dumps(SHAPES[shape]).encode()
    assert detect(record) == "azure"
    assert activity(record) == activity(sign_in())


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (sign_in(createdDateTime="soon") | {"time": ""}, "createdDateTime"),
        (graph_call(timeGenerated="") | {"time": ""}, "time"),
        ({"operationName": "x"}, "operationName"),
        ({"records": [7]}, ""),
        (b"\xff\xfe", ""),
        (b'{"records": [', ""),
    ],
)
def test_what_is_broken_is_a_reject_with_its_place(broken: object, field: str) -> None:
    result = reading(broken)
    assert not result.activities and [r.field for r in result.rejects] == [field]


def test_one_broken_row_does_not_cost_the_others() -> None:
    result = reading({"records": [sign_in(), {"operationName": "x"}, graph_call()]})
    assert len(result.activities) == 2
    assert [(r.place, r.field) for r in result.rejects] == [("records[1]", "operationName")]


def test_metrics_in_the_same_hub_are_passed() -> None:
    metric = {
        "count": 1,
        "total": 1,
        "resourceId": "/SUBSCRIPTIONS/S1/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/SHOPVAULT",
        "time": "2026-11-22T10:00:00.0000000Z",
        "metricName": "ServiceApiHit",
        "timeGrain": "PT1M",
    }
    for records in ([metric, sign_in()], [sign_in(), metric]):
        assert detect(json.dumps({"records": records}).encode()) == "azure"
        result = reading({"records": records})
        assert (len(result.activities), result.passed, result.rejects) == (1, 1, [])


def test_records_of_clusters_are_the_kubernetes_sources() -> None:
    cluster = {
        "category": "kube-audit",
        "operationName": "x",
        "resourceId": "/subscriptions/s/x",
        "properties": {"log": "{}"},
    }
    assert detect(json.dumps(cluster).encode()) != "azure"
    result = reading({"records": [sign_in(), cluster]})
    assert {r.source for r in result.rejects} <= {"kubernetes", "azure"}
    assert len([a for a in result.activities if a.source == "azure"]) == 1
    assert PRINCIPAL_ID in repr(result.activities[0])


def test_the_autonomous_system_of_a_sign_in_is_a_number_or_its_text() -> None:
    assert [activity(sign_in(autonomousSystemNumber=n)).asn for n in (64500, "64500", "", 0)] == [
        64500,
        64500,
        0,
        0,
    ]
