"""What is known by a stored body, with all that this version understands of what others wrote."""

from __future__ import annotations

from correlators.kernel.knowledge.join import join
from schemas import frozen
from schemas.dossier import Dossier
from schemas.stored import UNREAD_MARK, decode


def known_by(body: bytes | str) -> Dossier:
    """Returns the dossier that was stored. A text in it that another version could not read is read again."""
    dossier = decode(body)
    if not dossier.unread:
        return dossier
    again = decode(dossier.unread)
    if again.unread:
        return join(dossier, frozen.changed(again, unread=dossier.unread))
    marks = tuple(mark for mark in dossier.marks if mark != UNREAD_MARK)
    return join(frozen.changed(dossier, unread="", marks=marks), again)
