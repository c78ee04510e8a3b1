"""The providers: one page each, and the tables that are made of the pages. The folder is the registry.

A page is a module with ``PROVIDER`` (``schemas.provider.Provider``). Everything here is worked out once, when
the module is read: a question costs a look into a dict.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

from schemas.credential_kind import traits_of
from schemas.evidence import micros
from schemas.provider import EVERY_KIND, Grace, Provider
from schemas.remembering import remembered, remembered_together


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


SPREADING: dict[str, Grace] = {
    grace.setting: grace
    for page in PROVIDERS.values()
    for grace in (page.grace, *page.graces.values())
    if grace is not None
}
"""What providers are granted for an end to come true, by setting."""

GRACES: dict[str, Grace] = SPREADING | {
    grace.setting: grace
    for page in PROVIDERS.values()
    for grace in (page.leeway, *page.never_acts.values())
    if grace is not None
}
"""Everything that providers are granted, by setting."""

ONE_ISSUE = frozenset(source for page in PROVIDERS.values() if page.one_issue for source in page.sources)
"""Sources in which one event that issued two credentials of one kind issued one under two names."""

DRIVEN = re.compile("|".join(f"(?:{p.driven.pattern})" for p in PROVIDERS.values()), re.IGNORECASE)
"""Clients of providers that a person drives."""

SIGN_INS = frozenset(operation for page in PROVIDERS.values() for operation in page.sign_ins)
"""Operations by which a person signs in."""

CALLS = PROVIDERS["agents"].uses
"""The source whose traces tell of agents' calls."""


READS_MANY = frozenset().union(*(page.reads_many for page in PROVIDERS.values()))
"""Operations that read several secrets at once."""

ENUMERATES = re.compile("|".join(f"(?:{p.enumerates.pattern})" for p in PROVIDERS.values()))
"""Operations that show which secrets there are."""

COLLECTIONS = re.compile("|".join(f"(?:{p.collections.pattern})" for p in PROVIDERS.values()))
"""Names under which secrets are listed together."""


def is_gate(name: str) -> bool:
    """Says whether some provider's log calls a gate so."""
    return any(page.gates.fullmatch(name) for page in PROVIDERS.values())


def word_of(key: str) -> str:
    """Returns the first word of a key: it says whose page the key is on."""
    return key.partition(":")[0]


def page_of(key: str) -> Provider | None:
    """Returns the page that a key is on; None for the key of a provider that has none."""
    return BY_WORD.get(key.partition(":")[0])


def ending(about: str, source: str) -> Provider | None:
    """Returns the page of who has to make an end true: whose key it is, told by that provider's own records
    or by another source; a provider that ends what is another's (a lease) ends it in its own time."""
    page = page_of(about)
    if page is not None and source in page.sources:
        return page
    return next((own for own in BY_SOURCE.get(source, ()) if own.grace), page)


def name_of(key: str) -> str:
    """Returns what a key names inside its installation (``aws:111122223333:role/deploy``:
    ``role/deploy``)."""
    word, _, rest = key.partition(":")
    page = BY_WORD.get(word)
    ends = ":" if page is None else page.installed
    _, found, name = rest.partition(ends) if ends else ("", "", "")
    return name if found else rest


@remembered(65_536)
def installation_of(key: str) -> str:
    """Returns the installation of an identity's key (``aws:111122223333``, ``k8s:c1``,
    ``agent:support-host``); "" for keys that name none (``aws:key/…``, ``aws:service/…``)."""
    word, _, rest = key.partition(":")
    page = BY_WORD.get(word)
    ends = ":" if page is None else page.installed
    installation, found, name = rest.partition(ends) if ends else ("", "", "")
    return f"{word}:{installation}" if found and installation and name else ""


def is_passing(grant: str) -> bool:
    """Says whether a use by this grant is one in which the caller passed for another."""
    page = page_of(grant)
    return page is not None and page.passing.match(name_of(grant)) is not None


def is_almighty(grant: str) -> bool:
    """Says whether a grant or role allows everything."""
    page = page_of(grant)
    return page is not None and page.almighty.fullmatch(name_of(grant)) is not None


def is_refused_self(grant: str) -> bool:
    """Says whether a use by this grant is a try to grant oneself something, which was refused."""
    page = page_of(grant)
    return page is not None and page.refused_self.fullmatch(name_of(grant)) is not None


