"""Inventoried: what the inventory says of who an identity is, and whose identities are no business of it."""

from __future__ import annotations

from collections.abc import Iterable

from correlators.kernel.views.view import View
from schemas.authority import INVENTORY
from schemas.claims import Approval
from schemas.evidence import Evidence
from schemas.providers import installation_of, is_imitable, is_own, is_personal, is_root, maker_of, source_of
from schemas.rosters import MADE, made_since

COVERED = 0.5
"""An inventory that names less than half of the identities that act in an installation does not cover it,
whatever it declares there: its silence about one of the others says nothing."""

BREAK_GLASS = frozenset({"break-glass", "break_glass", "breakglass", "emergency"})
"""Grants whose approvals are given one by one: who holds one acts only within it."""


def speaks(view: View) -> Evidence | None:
    """Returns the earliest record by which an inventory speaks for this identity's installation; None: none
    does."""
    return view.dossier.covers.get(installation_of(view.key))


def covers_most(view: View) -> bool:
    """Says whether the inventory names enough of who acts in the installation to say that this one is
    missing."""
    spoke = speaks(view)
    return covered_share(view.dossier.sampled, spoke.time if spoke else 0) >= COVERED


def declared(view: View) -> Evidence | None:
    """Returns the latest inventory record about this identity, by any of its keys."""
    many = [d for declarations in view.dossier.stated.values() for d in declarations if d.source == INVENTORY]
    if not many:
        return None
    latest = max(many, key=lambda d: (d.recorded, d.uid))
    return Evidence(latest.recorded, latest.uid, INVENTORY, operation="declared", arrived=latest.arrived)


def ours(view: View) -> bool:
    """Says whether this is a non-human identity of the site's own, as far as its key and credentials tell.
    Who signed in is a person: a password that was given to it, or tried in vain, makes nobody one."""
    return (is_own(view.key) or _imitates(view)) and not any(
        is_personal(key) and view.uses(credential, "succeeded")
        for key, credential in view.credentials.items()
    )


def _imitates(view: View) -> bool:
    """Whether it bears a name of the provider's own identities and is none: its provider's log shows a
    session of it without the mark, or that another made it than who makes them."""
    maker = maker_of(view.key)
    if maker:
        made = (t.evidence for t in view.dossier.turns.get(view.key, ()) if t.kind == "remade")
        return any(_by_provider(view, e) and e.actor not in ("", maker) for e in made)
    return is_imitable(view.key) and any(
        name and not c.theirs and any(_by_provider(view, e) for e in view.uses(c, "succeeded"))
        for name, c in view.credentials.items()
    )


def _by_provider(view: View, evidence: Evidence) -> bool:
    return evidence.source == source_of(view.key)


def keys_of(view: View) -> frozenset[str]:
    """Returns every key that this identity goes by now: its own, those that the latest records name, and
    those whose dossiers forward to it."""
    latest = [max(many, key=lambda d: (d.recorded, d.uid)) for many in view.dossier.stated.values() if many]
    aliases = {alias for declaration in latest for alias in declaration.aliases}
    ways = {end for way, (_, holds) in view.dossier.ways.items() if holds for end in way.split("\t")}
    return frozenset({view.key, *view.dossier.stated, *aliases, *ways})


def current(view: View, uses: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Returns the uses without those under a key that records called an alias and the latest one of them no
    longer does: what was told here meanwhile is another's."""
    former: set[str] = set()
    for declarations in view.dossier.stated.values():
        *_, latest = sorted(declarations, key=lambda d: (d.recorded, d.uid))
        former.update(alias for d in declarations for alias in d.aliases if alias not in latest.aliases)
    return tuple(e for e in uses if e.actor not in former)


def approvals(view: View, *, root: bool = False) -> list[Approval]:
    """Returns the approvals of this identity in order of time; for a ``root`` also those of its
    installation's root, which everybody is told."""
    return sorted(
        {
            approval
            for identity, many in view.dossier.approvals.items()
            for approval in many
            if root or identity == view.key or not is_root(identity)
        }
    )


def uncovered(view: View, uses: Iterable[Evidence], granted: list[Approval]) -> tuple[Evidence, ...]:
    """Returns the uses that no approval covers at their time, two producers' clocks granted."""
    skew = view.thresholds.skew
    return tuple(
        e for e in uses if not any(a.covers(e.time - skew) or a.covers(e.time + skew) for a in granted)
    )


def covered_share(sampled: dict[str, bool], spoke: int = 0) -> float:
    """Returns the share of the sampled identities that records name, 0 to 1; 0 without a sample. Those that
    were made after the inventory ``spoke`` (µs), and that none names, do not count: newcomers never lower
    it."""
    since = made_since(sampled, spoke)
    before = made_since(sampled, 0) - since
    counted = {drawn: named for drawn, named in sampled.items() if not drawn.startswith(MADE)}
    named = sum(counted.values())
    others = {drawn for drawn, known in counted.items() if not known} | (before - counted.keys())
    others -= since
    return named / (named + len(others)) if named else 0.0
