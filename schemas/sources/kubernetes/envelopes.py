"""How audit events travel: lists, webhook batches, and the envelopes that the clouds put around them.

| who | form | the cluster's name |
|---|---|---|
| API server | ``Event``; ``EventList`` (log file, webhook) | - |
| EKS | CloudWatch Logs: ``logEvents[].message``, or a row with ``@message`` | log group: ``/aws/eks/…`` |
| AKS | diagnostic setting: ``records[].properties.log``; Log Analytics: ``log_s``, ``aks`` | ``resourceId`` |
| GKE | ``LogEntry`` with ``protoPayload`` of ``k8s.io`` (also in a Pub/Sub message) | ``resource.labels`` |
| shippers | what ``schemas.shippers`` opens, as text or object | - |
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, NamedTuple

import orjson

from schemas.records import Contents
from schemas.shippers import shipped
from schemas.sources.kubernetes.aks import is_control_plane, is_row

API = "audit.k8s.io"
GKE = "k8s.io"
GKE_METHOD = "io.k8s."

LISTS = ("items", "records")

RESOURCE_IDS = ("resourceId", "ResourceId", "_ResourceId")
EKS_GROUP = re.compile(r"/aws/eks/(.+)/cluster")


class Envelope(NamedTuple):
    """What an envelope adds: the cluster's name, and a time (as it stands there) for events that have
    none."""

    cluster: str = ""
    time: str = ""


NOTHING = Envelope()

CLUSTER, TIME = "gapwatch:cluster", "gapwatch:time"
"""Fields that carry what an envelope tells to the objects in it; no vendor's name has a colon."""


def is_event(document: dict[str, Any]) -> bool:
    """Says whether a document is an audit event. The core API's own Event has an ``involvedObject`` and no
    ``verb``."""
    if document.get("kind") not in ("Event", None):
        return False
    if str(document.get("apiVersion", "")).startswith(API):
        return "items" not in document
    known = ("auditID", "stage", "verb", "user", "requestURI", "objectRef", "responseStatus")
    enough = 2 if "kind" in document else 3
    return (
        "involvedObject" not in document
        and "verb" in document
        and sum(n in document for n in known) >= enough
    )


def is_gke(document: dict[str, Any]) -> bool:
    """Says whether a document is a Cloud Audit Log entry of a GKE cluster's API server."""
    payload = document.get("protoPayload")
    if not isinstance(payload, dict):
        return False
    method = payload.get("methodName")
    named = payload.get("serviceName")
    return named == GKE or (named is None and isinstance(method, str) and method.startswith(GKE_METHOD))


def opened(document: dict[str, Any]) -> Contents | None:
    """Returns what an envelope holds; None for an object that is none."""
    if is_event(document) or is_gke(document) or is_row(document) or is_control_plane(document):
        return None
    envelope = said_by_row(document)
    for name in LISTS:
        if isinstance(many := document.get(name), list):
            return [(f"{name}[{i}]", _marked(content, envelope)) for i, content in enumerate(many)]
    properties = document.get("properties")
    if isinstance(properties, str):
        properties = _object(properties)
    if isinstance(properties, dict) and "log" in properties:
        return [("properties.log", _marked(properties["log"], envelope))]
    if isinstance(text := document.get("log_s"), str):
        return [("log_s", _marked(text, envelope))]
    pushed = document.get("message")
    if isinstance(pushed, dict) and isinstance(data := pushed.get("data"), str):
        return [("message.data", _decoded(data))]
    contents = shipped(document)
    return [(name, _marked(content, envelope)) for name, content in contents] if contents else None


def said_by_row(document: dict[str, Any]) -> Envelope:
    """Returns what an envelope (or a row that is its own) tells."""
    groups = [EKS_GROUP.search(str(document.get(name, ""))) for name in ("logGroup", "@log", "log_group")]
    ends = [str(document.get(name, "")).rpartition("/")[2] for name in RESOURCE_IDS]
    cluster = next((g[1] for g in groups if g), "") or next((end.lower() for end in ends if end), "")
    times = [document.get(name) for name in ("time", "@timestamp", "TimeGenerated", TIME)]
    time = next((t for t in times if isinstance(t, str) and t), "")
    return Envelope(cluster or str(document.get(CLUSTER, "")), time)


def _marked(content: object, envelope: Envelope) -> object:
    """The content with what its envelope told; text is parsed here, so that it can be told."""
    if envelope == NOTHING:
        return content
    document = _object(content) if isinstance(content, str) else content
    if not isinstance(document, dict):
        return content
    return {CLUSTER: envelope.cluster, TIME: envelope.time} | document


def _object(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return data


def said_by_mark(document: dict[str, Any]) -> Envelope:
    """Returns what the envelopes around an event told."""
    cluster, time = document.get(CLUSTER), document.get(TIME)
    return Envelope(cluster if isinstance(cluster, str) else "", time if isinstance(time, str) else "")
