"""Wire model of GitHub's audit log: only the fields that an activity needs.

Layout: GitHub, "Audit log events for your enterprise" (fields of each event), "Using the audit log API for
your enterprise". Names of tokens and keys (``user_programmatic_access_name``, ``title``) are shown and
nothing else: people choose them, and take them again.
``external_identity_*`` names people, and is left out too.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from schemas.wire import Flag, Text, Wire


class Event(Wire):
    """One event of the audit log."""

    document_id: Text = ""
    timestamp: Text = Field("", alias="@timestamp")
    created_at: Text = ""
    action: Text = ""
    actor: Text = ""
    actor_ip: Text = ""
    user: Text = ""
    user_agent: Text = ""
    org: Text = ""
    repo: Text = ""
    repository: Text = ""
    public_repo: Flag = None
    repository_public: Flag = None
    programmatic_access_type: Text = ""
    token_id: Text = ""
    hashed_token: Text = ""
    user_programmatic_access_id: Text = ""
    user_programmatic_access_name: Text = ""
    title: Text = ""
    oauth_application_id: Text = ""
    integration: Text = ""
    name: Text = ""
    fingerprint: Text = ""
    key: Text = ""
    permissions: Any = None
    permissions_added: Any = None
    permissions_upgraded: Any = None
    permissions_unchanged: Any = None
    permissions_downgraded: Any = None
    permissions_removed: Any = None
    status_code: Text = ""
    request_method: Text = ""
