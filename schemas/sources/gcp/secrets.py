"""Secret Manager: which version of a secret was read, and which took the place of the one before."""

from __future__ import annotations

import re

from schemas.activity import Effect, Fetched, Rotated
from schemas.sources.gcp.call import Call
from schemas.wire import text_at

SECRET_VERSION = re.compile(
    r"projects/(?P<project>[^/]+)/(?:locations/[^/]+/)?secrets/(?P<secret>[^/]+)/versions/(?P<version>[^/]+)"
)
CURRENT = "stage AWSCURRENT"
"""What readers of secrets call the current version where it is asked for without its number."""


def secret_read(call: Call) -> tuple[Effect, ...]:
    """Returns the effect of ``AccessSecretVersion``: which version of which secret was read."""
    secret, version = _version(call, call.payload.resource_name)
    return (Fetched(secret, f"version {version}" if version else CURRENT),) if secret else ()


def secret_added(call: Call) -> tuple[Effect, ...]:
    """Returns the effects of a new version, which is the latest at once; the first one takes nobody's
    place."""
    secret, version = _version(call, text_at(call.payload.response, "name"))
    if not secret or version in ("", "1"):
        return ()
    return (Rotated(secret, successor=f"version {version}", how=call.method),)


def secret_turned(call: Call, overlap: int) -> tuple[Effect, ...]:
    """Returns the effects of a version that was disabled or destroyed, or enabled again."""
    secret, version = _version(call, call.payload.resource_name)
    if not secret or not version:
        return ()
    return (Rotated(secret, successor=f"version {version}", overlap=overlap, how=call.method),)


def _version(call: Call, name: str) -> tuple[str, str]:
    """The key of a secret and the number of its version, "" where only ``latest`` (or an alias) is named.
    Names hold the project's number: its id stands in the labels."""
    found = SECRET_VERSION.fullmatch(name) or SECRET_VERSION.fullmatch(text_at(call.payload.request, "name"))
    if found is None:
        return "", ""
    project = text_at(call.entry.resource.labels, "project_id") or found["project"]
    version = found["version"]
    return f"gcp:{project}:secret/{found['secret']}", version if version.isdecimal() else ""
