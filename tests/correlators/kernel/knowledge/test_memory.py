"""A credential whose life is over goes with what was said of it: nothing is withdrawn by forgetting."""

from __future__ import annotations

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.knowledge.join import TURNS_MAX, turns
from correlators.kernel.knowledge.memory import AFTER_LIFE, FORGET_BEYOND, forgotten
from schemas import frozen
from schemas.dossier import Credential, Dossier, Reported, Sightings, Turn
from schemas.evidence import SECOND, Evidence
from schemas.stored import decode, encode
from schemas.verdict import Clock
from tests.support.make import KEY, T0, USER

LATER = T0 + AFTER_LIFE + 10 * SECOND
CAME = Evidence(T0, "e", "cloudtrail", arrived=T0)
ENDED = Turn(T0, False, "deleted", CAME)
OVER = Credential(
    kind="session", issued=CAME, known=CAME, expiry=(T0, T0 + SECOND), uses={"succeeded": Sightings((CAME,))}
)
SAID = Reported(1, "d", True, "revoked_credential_used", KEY, "a title", 3, T0, "violated")


def crowded() -> Dossier:
    """An identity with one dead credential of which a finding was told, and enough else to be no small
    dossier."""
    other = Credential(kind="access_key", known=CAME, clients=("x" * 1_000,))
    live = {f"aws:key/AKIA{n:012}": other for n in range(FORGET_BEYOND // 1_000 + 20)}
    return Dossier(credentials={**live, KEY: OVER}, reported={"u": SAID})


def test_what_was_said_of_a_credential_that_is_let_go_of_goes_with_it() -> None:
    kept = forgotten(crowded(), FORGET_BEYOND + 1, Clock(LATER))
    assert KEY not in kept.credentials and not kept.reported
    assert len(kept.credentials) == len(crowded().credentials) - 1


def test_forgetting_withdraws_no_finding() -> None:
    store = {USER: encode(crowded())}
    settling = Correlator(controls(), store.get)
    settling.dossier(USER)
    settled = settling.settle(Clock(LATER, {"cloudtrail": LATER}))
    assert KEY not in decode(settled.dossiers[USER] or b"").credentials
    assert [report for report in settled.reports if report.uid == "u"] == []


def test_what_lives_or_came_lately_or_is_small_is_kept() -> None:
    whole = crowded()
    large = FORGET_BEYOND + 1
    for size, at in ((FORGET_BEYOND, LATER), (large, T0 + SECOND), (large, LATER - 20 * SECOND)):
        assert forgotten(whole, size, Clock(at)) is whole
    lately = frozen.changed(OVER, known=frozen.changed(CAME, arrived=LATER))
    dossier = frozen.changed(whole, credentials={**whole.credentials, KEY: lately})
    assert forgotten(dossier, FORGET_BEYOND + 1, Clock(LATER)) is dossier


def test_of_a_switch_that_was_turned_too_often_both_ends_are_kept() -> None:
    many = tuple(Turn(T0 + n, n % 2 == 0, f"turn {n}", CAME) for n in range(TURNS_MAX + 10))
    kept = turns((), many)
    assert len(kept) == TURNS_MAX
    assert kept == many[: TURNS_MAX // 2] + many[-TURNS_MAX // 2 :]
    assert turns(many[40:], many[:40]) == kept == turns(turns((), many[:50]), many[50:])
