"""Rows of Entra's and Azure's logs as diagnostic settings export them, and what the reader makes of them."""

from __future__ import annotations

import json
from typing import Any

from schemas.activity import Activity
from schemas.sources import Context, Reading
from schemas.sources.azure import read

TENANT = "11111111-2222-4333-8444-555555555555"
APP_ID = "aaaaaaaa-0000-4000-8000-000000000001"
PRINCIPAL_ID = "bbbbbbbb-0000-4000-8000-000000000002"
OBJECT_ID = "cccccccc-0000-4000-8000-000000000003"
KEY_ID = "dddddddd-0000-4000-8000-000000000004"
TOKEN_ID = "gqt6T6vPS0mzJ0_q8sIZAA"
APP = f"entra:{TENANT}:app/{APP_ID}"
PRINCIPAL = f"entra:{TENANT}:sp/{PRINCIPAL_ID}"
KEY = f"entra:{TENANT}:key/{KEY_ID}"
TOKEN = f"entra:{TENANT}:token/{TOKEN_ID}"
USER_ID = "eeeeeeee-0000-4000-8000-000000000005"
USER = f"entra:{TENANT}:user/{USER_ID}"
AADIAM = f"/tenants/{TENANT}/providers/Microsoft.aadiam"
VAULT = "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/SHOPVAULT"
CONTEXT = Context(key=b"site")


def sign_in(code: int = 0, category: str = "ServicePrincipalSignInLogs", **more: Any) -> dict[str, Any]:
    """A sign-in of the application with its key; keywords replace or add fields of ``properties``."""
    properties: dict[str, Any] = {
        "id": "36658c78-02d9-4d8f-84ee-5ca4a3fdefef",
        "createdDateTime": "2026-11-22T10:00:00.1234567Z",
        "ipAddress": "198.51.100.7",
        "appId": APP_ID,
        "servicePrincipalId": PRINCIPAL_ID,
        "servicePrincipalName": "payments",
        "servicePrincipalCredentialKeyId": KEY_ID if not code else "",
        "uniqueTokenIdentifier": TOKEN_ID,
        "resourceDisplayName": "Microsoft Graph",
        "status": {"errorCode": code},
        "location": {"city": "Dublin"},
        "resourceId": "00000003-0000-0000-c000-000000000000",
    }
    return {
        "time": "2026-11-22T10:07:30.0000000Z",
        "resourceId": AADIAM,
        "operationName": "Sign-in activity",
        "operationVersion": "1.0",
        "category": category,
        "tenantId": TENANT,
        "resultType": str(code),
        "resultSignature": "None",
        "durationMs": 0,
        "callerIpAddress": "198.51.100.7",
        "Level": 4,
        "location": "IE",
        "correlationId": "e1f237ef-6548-4172-be79-03818c04c06e",
        "properties": properties | more,
    }