def thing_of(grant: str) -> str:
    """Returns the key of the one thing to which a grant gives access; "" for any other grant."""
    page, name = page_of(grant), name_of(grant)
    found = page.things.fullmatch(name) if page else None
    return f"{grant.removesuffix(name)}{page.things_are}{found[1]}" if page and found else ""


def scope_of(role: str) -> str:
    """Returns the scope that a role is, as OAuth's records call it; "" for a role of another sort."""
    page = page_of(role)
    found = page.scopes.fullmatch(name_of(role)) if page else None
    return found[1] if found else ""


def scopes_over(role: str) -> tuple[str, ...]:
    """Returns the scope that a role is, and those that hold it in them (a right to write, that to read)."""
    scope, page = scope_of(role), page_of(role)
    name, _, level = scope.rpartition(":")
    if page is None or level not in page.levels:
        return (scope,) if scope else ()
    return tuple(f"{name}:{wider}" for wider in page.levels[page.levels.index(level) :])


def reaches_all_of(wide: str, narrow: str) -> bool:
    """Says whether one grant reaches wherever another one does."""
    page = page_of(wide)
    if page is None or installation_of(wide) != installation_of(narrow) or is_passing(wide):
        return False
    one, other = (page.reach.match(name_of(grant)) for grant in (wide, narrow))
    return one is None or (other is not None and one[1] == other[1])


def source_of(key: str) -> str:
    """Returns the source that would show a use of an identity or credential; "" where no page says."""
    page = BY_WORD.get(key.partition(":")[0])
    if page is None:
        return ""
    if page.uses_of:
        name = name_of(key)
        return next((source for start, source in page.uses_of.items() if name.startswith(start)), page.uses)
    return page.uses


def shown_by(key: str) -> tuple[str, ...]:
    """Returns the sources of which any would show uses of an identity or credential; none where no page
    says."""
    page, source = BY_WORD.get(key.partition(":")[0]), source_of(key)
    return (source, *(page.uses_too if page else ())) if source else ()


@remembered(65_536)
def longest_life(key: str) -> int:
    """Returns for how long the provider lets a credential of this name live at most, in µs; 0: no page
    says."""
    page = BY_WORD.get(word_of(key))
    if page is None or not page.lives:
        return 0
    name = name_of(key)
    return next((micros(life) for start, life in page.lives.items() if name.startswith(start)), 0)


def only_removes(source: str, operation: str) -> bool:
    """Says whether an operation in a provider's own records takes something away, and does nothing else."""
    return any(operation in page.removals for page in BY_SOURCE.get(source, ()))


def forgets(key: str) -> bool:
    """Says whether a refusal of a credential of this name means that the server does not know it."""
    page = BY_WORD.get(word_of(key))
    return page is not None and bool(page.forgets) and name_of(key).startswith(page.forgets)


def is_unnamed(key: str) -> bool:
    """Says whether a key stands for a credential that its record does not name."""
    page = BY_WORD.get(word_of(key))
    return page is not None and bool(page.unnamed) and name_of(key).startswith(page.unnamed)


def unseen(key: str, kind: str) -> str:
    """Returns why no source shows a use of a credential of this kind by design; "" where one would."""
    known = traits_of(kind).unseen
    page = BY_WORD.get(key.partition(":")[0])
    if known or page is None or not page.unseen:
        return known
    return page.unseen.get(kind, page.unseen.get(EVERY_KIND, ""))


def refusals_hidden(key: str) -> str:
    """Returns why a refused try of a dead credential of this name is mostly not recorded; "" where it is."""
    page = page_of(key)
    return page.refusals_hidden if page is not None else ""


@remembered(65_536)
def is_credential(key: str) -> bool:
    """Says whether a key names a credential, and not an identity or a resource."""
    page = BY_WORD.get(key.partition(":")[0])
    return page is not None and name_of(key).startswith(page.credentials)


@remembered(65_536)
def is_own(key: str) -> bool:
    """Says whether a key names an identity that an inventory of the site should know."""
    page = BY_WORD.get(key.partition(":")[0])
    return page is not None and page.own.match(name_of(key)) is not None and not is_credential(key)


@remembered(65_536)
def is_imitable(key: str) -> bool:
    """Says whether a key has a name as the provider's own identities have, whose sessions it marks."""
    page = BY_WORD.get(word_of(key))
    return page is not None and page.imitable.match(name_of(key)) is not None


