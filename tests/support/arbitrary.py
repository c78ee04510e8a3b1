"""Activities as they might come, drawn by Hypothesis, and the dossiers that they teach."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from zlib import crc32

from hypothesis import strategies as st

from correlators.kernel.knowledge.join import join
from correlators.kernel.routes.traces import calls_of
from schemas.activity import (
    Action,
    Activity,
    Aliased,
    Begun,
    Edge,
    Effect,
    Ended,
    Excepted,
    Exposed,
    Glimpse,
    Granted,
    Imaged,
    Issued,
    Known,
    Lent,
    Outcome,
    Parent,
    Released,
    Renewed,
    Restored,
    Session,
    Spanned,
    Stated,
    Withdrawn,
)
from schemas.declaration import ApprovedTool, Declaration, Period
from schemas.dossier import EMPTY, Dossier
from schemas.evidence import SECOND
from schemas.span import Span
from tests.support.make import T0
from tests.support.scenario import taught

CREDENTIALS = st.sampled_from(
    ["aws:key/K1", "aws:key/K2", "aws:key/S1", "vault:default:accessor/1", "vault:default:token/1"]
)
HOMES = {
    "aws:key/K1": "aws:1:user/a",
    "aws:key/K2": "aws:1:user/a",
    "aws:key/S1": "aws:1:role/b",
    "vault:default:accessor/1": "vault:default:entity/e",
    "vault:default:token/1": "",
}
"""A credential is one identity's; a record may leave that identity out."""
TIMES = st.integers(0, 40).map(lambda s: T0 + s * 7 * SECOND)


SPANS = st.builds(
    Span,
    st.sampled_from(["tool", "other"]),
    st.sampled_from(["", "01"]),
    st.just("desk"),
    st.sampled_from(["", "a"]),
    st.sampled_from(["", "t", "u"]),
    start=TIMES,
    offered=st.sampled_from([None, ("t",), ("t", "u")]),
    digests=st.sampled_from([(), ("sha256:1", "sha256:2")]),
    session=st.sampled_from(["", "s"]),
)
"""Spans of an agent that share ids, as no tracer would write them: the laws hold of any."""


