"""Authority: who is believed about what.

A source speaks for what its provider's page calls its own (``schemas.provider.Provider.sources``); a
declaration speaks for everything; a transmitter of security events speaks for its own issuer's subjects. What
anybody else says is hearsay: it is kept apart, by who said it (``schemas.dossier.Dossier.heard``), and
whether it counts is asked when a dossier is judged, so that a grant given later counts for what is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schemas.activity import Activity, Ended, Exposed
from schemas.evidence import origin_of, source_of_origin
from schemas.providers import BY_WORD, PROVIDERS, installation_of, is_credential, is_own, source_of, word_of
from schemas.remembering import remembered, remembered_together

INVENTORY = "inventory"
"""The source of declarations."""

FINDERS = frozenset(source for page in PROVIDERS.values() if page.finds for source in page.sources)
"""Sources that may say of any credential that it was found exposed."""

ISSUERS = frozenset(source for page in PROVIDERS.values() if page.signed for source in page.sources)
"""Sources whose records are signed by whoever speaks."""

LAKES = frozenset(source for page in PROVIDERS.values() if page.retells for source in page.sources)
"""Sources that hold nothing but what others wrote. Of a provider whose own log is not collected, a lake is
the only record there is, and is believed."""

SUBJECTS = frozenset(word for page in PROVIDERS.values() for word in page.issued)
"""First words of keys whose installation is the issuer."""

MEETING = ("trace:", "glimpses:", "roster:", "watch:", "crowd:", "crowded:", "siblings:")
"""How keys of dossiers begin in which facts of one kind of source meet; no source speaks of another's
there."""


def voice_of(activity: Activity) -> str:
    """Returns who vouches for an activity: its origin, or the issuer that signed it."""
    if activity.source in ISSUERS:
        return origin_of(activity.source, activity.service.rstrip("/"))
    return origin_of(activity.source, activity.instance)


@remembered_together(65_536)
def speaks_for(voice: str, key: str) -> bool:
    """Says whether a key is this voice's own to speak about. A key that is no provider's is anybody's."""
    source = source_of_origin(voice)
    if source == INVENTORY or not key or key.startswith(MEETING):
        return True
    page = BY_WORD.get(word_of(key))
    if page is None:
        return True
    if source in ISSUERS:
        return _issued_by(voice.partition("/")[2], key)
    return source in page.sources


def _issued_by(issuer: str, key: str) -> bool:
    word, _, rest = key.partition(":")
    page = BY_WORD[word]
    if page.transmitters:
        installation = rest.partition(":")[0]
        return any(issuer.startswith(f"{begin}{installation}") for begin in page.transmitters)
    if word in SUBJECTS:
        return rest.startswith(f"{issuer}:")
    return any(source in ISSUERS for source in page.sources)


def may_expose(voice: str, effect: object) -> bool:
    """Says whether this is the report of a leak, or that who answers for the credential calls it revoked
    since, by one whose business that is. Both only open findings: the provider's log shows what is so, and
    whose."""
    if source_of_origin(voice) not in FINDERS:
        return False
    return isinstance(effect, Exposed) or (isinstance(effect, Ended) and bool(effect.credential))


def is_finder(source: str) -> bool:
    """Says whether this source only finds what leaked: that it calls a credential revoked ends nothing."""
    return source in FINDERS


@remembered(65_536)
def is_identity(key: str) -> bool:
    """Says whether a key is surely an identity's: never to be taken for a credential's."""
    return is_own(key) and not is_credential(key)


@dataclass(frozen=True, slots=True)
class Authority:
    """What the site grants beyond the pages: per voice (``ocsf``, ``ocsf/lake``; of a source, all its
    installations) keys, or beginnings of keys that end in ``*``."""

    grants: tuple[tuple[str, str], ...] = ()

    def believes(self, voice: str, key: str, hears: Callable[[str], bool]) -> bool:
        """Says whether hearsay about a key counts as the provider's own word. ``hears``: whether a source is
        collected."""
        source = source_of_origin(voice)
        if speaks_for(voice, key):
            return True  # What follows elsewhere from its word comes back to what is its own.
        if source in LAKES and not (source_of(key) and hears(source_of(key))):
            return True
        return any(
            who in (voice, source) and (key.startswith(what[:-1]) if what.endswith("*") else key == what)
            for who, what in self.grants
        )

    def grants_any(self, voice: str) -> bool:
        """Says whether the site grants this voice anything."""
        return any(who in (voice, source_of_origin(voice)) for who, _ in self.grants)


PAGES_ONLY = Authority()


def is_nowhere(key: str) -> bool:
    """Says whether a credential's key names no installation: its owner tells whose business it is."""
    return is_credential(key) and not installation_of(key)
