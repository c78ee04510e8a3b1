"""Secrets that a record showed in clear and that are known by their mask alone."""

from __future__ import annotations

from schemas.provider import Id, Provider

PROVIDER = Provider(
    name="shown",
    words=("secret",),
    # Whoever is shown a secret itself may say what became of it: it is masked alike in all of them.
    sorts={"": "secret"},
    opaque=("",),
    sources=("leaks", "mcp", "ocsf"),
    # secret:<issuer by the secret's form>/<mask>: all of them are credentials.
    installed="",
    credentials=("",),
    ids={"": Id(under=r"[a-z0-9_]{1,20}/")},
)