@st.composite
def effects(draw: st.DrawFn) -> Effect:
    """What one event changes, about few credentials, so that they meet. Only the effect that was chosen draws
    its parts: all together they would be most of the work."""
    credential, ancestor = draw(CREDENTIALS), draw(CREDENTIALS)
    identity = HOMES[credential] if draw(st.booleans()) else ""
    edge: Edge = draw(st.sampled_from(["dies_with", "came_from", "made_by"]))
    parents = {ancestor: Parent(edge, HOMES[ancestor])} if ancestor != credential else {}
    every: list[Callable[[], Effect]] = [
        lambda: Issued(
            credential,
            identity,
            "session",
            parents=parents,
            expires=draw(TIMES),
            groups={"vault:default:auth/a/": "auth/a/login"},
            seen_as=draw(st.sampled_from(["", "aws:key/K2"])),
            seen_until=draw(TIMES),
            session=draw(st.sampled_from(["", "ops"])),
        ),
        lambda: Restored("made anew", "remade", identity=identity or "aws:1:user/a"),
        lambda: Ended("kill", "revoked", credential, identity, carries=draw(st.booleans())),
        lambda: Ended("off", "disabled", identity=identity or "aws:1:user/a"),
        lambda: Ended("gone", "deleted", identity=identity or "aws:1:user/a"),
        lambda: Ended("unmounted", "group", group="vault:default:auth/a/"),
        lambda: Restored("on", "disabled", credential, identity),
        lambda: Restored("mounted", "group", group="vault:default:auth/a/", scope="auth/a/"),
        lambda: Granted("grant/a", "role/a", "bound", ("aws:1:user/a", "aws:1:role/b")),
        lambda: Withdrawn("grant/a", "unbound", draw(st.sampled_from([(), ("aws:1:role/b",)]))),
        lambda: Session("aws:1:user/a", draw(st.sampled_from([0, T0 + 900 * SECOND]))),
        lambda: Lent(
            "aws:1:eip/a", "192.0.2.9", draw(st.sampled_from(["", "aws:1:machine/i-1"])), "aws:1:eip/b"
        ),
        lambda: Lent("aws:1:eip/b"),
        lambda: Begun("aws:1:user/a", draw(st.sampled_from(["service op-1", "service op-2"]))),
        lambda: Imaged("aws:1:user/a", ("a:1",), draw(st.booleans()), draw(st.sampled_from(["", "pods/a"]))),
        lambda: Released("aws:1:user/a", "r", "a:2", draw(TIMES)),
        lambda: Glimpse("aws:1:", draw(TIMES), draw(st.sampled_from(["", "aws:1:user/a", "aws:1:role/b"]))),
        lambda: Renewed(credential, identity, draw(TIMES)),
        lambda: Known("vault:default:accessor/1", "vault:default:entity/e", names=("vault:default:token/1",)),
        lambda: Known(credential, identity or "aws:1:user/a", theirs=draw(st.booleans())),
        lambda: Known(credential, identity or "aws:1:user/a", session="ops", opened=draw(TIMES)),
        lambda: Known(
            credential, identity or "aws:1:user/a", called=draw(st.sampled_from(["nightly", "hourly"]))
        ),
        lambda: Aliased("aws:1:role/b", "aws:1:user/a"),
        lambda: Aliased("aws:1:user/a", "aws:1:role/b", draw(st.booleans()), at=draw(TIMES)),
        lambda: Exposed("found in a repository", credential, identity, withdrawn=draw(st.booleans())),
        lambda: Spanned("7e", draw(st.sampled_from(["01", "02", "03"])), draw(SPANS)),
        lambda: Exposed("found", credential, identity, draw(st.booleans()), report="leak:report/a#1"),
        lambda: Stated("aws:1:user/a", Declaration(draw(TIMES), "partial", aliases=("aws:1:role/b",))),
        lambda: Stated("aws:1:user/a", Declaration(draw(TIMES), "back", cleared=("aliases", "owner"))),
        lambda: Excepted(
            "revoked_credential_used", draw(TIMES), "aws:1:user/a", withdrawn=draw(st.booleans())
        ),
        lambda: Stated(
            "aws:1:user/a",
            Declaration(
                draw(TIMES),
                "d",
                owner="team",
                statuses=(Period("inactive", draw(TIMES)),),
                tools=(ApprovedTool("t"),),
            ),
        ),
    ]
    return draw(st.sampled_from(every))()


@st.composite
def activities(draw: st.DrawFn) -> Activity:
    """One event: a use, a change, or both."""
    time = draw(TIMES)
    outcome: Outcome = draw(
        st.sampled_from(["succeeded", "failed", "forbidden", "unauthenticated", "unknown"])
    )
    made = tuple(draw(st.lists(effects(), max_size=2)))
    place = draw(st.sampled_from(["", "198.51.100.7", "203.0.113.9"]))
    credential = draw(CREDENTIALS)
    identity = HOMES[credential] if draw(st.booleans()) else ""
    action: Action = draw(st.sampled_from(["", "identity_write", "secret_read", "service", "continues"]))
    name = draw(st.sampled_from(["", "payments", "token-payments", "billing"]))
    body = (time, outcome, made, place, identity, credential, action, name)
    uid = f"u{crc32(repr(body).encode())}"
    return Activity(
        uid,
        time,
        "cloudtrail",
        identity=identity,
        actor_name=name,
        credential=credential,
        outcome=outcome,
        action=action,
        asked="service op-1" if action == "continues" else "",
        place=place,
        resource=draw(st.sampled_from(["", "secret/a", "secret/b"])),
        effects=made,
        arrived=draw(st.sampled_from([0, 0, 0, T0 + 60 * SECOND])),
        asn=draw(st.sampled_from([0, 64500])) if place else 0,
    )


def dossiers(many: list[Activity]) -> Dossier:
    """All that these activities teach, in one dossier, and what their spans tell of their agents."""
    facts = [fact for a in many for key, fact in taught(a)]
    result = (result for fact in facts if fact.spans for _, result in calls_of("trace:7e", fact))
    return reduce(join, (*facts, *result), EMPTY)


MANY = st.lists(activities(), max_size=6)
