"""Secrets that were found in clear and are known by their mask alone."""

from __future__ import annotations

from schemas.provider import Provider

PROVIDER = Provider(
    name="leaks",
    words=("leak",),
    sources=("leaks",),
    # leak:<type>/<mask>: all of them are credentials.
    installed="",
    credentials=("",),
)
