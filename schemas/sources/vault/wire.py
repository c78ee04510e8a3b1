"""Wire model of a Vault or OpenBao audit line: only the fields that are read, whatever else the vendor
adds.

Formats: OpenBao 2.x and Vault 1.x (https://developer.hashicorp.com/vault/docs/audit), the 2020 format
without mounts and TTLs, 0.x with ``"error": ""`` on every line and no request id, and ``log_raw`` with
its clear tokens.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.wire import Exact

Data = dict[str, Any]
"""Request and response data hold whatever a user stored: any key may have any type. Only ids are ever
taken from it."""


class Results(Exact):
    """The ``policy_results``: whether policies let the call through."""

    allowed: bool | None = None


class Auth(Exact):
    """``auth`` of a line (who calls; on a login the new token) and of a response (the token that was
    handed out)."""

    client_token: str | None = None
    accessor: str | None = None
    display_name: str | None = None
    policies: list[str] | None = None
    policy_results: Results | None = None
    metadata: Data | None = None
    entity_id: str | None = None
    token_type: str | None = None
    token_ttl: int | None = None
    num_uses: int | None = None
    remaining_uses: int | None = None


class Namespace(Exact):
    """The namespace of a request; its path ends with a slash."""

    path: str | None = None


class Request(Exact):
    """The ``request`` of a line."""

    id: str | None = None
    operation: str | None = None
    path: str | None = None
    client_token: str | None = None
    client_token_accessor: str | None = None
    mount_point: str | None = None
    mount_type: str | None = None
    namespace: Namespace | None = None
    data: Data | None = None
    headers: Data | None = None
    remote_address: str | None = None


class Lease(Exact):
    """The ``secret`` of a response: its lease."""

    lease_id: str | None = None


class Wrap(Exact):
    """The ``wrap_info`` of a response: the wrapping token, and the accessor of the token inside."""

    ttl: int | None = None
    token: str | None = None
    accessor: str | None = None
    wrapped_accessor: str | None = None


class Response(Exact):
    """The ``response`` of a line."""

    auth: Auth | None = None
    secret: Lease | None = None
    wrap_info: Wrap | None = None
    data: Data | None = None
    warnings: list[Any] | None = None


class Line(Exact):
    """One line of the audit log, request or response."""

    time: str
    type: str
    auth: Auth | None = None
    request: Request
    response: Response | None = None
    error: str | None = None


class HeadRequest(msgspec.Struct, gc=False):
    """The request of a ``Head``."""

    path: str | None = None


class Head(msgspec.Struct, gc=False):
    """Enough of a line to pass it by: half of a log are request lines, and only their form is looked at."""

    request: HeadRequest
    type: str = ""
    error: str | None = None


head_of = msgspec.json.Decoder(Head).decode
