"""Google Cloud audit logs: admin activity, data access, system events, policy denials.

A record is a ``LogEntry``, an array of them, ``{"entries": […]}``, a Pub/Sub message (pushed or pulled, the
entry in base64), a row of a BigQuery export, a shipper's envelope, or JSON lines of any; gz of any too.
Layouts: see ``wire``.

Out of sight: which access token made a call (tokens of a key are seen under the key's name, and live up to
an hour after the key's end); attempts with a dead key (the token endpoint logs nothing); data access logs
that are not switched on. An entry of a Kubernetes cluster (``k8s.io``) is read as the Kubernetes source
reads it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

import orjson

from schemas.activity import Action, Activity, Begun
from schemas.addresses import address_of
from schemas.records import Contents, head_of
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources import Context, Reading, sources
from schemas.sources.gcp.call import Call
from schemas.sources.gcp.effects import effects_of, word_of
from schemas.sources.gcp.grants import refused_self
from schemas.sources.gcp.identity import caller_of
from schemas.sources.gcp.outcome import action_of, outcome_of
from schemas.sources.gcp.wire import Entry
from schemas.summary import Blind, Summary
from schemas.times import micros_of
from schemas.wire import as_fields, pick, text_at

NAME = "gcp"
SIGNS = frozenset({"protoPayload", "insertId"})

KUBERNETES = "k8s.io"
KUBERNETES_METHODS = "io.k8s."
CLIENT_MAX = 200
CLIENT_NOISE = re.compile(
    r"(?:,?gzip\(gfe\)|\s?\(gzip\)| command/\S+| invocation-id/\S+| environment-version/\S+)"
)
"""What changes with every call (gcloud's command and invocation) or was put on by Google's front end."""

TEXT_MAX = 512


SUMMARY = Summary(
    gives=(
        "Cloud audit logs: principal, key, delegation chain, place, outcome; keys made, disabled, "
        "deleted; service accounts disabled, deleted, restored"
    ),
    cannot_show=(
        "Data access is logged only where it is switched on; access tokens outlive their key and "
        "have no id in the log; HMAC keys of Cloud Storage are not followed; an entry without any time "
        "is as old as its arrival"
    ),
    ship=("A log sink to Pub/Sub, and from there into `raw.gcp`; or exported LogEntries"),
    blind=(
        Blind(
            name="data access logs off",
            hides="reads of data, secrets and configuration",
            switch_on=(
                "Data Access audit logs (ADMIN_READ, DATA_READ, DATA_WRITE) in the IAM policy's auditConfigs"
            ),
            shown_by=r"AccessSecretVersion|\.(get|list)\||\.objects\.|Get[A-Z]|List[A-Z]",
        ),
    ),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that no JSON parser took) holds audit entries, Kubernetes'
    own aside."""
    if isinstance(document, bytes):
        head = head_of(document)
        return "google.cloud.audit.AuditLog" in head and f'"{KUBERNETES}"' not in head
    return ENVELOPES.recognises(document)


def _is_entry(document: dict[str, Any]) -> bool:
    payload = _payload(document)
    known = any(pick(payload, name) for name in ("serviceName", "methodName", "authenticationInfo"))
    return known and not _of_cluster(payload)


def read(record: bytes, context: Context) -> Reading:
    """Returns every entry of the record as an activity or a reject with its place; never raises."""
    reading = Reading([], [], 0)
    for place, found in ENVELOPES.objects(record):
        if isinstance(found, Rejected):
            reading.rejects.append(found)
        elif _of_cluster(_payload(found)):
            _hand_over(found, place, context, reading)
        else:
            activity = _activity(Entry.model_validate(_straight(found)), found, context)
            if isinstance(activity, Activity):
                reading.activities.append(activity)
            else:
                reading.rejects.append(Rejected(NAME, activity[1], activity[0], place))
    return reading


def _payload(entry: dict[str, Any]) -> dict[str, Any] | None:
    for name in ("protoPayload", "protopayload", "protopayload_auditlog"):
        if name in entry:
            return as_fields(entry[name])
    return None


def _straight(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with its payload in one piece, where an export slipped half of it into ``metadata``."""
    payload = _payload(entry) or {}
    slipped = as_fields(payload.get("metadata"))
    if "methodName" not in slipped or "methodName" in payload:
        return entry
    return {**entry, "protoPayload": {**slipped, **payload}}


def _of_cluster(payload: dict[str, Any] | None) -> bool:
    """An entry of a cluster's API server; exports may leave the service out."""
    method = text_at(payload, "methodName")
    return text_at(payload, "serviceName") == KUBERNETES or method.startswith(KUBERNETES_METHODS)


def _opened(document: dict[str, Any]) -> Contents | None:
    """Pub/Sub (pushed: ``message``; pulled: ``receivedMessages``; bare: ``data`` with its ``messageId``),
    and listings."""
    for name in ("entries", "receivedMessages", "messages"):
        if isinstance(many := document.get(name), list):
            return [(f"{name}[{i}]", one) for i, one in enumerate(many)]
    if isinstance(message := document.get("message"), dict) and "data" in message:
        return [("message", message)]
    if _payload(document) is not None:
        return None
    if isinstance(data := document.get("data"), str):
        try:
            return [("data", base64.b64decode(data, validate=True).decode("utf-8", "replace"))]
        except (binascii.Error, ValueError):
            return [("data", data)]
    return None


def _is_bare(document: dict[str, Any]) -> bool:
    return "insertId" in document or _payload(document) is not None


ENVELOPES = Envelopes(NAME, _is_entry, _opened, _is_bare)


def _hand_over(entry: dict[str, Any], place: str, context: Context, reading: Reading) -> None:
    """A project's sink carries its clusters' entries too."""
    other = sources().get("kubernetes")
    if other is None:
        reading.rejects.append(
            Rejected(NAME, "is an entry of a Kubernetes cluster", "protoPayload.serviceName", place)
        )
        return
    reading_of_other = other.read(orjson.dumps(entry), context)
    reading.activities += reading_of_other.activities
    reading.passed += reading_of_other.passed
    reading.rejects += [
        Rejected(r.source, r.reason, r.field, f"{place}.{r.place}".strip(".") if r.place else place)
        for r in reading_of_other.rejects
    ]


def _activity(entry: Entry, raw: dict[str, Any], context: Context) -> Activity | tuple[str, str]:
    """The activity, or the field that is wrong and why."""
    payload = entry.proto_payload
    method = payload.method_name
    if not (method or payload.service_name or payload.authentication_info.principal_email):
        return "protoPayload", "is missing or holds no audit record"
    time = _time(entry, context)
    if not time:
        return "timestamp", "is missing or not a time"
    outcome, error = outcome_of(payload)
    caller = caller_of(payload.authentication_info)
    uid = _uid(entry, raw)
    call = Call(word_of(method), _last(method), outcome, error, time, uid, caller, entry)
    effects = effects_of(call)
    action: Action = "service" if caller.google else action_of(method)
    target = _target(effects, call)
    operation, continues = _operation(entry)
    if continues and not caller.google and not effects:
        action = "continues"
    elif operation and not continues and caller.identity:
        effects = (*effects, Begun(caller.identity, operation))
    return Activity(
        uid=uid,
        time=time,
        source=NAME,
        instance=context.instance,
        identity=caller.identity,
        actor_name=caller.name[:TEXT_MAX],
        credential=caller.credential,
        operation=method[:TEXT_MAX],
        service=payload.service_name.removesuffix(".googleapis.com")[:TEXT_MAX],
        outcome=outcome,
        action=action,
        place=_place(entry),
        client=_client(payload.request_metadata.caller_supplied_user_agent),
        target=target,
        resource=payload.resource_name[:TEXT_MAX],
        error=error,
        allowed_by=refused_self(call),
        asked=operation if action == "continues" else "",
        effects=effects,
        arrived=context.arrived,
        processed=context.processed,
    )


def _operation(entry: Entry) -> tuple[str, bool]:
    """The operation of which this entry is one of several, and whether it is not the first of them. A service
    begins one for each call, so a new call never continues an old one; a short call is first and last."""
    operation = entry.operation
    if not operation.id or (operation.first and operation.last):
        return "", False
    return f"{operation.producer} {operation.id}"[:TEXT_MAX], not operation.first


def _time(entry: Entry, context: Context) -> int:
    """When the call was made. Entries that lost their time keep that of the request, of their arrival at
    Google, or here."""
    request = entry.proto_payload.request_metadata.request_attributes
    times = (entry.timestamp, request.time, entry.receive_timestamp, entry.exported_time)
    return next((time for text in times if (time := micros_of(text))), 0) or context.time_unless(*times)


def _uid(entry: Entry, raw: dict[str, Any]) -> str:
    """``insertId``; Google tells entries apart by it, their time and their log. Without one, a digest of the
    entry."""
    if 0 < len(entry.insert_id) <= TEXT_MAX:
        return entry.insert_id
    return f"sha256:{hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]}"


def _last(method: str) -> str:
    return method.rpartition(".")[2][:TEXT_MAX]


def _place(entry: Entry) -> str:
    """The address; inside Google's network (``gce-internal-ip``) the caller's own network; "" for Google's
    ``private``."""
    metadata = entry.proto_payload.request_metadata
    address = address_of(metadata.caller_ip)
    if address:
        return address
    return (
        metadata.caller_network.rpartition("/projects/")[2][:TEXT_MAX]
        if "internal" in metadata.caller_ip
        else ""
    )


def _client(agent: str) -> str:
    return " ".join(CLIENT_NOISE.sub("", agent).split())[:CLIENT_MAX]


def _target(effects: tuple[object, ...], call: Call) -> str:
    """What the call was about: the first thing that an effect names, else the service account it names."""
    for effect in effects:
        for name in ("credential", "identity"):
            if key := getattr(effect, name, ""):
                return str(key)
    return call.identity if "serviceAccounts/" in call.payload.resource_name else ""
