"""Hearsay: what is said by those who do not speak for the thing, and what becomes of it.

A control never sees it among what is known. It is asked once more for each voice, of what is known and what
that voice says: where that gives a finding and what is known gives none, the finding is told by the word of
that voice, and not loudly. So hearsay can tell; it cannot close, prove, excuse or move anything, and what one
voice says another does not take back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from correlators.kernel.knowledge.join import join
from schemas import frozen
from schemas.authority import Authority, is_nowhere
from schemas.dossier import Dossier
from schemas.providers import source_of, word_of
from schemas.verdict import Clock, Confidence, Severity, Verdict


class Hearsay:
    """What a site believes of what is said by others."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def believed(self, key: str, dossier: Dossier, clock: Clock) -> Dossier:
        """Returns the dossier with the hearsay that counts as the provider's own word. The argument itself
        where none does."""
        known = dossier
        for voice, said in dossier.heard.items():
            if self._believes(voice, key, said, clock):
                known = join(known, self._own(voice, key, said, clock))
        return known

    def doubted(
        self, key: str, dossier: Dossier, known: Dossier, clock: Clock
    ) -> Iterator[tuple[str, Dossier]]:
        """Yields for each voice of which not all is believed the dossier of what is known and what that voice
        says besides."""
        for voice in sorted(dossier.heard):
            said = dossier.heard[voice]
            if not (self._believes(voice, key, said, clock) and self._all_its_own(voice, key, said, clock)):
                yield voice, join(known, frozen.changed(said, reported={}))

    def _believes(self, voice: str, key: str, said: Dossier, clock: Clock) -> bool:
        """Whether it counts here. Whose business a credential is that names no installation its owners tell,
        where they are of the provider that it is of."""
        if self._authority.believes(voice, key, clock.hears):
            return True
        return (
            is_nowhere(key)
            and bool(said.addresses)
            and all(
                word_of(home) == word_of(key) and self._authority.believes(voice, home, clock.hears)
                for home in said.addresses
            )
        )

    def _own(self, voice: str, key: str, said: Dossier, clock: Clock) -> Dossier:
        """Of what counts here the part that is about what counts. What was reported elsewhere is never taken
        over: who reports here would take it back."""
        if not said.reported and self._all_its_own(voice, key, said, clock):
            return said
        return frozen.changed(
            said,
            credentials={n: c for n, c in said.credentials.items() if self._its_own(voice, key, n, clock)},
            turns={n: turns for n, turns in said.turns.items() if self._its_own(voice, key, n, clock)},
            called={n: name for n, name in said.called.items() if self._its_own(voice, key, n, clock)},
            reported={},
        )

    def _all_its_own(self, voice: str, key: str, said: Dossier, clock: Clock) -> bool:
        names = (*said.credentials, *said.turns, *said.called)
        return all(self._its_own(voice, key, name, clock) for name in names)

    def _its_own(self, voice: str, key: str, name: str, clock: Clock) -> bool:
        """Whether what is said of this name, in a dossier in which it counts, counts."""
        if not name or name == key or (is_nowhere(name) and word_of(name) == word_of(key)):
            return True
        return self._authority.believes(voice, name, clock.hears)


def beside(known: list[Verdict], heard: Iterable[Verdict], voice: str, clock: Clock) -> list[Verdict]:
    """Returns the verdicts, and the findings that only this voice's word gives."""
    verdicts = {verdict.uid: verdict for verdict in known}
    for verdict in heard:
        if verdict.severity is None:
            continue
        mine, open_ = verdicts.get(verdict.uid), verdict.value == "violated"
        if mine is None or (open_ and (mine.severity is None or mine.value != "violated")):
            doubted = _by_the_word_of(voice, verdict, clock)
            verdicts[doubted.uid] = doubted
    return list(verdicts.values())


def _by_the_word_of(voice: str, verdict: Verdict, clock: Clock) -> Verdict:
    """At most medium; low where the provider's own log is read, and shows nothing of it."""
    keys = (verdict.identity, verdict.credential)
    collected = {source for key in keys if (source := source_of(key)) and clock.hears(source)}
    loudest = Severity.LOW if collected else Severity.MEDIUM
    silence = f", of which the {min(collected)} log shows nothing" if collected else ""
    return frozen.changed(
        verdict,
        voice=voice,
        value="violated" if verdict.value == "violated" else "assumed",
        severity=min(verdict.severity or loudest, loudest),
        confidence=Confidence.LOW,
        title=f"{verdict.title}, by the word of {voice}",
        reason=f"by the word of {voice}, which does not speak for it{silence}: {verdict.reason}",
    )
