"""Activity: one vendor event in our words, and what it changes.

An activity is stored for hunting; the facts that are correlated are a function of it and of nothing else
(``schemas.fact.facts_of``), so stored activities can be read into facts again.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from schemas.claims import UNSAID
from schemas.credential_kind import CredentialKind
from schemas.declaration import Declaration
from schemas.span import Span

Outcome = Literal["succeeded", "failed", "forbidden", "unauthenticated", "unknown"]
"""How a use ended. ``failed`` and ``forbidden``: the credential was accepted (authenticated);
``unauthenticated``: it was not.
"""

Action = Literal["", "identity_write", "secret_read", "renew", "service", "aside", "continues", "link"]
"""What kind of use: a write to identities or access, a read of a secret, a renewal of the credential itself,
or a call that a provider's own service made while carrying the credential (never a use by its holder).
``aside``, of a refusal: it was for something beside the credential (an address outside its bounds, a disabled
identity, the one token of an exchange), which proves no death. ``continues``: a later record of an operation
(``asked``) that may have begun before; where its beginning is on record, it is no use of its own.
``link``: what was signed with the credential once is opened by whoever was given it."""

Edge = Literal["dies_with", "came_from", "made_by"]
"""Lineage. ``dies_with``: the provider ends the child with the parent. ``came_from``: exchanged for or issued
by the parent, and survives it (a residual). ``made_by``: an orphan by design; a death is not carried over it.
"""

EndKind = Literal[
    "revoked",
    "deleted",
    "disabled",
    "cut",
    "exhausted",
    "declared",
    "group",
    "removed",
    "rotated",
    "remade",
    "silenced",
    "narrowed",
]
"""How a thing ended. ``cut``: a session-revoking policy. ``group``: died with its mount, lease prefix, role.
``removed``: what its access rests on was removed, the credential itself was not ended.
``rotated``: a successor took its place, it lives on. ``deleted`` of an identity ends its credentials;
``disabled`` of an identity is a status of the identity. ``remade``, of what lives: another thing has the name
now (a user, a role, an account, a Secret made anew); that takes back nothing. ``silenced``, of a log: nobody
writes it any more; ``narrowed``: it is written, and takes less."""


class Parent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """One edge of lineage as the child knows it: the parent's edge, and the identity whose dossier holds the
    parent."""

    edge: Edge
    identity: str = ""


class Issued(msgspec.Struct, frozen=True, tag="issued", omit_defaults=True):
    """A credential was handed out by this event.

    ``names`` are other keys of the same credential. ``groups`` maps a group key (``schemas.fact.group_key``)
    to the path under which the credential belongs to it. ``expires`` in µs, 0 unknown. ``max_uses`` 0
    unlimited.
    ``called``: what it is called, where its key holds an id. ``incarnation``: see ``Activity``. ``seen_as``:
    the credential under whose key its uses are seen, together with those of others of its sort;
    ``seen_until``: how long at most (µs). ``session``: what the provider calls the session, where other
    credentials that are given out for it are not recorded (``Known.opened``).
    """

    credential: str
    identity: str = ""
    kind: CredentialKind = ""
    names: tuple[str, ...] = ()
    parents: dict[str, Parent] = {}
    groups: dict[str, str] = {}
    expires: int = 0
    max_uses: int = 0
    incarnation: str = ""
    seen_as: str = ""
    seen_until: int = 0
    called: str = ""
    session: str = ""


class Ended(msgspec.Struct, frozen=True, tag="ended", omit_defaults=True):
    """A kill that took: of one credential, of an identity, or of all members of a group.

    ``claims_cut``: the provider says that this ends the credential at once, so its propagation time is
    granted.
    ``carries``: the death goes down ``dies_with`` edges. ``scope``: only members whose path begins with it;
    of an identity that was deleted: its incarnation, "" unknown.
    ``at``: when it takes effect, in µs, if not at the event's time.
    """

    how: str
    kind: EndKind
    credential: str = ""
    identity: str = ""
    group: str = ""
    claims_cut: bool = True
    carries: bool = True
    scope: str = ""
    at: int = 0


class Restored(msgspec.Struct, frozen=True, tag="restored", omit_defaults=True):
    """The opposite of a kill: enabled or created again. ``kind``: the kind of end that it takes back.

    ``remade``: nothing is taken back, something new has the name. ``group``, ``scope``: as in ``Ended``.
    """

    how: str
    kind: EndKind = "disabled"
    credential: str = ""
    identity: str = ""
    at: int = 0
    group: str = ""
    scope: str = ""


class EndFailed(msgspec.Struct, frozen=True, tag="end_failed", omit_defaults=True):
    """A revocation was tried and did not take. The credential may be unnamed."""

    how: str
    credential: str = ""
    identity: str = ""


class Renewed(msgspec.Struct, frozen=True, tag="renewed", omit_defaults=True):
    """The credential's expiry moved to ``expires`` (µs; 0: it no longer expires)."""

    credential: str
    identity: str = ""
    expires: int = 0


