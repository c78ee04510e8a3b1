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

from collections.abc import Iterable, Mapping

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
_OF_ONE = tuple(name for name in Credential.__struct_fields__ if name != EXPIRY)

PARTS = frozenset({*_FIELDS, *(OF_CREDENTIALS + name for name in _OF_ONE), *COMPUTED})
"""All that a control may name."""


class Parts:
    """Looks for some parts in dossiers."""

    def __init__(self, named: frozenset[str]) -> None:
        self._fields = [name for name in _FIELDS if name in named]
        self._of_one = [(OF_CREDENTIALS + name, name) for name in _OF_ONE if OF_CREDENTIALS + name in named]

    def held(self, key: str, dossier: Dossier) -> set[str]:
        """Returns those that a dossier holds, and the computed ones that it holds."""
        parts = {name for name in self._fields if getattr(dossier, name)}
        if is_root(key):
            parts.add(ROOT)
        credentials = dossier.credentials.values()
        for credential in credentials:
            for part, name in self._of_one:
                if getattr(credential, name):
                    parts.add(part)
            _compute(credential, parts)
        if len(credentials) > 1 and len({place for c in credentials for place in c.stays}) > 1:
            parts.add(PLACES)
        return parts


def _compute(credential: Credential, parts: set[str]) -> None:
    """Adds what no field says by itself; of what is pinned or thinned whatever it may be of."""
    if credential.expiry[1]:
        parts.add(EXPIRY)
    if credential.kind and traits_of(credential.kind).root:
        parts.add(ROOT)
    if credential.pins:
        parts.update((REFUSED, SECRET_READS))
    for key in credential.uses:
        if key.startswith("unauthenticated"):
            parts.add(REFUSED)
        if key.endswith("secret_read"):
            parts.add(SECRET_READS)
    if len(credential.stays) > 1:
        parts.add(PLACES)
    if SECRET_READS not in parts and any("secret_read" in stay.grave for stay in credential.stays.values()):
        parts.add(SECRET_READS)


class Asked:
    """Controls, of which those are asked whose needs a dossier holds."""

    def __init__(self, controls: Mapping[str, Judge]) -> None:
        self.controls = controls
        self._needs = [(control, control.CONTROL.needs) for control in controls.values()]
        self._parts = Parts(frozenset().union(*(needs for _, needs in self._needs)))

    def __bool__(self) -> bool:
        return bool(self._needs)

    def about(self, key: str, dossier: Dossier) -> Iterable[Judge]:
        """Returns the controls that may have something to say of it, in order of name."""
        parts = self._parts.held(key, dossier)
        return [control for control, needs in self._needs if not needs or not needs.isdisjoint(parts)]
