"""Tokens and clients of OAuth whose issuer a gateway does not name."""

from __future__ import annotations

from schemas.provider import COUNTED, UUID, Id, Provider

PROVIDER = Provider(
    name="oauth",
    words=("oauth",),
    title="OAuth",
    sorts={"token/": "token", "client/": "client"},
    opaque=("token/",),
    sources=("mcp",),
    # oauth:token/<id>, oauth:client/<id>
    installed="",
    credentials=("token/", "client/"),
    # A client's id is public (RFC 6749, section 2.2): words, a UUID, a URL, or as Google and Okta draw them.
    ids={
        "token/": Id(rf"{UUID}|{COUNTED}"),
        "client/": Id(
            rf"{UUID}|{COUNTED}|[a-z]{{1,16}}(?:[-_.][a-z]{{1,16}}){{0,5}}(?:[-_.]\d{{1,4}})?|https://[^\s?#@]+"
            r"|\d+-[a-z0-9]{32}\.apps\.googleusercontent\.com|0oa[A-Za-z0-9]{17}"
        ),
    },
    uses="mcp",
)
