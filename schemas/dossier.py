"""Dossier: all that is known about one identity (or credential, group, trace): a join-semilattice of facts.

A fact is a small dossier. Every field is a lattice value whose empty value is its bottom;
``correlators.kernel.knowledge.join`` joins them. Nothing here counts: it remembers sets, earliest, latest and
switches.
"""

from __future__ import annotations

import msgspec

from schemas.activity import Edge, EndKind, Parent
from schemas.claims import Approval, PolicyException, Release, Rotation, RotationPolicy
from schemas.declaration import Declaration
from schemas.evidence import Evidence
from schemas.span import Span


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """One turn of a switch: at ``time`` (µs) the thing ended (``alive`` false) or was restored.

    ``about``: the key that the record named. The other fields are those of ``schemas.activity.Ended``.
    """

    time: int
    alive: bool
    how: str
    evidence: Evidence
    kind: EndKind = "revoked"
    claims_cut: bool = False
    carries: bool = False
    scope: str = ""
    about: str = ""


class Gone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """When something was that was let go of: up to which ``hour`` (since 1970), and in which minutes, hours
    and days before that, as bits (``correlators.kernel.knowledge.gone``)."""

    hour: int
    minutes: bytes = b""
    hours: bytes = b""
    days: bytes = b""


class Sightings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Evidence sorted by (time, uid), thinned as ``correlators.kernel.knowledge.sightings`` says;
    ``truncated``: some was let go, ``gone``: when that was."""

    kept: tuple[Evidence, ...] = ()
    truncated: bool = False
    gone: Gone | None = None


class Ancestor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The end of something this credential descends from: the edge to it, the identity whose dossier holds
    it, its turns and those of its identity. Which of these reach it depends on its kind, issue and
    incarnation, which may be learned later: so they are told too. ``direct``: records of issues lead to it;
    ``named``, ``opened``: they do but for one step, for which a session's name stands
    (``correlators.kernel.knowledge.tied``)."""

    edge: Edge
    home: str
    turns: tuple[Turn, ...] = ()
    kind: str = ""
    issued: Evidence | None = None
    incarnation: str = ""
    direct: bool = False
    named: tuple[str, ...] = ()
    opened: int = 0


