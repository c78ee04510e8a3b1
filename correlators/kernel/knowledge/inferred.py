"""Inferred: what is known of a credential that no record names, only the server's own search beside a refusal
(``correlators.kernel.routes.lookups`` draws the inference)."""

from __future__ import annotations

from schemas.dossier import Credential, Sightings
from schemas.evidence import Evidence
from schemas.sharding import GLIMPSE_SPAN
from schemas.verdict import Confidence

INFERRED = "inferred"
"""The kind of a credential that is known by what it rests on alone: "some token of this account, of this
pod"."""

TRIED = "unauthenticated:inferred"
DOUBTED = "doubted:inferred"

FLOOD = "flood:"
"""How the uid of a doubt about a whole bucket begins."""


def sure(uses: dict[str, Sightings], outcome: str, kept: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Returns the kept sightings of one ``outcome`` that are not in doubt."""
    doubts = uses.get(DOUBTED)
    if doubts is None or outcome != TRIED:
        return kept
    doubted = {e.event for e in doubts.kept}
    return tuple(
        e for e in kept if e.event not in doubted and ("", f"{FLOOD}{e.time // GLIMPSE_SPAN}") not in doubted
    )


def confidence_of(credential: Credential, evidence: tuple[Evidence, ...]) -> Confidence:
    """Returns high confidence, or a lower one where all of the evidence is inferred."""
    tried = credential.uses.get(TRIED)
    if tried is None or not evidence:
        return Confidence.HIGH
    inferred = {e.event for e in tried.kept}
    return Confidence.MEDIUM if all(e.event in inferred for e in evidence) else Confidence.HIGH
