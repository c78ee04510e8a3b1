"""Inventoried: what the inventory says of who an identity is, and whose identities are no business of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from correlators.kernel.ends import SKEW
from correlators.kernel.rosters import is_credential
from correlators.kernel.view import View
from schemas.claims import Approval
from schemas.evidence import Evidence
from schemas.fact import INVENTORY
from schemas.rosters import installation_of

OURS: dict[str, re.Pattern[str]] = {
    "aws": re.compile(r"(?:user|role)/(?!AWSServiceRoleFor|AWSReservedSSO_|aws-controltower-)"),
    "vault": re.compile(r"entity/"),
    "k8s": re.compile(
        r"(?!(?:user|group|system|secret|namespace|kube-[^/]*|openshift-[^/]*|gke-[^/]*)/)[^/]+/"
    ),
    "gcp": re.compile(
        r"(?!service-\d+@)[^@/]+@(?!(?:cloudservices|system|gcp-sa-[^.]*|[^.]*-robot)\.)"
        r"[^@]*gserviceaccount\.com$"
    ),
    "entra": re.compile(r"(?:app|sp)/"),
    "agent": re.compile(r"."),
}  # fmt: skip
"""By the first word of the key, what identities of a site's own look like after their installation. Not among
them: what the provider makes and runs for itself (service-linked roles, kube-system, service agents), people
(single sign-on, users of a cluster), federated subjects (their role is judged), and tokens without an
identity."""

PASSWORD = ":password/"
"""Who signs in with a password is a person, whatever else it holds."""


def speaks(view: View) -> Evidence | None:
    """The earliest record by which an inventory speaks for this identity's installation; None: none does."""
    return view.dossier.covers.get(installation_of(view.key))


def declared(view: View) -> Evidence | None:
    """The latest inventory record about this identity, by any of its keys."""
    many = [d for told in view.dossier.stated.values() for d in told if d.source == INVENTORY]
    if not many:
        return None
    latest = max(many, key=lambda d: (d.recorded, d.uid))
    return Evidence(latest.recorded, latest.uid, INVENTORY, operation="declared", arrived=latest.arrived)


def ours(view: View) -> bool:
    """Whether this is a non-human identity of the site's own, as far as its key and credentials tell."""
    word, _, rest = view.key.partition(":")
    pattern = OURS.get(word)
    name = rest if word == "agent" else rest.partition(":")[2]
    if pattern is None or is_credential(view.key) or not pattern.match(name):
        return False
    return not any(PASSWORD in credential for credential in view.credentials)


def current(view: View, uses: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Uses without those under a key that records called an alias and the latest one of them no longer does:
    what was told here meanwhile is another's."""
    former: set[str] = set()
    for told in view.dossier.stated.values():
        *_, latest = sorted(told, key=lambda d: (d.recorded, d.uid))
        former.update(alias for d in told for alias in d.aliases if alias not in latest.aliases)
    return tuple(e for e in uses if e.actor not in former)


def approvals(view: View) -> list[Approval]:
    """Every approval that reached this dossier, in order of time."""
    return sorted({a for many in view.dossier.approvals.values() for a in many})


def uncovered(uses: Iterable[Evidence], granted: list[Approval]) -> tuple[Evidence, ...]:
    """Uses that no approval covers at their time, two producers' clocks granted."""
    return tuple(
        e for e in uses if not any(a.covers(e.time - SKEW) or a.covers(e.time + SKEW) for a in granted)
    )
