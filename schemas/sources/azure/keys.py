"""Keys of Microsoft Entra and Azure.

Identities: ``entra:<tenant>:app/<appId>``; the object ids of an application's two directory objects are
aliases of it: ``…:sp/<service principal>``, ``…:application/<application object>``; ``…:user/<object id or
upn>``; a resource with a managed identity is an alias too: ``azure:/subscriptions/…`` in small letters.
Credentials: ``entra:<tenant>:key/<key id>`` (client secret, certificate), ``…:fic/<id>`` (federated
credential), ``…:session/<id>`` of a user, ``…:token/<unique token identifier>``; in storage
``azure:storage-key/<account>/<hash>``, ``azure:sas/<hash>``.
"""

from __future__ import annotations

import re

from schemas.sources import Context
from schemas.wire import as_text

GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
NOBODY = "00000000-0000-0000-0000-000000000000"
TENANT = re.compile(r"/tenants/([^/]+)", re.IGNORECASE)


class Tenant:
    """Keys inside one tenant."""

    def __init__(self, name: str) -> None:
        self.prefix = f"entra:{name.lower()}:"
        self.application_prefix = f"{self.prefix}application/"

    def app(self, app_id: str) -> str:
        """Returns the key of an application by its app id; "" for an empty one and for the GUID of zeros."""
        return self._key("app", app_id)

    def principal(self, object_id: str) -> str:
        """Returns the key of a service principal by its object id: an alias of its application."""
        return self._key("sp", object_id)

    def application(self, object_id: str) -> str:
        """Returns the key of an application object by its object id: an alias of its application."""
        return self._key("application", object_id)

    def user(self, name: str) -> str:
        """Returns the key of a person by object id or user principal name."""
        return self._key("user", name)

    def key(self, key_id: str) -> str:
        """Returns the key of a client secret or certificate by its key id."""
        return self._key("key", key_id)

    def federated(self, name: str) -> str:
        """Returns the key of a federated credential by its id."""
        return self._key("fic", name)

    def session(self, name: str) -> str:
        """Returns the key of a person's session by its id."""
        return self._key("session", name)

    def token(self, name: str) -> str:
        """Returns the key of a token by its identifier, which is base64 (or a GUID in old records): its case
        counts."""
        return f"{self.prefix}token/{name}" if name else ""

    def _key(self, kind: str, name: str) -> str:
        bare = name.strip().lower()
        return f"{self.prefix}{kind}/{bare}" if bare and bare != NOBODY else ""


def tenant_of(record: dict[str, object], context: Context, from_token: str = "") -> Tenant:
    """Returns the tenant that the record is of: ``from_token``, of the caller, else the record's, else the
    installation.

    In exports of Log Analytics ``TenantId`` is the workspace; theirs has another name.
    """
    workspace = "timegenerated" in record or "sourcesystem" in record
    named = TENANT.match(as_text(record.get("resourceid")))
    tenant = (
        from_token
        or as_text(record.get("aadtenantid"))
        or ("" if workspace else as_text(record.get("tenantid")))
        or (named[1] if named else "")
    )
    return Tenant(tenant or context.instance)


def resource_of(resource_id: str) -> str:
    """Returns the key of an Azure resource that acts by its managed identity."""
    return f"azure:{resource_id.lower()}" if resource_id.startswith("/") else ""
