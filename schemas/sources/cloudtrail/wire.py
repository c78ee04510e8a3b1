"""CloudTrail's wire model: only the fields that an activity needs, everything else ignored.

An absent and a null field are the same. Decoding is a good part of what reading an event costs, so of an
event in CloudTrail's own form the free parts stay bytes until somebody asks for one (``Unread``).
"""

from __future__ import annotations

from typing import Any

import msgspec

Fields = dict[str, Any]
"""A free-form part: its content differs per service and API call."""


class SessionIssuer(msgspec.Struct, gc=False):
    """The role or user that a session was made from."""

    arn: str | None = None


class SessionAttributes(msgspec.Struct, rename="camel", gc=False):
    """When the session began."""

    creation_date: str | None = None


class SessionContext(msgspec.Struct, rename="camel", gc=False):
    """The ``sessionContext`` of a caller, of which the issuer and the beginning are read."""

    session_issuer: SessionIssuer | None = None
    attributes: SessionAttributes | None = None


class Principal(msgspec.Struct, rename="camel"):
    """``userIdentity``."""

    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    credential_id: str | None = None
    user_name: str | None = None
    invoked_by: str | None = None
    identity_provider: str | None = None
    session_context: SessionContext | None = None
    on_behalf_of: Fields | None = None
    in_scope_of: Fields | None = None


PARTS = {
    "request": "requestParameters",
    "response": "responseElements",
    "additional": "additionalEventData",
    "insight": "insightDetails",
    "context": "eventContext",
    "user_identity": "userIdentity",
}
"""Objects within an event."""

NAMES = PARTS | {
    "event_id": "eventID",
    "source": "sourceIPAddress",
    "event_time": "eventTime",
    "event_name": "eventName",
    "event_source": "eventSource",
    "error_code": "errorCode",
    "error_message": "errorMessage",
    "user_agent": "userAgent",
    "vpc_endpoint_id": "vpcEndpointId",
    "recipient_account_id": "recipientAccountId",
    "region": "awsRegion",
    "from_console": "sessionCredentialFromConsole",
}


class Plain(msgspec.Struct, gc=False, rename=NAMES):
    """The parts of an event that are no objects."""

    event_id: str = ""
    event_time: str = ""
    event_name: str = ""
    event_source: str = ""
    error_code: str | None = None
    error_message: str | None = None
    source: str | None = None
    user_agent: str | None = None
    vpc_endpoint_id: str | None = None
    recipient_account_id: str | None = None
    region: str | None = None
    from_console: str | bool | None = None


class Event(Plain, gc=True, rename=NAMES):
    """One CloudTrail event."""

    user_identity: Principal | None = None
    request: Fields | None = None
    response: Fields | None = None
    additional: Fields | None = None
    resources: list[Any] | None = None
    insight: Fields | None = None
    context: Fields | None = None


_NOTHING = msgspec.Raw(b"")
_FIELDS = msgspec.json.Decoder(Fields | None)
_RESOURCES = msgspec.json.Decoder(list[Any] | None)


class Unread(Plain, gc=False, rename=NAMES | {f"{part}_": name for part, name in PARTS.items()}):
    """One CloudTrail event as ``Event`` has it, whose objects are read when they are asked for: asking raises
    ``msgspec.DecodeError`` where one is not of CloudTrail's form."""

    user_identity_: msgspec.Raw = _NOTHING
    request_: msgspec.Raw = _NOTHING
    response_: msgspec.Raw = _NOTHING
    additional_: msgspec.Raw = _NOTHING
    resources_: msgspec.Raw = msgspec.field(default=_NOTHING, name="resources")
    insight_: msgspec.Raw = _NOTHING
    context_: msgspec.Raw = _NOTHING

    @property
    def request(self) -> Fields | None:
        """The request parameters; None where the event has none. Raises ``msgspec.DecodeError``."""
        return _FIELDS.decode(self.request_) if self.request_ else None

    @property
    def response(self) -> Fields | None:
        """The response elements; None where the event has none. Raises ``msgspec.DecodeError``."""
        return _FIELDS.decode(self.response_) if self.response_ else None

    @property
    def additional(self) -> Fields | None:
        """The ``additionalEventData``; None where the event has none. Raises ``msgspec.DecodeError``."""
        return _FIELDS.decode(self.additional_) if self.additional_ else None

    @property
    def resources(self) -> list[Any] | None:
        """The resources; None where the event has none. Raises ``msgspec.DecodeError``."""
        return _RESOURCES.decode(self.resources_) if self.resources_ else None

    @property
    def insight(self) -> Fields | None:
        """The ``insightDetails``; None where the event has none. Raises ``msgspec.DecodeError``."""
        return _FIELDS.decode(self.insight_) if self.insight_ else None

    @property
    def context(self) -> Fields | None:
        """The ``eventContext``; None where the event has none. Raises ``msgspec.DecodeError``."""
        return _FIELDS.decode(self.context_) if self.context_ else None


AnyEvent = Event | Unread


def text(part: Fields | None, *path: str) -> str:
    """Returns the text at this path of a free-form part, "" where there is none (or a null, or a
    redaction)."""
    value: Any = part
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
