"""Provider: all that gapwatch knows about who issues credentials, on one page.

``schemas/providers/`` holds one page each, found from the folder as sources are: a module with ``PROVIDER``.
The core asks the tables that ``schemas.providers`` makes of the pages; no name of a provider, of its methods,
its kinds of keys or its programs stands in ``correlators/``. What is to be known of a provider beyond this is
a field of ``Provider`` with a default, so that the other pages stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from schemas.activity import EndKind
from schemas.masking import MASK

NEVER = re.compile(r"(?!)")
"""Matches nothing."""


@dataclass(frozen=True, slots=True)
class Id:
    """How the ids of one sort of credential look: ``forms`` as a regular expression, after what ``under``
    says of the account or path before it. What looks otherwise where an id belongs may be the credential
    itself, and is masked (``schemas.gate``)."""

    forms: str = NEVER.pattern
    under: str = ""

    def compiled(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """Returns all that may follow, and what of it stands before the id."""
        whole = re.compile(rf"(?:{self.under})(?:{self.forms}|{MASK.pattern})", re.DOTALL)
        return whole, re.compile(self.under, re.DOTALL)


UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
COUNTED = r"(?:[A-Za-z]{1,12}[-_])?\d{1,6}"
"""A number, or a word and a number: no issuer makes secrets of so little."""
NAMES = Id(r".*")
"""Names of accounts and objects that somebody gave them: credentials are called after what they are of."""
MASKS = Id()
"""No id but a mask: what stands there in clear is a secret."""

EVERY_KIND = "*"
"""In ``Provider.unseen``: every kind that is not named there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace:
    """A time that a provider is granted, and the setting by which a site changes it. ``why``: the reason, as
    the setting's description says it."""

    setting: str
    length: timedelta
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider's page.

    A key reads ``<word>:<installation>:<name>``, or ``<word>:<name>`` for what has no installation. ``name``
    below is what follows the installation (what follows the word, where there is none).

    Keys:
    ``words``: the first words of its keys. ``installed``: what ends the installation in its keys; "": they
    name none, and all that follows the word is the name. ``credentials``: how the names of credentials begin;
    everything else is an identity or a resource. ``ids``: how their ids look, by the same beginnings.
    ``sessions``: those of them that are sessions whatever a
    record says. ``own``: names of identities that are the site's own, and belong into an inventory: neither
    what the provider makes and runs for itself, nor people, nor federated subjects, nor second names.
    ``imitable``: names as the provider's own identities have them and others may: its log marks their
    sessions (``schemas.activity.Known.theirs``). ``makers``: by how such a name begins, who makes them,
    where there is no mark.
    ``personal``: how the names of credentials begin that only people have. ``placeholders``: names of
    credentials that documentation uses as examples. ``names_first``, ``names_last``: of several names of one
    credential, which is preferred and which is not, by a part of it.

    Words (``schemas.naming``, ``correlators.kernel.views.wording``): ``title``: the provider as people call
    it. ``sorts``: by how a name begins, what kind of thing it is; "": of ``own`` identities with another
    beginning. ``opaque``: how the names begin that are ids, which say nothing to people; ``chosen``: what its
    log calls them where a caller chose it, so that any other name is preferred. ``ends``: how its records
    call an end (a regular expression), and that end in words, after "after". ``acts``: operations on
    identities in words, in the past tense.

    ``trusts``: how names begin of what nobody holds: a trust that admits others, a
    pair of who speaks for whom.

    Authority (``schemas.authority``):
    ``finds``: its sources may say of any credential that it was found exposed: nobody else would know.
    ``retells``: its sources hold nothing but what others wrote. ``signed``: the records of its sources are
    signed by whoever speaks, and who that is counts as their installation. ``issued``: words of its keys
    whose installation is the issuer. ``transmitters``: how the issuers begin that speak for an installation
    of it, before the installation's name.

    Evidence:
    ``sources``: the sources that hold the provider's own records. ``uses``: the source that would show a use;
    ``uses_too``: others that show uses as well, each of some; ``uses_of``: where it depends on how the name
    begins. ``unseen``: by kind of credential (``EVERY_KIND``),
    why no source shows a use by design, "" where one does. ``refusals_hidden``: why a refused try of a dead
    credential is mostly not recorded; "": refusals are recorded as uses are. ``forgets``: how the names of
    credentials begin of which a refusal says that the server does not know them, unless the reader says that
    it is about something beside them. ``removals``: operations that only take away, of which its reader tells
    no effect. ``one_issue``: one event that issued two credentials of one kind issued one under two names.

    ``gates``: how its log calls the gates (endpoints of a private network) that a caller may come through.
    ``enumerates``: operations that show which secrets there are; ``reads_many``: that read several at once,
    with ", " between their names. ``collections``: names under which secrets are listed or watched together.
    ``peers``: its log names the peer of a connection, which may be a balancer that stands for others.

    Ends:
    ``lives``: by the beginning of a name, for how long such a credential lives at most, whatever a record
    says. ``unnamed``: how the names begin of credentials that no record names, only that there is one.
    ``grace``: what an end is granted to come true; ``graces``: by kind of end, where that differs.
    ``never_acts``: by how the name begins, what is granted beside ``grace`` after the end of a credential
    that is only ever seen in calls of what it was exchanged for. ``leeway``: how long after its expiry a
    credential is accepted by design.

    People and machines:
    ``driven``: clients of its own that a person drives; ``sign_ins``: operations by which a person signs in.
    ``machine``: the machine after which a session is named, as the first group.
    ``old_version``, ``new_version``: how versions of a secret are named that have no id.

    Groups: ``reach``: the part of the installation that a grant reaches, as the first group of its name; a
    grant of another name reaches all of it. ``passing``: names of grants that stand for passing for another
    (``almighty``: for one who may do everything), and ``refused_self``: for a grant to oneself that was
    refused. There is no such object, the reader says so of a use. ``things``: names of grants of access to
    one thing, with its name as the first group, and ``things_are``: how the keys of such things begin: who
    makes one may give itself access. ``scopes``: names of roles that are scopes
    as OAuth knows them, with what a record calls them as the first group; ``levels``: of which each scope is
    one, after a colon, the widest last: who has a wider one has the narrower. ``single_objects``: groups are
    single objects, with few members each, and ``objects`` are the parts of keys that tell objects from
    identities. ``holders``: a part of the keys of holders that are groups.
    """

    name: str
    words: tuple[str, ...]
    sources: tuple[str, ...] = ()
    installed: str = ":"
    credentials: tuple[str, ...] = ()
    ids: Mapping[str, Id] = field(default_factory=dict)
    sessions: tuple[str, ...] = ()
    own: re.Pattern[str] = NEVER
    imitable: re.Pattern[str] = NEVER
    makers: Mapping[str, str] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    placeholders: re.Pattern[str] = NEVER
    title: str = ""
    sorts: Mapping[str, str] = field(default_factory=dict)
    opaque: tuple[str, ...] = ()
    chosen: re.Pattern[str] = NEVER
    ends: Mapping[str, str] = field(default_factory=dict)
    acts: Mapping[str, str] = field(default_factory=dict)
    trusts: tuple[str, ...] = ()
    finds: bool = False
    retells: bool = False
    signed: bool = False
    issued: tuple[str, ...] = ()
    transmitters: tuple[str, ...] = ()
    names_first: str = ""
    names_last: str = ""
    uses: str = ""
    uses_too: tuple[str, ...] = ()
    uses_of: Mapping[str, str] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    refusals_hidden: str = ""
    forgets: tuple[str, ...] = ()
    removals: frozenset[str] = frozenset()
    one_issue: bool = False
    gates: re.Pattern[str] = NEVER
    enumerates: re.Pattern[str] = NEVER
    reads_many: frozenset[str] = frozenset()
    collections: re.Pattern[str] = NEVER
    peers: bool = False
    grace: Grace | None = None
    graces: Mapping[EndKind, Grace] = field(default_factory=dict)
    never_acts: Mapping[str, Grace] = field(default_factory=dict)
    leeway: Grace | None = None
    lives: Mapping[str, timedelta] = field(default_factory=dict)
    unnamed: tuple[str, ...] = ()
    driven: re.Pattern[str] = NEVER
    sign_ins: frozenset[str] = frozenset()
    machine: re.Pattern[str] = NEVER
    old_version: str = ""
    new_version: str = ""
    reach: re.Pattern[str] = NEVER
    passing: re.Pattern[str] = NEVER
    almighty: re.Pattern[str] = NEVER
    things: re.Pattern[str] = NEVER
    things_are: str = ""
    refused_self: re.Pattern[str] = NEVER
    scopes: re.Pattern[str] = NEVER
    levels: tuple[str, ...] = ()
    single_objects: bool = False
    objects: tuple[str, ...] = ()
    holders: str = ""
