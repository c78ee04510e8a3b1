"""Secrets that were found in clear and are known by their mask alone."""

from __future__ import annotations

from schemas.provider import Provider

REPORT = "report/"
"""How the names begin of what a report is about that names no secret: ``leak:report/github/acme/shop#7``."""

NAMELESS = "its report names no secret, so nothing can be looked for: read the alert itself, with its secret"

PROVIDER = Provider(
    name="leaks",
    words=("leak",),
    sources=("leaks",),
    finds=True,
    # leak:<type>/<mask>: all of them are credentials.
    installed="",
    credentials=("",),
    unnamed=(REPORT,),
)
