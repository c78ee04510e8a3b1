"""Operations on resources: Azure Activity, Key Vault, storage.

Azure Activity logs the start and the end of an operation under one correlation id: a start says nothing yet.
Key Vault logs the challenge that precedes a client's token as a 401 that names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from schemas.activity import Action, Effect, Fetched, Outcome, Restored, Rotated
from schemas.activity import Ended as Silenced
from schemas.addresses import address_of
from schemas.sources.azure import grants
from schemas.sources.azure.claims import Caller, caller_of
from schemas.sources.azure.event import Record, RowRead, made, time_of, uid_of, wrong
from schemas.sources.azure.wire import Operation
from schemas.wire import as_fields, as_number, as_text, pick, text_at

RESULTS: dict[str, Outcome] = {
    "success": "succeeded", "succeeded": "succeeded", "accept": "succeeded", "accepted": "succeeded",
    "ok": "succeeded", "created": "succeeded", "0": "succeeded", "started": "unknown",
    "start": "unknown", "active": "unknown", "failure": "failed", "failed": "failed", "error": "failed",
    "cancelled": "unknown", "canceled": "unknown",
}  # fmt: skip

UNAUTHENTICATED = re.compile(
    r"unauthorized|authenticationfailed|authenticationerror|invalidauthenticationtoken|expiredauthenticationtoken"
    r"|authentication failed",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"forbidden|authorization|accessdenied|insufficientpermissions|denied", re.IGNORECASE)

IDENTITY_WRITES = (
    "microsoft.authorization/roleassignments/", "microsoft.authorization/roledefinitions/",
    "microsoft.authorization/elevateaccess/", "microsoft.authorization/classicadministrators/",
    "microsoft.authorization/roleassignmentschedulerequests/",
    "microsoft.authorization/roleeligibilityschedulerequests/", "microsoft.authorization/denyassignments/",
    "microsoft.managedidentity/", "microsoft.keyvault/vaults/accesspolicies/",
)  # fmt: skip
IDENTITY_PARTS = (
    "/regeneratekey/", "/regeneratekeys/", "/resetpassword/", "federatedidentitycredentials/",
    "rbac.authorization.k8s.io/", "/generateaccesstoken/",
)  # fmt: skip
SECRET_READS = re.compile(
    r"secretget$|secretbackup$|/secrets/getsecret/action$|/listkeys/action$|/listsecrets/action$|/listadminkeys/action$"
    r"|/listaccountsas/action$|/listservicesas/action$|/listconnectionstrings/action$|/publishxml/action$"
    r"|/listclusteradmincredential/action$|/listclusterusercredential/action$|/config/list/action$"
    r"|/publishingcredentials/list/action$"
)

SECRET = re.compile(r"https://(?P<vault>[^./]+)\.[^/]+/secrets/(?P<secret>[^/?]+)(?:/(?P<version>[^/?]*))?")
CURRENT = "stage AWSCURRENT"
"""What readers of secrets call the current version where it is asked for without its id."""

HASH = r"\(([A-Za-z0-9+/=_-]+)\)"
SAS_HASH = re.compile(r"sassignature" + HASH, re.IGNORECASE)
KEY_HASH = re.compile(r"(key[12])" + HASH, re.IGNORECASE)
SIGNATURE = re.compile(r"[?&]sig=([^&]+)")
OF_ONE_OBJECT = re.compile(r"[?&]sr=(?:b|bs|bv|f)(?:&|\Z)")
OPENINGS = frozenset({"getblob", "getblobproperties", "getfile", "getfileproperties", "putblob", "putblock"})
"""A signature for one blob or file (``sr``, the signed resource) is a link: who opens it holds the link and
not the key that signed it (Azure Storage, "Create a service SAS")."""
REDACTED = re.compile(r"x+|\*+", re.IGNORECASE)


DIAGNOSTIC = "microsoft.insights/diagnosticsettings"


class Ended(NamedTuple):
    """How an operation ended: its outcome and the provider's error, "" where there is none."""

    outcome: Outcome
    error: str


