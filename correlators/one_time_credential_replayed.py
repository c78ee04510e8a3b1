"""A credential that is good for a number of uses is presented once more.

Fires: the credential succeeds more often than it is good for (a wrapping token that is opened twice, two
logins with a secret id for one): high. Low when the extra try was refused: somebody holds a copy.
Proves: the refused replay.
Evaded by: a thief who is first; the rightful holder then makes the replay.
Benign: a client that repeats the same request (the same request id is one use), or asks again at once from
the same place because the answer was lost (informational).
Do: treat what the credential gave as stolen, end it, and hand over a new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Control,
    Credential,
    Episode,
    Evidence,
    Freshness,
    Severity,
    Verdict,
    View,
    called,
    iso,
    micros,
    named,
)

CONTROL = Control(
    name="one_time_credential_replayed",
    version="1",
    title="One-time credential replayed",
    owasp=("NHI4:2025",),
    attack=(("T1528", "Steal Application Access Token"),),
    nist=("IA-2(8)",),
    csf=("PR.AA-03", "PR.AA-04", "DE.AE-02"),
    freshness=Freshness(
        None,
        "one replay was refused, and what happened stays true",
    ),
    needs=frozenset({"credentials.max_uses"}),
    remediation=(
        "Treat what the credential gave as stolen: end it, hand over a new one, and find who presented it "
        "first."
    ),
)


RETRY = micros(timedelta(seconds=5))
"""Within this a client repeats a request whose answer was lost: Vault's own waits a second to a second and a
half before it tries again."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each credential that is good for a number of uses and was presented once
    more."""
    for name, credential in view.credentials.items():
        if name and credential.max_uses:
            verdict = _judged(view, name, credential)
            if verdict:
                yield verdict


def _judged(view: View, name: str, credential: Credential) -> Verdict | None:
    good = credential.max_uses
    used = view.uses(credential, "succeeded")
    last = used[good - 1] if len(used) >= good else _used_up(credential)
    if last is None:
        return None
    more = used[good:]
    refused = tuple(e for e in view.uses(credential, "unauthenticated", "failed") if e.time > last.time)
    if not more and not refused:
        return None
    uses = "one use" if good == 1 else f"{good} uses"
    return view.verdict(
        CONTROL,
        subject=name,
        value="violated" if more else "proven",
        credential=name,
        title=(
            f"{named(view)}: {called(view, name)}, good for {uses}, was presented again and "
            f"{'accepted' if more else 'refused'}"
        ),
        reason=(
            f"its last allowed use was at {iso(last.time)}; presented again at "
            f"{iso((more or refused)[0].time)}"
        ),
        severity=Severity.HIGH if more else _of_refusals(last, refused) if good == 1 else None,
        claim=(last,),
        evidence=more or refused,
        episodes=(Episode(last.time, 0, "last allowed use"),),
    )


def _of_refusals(last: Evidence, refused: tuple[Evidence, ...]) -> Severity:
    """Informational where each is the same client's, at once, from the place of the use: its answer was lost,
    and it asks again."""
    again = all(e.place and e.place == last.place and e.time - last.time <= RETRY for e in refused)
    return Severity.INFORMATIONAL if again else Severity.LOW


def _used_up(credential: Credential) -> Evidence | None:
    """The call in which the provider says that it was used up, where that call was another's: an unwrap by a
    caller with a token of its own."""
    return next((t.evidence for t in credential.turns if t.kind == "exhausted"), None)
