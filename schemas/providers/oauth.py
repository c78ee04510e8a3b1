"""Tokens and clients of OAuth whose issuer a gateway does not name."""

from __future__ import annotations

from schemas.provider import Provider

PROVIDER = Provider(
    name="oauth",
    words=("oauth",),
    sources=("mcp",),
    # oauth:token/<id>, oauth:client/<id>
    installed="",
    credentials=("token/", "client/"),
    uses="mcp",
)
