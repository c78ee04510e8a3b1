"""The providers: one page each, and the tables that are made of the pages. The folder is the registry.

A page is a module with ``PROVIDER`` (``schemas.provider.Provider``). Everything here is worked out once, when
the module is read: a question costs a look into a dict.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import lru_cache

from schemas.credential_kind import traits_of
from schemas.provider import EVERY_KIND, Grace, Provider


def _pages() -> Iterator[Provider]:
    for module in pkgutil.iter_modules(__path__):
        page: Provider = importlib.import_module(f"{__name__}.{module.name}").PROVIDER
        yield page


PROVIDERS: dict[str, Provider] = {page.name: page for page in _pages()}
"""Every page by its name."""

BY_WORD: dict[str, Provider] = {word: page for page in PROVIDERS.values() for word in page.words}
"""The page of a key, by the key's first word."""

BY_SOURCE: dict[str, tuple[Provider, ...]] = {
    source: tuple(page for page in PROVIDERS.values() if source in page.sources)
    for source in sorted({source for page in PROVIDERS.values() for source in page.sources})
}
"""The pages whose own records a source holds."""


def _graces() -> Iterator[Grace]:
    for page in PROVIDERS.values():
        yield from (grace for grace in (page.grace, page.leeway) if grace)
        yield from page.graces.values()
        yield from page.never_acts.values()


GRACES: dict[str, Grace] = {grace.setting: grace for grace in _graces()}
"""What providers are granted, by setting."""


def word_of(key: str) -> str:
    """The first word of a key: it says whose page the key is on."""
    return key.partition(":")[0]


def name_of(key: str) -> str:
    """What a key names inside its installation (``aws:111122223333:role/deploy``: ``role/deploy``)."""
    word, _, rest = key.partition(":")
    page = BY_WORD.get(word)
    ends = ":" if page is None else page.installed
    _, found, name = rest.partition(ends) if ends else ("", "", "")
    return name if found else rest


@lru_cache(maxsize=65_536)
def installation_of(key: str) -> str:
    """The installation of an identity's key (``aws:111122223333``, ``k8s:c1``, ``agent:support-host``); ""
    for keys that name none (``aws:key/…``, ``aws:service/…``)."""
    word, _, rest = key.partition(":")
    page = BY_WORD.get(word)
    ends = ":" if page is None else page.installed
    installation, found, name = rest.partition(ends) if ends else ("", "", "")
    return f"{word}:{installation}" if found and installation and name else ""


def source_of(key: str) -> str:
    """The source that would show a use of an identity or credential; "" where no page says."""
    page = BY_WORD.get(key.partition(":")[0])
    if page is None:
        return ""
    if page.uses_of:
        name = name_of(key)
        return next((told for start, told in page.uses_of.items() if name.startswith(start)), page.uses)
    return page.uses


def unseen(key: str, kind: str) -> str:
    """Why no source shows a use of a credential of this kind by design; "" where one would."""
    known = traits_of(kind).unseen
    page = BY_WORD.get(key.partition(":")[0])
    if known or page is None or not page.unseen:
        return known
    return page.unseen.get(kind, page.unseen.get(EVERY_KIND, ""))


@lru_cache(maxsize=65_536)
def is_credential(key: str) -> bool:
    """Whether a key names a credential, and not an identity or a resource."""
    page = BY_WORD.get(key.partition(":")[0])
    return page is not None and name_of(key).startswith(page.credentials)


@lru_cache(maxsize=65_536)
def is_own(key: str) -> bool:
    """Whether a key names an identity that an inventory of the site should know."""
    page = BY_WORD.get(key.partition(":")[0])
    return page is not None and page.own.match(name_of(key)) is not None and not is_credential(key)
