"""Wire model of a Cloud Logging entry that holds an audit record: only the fields that an activity needs.

Layouts: Google, "LogEntry" and "AuditLog" references. Exports to BigQuery name the payload
``protopayload_auditlog`` and write request and response as text (``requestJson``); others change the case of
names.
"""

from __future__ import annotations

from pydantic import AliasChoices, Field

from schemas.wire import Flag, Items, Number, Part, Text, Wire


class Status(Wire):
    """``google.rpc.Status``."""

    code: Number = None


class Principal(Wire):
    """A principal by its e-mail address."""

    principal_email: Text = ""


class Delegation(Wire):
    """One authority that acted through the next one, or through the caller."""

    principal_subject: Text = ""
    first_party_principal: Principal = Principal()


class Authentication(Wire):
    """The ``authenticationInfo`` of an audit log: who called, by which key, on whose behalf."""

    principal_email: Text = ""
    principal_subject: Text = ""
    service_account_key_name: Text = ""
    service_account_delegation_info: Items = Field(default_factory=list)


class RequestAttributes(Wire):
    """The ``requestAttributes``, of which the time of the request is read."""

    time: Text = ""


class RequestMetadata(Wire):
    """The ``requestMetadata``: address, network and user agent of the caller."""

    caller_ip: Text = ""
    caller_network: Text = ""
    caller_supplied_user_agent: Text = ""
    request_attributes: RequestAttributes = RequestAttributes()


class Authorization(Wire):
    """One of ``authorizationInfo``: whether a permission was granted."""

    granted: Flag = None


class Payload(Wire):
    """``AuditLog``. An export may have slipped its later parts into ``metadata``."""

    service_name: Text = ""
    method_name: Text = ""
    resource_name: Text = ""
    status: Status | None = None
    authentication_info: Authentication = Field(default_factory=Authentication)
    authorization_info: Items = Field(default_factory=list)
    request_metadata: RequestMetadata = RequestMetadata()
    request: Part = Field(default_factory=dict, validation_alias=AliasChoices("request", "requestjson"))
    response: Part = Field(default_factory=dict, validation_alias=AliasChoices("response", "responsejson"))
    service_data: Part = Field(
        default_factory=dict, validation_alias=AliasChoices("servicedata", "servicedatajson")
    )
    metadata: Part = Field(default_factory=dict, validation_alias=AliasChoices("metadata", "metadatajson"))


class Resource(Wire):
    """The monitored resource, whose labels name project and account."""

    labels: Part = Field(default_factory=dict)


class Operation(Wire):
    """``LogEntryOperation``: several entries of one call; the service that ``producer`` names gave the id."""

    id: Text = ""
    producer: Text = ""
    first: Flag = None
    last: Flag = None


class Entry(Wire):
    """``LogEntry``."""

    insert_id: Text = ""
    timestamp: Text = ""
    receive_timestamp: Text = ""
    exported_time: Text = Field("", validation_alias=AliasChoices("@timestamp", "peventtime"))
    proto_payload: Payload = Field(
        default_factory=Payload, validation_alias=AliasChoices("protopayload", "protopayloadauditlog")
    )
    resource: Resource = Field(default_factory=Resource)
    operation: Operation = Field(default_factory=Operation)
