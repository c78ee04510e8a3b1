"""Scenes in Google Cloud and Entra: operations that complete after an end, jobs of one trust side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from infra.simulator.cases import CLAIM, CONTRADICTION
from infra.simulator.chance import Chance
from infra.simulator.year_scenes import Entry, Scene, Who, declared
from infra.simulator.year_stage import micro_stamp, uuid_of

PROJECT = "sim-prod"
TENANT = "0b6c1d2e-0000-4000-8000-00000000c0de"
BUILDER_PLACE = "198.51.100.77"

Record = Callable[[int], dict[str, Any]]


def _email(name: str) -> str:
    return f"{name.replace('_', '-')}@{PROJECT}.iam.gserviceaccount.com"


def _builder(name: str) -> Who:
    key = f"gcp:{PROJECT}:{_email(name)}"
    return Who(key, f"{key} provider switch", declared=(declared(key),))


def _entry(uid: str, who: str, service: str, method: str, **more: Any) -> Record:
    kind = "user" if who.endswith("@example.com") else "serviceAccount"
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "status": {},
        "authenticationInfo": {"principalEmail": who, "principalSubject": f"{kind}:{who}"},
        "requestMetadata": {"callerIp": BUILDER_PLACE, "callerSuppliedUserAgent": "google-cloud-sdk"},
        "serviceName": f"{service}.googleapis.com",
        "methodName": method,
        "authorizationInfo": [{"granted": True}],
        "resourceName": more.pop("resource", f"projects/{PROJECT}"),
        **({"request": more.pop("request")} if "request" in more else {}),
    }
    outer = {
        "insertId": uid,
        "logName": f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity",
        "resource": {"type": "project", "labels": {"project_id": PROJECT}},
        "severity": "NOTICE",
        **more,
    }
    return lambda time: (
        outer
        | {
            "timestamp": micro_stamp(time),
            "receiveTimestamp": micro_stamp(time + 1_000_000),
            "protoPayload": payload,
        }
    )


def _insert(name: str, at: str, operation: str, mark: str = "", **part: bool) -> Entry:
    uid = f"{name}-{operation}-{'last' if part.get('last') else 'first'}"
    done = {"id": f"{name}-{operation}", "producer": "compute.googleapis.com", **part}
    record = _entry(uid, _email(name), "compute", "v1.compute.instances.insert", operation=done)
    return Entry(at, uid, record, mark)


def _disabled(name: str, at: str) -> Entry:
    email, uid = _email(name), f"{name}-disabled"
    about = f"projects/{PROJECT}/serviceAccounts/{email}"
    labels = {"project_id": PROJECT, "email_id": email, "unique_id": "1"}
    record = _entry(
        uid, "jo@example.com", "iam", "google.iam.admin.v1.DisableServiceAccount", resource=about,
        request={"name": about},
    )  # fmt: skip
    named = {"resource": {"type": "service_account", "labels": labels}}
    return Entry(at, uid, lambda time: record(time) | named, CLAIM)


def _completes(name: str, chance: Chance) -> Iterator[Entry]:
    yield _insert(name, "09:00:00", "before", first=True, last=True)
    yield _insert(name, "10:00:00", "begun", first=True)
    yield _disabled(name, "10:01:00")
    yield _insert(name, "10:30:00", "begun", last=True)


def _calls_anew(name: str, chance: Chance) -> Iterator[Entry]:
    yield from _completes(name, chance)
    yield _insert(name, "10:31:00", "anew", CONTRADICTION, first=True)


def _deployer(name: str) -> Who:
    app, token = _id(name, "app"), f"entra:{TENANT}:token/{name}-stolen"
    key = f"entra:{TENANT}:app/{app}"
    return Who(key, token, (token,), (declared(key),))


def _id(name: str, what: str) -> str:
    return uuid_of(Chance(f"{name}/{what}"))


def _signed_in(name: str, at: str, place: str, token: str) -> Entry:
    app, uid = _id(name, "app"), f"{name}-{at}-{place}"

    def record(time: int) -> dict[str, Any]:
        row = {
            "id": uid, "createdDateTime": micro_stamp(time), "ipAddress": place, "appId": app,
            "servicePrincipalId": _id(name, "sp"), "uniqueTokenIdentifier": token,
            "resourceDisplayName": "Azure Resource Manager", "status": {"errorCode": 0},
            "federatedCredentialId": _id(name, "trust"),
        }  # fmt: skip
        return _row("ServicePrincipalSignInLogs", "Sign-in activity", time, place, properties=row)

    return Entry(at, uid, record)


def _row(category: str, operation: str, time: int, place: str, **more: Any) -> dict[str, Any]:
    return {
        "time": micro_stamp(time),
        "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
        "operationName": operation,
        "category": category,
        "tenantId": TENANT,
        "callerIpAddress": place,
        **more,
    }


def _deployed(name: str, at: str, place: str, token: str, mark: str = "") -> Entry:
    uid = f"{name}-{at}-{place}-deploys"
    claims = {
        "aud": "https://management.core.windows.net/", "appid": _id(name, "app"), "idtyp": "app",
        "uti": token, "http://schemas.microsoft.com/identity/claims/objectidentifier": _id(name, "sp"),
        "http://schemas.microsoft.com/identity/claims/tenantid": TENANT,
    }  # fmt: skip

    def record(time: int) -> dict[str, Any]:
        operation = "MICROSOFT.RESOURCES/DEPLOYMENTS/READ"
        return _row(
            "Administrative", operation, time, place, eventDataId=uid, resultType="Success",
            resultSignature="Succeeded.", identity={"claims": claims},
        )  # fmt: skip

    return Entry(at, uid, record, mark)


def _matrix(name: str, chance: Chance) -> Iterator[Entry]:
    """Three evenings of six jobs side by side, each on a runner of its own."""
    for day in range(3):
        for job in range(6):
            place, token = f"203.0.{113 + day}.{10 + job}", f"{name}-{day}-{job}"
            yield _signed_in(name, f"{day}+18:00:0{job}", place, token)
            yield _deployed(name, f"{day}+18:01:0{job}", place, token)
            yield _deployed(name, f"{day}+18:09:0{job}", place, token)


def _stolen(name: str, chance: Chance) -> Iterator[Entry]:
    yield from _matrix(name, chance)
    token = f"{name}-stolen"
    yield _signed_in(name, "3+18:00:00", "203.0.116.10", token)
    yield _deployed(name, "3+18:01:00", "203.0.116.10", token)
    yield _deployed(name, "3+18:04:00", "198.18.0.9", token, CONTRADICTION)
    yield _deployed(name, "3+18:09:00", "203.0.116.10", token)


GCP: tuple[Scene, ...] = (
    Scene(
        "operation_completes_after_disable",
        "a machine that a service account had begun to make is there after the account was disabled",
        "builder", source="gcp", expects="silence", about="identity", who=_builder, entries=_completes,
    ),
    Scene(
        "called_anew_after_disable",
        "the same, and a minute after that the account makes another one",
        "builder", control="inactive_identity_active", severity="high", source="gcp", about="identity",
        who=_builder, entries=_calls_anew,
    ),
)  # fmt: skip
AZURE: tuple[Scene, ...] = (
    Scene(
        "matrix_of_federated_jobs",
        "six jobs side by side sign in with one trust, each from the address of its own runner",
        "deployer", source="azure", expects="silence", about="identity", who=_deployer, entries=_matrix,
    ),
    Scene(
        "token_of_a_job_elsewhere",
        "the same, and the token of one job is used from an address that is no runner's",
        "deployer", control="credential_in_two_places", severity="medium", source="azure", who=_deployer,
        entries=_stolen,
    ),
)  # fmt: skip
