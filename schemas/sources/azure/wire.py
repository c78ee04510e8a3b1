"""Wire models of Azure's records: only the fields that an activity needs.

Layouts: Microsoft, "Azure Monitor resource log schema", the tables SigninLogs,
AADServicePrincipalSignInLogs, AADManagedIdentitySignInLogs, AuditLogs, MicrosoftGraphActivityLogs,
AzureActivity, StorageBlobLogs, and the Graph resources signIn and directoryAudit, which hold the same fields
without an envelope.
"""

from __future__ import annotations

from pydantic import AliasChoices, Field

from schemas.wire import Flag, Items, Number, Part, Text, Wire


class SignIn(Wire):
    """``status.errorCode``, or the envelope's ``resultType``, says how it ended; ``createdDateTime`` when it
    was."""

    id: Text = ""
    created_date_time: Text = ""
    time: Text = Field("", validation_alias=AliasChoices("time", "timegenerated"))
    app_id: Text = ""
    app_display_name: Text = ""
    service_principal_id: Text = ""
    service_principal_name: Text = ""
    service_principal_credential_key_id: Text = ""
    federated_credential_id: Text = ""
    managed_service_identity: Part = Field(default_factory=dict)
    user_id: Text = ""
    user_principal_name: Text = ""
    unique_token_identifier: Text = ""
    session_id: Text = ""
    is_interactive: Flag = None
    ip_address: Text = ""
    caller_ip_address: Text = ""
    autonomous_system_number: Number = None
    user_agent: Text = ""
    resource_display_name: Text = ""
    status: Part = Field(default_factory=dict)
    result_type: Text = ""
    correlation_id: Text = ""


class Changed(Wire):
    """One of ``modifiedProperties``: values are JSON in text, mostly."""

    display_name: Text = Field("", validation_alias=AliasChoices("displayname", "name"))
    old_value: object = None
    new_value: object = None


class Target(Wire):
    """One of an audit entry's ``targetResources``."""

    id: Text = ""
    type: Text = ""
    display_name: Text = ""
    user_principal_name: Text = ""
    modified_properties: Items = Field(default_factory=list)


class Initiator(Wire):
    """Of ``initiatedBy``: a user or an app."""

    id: Text = ""
    user_principal_name: Text = ""
    display_name: Text = ""
    ip_address: Text = ""
    app_id: Text = ""
    service_principal_id: Text = ""


class InitiatedBy(Wire):
    """The ``initiatedBy`` of an audit entry: a person or an application."""

    user: Initiator | None = None
    app: Initiator | None = None


class Detail(Wire):
    """One of an audit entry's ``additionalDetails``."""

    key: Text = ""
    value: Text = ""


class Audit(Wire):
    """An entry of Entra's directory audit, as diagnostic settings, Graph and Log Analytics write it."""

    id: Text = ""
    activity_date_time: Text = ""
    time: Text = Field("", validation_alias=AliasChoices("time", "timegenerated"))
    activity_display_name: Text = ""
    operation_name: Text = ""
    category: Text = ""
    result: Text = ""
    result_reason: Text = ""
    logged_by_service: Text = ""
    initiated_by: InitiatedBy = InitiatedBy()
    target_resources: Items = Field(default_factory=list)
    additional_details: Items = Field(default_factory=list)
    caller_ip_address: Text = ""
    user_agent: Text = ""
    correlation_id: Text = ""


class GraphCall(Wire):
    """A row of ``MicrosoftGraphActivityLogs``."""

    request_id: Text = ""
    time: Text = Field("", validation_alias=AliasChoices("time", "timegenerated"))
    app_id: Text = ""
    service_principal_id: Text = ""
    user_id: Text = ""
    sign_in_activity_id: Text = ""
    request_method: Text = ""
    request_uri: Text = ""
    response_status_code: Number = None
    ip_address: Text = ""
    user_agent: Text = ""


class Operation(Wire):
    """Azure Activity, Key Vault, storage: an operation on a resource."""

    time: Text = Field("", validation_alias=AliasChoices("time", "eventtimestamp", "timegenerated"))
    event_data_id: Text = ""
    id: Text = ""
    correlation_id: Text = ""
    category: object = None
    operation_name: object = Field(None, validation_alias=AliasChoices("operationnamevalue", "operationname"))
    resource_id: Text = ""
    result_type: Text = Field("", validation_alias=AliasChoices("resulttype", "activitystatusvalue"))
    result_signature: Text = Field(
        "", validation_alias=AliasChoices("resultsignature", "activitysubstatusvalue")
    )
    status: object = None
    sub_status: object = None
    status_code: Number = None
    status_text: Text = ""
    caller: Text = ""
    caller_ip_address: Text = ""
    http_request: Part = Field(default_factory=dict)
    identity: Part = Field(default_factory=dict)
    claims: Part = Field(default_factory=dict)
    properties: Part = Field(default_factory=dict)
    evt: Part = Field(default_factory=dict)
    uri: Text = ""
    user_agent_header: Text = ""


class Unified(Wire):
    """A record of the Microsoft 365 unified audit log."""

    id: Text = ""
    creation_time: Text = ""
    operation: Text = ""
    workload: Text = ""
    user_id: Text = ""
    user_key: Text = ""
    organization_id: Text = ""
    client_ip: Text = Field(
        "", validation_alias=AliasChoices("clientip", "actoripaddress", "clientipaddress")
    )
    object_id: Text = ""
    result_status: Text = ""
    logon_error: Text = ""
    error_number: Number = None
    user_agent: Text = ""
    extended_properties: Items = Field(default_factory=list)
    modified_properties: Items = Field(default_factory=list)
    target: Items = Field(default_factory=list)