def audit(operation: str, target: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An entry of the directory's log, by an administrator, about the service principal."""
    about = {
        "id": PRINCIPAL_ID,
        "displayName": "payments",
        "type": "ServicePrincipal",
        "modifiedProperties": [],
    }
    properties: dict[str, Any] = {
        "id": "Directory_ed53faec_XH34Q_29215277",
        "category": "ApplicationManagement",
        "result": "success",
        "resultReason": "",
        "activityDisplayName": operation,
        "activityDateTime": "2026-11-22T10:00:00.7643129+00:00",
        "loggedByService": "Core Directory",
        "operationType": "Update",
        "initiatedBy": {
            "user": {
                "id": USER_ID,
                "userPrincipalName": "admin@example.com",
                "ipAddress": "203.0.113.9",
                "roles": [],
            }
        },
        "targetResources": [about | (target or {})],
        "additionalDetails": [{"key": "User-Agent", "value": "Mozilla/5.0"}],
    }
    return {
        "time": "2026-11-22T10:05:00.7643129Z",
        "resourceId": AADIAM,
        "operationName": operation,
        "operationVersion": "1.0",
        "category": "AuditLogs",
        "tenantId": TENANT,
        "resultSignature": "None",
        "durationMs": 0,
        "correlationId": "ed53faec-49b5-444f-b6af-b928558ca433",
        "Level": 4,
        "properties": properties | more,
    }


def changed(name: str, old: object, new: object) -> dict[str, Any]:
    """One of ``modifiedProperties``, its values JSON in text as the directory writes them."""
    return {"displayName": name, "oldValue": json.dumps(old), "newValue": json.dumps(new)}


def key_entry(key: str, kind: str = "Password", name: str = "ci") -> str:
    return f"[KeyIdentifier={key},KeyType={kind},KeyUsage=Verify,DisplayName={name}]"


def keys_changed(old: list[str], new: list[str], **target: Any) -> dict[str, Any]:
    """The target of a change of credentials; a service principal's names its application."""
    named = {
        "displayName": "TargetId.ServicePrincipalNames",
        "oldValue": None,
        "newValue": json.dumps(APP_ID),
    }
    return {"modifiedProperties": [changed("KeyDescription", old, new), named]} | target


def graph_call(
    status: int = 200, method: str = "GET", uri: str = "/v1.0/users", **more: Any
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "timeGenerated": "2026-11-22T10:01:00Z",
        "requestId": "0bb0c5b7-0000-4000-8000-000000000006",
        "operationId": "0bb0c5b7-0000-4000-8000-000000000006",
        "appId": APP_ID,
        "servicePrincipalId": PRINCIPAL_ID,
        "signInActivityId": TOKEN_ID,
        "requestMethod": method,
        "responseStatusCode": status,
        "userId": "",
        "requestUri": f"https://graph.microsoft.com{uri}",
        "ipAddress": "198.51.100.7",
        "userAgent": "python/3.11",
    }
    return {
        "time": "2026-11-22T10:01:00.1234567Z",
        "resourceId": f"/TENANTS/{TENANT}/PROVIDERS/MICROSOFT.AADIAM",
        "operationName": "Microsoft Graph Activity",
        "category": "MicrosoftGraphActivityLogs",
        "tenantId": TENANT,
        "resultSignature": str(status),
        "properties": properties | more,
    }


def claims(**more: Any) -> dict[str, Any]:
    """Claims of the application's token, as Azure Activity writes them."""
    return {
        "aud": "https://management.core.windows.net/",
        "appid": APP_ID,
        "idtyp": "app",
        "uti": TOKEN_ID,
        "http://schemas.microsoft.com/identity/claims/objectidentifier": PRINCIPAL_ID,
        "http://schemas.microsoft.com/identity/claims/tenantid": TENANT,
    } | more


def operation(name: str = "MICROSOFT.COMPUTE/VIRTUALMACHINES/READ", **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "time": "2026-11-22T10:02:00.1234567Z",
        "resourceId": "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/SHOP",
        "operationName": name,
        "category": "Administrative",
        "resultType": "Success",
        "resultSignature": "Succeeded.",
        "callerIpAddress": "198.51.100.7",
        "correlationId": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "identity": {"claims": claims()},
        "level": "Information",
        "tenantId": TENANT,
    }
    return base | more


def secret_get(status: int = 200, **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "time": "2026-11-22T10:03:00.1234567Z",
        "category": "AuditEvent",
        "operationName": "SecretGet",
        "resultType": "Success",
        "resultSignature": "OK",
        "resourceId": VAULT,
        "callerIpAddress": "198.51.100.7",
        "correlationId": "b1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "identity": {
            "claim": {
                "http://schemas.microsoft.com/identity/claims/objectidentifier": PRINCIPAL_ID,
                "appid": APP_ID,
            }
        },
        "properties": {
            "id": "https://shopvault.vault.azure.net/secrets/db/0a1b2c",
            "clientInfo": "python/3.11",
            "requestUri": "https://shopvault.vault.azure.net/secrets/db/?api-version=7.4",
            "httpStatusCode": status,
        },
    }
    return base | more


def reading(record: object, context: Context = CONTEXT) -> Reading:
    return read(record if isinstance(record, bytes) else json.dumps(record).encode(), context)


def activity(record: object, context: Context = CONTEXT) -> Activity:
    """The one activity of a record without a reject."""
    result = reading(record, context)
    assert not result.rejects, result.rejects
    (one,) = result.activities
    return one
