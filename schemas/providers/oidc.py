"""Subjects, sessions and tokens of OpenID issuers, by the issuer's name."""

from __future__ import annotations

from schemas.provider import COUNTED, UUID, Id, Provider

PROVIDER = Provider(
    name="oidc",
    words=("oidc",),
    title="OIDC",
    sorts={"jti/": "token", "session/": "session", "sub/": "subject"},
    opaque=("jti/", "session/"),
    sources=("caep", "mcp", "cloudtrail"),
    issued=("oidc",),
    # oidc:<issuer>:jti/<token>, …:session/<id>, …:sub/<subject>
    credentials=("jti/", "session/"),
    # Most issuers draw token ids as UUIDs, some with a word before (Keycloak) or in a form of their own
    # (Okta). Any other may be the token.
    ids={
        "jti/": Id(rf"(?:[a-z]{{1,12}}:)?{UUID}|{COUNTED}|AT\.[\w-]{{43}}(?:\.[\w-]+)?"),
        "session/": Id(rf"{UUID}|{COUNTED}"),
    },
    # CloudTrail holds the calls of AgentCore gateways, with the claims of the token each verified.
    # A gateway in front of an MCP server logs the token that it verified; `session-presented` of a
    # transmitter shows uses of sessions.
    uses="mcp",
    uses_of={"session/": "caep"},
)


def issuer_name(url: str) -> str:
    """Returns an issuer as keys name it: its URL without scheme, a last slash, and a user and password, which
    no issuer has (OpenID Connect Discovery 1.0, section 3)."""
    host, slash, path = url.removeprefix("https://").rstrip("/").partition("/")
    return host.rpartition("@")[2] + slash + path