def maker_of(key: str) -> str:
    """Returns the key of who makes what has such a name for the provider; "" where no page says."""
    page = BY_WORD.get(word_of(key))
    name = name_of(key)
    made = "" if page is None else next((m for s, m in page.makers.items() if name.startswith(s)), "")
    return f"{installation_of(key)}:{made}" if made else ""


def is_root(key: str) -> bool:
    """Says whether a key is ``<installation>:root``: who may do everything there."""
    return key.endswith(":root")


def is_session(key: str) -> bool:
    """Says whether the key alone says that a credential is a session."""
    page = page_of(key)
    return page is not None and bool(page.sessions) and name_of(key).startswith(page.sessions)


def is_personal(key: str) -> bool:
    """Says whether a key names a credential that only people have."""
    page = page_of(key)
    return page is not None and bool(page.personal) and name_of(key).startswith(page.personal)


def is_placeholder(key: str) -> bool:
    """Says whether a key names a credential that documentation uses as an example."""
    page = page_of(key)
    return page is not None and page.placeholders.match(name_of(key)) is not None


def never_acts(key: str) -> Grace | None:
    """Returns what is granted beside the provider's grace after the end of a credential that is only ever
    seen in calls of what it was exchanged for; None for any other."""
    page = page_of(key)
    if page is None or not page.never_acts:
        return None
    name = name_of(key)
    return next((grace for start, grace in page.never_acts.items() if name.startswith(start)), None)


def is_object(key: str) -> bool:
    """Says whether a key names an object that credentials rest on, and not an account."""
    page = page_of(key)
    return page is not None and any(part in key for part in page.objects)


def is_group_of_holders(key: str) -> bool:
    """Says whether a holder is a group, of which nobody here knows who is in it."""
    page = page_of(key)
    return page is not None and bool(page.holders) and page.holders in key


def has_single_objects(key: str) -> bool:
    """Says whether the groups of this provider are single objects."""
    page = page_of(key)
    return page is not None and page.single_objects


def versions_of(key: str) -> tuple[str, str]:
    """Returns how the old and the new version of a secret are named where they have no id; "" where they
    always have one."""
    page = page_of(key)
    return (page.old_version, page.new_version) if page is not None else ("", "")


def preference(name: str) -> tuple[bool, bool, str]:
    """Sorts names of one credential, the one to keep first."""
    page = page_of(name)
    first, last = (page.names_first, page.names_last) if page is not None else ("", "")
    return (first not in name, bool(last) and last in name, name)


@remembered_together(65_536)
def machine_of(identity: str, actor_name: str) -> str:
    """Returns the machine after which a session of this identity is named, "" for any other."""
    page = page_of(identity)
    named = page.machine.search(actor_name) if page is not None else None
    return named[1] if named else ""


def machine_key(installation: str, machine: str) -> str:
    """Returns the key of a machine of an installation."""
    return f"{installation}:machine/{machine}"


_ENDS = {
    source: tuple((re.compile(how), said) for page in pages for how, said in page.ends.items())
    for source, pages in BY_SOURCE.items()
}


@remembered_together(4_096)
def end_said(source: str, how: str) -> str:
    """Returns an end in words, as a page says it; "" where none does."""
    for form, said in _ENDS.get(source, ()):
        if found := form.fullmatch(how):
            return found.expand(said)
    return ""


def act_said(source: str, operation: str) -> str:
    """Returns an operation on identities in words, as a page says it; "" where none does."""
    return next((page.acts[operation] for page in BY_SOURCE.get(source, ()) if operation in page.acts), "")


def is_chosen(key: str, name: str) -> bool:
    """Says whether a caller chose what the log calls a thing."""
    page = page_of(key)
    return page is not None and page.chosen.match(name) is not None


@remembered(65_536)
def behind(key: str) -> str:
    """Returns the installation of a credential of which records name the peer of a connection, which may be a
    balancer; "" for any other."""
    page = page_of(key)
    return installation_of(key) if page is not None and page.peers else ""


@remembered(65_536)
def is_trust(key: str) -> bool:
    """Says whether a key names a credential that nobody holds: who it admits comes from many places by
    design."""
    page = page_of(key)
    return page is not None and bool(page.trusts) and name_of(key).startswith(page.trusts)
