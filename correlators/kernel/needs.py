"""Needs: what a dossier must hold for a control to have anything to say, so that no other control is asked.

A verdict exists once a record claims something. Most dossiers hold uses alone, and nothing that a use could
contradict: of these only the few controls are asked that judge habits. ``CONTROL.needs`` names parts of which
one must be there; a property test holds every control to it: a dossier without them gives no verdict, and
nothing to ask again.

| part | it is there where |
|---|---|
| a field of ``schemas.dossier.Dossier`` | it is not empty |
| ``credentials.`` and a field of ``schemas.dossier.Credential`` | it is not empty in one of the credentials |
| ``expiry`` | it is known of a credential when it expires |
| ``refused`` | a credential was tried and not accepted |
| ``secret reads`` | a credential read a secret, or tried to |
| ``places`` | credentials were used at more than one place |
| ``root`` | the identity is a root, or a credential is of a root's kind |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import compress
from operator import attrgetter
from typing import Any

from correlators.kernel.catalogue import Judge
from schemas.credential_kind import traits_of
from schemas.dossier import Credential, Dossier
from schemas.providers import is_root

EXPIRY, REFUSED, SECRET_READS, PLACES, ROOT = "expiry", "refused", "secret reads", "places", "root"

COMPUTED = frozenset({EXPIRY, REFUSED, SECRET_READS, PLACES, ROOT})
"""Parts that are no field."""

OF_CREDENTIALS = "credentials."
"""How parts begin that are fields of credentials."""

_FIELDS = Dossier.__struct_fields__
_values: Callable[[Dossier], tuple[Any, ...]] = attrgetter(*_FIELDS)
_FIELDS_OF_ONE = tuple(name for name in Credential.__struct_fields__ if name != EXPIRY)
_PARTS_OF_ONE = tuple(OF_CREDENTIALS + name for name in _FIELDS_OF_ONE)
_values_of_one: Callable[[Credential], tuple[Any, ...]] = attrgetter(*_FIELDS_OF_ONE)

PARTS = frozenset({*_FIELDS, *_PARTS_OF_ONE, *COMPUTED})
"""All that a control may name."""


def held(key: str, dossier: Dossier) -> set[str]:
    """Returns the parts that a dossier holds."""
    parts = {*compress(_FIELDS, _values(dossier))}
    stays: set[str] = set()
    for credential in dossier.credentials.values():
        parts.update(compress(_PARTS_OF_ONE, _values_of_one(credential)))
        stays.update(credential.stays)
        parts.update(_of_uses(credential))
        if credential.expiry[1]:
            parts.add(EXPIRY)
        if credential.kind and traits_of(credential.kind).root:
            parts.add(ROOT)
    if len(stays) > 1:
        parts.add(PLACES)
    if is_root(key):
        parts.add(ROOT)
    return parts


def _of_uses(credential: Credential) -> Iterator[str]:
    """What its uses tell, those that are pinned, too, and those of which only a place is left."""
    for key in credential.uses:
        if key.startswith("unauthenticated"):
            yield REFUSED
        if key.endswith("secret_read"):
            yield SECRET_READS
    if credential.pins:
        yield from (REFUSED, SECRET_READS)
    if any("secret_read" in stay.grave for stay in credential.stays.values()):
        yield SECRET_READS


class Asked:
    """Controls, of which those are asked whose needs a dossier holds."""

    def __init__(self, controls: Mapping[str, Judge]) -> None:
        self.controls = controls
        self._needs = [(control, control.CONTROL.needs) for control in controls.values()]

    def __bool__(self) -> bool:
        return bool(self._needs)

    def about(self, key: str, dossier: Dossier) -> Iterable[Judge]:
        """Yields the controls that may have something to say of it, in order of name."""
        parts = held(key, dossier)
        return (control for control, needs in self._needs if not needs or not needs.isdisjoint(parts))
