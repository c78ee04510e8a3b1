"""CloudTrail's wire model: only the fields that an activity needs, everything else ignored.

An absent and a null field are the same. Validation by these models, in one pass from bytes, is half of what
reading an event costs: a field more is a cost to every event.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Fields = dict[str, Any]
"""A free-form part: its content differs per service and API call."""


class Wire(BaseModel):
    """Ids and account numbers that an export made numbers of are read as text."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class SessionIssuer(Wire):
    arn: str | None = None


class SessionContext(Wire):
    session_issuer: SessionIssuer | None = Field(None, alias="sessionIssuer")


class Principal(Wire):
    """``userIdentity``."""

    type: str | None = None
    principal_id: str | None = Field(None, alias="principalId")
    arn: str | None = None
    account_id: str | None = Field(None, alias="accountId")
    access_key_id: str | None = Field(None, alias="accessKeyId")
    credential_id: str | None = Field(None, alias="credentialId")
    user_name: str | None = Field(None, alias="userName")
    invoked_by: str | None = Field(None, alias="invokedBy")
    identity_provider: str | None = Field(None, alias="identityProvider")
    session_context: SessionContext | None = Field(None, alias="sessionContext")
    on_behalf_of: Fields | None = Field(None, alias="onBehalfOf")
    in_scope_of: Fields | None = Field(None, alias="inScopeOf")


class Event(Wire):
    """One CloudTrail event."""

    event_id: str = Field("", alias="eventID")
    event_time: str = Field("", alias="eventTime")
    event_name: str = Field("", alias="eventName")
    event_source: str = Field("", alias="eventSource")
    error_code: str | None = Field(None, alias="errorCode")
    error_message: str | None = Field(None, alias="errorMessage")
    source: str | None = Field(None, alias="sourceIPAddress")
    user_agent: str | None = Field(None, alias="userAgent")
    vpc_endpoint_id: str | None = Field(None, alias="vpcEndpointId")
    recipient_account_id: str | None = Field(None, alias="recipientAccountId")
    user_identity: Principal | None = Field(None, alias="userIdentity")
    request: Fields | None = Field(None, alias="requestParameters")
    response: Fields | None = Field(None, alias="responseElements")
    additional: Fields | None = Field(None, alias="additionalEventData")
    resources: list[Any] | None = None
    insight: Fields | None = Field(None, alias="insightDetails")
    context: Fields | None = Field(None, alias="eventContext")


def text(part: Fields | None, *path: str) -> str:
    """The text at this path of a free-form part, "" where there is none (or a null, or a redaction)."""
    value: Any = part
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