def read(record: Record) -> RowRead:
    """Returns the activity of one operation of Azure's activity or resource logs, or the fields for which it
    is rejected."""
    call = Operation.model_validate(record.outer)
    time = time_of(record, call.time)
    operation = _word(call.operation_name) or text_at(call.evt, "name")
    if not time:
        return wrong("time", "is missing or not a time")
    if not operation:
        return wrong("operationName", "is missing")
    caller = caller_of(call, record)
    outcome, error = _ended(call)
    credential = caller.credential or _storage_credential(call, record)
    return made(
        record,
        uid=uid_of(record, call.event_data_id, _event_of(call.id), _composed(call, operation)),
        time=time,
        identity=caller.identity,
        actor_name=caller.name,
        credential=credential,
        incarnation="" if credential else caller.principal,
        operation=operation,
        service=_service(call, operation),
        outcome=outcome,
        action=_action(call, caller, operation.lower()),
        place=_place(call),
        client=text_at(call.properties, "userAgentHeader")
        or call.user_agent_header
        or text_at(call.properties, "clientInfo"),
        target=_target(call, caller, operation.lower()),
        resource=_resource(call),
        error=error,
        allowed_by=_refused_self(call, caller, operation.lower()) if outcome == "forbidden" else "",
        effects=(*caller.effects, *(_changes(call, caller, operation) if outcome == "succeeded" else ())),
    )


def _changes(call: Operation, caller: Caller, operation: str) -> Iterator[Effect]:
    word = operation.lower()
    yield from _secret(call, operation)
    yield from grants.assigned(caller.tenant, word, call.resource_id, call.properties)
    yield from _settings(call, operation)


def _settings(call: Operation, operation: str) -> Iterator[Effect]:
    """A diagnostic setting is what sends a resource's logs anywhere (Azure Monitor, "Diagnostic
    settings")."""
    word, setting = operation.lower(), f"azure:{call.resource_id.lower()}"
    if word == f"{DIAGNOSTIC}/delete" and call.resource_id:
        yield Silenced(operation, "silenced", identity=setting, claims_cut=False, carries=False)
    elif word == f"{DIAGNOSTIC}/write" and call.resource_id:
        yield Restored(operation, "silenced", identity=setting)


def _refused_self(call: Operation, caller: Caller, word: str) -> str:
    """Says, as a grant, that an application was refused to give itself a role."""
    holder = grants.assigns(caller.tenant, word, call.properties)
    itself = caller.tenant.principal(caller.principal)
    return f"{caller.tenant.prefix}grants-itself" if holder and holder == itself else ""


def _secret(call: Operation, operation: str) -> tuple[Effect, ...]:
    """Which version of a vault's secret was read, or written: that is its current one from then on."""
    found = SECRET.match(text_at(call.properties, "id")) if operation in ("SecretGet", "SecretSet") else None
    if found is None:
        return ()
    key, version = f"azure:{found['vault'].lower()}:secret/{found['secret'].lower()}", found["version"]
    if operation == "SecretGet":
        return (Fetched(key, f"version {version}" if version else CURRENT),)
    return (Rotated(key, successor=f"version {version}", how=operation),) if version else ()


def _word(word: object) -> str:
    """A name, or ``{"value": …, "localizedValue": …}`` of the REST API."""
    return as_text(word) or text_at(as_fields(word), "value")


def _event_of(event_id: str) -> str:
    """The event's own id in the REST API's: ``…/events/<id>/ticks/…``."""
    _, found, rest = event_id.partition("/events/")
    return rest.partition("/")[0] if found else ""


def _composed(call: Operation, operation: str) -> str:
    """Start and end of an operation differ in their times."""
    return f"{call.correlation_id}:{operation}:{call.time}" if call.correlation_id else ""


