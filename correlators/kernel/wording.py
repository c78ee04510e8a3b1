"""Wording and the small common parts of verdicts."""

from __future__ import annotations

from correlators.kernel.ends import Off
from correlators.kernel.join import TURNS_MAX
from correlators.kernel.view import View
from schemas.dossier import Credential
from schemas.evidence import Evidence
from schemas.verdict import Episode


def named(view: View) -> str:
    """How a title calls the identity: its key, with the declared name where there is one."""
    name = view.declaration.name if view.declaration else ""
    return f"{name} ({view.key})" if name and name not in view.key else view.key


def episodes_of(spells: list[Off], evidence: tuple[Evidence, ...]) -> tuple[Episode, ...]:
    """The spells in which something happened."""
    return tuple(
        Episode(off.start, off.end, off.turn.how)
        for off in spells
        if any(off.holds(e.time) for e in evidence)
    )


def worst_of(credential: Credential) -> bool:
    """Whether some evidence about the credential was let go."""
    return len(credential.turns) >= TURNS_MAX or any(s.truncated for s in credential.uses.values())