class Known(msgspec.Struct, frozen=True, tag="known", omit_defaults=True):
    """This credential belongs to this identity (and goes by these names), said without a use of it.

    ``groups``: as in ``Issued``. ``as_of``: when ``expires`` was said (µs), if not
    with the event. ``person``: a person holds it, ``theirs``: it is of an identity
    of the provider's own, both by the provider's own mark. ``called``: as in ``Issued``.
    ``session``: of which session of that name it is, and ``opened``: as of when (µs), where no record says
    from what it was issued.
    """

    credential: str
    identity: str
    kind: CredentialKind = ""
    names: tuple[str, ...] = ()
    issued: int = 0
    expires: int = 0
    groups: dict[str, str] = {}
    as_of: int = 0
    person: bool = False
    theirs: bool = False
    called: str = ""
    session: str = ""
    opened: int = 0


class Aliased(msgspec.Struct, frozen=True, tag="aliased", omit_defaults=True):
    """``alias`` is (or, with ``alive`` false, no longer is) another key of ``identity``.

    ``at`` 0: the record states it as a matter of fact (the provider's own two ids of one thing), not as a
    claim made then.
    """

    alias: str
    identity: str
    alive: bool = True
    at: int = 0


class Exposed(msgspec.Struct, frozen=True, tag="exposed", omit_defaults=True):
    """A credential was found where others can read it (a repository, a log), or (``withdrawn``) that was
    taken back.

    ``credential`` "": some credential of ``identity``, the record does not say which. ``report``: the report
    that says so, where there may be several of one credential: what is taken back is that one's word alone.
    """

    how: str
    credential: str = ""
    identity: str = ""
    withdrawn: bool = False
    at: int = 0
    report: str = ""


class Stated(msgspec.Struct, frozen=True, tag="stated", omit_defaults=True):
    """Declared state of one identity, as a record claims it."""

    identity: str
    declaration: Declaration


class Spanned(msgspec.Struct, frozen=True, tag="spanned", omit_defaults=True):
    """A span of an agent's trace. ``trace`` is the trace id in hex; ``within``: the trace that this one is a
    part of, and to which its spans are passed on."""

    trace: str
    span_id: str
    span: Span
    within: str = ""


class Granted(msgspec.Struct, frozen=True, tag="granted", omit_defaults=True):
    """``identities`` hold ``role`` by ``grant`` from now on (a Kubernetes binding), the role as its key."""

    grant: str
    role: str
    how: str
    identities: tuple[str, ...] = ()


class Withdrawn(msgspec.Struct, frozen=True, tag="withdrawn", omit_defaults=True):
    """The grant ended for all who held it but ``kept``: a removal mostly does not say whose access it
    ended. ``identities``: all who held it, where the record says so.
    """

    grant: str
    how: str
    kept: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()


class Session(msgspec.Struct, frozen=True, tag="session", omit_defaults=True):
    """This event is a use that stands open (an exec, a watch). ``ended``: until when (µs); 0: it stands
    yet.

    Begin and end may come as two records of one event id, in any order, or under one ``name``: the key that
    the provider gives the session, by which anybody may end it (``identity`` "": whose it is only its begin
    says). ``passive``: it only listens (a watch, a followed log).
    """

    identity: str = ""
    ended: int = 0
    passive: bool = False
    name: str = ""


class Begun(msgspec.Struct, frozen=True, tag="begun", omit_defaults=True):
    """With this event ``identity`` began an operation of which later records tell (a service's own name for
    it, never one that the caller chose)."""

    identity: str
    operation: str


class Lent(msgspec.Struct, frozen=True, tag="lent", omit_defaults=True):
    """From now on ``thing``, an address that is given to machines, is ``place``, or is ``holder``'s; with
    neither it is nobody's. ``named``: another key for it from now on. ``anew``: ``thing`` is a machine, and
    it was started: the address that it had is given back, and its next one is not told here."""

    thing: str
    place: str = ""
    holder: str = ""
    named: str = ""
    anew: bool = False


class Glimpse(msgspec.Struct, frozen=True, tag="glimpse", omit_defaults=True):
    """A moment, from the event's time until ``until`` (µs), that says something only beside others near
    it.

    ``about``: the key of what the server looked for and found gone; "": a refusal that names nobody.
    ``room``: where such moments meet, the prefix of the installation's keys.
    """

    room: str
    until: int
    about: str = ""


