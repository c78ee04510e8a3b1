"""Wire model of a Kubernetes audit Event: only the fields that are read, whatever else the server adds.

Formats: audit.k8s.io/v1 (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/) and the older
v1beta1 and v1alpha1 with one ``timestamp``. A part that users write (a body, an annotation) and that is not
of the form expected is left out: the line says who did what all the same.
"""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import Field, ValidationError

from schemas.wire import Exact

Labels = dict[str, str | None]


class User(Exact):
    """``user`` and ``impersonatedUser``. Values of ``extra`` are lists."""

    username: str | None = None
    uid: str | None = None
    groups: list[str] | None = None
    extra: dict[str, list[str]] | None = None


class ObjectRef(Exact):
    """The ``objectRef``: the object that the request is about."""

    resource: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    api_group: str | None = Field(None, alias="apiGroup")
    subresource: str | None = None


class Details(Exact):
    """The ``details`` of a Status: the object that an answer is about."""

    name: str | None = None
    uid: str | None = None


class ResponseStatus(Exact):
    """The ``responseStatus``: HTTP code, reason and message."""

    code: int | None = None
    message: str | None = None
    reason: str | None = None
    details: Details | None = None


class Owner(Exact):
    """One of the ``ownerReferences``: the object that made this one."""

    kind: str | None = None
    name: str | None = None
    controller: bool | None = None


class Meta(Exact):
    """The ``metadata`` of an object."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    labels: Labels | None = None
    annotations: Labels | None = None
    finalizers: list[str] | None = None
    owners: list[Owner] | None = Field(None, alias="ownerReferences")
    deletion: str | None = Field(None, alias="deletionTimestamp")
    grace: int | None = Field(None, alias="deletionGracePeriodSeconds")


class Bound(Exact):
    """``boundObjectRef`` of a TokenRequest."""

    kind: str | None = None
    name: str | None = None
    uid: str | None = None


class Container(Exact):
    """One container, of which the image is read."""

    image: str | None = None


Containers = list[Container] | None


class PodSpec(Exact):
    """The ``spec`` of a pod: its containers by their three kinds."""

    containers: Containers = None
    init: Containers = Field(None, alias="initContainers")
    ephemeral: Containers = Field(None, alias="ephemeralContainers")


class Template(Exact):
    """The ``template`` of what makes pods."""

    spec: PodSpec | None = None


class JobTemplate(Exact):
    """The ``jobTemplate`` of a CronJob."""

    spec: Templated | None = None


class Templated(Exact):
    """The ``spec`` of a job template."""

    template: Template | None = None


class Spec(PodSpec):
    """Of everything that is read: a TokenRequest, a TokenReview, a pod, what makes pods."""

    token: str | None = None
    bound: Bound | None = Field(None, alias="boundObjectRef")
    template: Template | None = None
    job: JobTemplate | None = Field(None, alias="jobTemplate")


class Status(Exact):
    """The ``status`` of an object: a TokenRequest's token, a TokenReview's answer, a certificate, a pod's
    images."""

    token: str | None = None
    expires: str | None = Field(None, alias="expirationTimestamp")
    authenticated: bool | None = None
    user: User | None = None
    certificate: str | None = None
    running: Containers = Field(None, alias="containerStatuses")
    running_init: Containers = Field(None, alias="initContainerStatuses")


class RoleRef(Exact):
    """The ``roleRef`` of a binding."""

    kind: str | None = None
    name: str | None = None


class Subject(Exact):
    """One of a binding's ``subjects``."""

    kind: str | None = None
    name: str | None = None
    namespace: str | None = None


class Body(Exact):
    """``requestObject`` and ``responseObject``. ``status`` of a failure is a word, not an object. ``dry_run``
    and ``grace`` are those of a delete."""

    kind: str | None = None
    type: str | None = None
    metadata: Meta | None = None
    spec: Spec | None = None
    status_or_word: Status | str | None = Field(None, alias="status", union_mode="left_to_right")
    details: Details | None = None
    role: RoleRef | None = Field(None, alias="roleRef")
    subjects: list[Subject] | None = None
    items: list[Item] | None = None
    dry_run: Any = Field(None, alias="dryRun")
    grace: Any = Field(None, alias="gracePeriodSeconds")

    @property
    def status(self) -> Status | None:
        """The status as an object; None where it is a word or absent."""
        return self.status_or_word if isinstance(self.status_or_word, Status) else None


class Item(Exact):
    """One of the objects that a ``deletecollection`` answers with."""

    metadata: Meta | None = None


class Event(Exact):
    """One line. ``timestamp`` and ``metadata.creationTimestamp`` are the times of old versions."""

    audit_id: str = Field("", alias="auditID")
    stage: str = ""
    verb: str = ""
    uri: str = Field("", alias="requestURI")
    user: User = User()
    impersonated: User | None = Field(None, alias="impersonatedUser")
    source_ips: list[str] | None = Field(None, alias="sourceIPs")
    user_agent: str | None = Field(None, alias="userAgent")
    ref: ObjectRef | None = Field(None, alias="objectRef")
    response: ResponseStatus | None = Field(None, alias="responseStatus")
    request_object: Body | None = Field(None, alias="requestObject")
    response_object: Body | None = Field(None, alias="responseObject")
    received: str | None = Field(None, alias="requestReceivedTimestamp")
    staged: str | None = Field(None, alias="stageTimestamp")
    timestamp: str | None = None
    annotations: Labels | None = None


JobTemplate.model_rebuild()
Body.model_rebuild()


FREE = frozenset(
    {
        "annotations", "details", "extra", "groups", "message", "metadata", "reason", "requestObject",
        "requestReceivedTimestamp", "responseObject", "sourceIPs", "stageTimestamp", "timestamp", "uid",
        "userAgent",
    }
)  # fmt: skip
"""Parts that may be of another form without the event being in doubt. A JSON patch is a list where a body
should be."""

REPAIRS_MAX = 8
"""Rounds of leaving out what is of another form."""


def event_of(document: dict[str, Any]) -> Event:
    """Returns the event, without the parts that are of another form. Raises ``ValidationError`` where it is
    in doubt itself."""
    for _ in range(REPAIRS_MAX):
        try:
            return Event.model_validate(document)
        except ValidationError as error:
            places = [wrong["loc"] for wrong in error.errors(include_url=False, include_input=False)]
            if not all(FREE.intersection(place) for place in places):
                raise
            for place in reversed(places):
                document = _without(document, place)
    return Event.model_validate(document)


def _without(document: Any, place: tuple[int | str, ...]) -> Any:
    """A copy without what stands at this place (whatever of the path there is)."""
    step = place[0] if place else None
    if isinstance(document, dict) and step in document:
        kept = {name: value for name, value in document.items() if name != step}
        return kept | {step: _without(document[step], place[1:])} if len(place) > 1 else kept
    if isinstance(document, list) and isinstance(step, int) and step < len(document):
        rest = [_without(document[step], place[1:])] if len(place) > 1 else []
        return [*document[:step], *rest, *document[step + 1 :]]
    return None


class Head(msgspec.Struct, gc=False):
    """Enough of a line to pass it by: a quarter of a log is requests that were only received."""

    stage: str = ""
    auditID: str = ""  # noqa: N815


head_of = msgspec.json.Decoder(Head).decode
