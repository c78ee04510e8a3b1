"""An identity acts, or is given a long-lived credential, that no inventory knows.

Fires: an identity of the site's own succeeds, or is given a long-lived credential, and no record names it by
any key. Only in installations (an account, a cluster, a vault) that an inventory covers: the inventory
declares an identity there by its own key, and names at least half of the identities that act there. Low.
Medium once the identity has a long-lived credential, or has read a secret or written an identity. If a
declared identity made it, medium only once its long-lived credential has lived for a day. Confidence is low
in its first week: inventories lag behind.
Proves: a record names the identity. Assumed if a declared identity made it and its credentials have ended.
Evaded by: acting as a declared identity; making another identity as a declared one and removing it within a
day.
Benign: a record or alias that comes late withdraws the finding. Passed over are identities that the provider
makes for itself (service-linked roles, by the mark of their sessions; kube-system, service agents), people
(who have signed in), federated subjects, users that an engine makes for a lease, and accounts that a
deployment makes for a review.
Do: ask the actor that made the identity. Declare it, join it to its identity by an alias, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Credential,
    Episode,
    Evidence,
    Freshness,
    Severity,
    Verdict,
    View,
    executed,
    iso,
    micros,
    named,
    off_intervals,
    short,
    sighted,
    spoken,
    times,
    traits_of,
)
from correlators.kernel.knowledge.weight import CUT
from correlators.kernel.views.deaths import deaths_of
from correlators.kernel.views.inventoried import covers_most, current, declared, ours, speaks
from schemas.fact import GRAVE
from schemas.providers import installation_of

CONTROL = Control(
    name="unknown_identity",
    version="1",
    title="Identity outside the inventory",
    owasp=("NHI1:2025", "NHI5:2025"),
    attack=(("T1136.003", "Create Account: Cloud Account"),),
    nist=("CM-8",),
    csf=("PR.AA-01", "ID.AM-02"),
    tenets=(7,),
    freshness=Freshness(
        None,
        "it is declared until the declaration is taken back, which is a record, too",
    ),
    needs=frozenset({"covers"}),
    remediation="Ask whoever made it. Declare it, join it to its identity by an alias, or take it away.",
)

LASTING = micros(timedelta(days=1))
"""A credential that expires within a day of its issue is for one job, whatever its kind."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields at most one verdict, and none where no inventory speaks for the installation of this
    identity."""
    cover = speaks(view)
    if cover is None or not ours(view):
        return
    uses = [view.uses(c, "succeeded") for c in view.credentials.values()]
    acts = current(view, sighted([*uses, executed(view.dossier.calls)]))
    issued = tuple(sorted(c.issued for c in view.credentials.values() if c.issued and _lasts(c)))
    if not acts and not issued:
        return
    record = declared(view)
    if record is not None:
        yield _known(view, record, acts or issued)
        return
    if not covers_most(view):
        return
    maker = _maker(view)
    if maker and _over(view, clock):
        yield _ephemeral(view, maker, acts or issued)
    else:
        yield _unknown(view, clock, cover, acts, issued, maker)


def _maker(view: View) -> str:
    """Who made it, where that is one whom an inventory declares."""
    makers = view.dossier.makers
    made = [t for t in view.dossier.turns.get(view.key, ()) if t.kind == "remade" and t.alive]
    by = [t.evidence.actor for t in made]
    return by[-1] if by and all(actor in makers for actor in by) else ""


def _over(view: View, clock: Clock) -> bool:
    """Whether it was taken away again: itself, or every way in that stays. What never had one (a role) is
    let in by others for as long as it is there."""
    if any(not off.end for off in off_intervals(view.dossier.turns.get(view.key, ()))):
        return True
    staying = {name: c for name, c in view.credentials.items() if c.issued and _lasts(c)}
    return bool(staying) and all(
        any(not off.end and clock.past(off.start - 1) for off in deaths_of(view, name, c))
        for name, c in staying.items()
    )


def _ephemeral(view: View, maker: str, seen: tuple[Evidence, ...]) -> Verdict:
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="assumed",
        title=f"{named(view)} was made by {spoken(maker)}, which is in the inventory",
        reason="and no credential of it that lasts is left",
        claim=(view.dossier.makers[maker],),
        evidence=seen[:1],
    )


def _lasts(credential: Credential) -> bool:
    """Whether it is a way in that stays: of a kind that lives until somebody ends it, neither good for some
    uses only nor soon to expire."""
    if not traits_of(credential.kind).long or credential.max_uses or credential.issued is None:
        return False
    expires = credential.expiry[1]
    return not expires or expires > credential.issued.time + LASTING


def _known(view: View, record: Evidence, acts: tuple[Evidence, ...]) -> Verdict:
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="proven",
        title=f"{named(view)} is in the inventory",
        reason="a record names it",
        claim=(record,),
        evidence=acts[:1],
    )


def _unknown(
    view: View, clock: Clock, cover: Evidence, acts: tuple[Evidence, ...], issued: tuple[Evidence, ...],
    maker: str,
) -> Verdict:  # fmt: skip
    shown = tuple(sorted({*acts[:1], *acts[-1:], *issued}))
    habitual = clock.past(shown[0].time + view.thresholds.habit)
    grave = any(view.acted(c, action, "succeeded") for c in view.credentials.values() for action in GRAVE)
    stays = bool(issued) and (not maker or grave or clock.past(issued[0].time + LASTING))
    did = f"is active since {iso(acts[0].time)}" if acts else "has not acted yet"
    keys = times(issued, "long-lived credential", not CUT.isdisjoint(view.dossier.marks))
    given = f"; {keys} issued, by {short(issued[0].actor)}" if issued else ""
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="violated",
        title=f"{named(view)} is not in the inventory that covers {installation_of(view.key)}",
        reason=f"it {did}{given}; no record names it by any key",
        severity=Severity.MEDIUM if stays else Severity.LOW,
        confidence=Confidence.MEDIUM if habitual else Confidence.LOW,
        claim=(cover,),
        evidence=shown,
        episodes=(Episode(shown[0].time, 0, "not in the inventory"),),
        next_step="declare it with its owner, or find who made it",
    )
