"""A dead credential is presented, and refused.

Fires: an unauthenticated try with a credential that is dead: revoked, expired, used up, dead because its
parent died, or unknown to the provider after it had worked. Informational at the first try, because somebody
still holds the credential. Low once tries go on for longer than the retry window (a forgotten consumer),
unless no record says how the credential ended. Medium when a try comes from a place or client that never used
the credential while it lived, also from another host of the same network (a copy is at large).
Proves: nothing (silence is no proof). The finding ends if a record names a successor and every known consumer
was seen using the successor after the last try.
Evaded by: sources that do not log unauthenticated calls (AWS mostly); refusals that name nobody.
Benign: a client that retries for minutes after a planned revocation; the actor of the revocation, who checks
the credential from the same place within the retry window.
Do: point the consumer to the new credential. For a new place, treat the credential as stolen and review its
life.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Control,
    Credential,
    Evidence,
    Freshness,
    Off,
    Severity,
    Verdict,
    View,
    called,
    confidence_of,
    deaths_of,
    ended,
    episodes_of,
    frozen,
    iso,
    named,
    proofs,
    thinned,
    times,
)
from correlators.kernel.knowledge.inferred import INFERRED
from correlators.kernel.knowledge.join import NAMES_MAX, STAYS_MAX
from correlators.kernel.views.fronts import fronts_of
from correlators.kernel.views.progress import rotation_progress
from correlators.kernel.views.refusals import UNSAID_END, lapsed
from schemas.fact import standing

CONTROL = Control(
    name="dead_credential_tried",
    version="1",
    title="Dead credential still presented",
    owasp=("NHI1:2025",),
    attack=(("T1078.004", "Valid Accounts: Cloud Accounts"),),
    nist=("AC-2",),
    csf=("PR.AA-01", "DE.AE-02"),
    tenets=(7,),
    freshness=Freshness(
        timedelta(days=90),
        "a consumer that was seen on the successor may run from an old image again; quarterly "
        "jobs have run once",
    ),
    needs=frozenset({"refused"}),
    remediation=(
        "Find the consumer by place and client and give it the current credential; if the tries come from "
        "a new place, treat the old one as stolen."
    ),
)


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each credential that was refused while it was dead."""
    for name, credential in view.credentials.items():
        if not name or not any(key.startswith("unauthenticated") for key in credential.uses):
            continue
        periods = deaths_of(view, name, credential)
        tries = tuple(e for e in view.refused(credential) if any(off.holds(e.time) for off in periods))
        unsaid = None if tries else lapsed(view, clock, name, credential)
        if unsaid:
            periods = [unsaid]
            tries = tuple(e for e in proofs(credential) if unsaid.holds(e.time))
        if tries:
            yield _judged(view, name, credential, periods, tries)


def _judged(
    view: View, name: str, credential: Credential, periods: list[Off], tries: tuple[Evidence, ...]
) -> Verdict:
    tried = [off for off in periods if any(off.holds(e.time) for e in tries)]
    first = tried[0]
    meant = _meant(view, credential)
    places = {key.partition("\t")[2] for c in meant for key in c.stays}
    if places:
        places |= fronts_of(view, name, roaming=False)
    clients = {_product(client) for c in meant for client in c.clients}
    many = tuple(sorted({*tries, *_elsewhere(credential, name, periods, places)}))
    strange = [e for e in many if _stranger(e, places, clients) and not _ender(view, e, periods, places)]
    if strange:
        severity, why = (
            Severity.MEDIUM,
            f"from {strange[0].place or strange[0].client}, which never used it while it lived",
        )
    elif first.turn.how == UNSAID_END:
        severity, why = (
            Severity.INFORMATIONAL,
            f"no record says how it ended: between {iso(first.start)} and {iso(tries[0].time)}",
        )
    elif _goes_on(view, tries):
        severity, why = Severity.LOW, "beyond any retry window: a consumer was forgotten"
    else:
        severity, why = Severity.INFORMATIONAL, "somebody still holds it"
    over = _moved_since(view, name, tries)
    restored = bool(tried[-1].end) and not any(not off.end for off in periods)
    seen = times(tries, "refused try", thinned([credential]))
    return view.verdict(
        CONTROL,
        subject=name,
        value="assumed" if restored else "proven" if over else "violated",
        credential=name,
        title=f"{named(view)}: {called(view, name)} was tried and refused after {ended(first.turn, name)}",
        reason=f"{seen}, {iso(tries[0].time)} to {iso(tries[-1].time)}, {why}",
        severity=severity,
        confidence=confidence_of(credential, tries),
        claim=(first.turn.evidence,),
        evidence=tries,
        episodes=episodes_of(tried, tries),
    )


def _moved_since(view: View, name: str, tries: tuple[Evidence, ...]) -> bool:
    """Whether a record says what succeeded it, and every known consumer was seen on that after the last
    try.
    """
    return any(
        name in last.change.olds
        and bool(last.consumers)
        and all(c.moved_since(tries[-1].time) for c in last.consumers)
        for *_, last in rotation_progress(view)
    )


def _goes_on(view: View, tries: tuple[Evidence, ...]) -> bool:
    """Longer than the usual back-off of a client lasts, and not only in two bursts."""
    usual = view.thresholds
    buckets = {e.time // usual.retry_bucket for e in tries}
    return tries[-1].time - tries[0].time > usual.retry_window and len(buckets) >= usual.retry_buckets


def _stranger(use: Evidence, places: set[str], clients: set[str]) -> bool:
    """A place, or a client, that is not among those of its life; none known, or too many: nobody is a
    stranger."""
    place, client = standing(use.place), _product(use.client)
    new_place = bool(place and 0 < len(places) < STAYS_MAX and place not in places)
    new_client = bool(client and 0 < len(clients) < NAMES_MAX and client not in clients)
    return new_place or new_client


def _elsewhere(credential: Credential, name: str, periods: list[Off], places: set[str]) -> Iterator[Evidence]:
    """Tries from places that are not of its life, however many others surround them."""
    for key, stay in credential.knocks.items():
        place = key.partition("\t")[2]
        for e in (stay.first, stay.last):
            if place not in places and any(off.holds(e.time) for off in periods):
                yield frozen.changed(e, credential=name, place=place, client="")


def _ender(view: View, use: Evidence, periods: list[Off], places: set[str]) -> bool:
    """Who ended it looks, soon and from the same place, whether it is dead."""
    return standing(use.place) not in places and any(
        use.place == off.turn.evidence.place
        and 0 <= use.time - off.turn.evidence.time <= view.thresholds.retry_window
        for off in periods
    )


def _meant(view: View, credential: Credential) -> Collection[Credential]:
    """The credential; where it was inferred, all of its identity's, of which it is one."""
    return view.credentials.values() if credential.kind == INFERRED else (credential,)


def _product(client: str) -> str:
    """The program without its version: the next release is no stranger."""
    return client.partition("/")[0].partition(" ")[0]
