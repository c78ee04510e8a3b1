"""What files do not mention is taken back: fields of the identities that they name, and, where they list
exceptions, all others that hold."""

from __future__ import annotations

from typing import Any

from schemas.inventory_model import CLEARABLE, VERSION
from streams.command.declare import Declared, document_of, written
from streams.command.exceptions import Held, exceptions, withdrawal
from streams.site.settings import Settings

LEFT_OUT = "left out of a set that was declared anew"


def replacing(settings: Settings, messages: list[Declared]) -> list[Declared]:
    """Returns the messages as records that say everything, and the withdrawal of exceptions that none of
    them lists."""
    documents = [(document_of(message.content), message.entries) for message in messages]
    whole = [written(_whole(document), entries) for document, entries in documents]
    if not any("exceptions" in document for document, _ in documents):
        return whole
    listed = {Held.of(e).id for document, _ in documents for e in document.get("exceptions") or ()}
    left = [held for held in exceptions(settings) if held.state == "holds" and held.id not in listed]
    if not left:
        return whole
    back = [withdrawal(held, held.owner, LEFT_OUT) for held in left]
    return [*whole, written({"gapwatch": VERSION, "exceptions": back}, len(back))]


def _whole(document: dict[str, Any]) -> dict[str, Any]:
    identities = document.get("identities")
    if not identities:
        return document
    nothing = dict.fromkeys(sorted(CLEARABLE))
    return document | {"identities": [nothing | identity for identity in identities]}
