"""A case of the year, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra.simulator.cases import Case

Expects = Literal["finding", "proof", "silence"]


@dataclass(frozen=True)
class YearCase(Case):
    """``subject`` names the identity in the steps; ``credential`` the handle of the credential that is
    judged, "" its first.

    ``expects``: a finding of the control, a proof of it, or silence about the subject. ``also``: controls
    that may speak of it too. ``goes_on``: its routine resumes the day after. ``wrong``: the claim is what
    is wrong, and not in the clean year either. ``severity``: that of the finding, "" for any. ``about``:
    credential, identity, sessions, switch (the provider's own), root or trust. ``silent``: days without
    routine before it. ``exposed``: since when the inventory has its credential as exposed; ``rotated``: as
    rotated, to the key ``.next``; ``approved``: from when until when a root was approved; ``window``: until
    when its identity may act at all.
    """

    source: str = "cloudtrail"
    credential: str = ""
    expects: Expects = "finding"
    also: tuple[str, ...] = ()
    goes_on: bool = False
    wrong: bool = False
    silent: int = 0
    exposed: str = ""
    rotated: str = ""
    approved: tuple[str, str] = ("", "")
    window: str = ""


MORE = "more"
"""Mark of a step that is wrong too, and need not be named."""

TRIED = ("dead_credential_tried",)
"""What may also speak of a case in which a dead credential is refused."""

DENIED = ("permission denied", "")
"""A step's error: the server does not accept the credential."""
