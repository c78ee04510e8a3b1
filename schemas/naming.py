"""Naming: what people call an identity or a credential, for titles, screens and tables.

A name is shown, never joined on, and it decides nothing: whoever makes an account chooses what it is called.
The key stays beside it. Most keys hold the name; of those that hold an id (an entity of Vault, an
application of Entra) what the log calls it is learned (``schemas.dossier.Name``).
"""

from __future__ import annotations

import re

from schemas.evidence import DEFAULT_INSTANCE
from schemas.providers import installation_of, is_credential, name_of, page_of
from schemas.remembering import remembered, remembered_together

LABEL_MAX = 80
"""Letters of a name that a title shows: a line of a screen."""

ID_SHOWN = 8
"""Letters of an id that nobody knows by heart: enough to tell two of them apart."""

_LONG_HEX = re.compile(r"(hmac-sha256:|hmac-|sha256:)?([0-9a-f]{8})[0-9a-f]{12,}")


@remembered(65_536)
def sort_of(key: str) -> str:
    """Returns what kind of thing a key names, as its provider calls it (``role``, ``access key``); "" where
    the page does not say."""
    page = page_of(key)
    name = name_of(key)
    if page is None:
        return ""
    starts = (start for start in page.sorts if start and name.startswith(start))
    start = max(starts, key=len, default="" if page.own.match(name) else None)
    return page.sorts.get(start, "") if start is not None else ""


@remembered(65_536)
def is_opaque(key: str) -> bool:
    """Says whether a key holds an id that says nothing to people, so that a name must be learned."""
    page = page_of(key)
    return page is not None and bool(page.opaque) and name_of(key).startswith(page.opaque)


@remembered_together(65_536)
def bare_name(key: str, learned: str = "") -> str:
    """Returns the name alone (``report-mailer``): the learned one, else what the key holds; of an id its
    beginning."""
    label = learned or _LONG_HEX.sub(r"\2…", _rest(key))
    most = ID_SHOWN + 1 if is_opaque(key) and not learned else LABEL_MAX
    return label if len(label) <= most else f"{label[: most - 1]}…"


@remembered_together(65_536)
def spoken(key: str, learned: str = "") -> str:
    """Returns a thing as a sentence calls it: kind, name and installation (``AWS user report-mailer
    (111122223333)``); a key that no page knows as it is."""
    page = page_of(key)
    if page is None:
        return bare_name(key, learned)
    where = installation_of(key).partition(":")[2]
    words = (page.title, sort_of(key), bare_name(key, learned))
    said = " ".join(word for word in words if word)
    return said if where in ("", DEFAULT_INSTANCE) else f"{said} ({where})"


@remembered_together(65_536)
def held(key: str, learned: str = "") -> str:
    """Returns a credential as a sentence calls it that has named its holder: ``access key AKIA…``, ``its
    token`` where only an id is known."""
    sort = sort_of(key) or "credential"
    if is_opaque(key) and not learned:
        return f"its {sort}"
    return f"{sort} {bare_name(key, learned)}" if is_credential(key) else spoken(key, learned)


def _rest(key: str) -> str:
    page = page_of(key)
    name = name_of(key)
    if page is None:
        return key
    start = max((s for s in page.sorts if s and name.startswith(s)), key=len, default="")
    return name[start.rfind("/") + 1 :] if "/" in start else name[len(start) :]
