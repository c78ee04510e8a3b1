"""Secrets that were found or shown in clear and are known by their mask alone, and reports that name none."""

from __future__ import annotations

from schemas.provider import NAMES, Id, Provider

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
    ids={REPORT: NAMES, "": Id(under=r"[a-z0-9_]{1,20}/")},
    unnamed=(REPORT,),
)
