"""What a second name knows its identity learns: all of it, or what is kept back is named with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from correlators.kernel.routes.routing import outbox
from schemas.activity import Parent
from schemas.claims import Approval, PolicyException, Release, Rotation, RotationPolicy
from schemas.declaration import Declaration
from schemas.dossier import (
    Address,
    Called,
    Calls,
    Credential,
    Dossier,
    Grant,
    Listed,
    Opened,
    Reported,
    Sightings,
    Turn,
)
from schemas.evidence import Evidence
from tests.support.make import KEY, T0, USER

ALIAS = "aws:user/AIDAEXAMPLE"
SAW = Evidence(T0, "e", "cloudtrail")
SEEN = Sightings((SAW,))
OFF = Turn(T0, False, "deleted", SAW)

TOLD: dict[str, Any] = {
    "credentials": {KEY: Credential(turns=(OFF,), parents={"p": Parent("dies_with")})},
    "turns": {USER: (OFF,)},
    "stated": {USER: (Declaration(T0, "d"),)},
    "calls": {"c": Calls(("t",), channels={"executed": SEEN})},
    "offered": {"t": SAW},
    "lists": {"a\t\tl": Listed((("t", ""),), SEEN)},
    "seen": {"t": SEEN},
    "grants": {"g": Grant("r", (OFF,))},
    "sessions": {"s": Opened(SAW)},
    "begun": {"o": T0},
    "rotations": {"s": (Rotation(T0, SAW),)},
    "policies": {"s": (RotationPolicy(SAW),)},
    "approvals": {"g": (Approval("g", SAW),)},
    "releases": {"w": (Release(T0, SAW),)},
    "images": {"set": SEEN},
    "secrets": {"s": T0},
    "exceptions": (PolicyException("c", T0, SAW),),
    "covers": {"aws:111122223333": SAW},
    "made": {"x": T0},
    "makers": {USER: SAW},
    "reported": {"u": Reported(1, "d", True, "c", KEY, "t", 3, T0, "violated")},
    "marks": ("m",),
    "called": {USER: Called(True, 20_000, "ci")},
    "lent": {"k8s:c1:nodes/a": (OFF,)},
    "heard": {"ocsf": Dossier(turns={USER: (OFF,)})},
}
KEPT = {
    "addresses": "they say where everything goes",
    "ways": "each dossier tells its own",
    "members": "a group is no second name",
    "spans": "they meet in the dossier of their trace",
    "glimpses": "they meet in a room",
    "versions": "they are of a secret, which has no other name",
    "sampled": "a roster's own",
    "fronts": "a roster's own",
    "watch": "a partition's own",
    "crowd": "findings of one cause meet in a dossier of theirs",
    "crowded": "what the crowd has told: each dossier hears it itself",
    "coming": "told when its time has come",
    "beside": "a credential that is judged apart is told by its identity what is known beside it",
    "apart": "a credential that is judged apart is named by its own key",
    "asked": "a credential that is judged apart is named by its own key",
    "unread": "nobody here knows what it says",
}


def test_every_field_of_a_dossier_is_told_or_kept_for_a_reason() -> None:
    assert TOLD.keys() | KEPT.keys() == set(Dossier.__struct_fields__) and not TOLD.keys() & KEPT.keys()


@pytest.mark.parametrize("part", sorted(TOLD))
def test_what_a_second_name_knows_its_identity_learns(part: str) -> None:
    known = Dossier(addresses={USER: Address(since=T0)}, **{part: TOLD[part]})
    assert getattr(outbox(ALIAS, known)[USER], part) == TOLD[part]
