"""Deaths: every way in which a credential can be dead, for the question whether a refused try was one with a
dead credential.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.kernel.views.ends import Off, off_intervals
from correlators.kernel.views.view import View, reaching
from correlators.kernel.views.wording import EXPIRY, EXPIRY_OF, short
from schemas import frozen
from schemas.dossier import Credential, Turn
from schemas.providers import longest_life

LAPSED = "the longest life that its provider allows"
"""How a credential ended of which no record says when it expires: by then it was over."""


def deaths_of(view: View, name: str, credential: Credential) -> list[Off]:
    """Returns the periods in which a credential was dead, in order of start: after its own ends, after those
    of what it dies with, after its expiry and theirs, after its last allowed use."""
    periods = off_intervals(view.turns_of(name))
    for origin, ancestor in credential.ancestors.items():
        if ancestor.edge == "dies_with":
            periods.extend(off_intervals(reaching(origin, ancestor, ancestor.turns)))
    periods.extend(_expiry(name, credential))
    periods.extend(_lapsed_parents(view, credential))
    periods.extend(_exhaustion(view, credential))
    return sorted(periods)


def _expiry(name: str, credential: Credential) -> list[Off]:
    """Dead from its latest stated expiry on (the leeway is the provider's, so it is off for tries from the
    expiry itself).
    """
    expires, how = credential.expiry[1], EXPIRY
    origin = credential.issued or credential.known
    if not expires and origin and longest_life(name):
        expires, how = origin.time + longest_life(name), LAPSED
    if not expires or origin is None:
        return []
    turn = Turn(expires, False, how, origin, "exhausted", about=name)
    return [Off(expires, 0, turn)]


def _lapsed_parents(view: View, credential: Credential) -> Iterator[Off]:
    """Dead with the expiry of what it dies with. A parent that had ended before told its children so, or left
    them as orphans."""
    seen: set[str] = set()
    left = [credential]
    while left:
        links = left.pop().parents.items()
        parents = {p for p, link in links if link.edge == "dies_with" and p in view.credentials} - seen
        seen |= parents
        for parent in sorted(parents):
            held = view.credentials[parent]
            left.append(held)
            for off in _expiry(parent, held):
                if not any(end.start < off.start for end in off_intervals(view.turns_of(parent))):
                    yield off._replace(turn=frozen.changed(off.turn, how=f"{EXPIRY_OF}{short(parent)}"))


def _exhaustion(view: View, credential: Credential) -> list[Off]:
    """Dead after its last allowed use, where every use is on record."""
    if not credential.max_uses:
        return []
    used = view.uses(credential, "succeeded", "failed", "forbidden")
    if len(used) < credential.max_uses:
        return []
    last = used[credential.max_uses - 1]
    return [Off(last.time, 0, Turn(last.time, False, "its last allowed use", last, "exhausted"))]
