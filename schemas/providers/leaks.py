"""Reports of leaks that name no secret."""

from __future__ import annotations

from schemas.provider import NAMES, Provider

LEAK_REPORT = "report/"
"""How the names begin of what a report is about that names no secret: ``leak:report/github/acme/shop#7``."""

NAMELESS = "its report names no secret, so nothing can be looked for: read the alert itself, with its secret"

PROVIDER = Provider(
    name="leaks",
    words=("leak",),
    sorts={"": "leaked secret"},
    opaque=("",),
    sources=("leaks",),
    finds=True,
    # leak:report/<report>: a credential that only the report can name.
    installed="",
    credentials=("",),
    ids={"": NAMES},
    unnamed=(LEAK_REPORT,),
)