class Child(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """A credential issued by another: the edge, the identity whose dossier holds it, when it was issued
    (µs).
    """

    edge: Edge
    identity: str
    issued: int = 0


class Descendant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a descendant reports to the dossier of an ended ancestor: uses since that end, when it will be
    over, and how those of its identity had written to identities before (``Credential.did``).
    ``superseded``: from when on (µs) uses that are seen under its key may be those of a later one.
    ``direct``, ``named``, ``opened``: see ``Ancestor``."""

    edge: Edge | None = None
    kind: str = ""
    names: tuple[str, ...] = ()
    issued: Evidence | None = None
    expiry: tuple[int, int] = (0, 0)
    uses: dict[str, Sightings] = {}
    did: dict[str, int] = {}
    superseded: int = 0
    direct: bool = False
    named: tuple[str, ...] = ()
    opened: int = 0


class Stay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A credential at one place: its earliest and latest use there, the first few days (since 1970) on which
    it was there, what it reached from there, and by grave action (``schemas.fact.GRAVE``) the earliest use.

    Evidence is bare: whose, with what and where from is said by where it stands.
    """

    first: Evidence
    last: Evidence
    days: tuple[int, ...] = ()
    services: tuple[str, ...] = ()
    grave: dict[str, Evidence] = {}


class Called(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """What a provider's log calls a thing whose key holds an id: whether nobody who calls chose it, the day
    on which it was called so last (since 1970), and the name. Shown, never joined on; it decides nothing."""

    given: bool
    day: int
    name: str


HERE, APART = 1, 2
"""``Credential.lives``: judged with its identity, or in a dossier of its own."""


class Credential(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One credential in its identity's dossier.

    ``expiry``: (as of, expires) in µs, the latest statement holds; expires 0: does not expire.
    ``uses``: outcome, or ``outcome:action`` (``schemas.activity``), to sightings.
    ``pins``: the first uses after an end, by ``<µs of the end> <key of uses>``: thinning might let them go.
    ``incarnation``: which holder of the identity's name it is of (``schemas.activity.Activity``), "" unknown.
    ``machine``: the machine that holds it, where its session is named after one.
    ``exposures``: found exposed (``alive`` false), or that was taken back; of the unnamed credential "": some
    credential.
    ``places`` and ``clients``: networks and clients of authenticated uses. ``known``: earliest mention of any
    kind.
    ``did``: how it wrote to identities, with the first time (µs): an operation and, after a tab, the network
    it came from; and, after a plus, what it made. ``undid``: its writes that only took something away, by
    time and event id: the keys of what, one a line. ``seen_as``, ``seen_until``: see
    ``schemas.activity.Issued``.
    ``stays``: where it was used, and ``knocks``: where it was presented and not accepted; by source and,
    after a tab, place (``schemas.fact.stay_key``). ``person``: a person holds it, ``theirs``: it is
    of an identity of the provider's own, both by the provider's own mark. ``lives``: where it is judged
    (``correlators.kernel.routes.apart``). ``called``: its name, where the key holds an id. ``session``,
    ``opened``: see ``schemas.activity.Known``.
    """

    kind: str = ""
    names: tuple[str, ...] = ()
    issued: Evidence | None = None
    known: Evidence | None = None
    expiry: tuple[int, int] = (0, 0)
    max_uses: int = 0
    parents: dict[str, Parent] = {}
    turns: tuple[Turn, ...] = ()
    failed_ends: tuple[Turn, ...] = ()
    ancestors: dict[str, Ancestor] = {}
    children: dict[str, Child] = {}
    descendants: dict[str, Descendant] = {}
    uses: dict[str, Sightings] = {}
    pins: dict[str, Sightings] = {}
    places: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    incarnation: str = ""
    exposures: tuple[Turn, ...] = ()
    machine: str = ""
    did: dict[str, int] = {}
    undid: dict[str, str] = {}
    seen_as: str = ""
    seen_until: int = 0
    stays: dict[str, Stay] = {}
    knocks: dict[str, Stay] = {}
    person: bool = False
    theirs: bool = False
    lives: int = 0
    called: Called | None = None
    session: str = ""
    opened: int = 0


class Passage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """An identity at one address: when a credential of it was seen there first, when one was first issued
    through it (µs, 0: never), and whether one was seen there and at another address, too."""

    first: int = 0
    given: int = 0
    roams: bool = False


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A forwarding address: known since (µs, smallest), and, where it was declared, the switch that says if
    it holds."""

    since: int = 0
    turns: tuple[Turn, ...] = ()


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """A member of a group: the identity whose dossier holds the credential, its path in the group, when
    issued (µs).
    """

    identity: str
    path: str = ""
    issued: int = 0


class Calls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An agent's calls of one tool: the names and servers it was seen under, and sightings per channel.

    One call may stand in several channels; what they are, which outranks which, and what each is worth is the
    table in ``correlators.kernel.views.calls``. ``leads``: agents to which the tool hands over, by its own
    account. ``also``: see ``schemas.span.Span``. Evidence is compact there: the key says whose calls of what,
    mirrors are span ids.
    """

    names: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    handoff: bool = False
    channels: dict[str, Sightings] = {}
    leads: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """One list of tools that an agent was offered: the names, each with the digest of its definition (""
    where the list shows none), and when it was given (``Evidence.asked`` there: in which session)."""

    tools: tuple[tuple[str, str], ...] = ()
    seen: Sightings = Sightings()


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an identity may do by one grant: the role's key, when it was given and removed, uses that it
    allowed.

    In the dossier of the grant itself the turns wait for the identities that hold it; ``Turn.scope`` there:
    the identities (one a line) that keep it.
    """

    role: str = ""
    turns: tuple[Turn, ...] = ()
    uses: dict[str, Sightings] = {}


class Opened(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A session: the event that began it, when it ended (µs, 0: not yet), the grant that allowed it, whether
    it only listens, and whether it is shown secrets."""

    began: Evidence
    ended: int = 0
    allowed_by: str = ""
    passive: bool = False
    secret: bool = False


class Glimpsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """``schemas.activity.Glimpse``: until when (µs), about what, by which event (which began it)."""

    until: int
    about: str
    evidence: Evidence


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How far a source, or one raw partition of it (``topic/number``), has been read.

    ``newest``: the latest event time, of a partition the time up to which it is worked off (µs).
    ``ticked``: when a tick last spoke of the partition (µs; stored under its name of old). ``days``: the
    first event (µs) of each day, by the day's number since 1970.
    """

    newest: int = 0
    ticked: int = msgspec.field(default=0, name="told")
    days: dict[int, int] = {}


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """One finding of a crowd (``schemas.crowds``): the number of what was last said of it, whether it stands,
    open or resolved, and stands open, its severity, and the number at which it last left this crowd or
    changed its severity (0: never); its id, control, subject, the dossier that tells it, and when it began
    (µs)."""

    number: int
    stands: bool
    open: bool
    severity: int
    fell: int
    uid: str
    control: str
    subject: str
    home: str
    start: int


class Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """What was last said about one verdict: a running number, the digest of what was said, whether it stands
    open.

    ``urgent``: the digest of what in it is said at once when it changes. ``first``, ``said``: when something
    was said first and last, by our clock (µs). ``crowds``: of which it is one, ``left``: of which it was,
    ``fell``: see ``Part``.
    """

    number: int
    digest: str
    open: bool = False
    control: str = ""
    subject: str = ""
    title: str = ""
    severity: int = 0
    start: int = 0
    value: str = ""
    urgent: str = ""
    first: int = 0
    said: int = 0
    crowds: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    fell: int = 0


class Dossier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """See the module. ``turns``: of identities and groups, by the key that the record named.

    ``stated``: declarations by the identity they name. ``calls``: by tool key. ``spans``: by span id
    (dossiers of traces).
    ``grants``: by the grant's key. ``sessions``, ``glimpses``: by event id. ``begun``: operations that it
    began, when (µs, earliest).
    ``rotations`` and ``policies``: by what is rotated; ``versions``: who was given which version (dossiers of
    secrets).
    ``approvals``: by the identity they name. ``covers``: installations that an inventory speaks for, earliest
    record each.
    ``fronts``: by installation, of a sample of identities (``schemas.rosters.digest``) that came from several
    addresses: from which.
    ``lent``: of an address that is given to machines: what it is (after an @) and whose it came to be; of a
    machine and its identities: what they were given, and when it was taken away again.
    ``made``: identities that it made, and when (µs); ``makers``: of those that made it, whom an inventory
    declares, by the earliest record each.
    ``watch``: how far each source has been read, and which days it was watched (dossiers of a partition).
    ``offered``: tools offered to an agent, earliest evidence each. ``marks``: caps that were reached.
    ``lists``: the lists in which tools were offered (``correlators.kernel.views.offers.list_key``).
    ``heard``: what was said by those who do not speak for this (``schemas.authority``), by who said it.
    ``ways``: who forwards to whom on the way here (keys with a tab between), as of when (µs), and whether.
    ``coming``: what claims a later time than it came at, by when it counts (µs, ``schemas.coming``).
    ``apart``: of a credential that is judged apart from its identity, by that identity, the key under which;
    ``asked``: identities that asked where it lives (``correlators.kernel.routes.apart``); ``beside``: what is
    known of the identity's other credentials, as little as tells whether one took its place.
    ``releases``: by the workload they name. ``images``: what a workload was told to run (``set``) and what it
    was seen running (``ran``); as the operation the images, as ``asked`` the part of it.
    ``secrets``: secrets that it read, by name, when first (µs).
    ``crowd``: findings of one cause (dossiers of crowds), by their place in the sample; ``crowded``: per
    crowd and severity whether it is one, and as of which number (``correlators.kernel.routes.crowds``).
    ``called``: names of identities whose keys hold ids, by key.
    ``unread``: the text of a dossier that this version does not wholly understand (``schemas.stored``).
    """

    credentials: dict[str, Credential] = {}
    addresses: dict[str, Address] = {}
    turns: dict[str, tuple[Turn, ...]] = {}
    stated: dict[str, tuple[Declaration, ...]] = {}
    members: dict[str, Member] = {}
    calls: dict[str, Calls] = {}
    offered: dict[str, Evidence] = {}
    seen: Evidence | None = None
    spans: dict[str, Span] = {}
    grants: dict[str, Grant] = {}
    sessions: dict[str, Opened] = {}
    glimpses: dict[str, Glimpsed] = {}
    begun: dict[str, int] = {}
    rotations: dict[str, tuple[Rotation, ...]] = {}
    policies: dict[str, tuple[RotationPolicy, ...]] = {}
    versions: dict[str, Sightings] = {}
    approvals: dict[str, tuple[Approval, ...]] = {}
    # "waivers" and "census" are the names in what earlier versions stored.
    exceptions: tuple[PolicyException, ...] = msgspec.field(default=(), name="waivers")
    covers: dict[str, Evidence] = {}
    sampled: dict[str, bool] = msgspec.field(default_factory=dict, name="census")
    fronts: dict[str, dict[str, dict[str, Passage]]] = {}
    lent: dict[str, tuple[Turn, ...]] = {}
    made: dict[str, int] = {}
    makers: dict[str, Evidence] = {}
    watch: dict[str, Watch] = {}
    reported: dict[str, Reported] = {}
    marks: tuple[str, ...] = ()
    heard: dict[str, Dossier] = {}
    coming: dict[int, Dossier] = {}
    ways: dict[str, tuple[int, bool]] = {}
    apart: dict[str, str] = {}
    asked: dict[str, bool] = {}
    beside: dict[str, Credential] = {}
    releases: dict[str, tuple[Release, ...]] = {}
    images: dict[str, Sightings] = {}
    secrets: dict[str, int] = {}
    crowd: dict[str, Part] = {}
    crowded: dict[str, dict[int, tuple[int, bool]]] = {}
    unread: str = ""
    lists: dict[str, Listed] = {}
    called: dict[str, Called] = {}


EMPTY = Dossier()