class Imaged(msgspec.Struct, frozen=True, tag="imaged", omit_defaults=True):
    """A workload was told to run these images, or (``running``) is seen running them.

    ``part``: the one of its objects that was told so, or runs them ("" the workload itself).
    """

    workload: str
    images: tuple[str, ...]
    running: bool = False
    part: str = ""


class Rotated(msgspec.Struct, frozen=True, tag="rotated", omit_defaults=True):
    """``subject`` (key of an identity, a credential or a secret) was rotated: a successor takes the place of
    the old one.

    ``identity``: whose dossier holds the subject, where that is another key and the record says so.
    ``successor``: key of the new credential, or the new version's name (``version …``) of a secret; "" where
    the record does not name it.
    ``at``: from when on (µs), if not from the event's time. ``overlap``: for how long the old one may still
    be used (µs); 0: a declared cut-over, not at all; ``schemas.claims.UNSAID``: as the policy says; ``GONE``,
    ``BACK``: see there. ``which``: as in ``Fetched``.
    """

    subject: str
    identity: str = ""
    successor: str = ""
    at: int = 0
    overlap: int = UNSAID
    how: str = ""
    which: str = ""


class Rotates(msgspec.Struct, frozen=True, tag="rotates", omit_defaults=True):
    """The policy of ``subject``: rotated ``every`` so long, the old one used for ``overlap`` at most
    (µs).
    """

    subject: str
    every: int = 0
    overlap: int = UNSAID
    owner: str = ""


class Fetched(msgspec.Struct, frozen=True, tag="fetched", omit_defaults=True):
    """The caller was given this version of a secret (``version …`` by its id, ``stage …`` by its label).

    ``which``: of several of one name, where it is and, after a space, what tells it from another of its name
    ("" where the record does not say): replicas of one secret differ in the first alone.
    """

    secret: str
    version: str
    which: str = ""


class Approved(msgspec.Struct, frozen=True, tag="approved", omit_defaults=True):
    """``grant`` is approved for ``identity`` from ``start`` until ``end`` (µs, 0: always, open)."""

    identity: str
    grant: str
    start: int = 0
    end: int = 0
    approver: str = ""
    ticket: str = ""


class Released(msgspec.Struct, frozen=True, tag="released", omit_defaults=True):
    """``workload`` is to run ``image`` from ``at`` on: see ``schemas.claims.Release``."""

    workload: str
    id: str = ""
    image: str = ""
    at: int = 0
    window: int = UNSAID
    by: str = ""
    digests: tuple[str, ...] = ()


class Excepted(msgspec.Struct, frozen=True, tag="excepted", omit_defaults=True):
    """An exception: see ``schemas.claims.PolicyException``."""

    control: str
    until: int
    identity: str = ""
    place: str = ""
    action: str = ""
    owner: str = ""
    reason: str = ""
    withdrawn: bool = False


Effect = (
    Issued
    | Ended
    | Restored
    | EndFailed
    | Renewed
    | Known
    | Aliased
    | Exposed
    | Stated
    | Spanned
    | Granted
    | Withdrawn
    | Session
    | Begun
    | Lent
    | Glimpse
    | Imaged
    | Rotated
    | Rotates
    | Fetched
    | Approved
    | Released
    | Excepted
)


class Activity(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event: who did what with which credential, from where, with what result, and what it changes.

    ``identity``, ``credential``, ``target`` are keys (see docs/glossary.md); "" where the record does not
    say. ``place`` is an IP address or a named place, "" for unknown or provider-internal addresses.
    ``incarnation`` tells the identity from its successor of the same name (a service account's uid).
    ``allowed_by`` is the key of the grant that allowed the use, where the record says so. ``asked``: what the
    credential was presented to, where a refusal speaks of that alone (the role of an exchange, the role id of
    a login, the namespace of a call). ``asn``: see ``schemas.evidence.Evidence``. Times in µs;
    ``arrived`` and ``processed`` are 0 in a replay. ``time`` is ``arrived`` where the record has no time of
    its own.
    """

    uid: str
    time: int
    source: str
    instance: str = "default"
    identity: str = ""
    actor_name: str = ""
    credential: str = ""
    names: tuple[str, ...] = ()
    operation: str = ""
    service: str = ""
    outcome: Outcome = "unknown"
    action: Action = ""
    place: str = ""
    client: str = ""
    target: str = ""
    resource: str = ""
    error: str = ""
    incarnation: str = ""
    allowed_by: str = ""
    asked: str = ""
    effects: tuple[Effect, ...] = ()
    arrived: int = 0
    processed: int = 0
    asn: int = 0