def _ended(call: Operation) -> Ended:
    """By the HTTP status where there is one: the word beside it is coarser."""
    words = " ".join(
        (
            call.result_signature,
            call.status_text,
            _word(call.sub_status),
            text_at(call.properties, "metricResponseType"),
        )
    )
    status = (
        call.status_code or as_number(pick(call.properties, "httpStatusCode")) or _code(call.result_signature)
    )
    result = call.result_type or _word(call.status) or text_at(call.evt, "outcome")
    known = RESULTS.get(result.lower())
    if known == "unknown":
        return Ended("unknown", "")
    if status:
        return Ended(_by_status(status, words), "" if status < 400 else call.status_text or str(status))
    if known == "succeeded":
        return Ended("succeeded", "")
    if known is None:
        response = text_at(call.properties, "metricResponseType").lower()
        if not response:
            return Ended("unknown", "")
        if response == "success":
            return Ended("succeeded", "")
    return Ended(_refused(words), " ".join(words.split()) or result)


def _code(signature: str) -> int | None:
    found = re.search(r"\b([1-5]\d\d)\b", signature)
    return int(found[1]) if found else None


def _by_status(status: int, words: str) -> Outcome:
    """Storage answers 403 where it does not accept the signature."""
    if status < 400:
        return "succeeded"
    if status == 401 or (status == 403 and UNAUTHENTICATED.search(words)):
        return "unauthenticated"
    if status == 403:
        return "forbidden"
    return "failed" if status < 500 else "unknown"


def _refused(words: str) -> Outcome:
    if UNAUTHENTICATED.search(words):
        return "unauthenticated"
    return "forbidden" if FORBIDDEN.search(words) else "failed"


def _service(call: Operation, operation: str) -> str:
    provider = re.search(r"/providers/([^/]+)", call.resource_id, re.IGNORECASE)
    if "/" in operation:
        return operation.partition("/")[0].lower()
    return provider[1].lower() if provider else ""


def _action(call: Operation, caller: Caller, operation: str) -> Action:
    """Azure's own services (Advisor, Policy) write here too."""
    if not caller.identity and caller.name.startswith("Microsoft."):
        return "service"
    if OF_ONE_OBJECT.search(call.uri) and operation in OPENINGS:
        return "link"
    if SECRET_READS.search(operation):
        return "secret_read"
    if operation.startswith(IDENTITY_WRITES) or any(part in operation for part in IDENTITY_PARTS):
        return "" if operation.endswith("/read") else "identity_write"
    return ""


def _place(call: Operation) -> str:
    addresses = (
        call.caller_ip_address,
        text_at(call.http_request, "clientIpAddress"),
        text_at(pick(call.identity, "claims"), "ipaddr"),
    )
    return next((address for text in addresses if (address := address_of(text))), "")


def _resource(call: Operation) -> str:
    """Of a secret or a blob its own name; of everything else the resource's."""
    own = text_at(call.properties, "objectKey")
    secret = text_at(call.properties, "id")
    if secret.startswith("https://"):
        own = secret.partition("?")[0]
    return own or call.resource_id or text_at(call.properties, "entity") or call.uri.partition("?")[0]


def _target(call: Operation, caller: Caller, operation: str) -> str:
    """Who is given a role."""
    if "roleassignments/" not in operation:
        return ""
    asked = as_fields(pick(as_fields(pick(call.properties, "requestbody")), "properties"))
    principal = text_at(asked, "principalId")
    if not principal:
        return ""
    person = text_at(asked, "principalType").lower() == "user"
    return caller.tenant.user(principal) if person else caller.tenant.principal(principal)


def _storage_credential(call: Operation, record: Record) -> str:
    """The key or signature that a storage call was made with, by the hash that Azure logs; a signature that
    stands in clear in the URL is masked."""
    kind, hashes = text_at(call.identity, "type").lower(), text_at(call.identity, "tokenHash")
    if found := SAS_HASH.search(hashes):
        return f"azure:sas/{found[1]}"
    if kind in ("accountkey", "sas") and (found := KEY_HASH.search(hashes)):
        account = text_at(call.properties, "accountName")
        return f"azure:storage-key/{account}/{found[1]}/{found[2]}" if kind == "accountkey" else ""
    if (found := SIGNATURE.search(call.uri)) and not REDACTED.fullmatch(found[1]):
        return f"azure:sas/{record.context.mask(found[1])}"
    return ""
