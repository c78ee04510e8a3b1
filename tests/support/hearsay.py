"""What others say, drawn: of keys and identities that are not theirs to speak about."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from schemas.activity import (
    Activity,
    Aliased,
    Effect,
    Ended,
    EndFailed,
    Exposed,
    Issued,
    Known,
    Parent,
    Renewed,
    Restored,
    Rotated,
    Session,
    Withdrawn,
)
from tests.support.make import KEY, ROLE, T0, USER, use

OTHERS = [("ocsf", "lake"), ("mcp", "gateway"), ("otel", "default"), ("vault", "prod"), ("leaks", "default")]
"""Sources that speak for nothing of AWS, where its own log is collected."""

ELSEWHERE = "agent:ops/noisy"
SESSION = "aws:key/ASIASESSION000000001"
KEYS = st.sampled_from([KEY, SESSION, "aws:key/AKIAOTHER00000000001"])
IDENTITIES = st.sampled_from([USER, ROLE, ELSEWHERE, "vault:prod:entity/e", ""])
TIMES = st.integers(0, 40_000)


@st.composite
def said(draw: st.DrawFn) -> Effect:
    key, identity, to = draw(KEYS), draw(IDENTITIES), draw(IDENTITIES)
    at = T0 + draw(TIMES) * 1_000_000
    every: list[Callable[[], Effect]] = [
        lambda: Restored("enabled", draw(st.sampled_from(["disabled", "deleted", "remade"])), key, identity),
        lambda: Restored("enabled", "disabled", identity=identity or USER),
        lambda: Ended("off", "deleted", key, identity, at=draw(st.sampled_from([0, at]))),
        lambda: Ended("off", "deleted", identity=identity or USER),
        lambda: EndFailed("would not", key, identity),
        lambda: Issued(
            key,
            identity,
            "session",
            parents={"aws:key/AKIAOTHER00000000001": Parent("dies_with", to)},
        ),
        lambda: Issued(key, identity, names=(SESSION, USER), expires=at, incarnation="other"),
        lambda: Known(key, identity or ELSEWHERE, names=(USER,), theirs=True, person=True, expires=at),
        lambda: Known(USER, to or ELSEWHERE, issued=at),
        lambda: Renewed(key, identity, 0),
        lambda: Aliased(USER, to or ELSEWHERE),
        lambda: Aliased(to or ELSEWHERE, USER, draw(st.booleans()), at=at),
        lambda: Exposed("found", key, identity, withdrawn=draw(st.booleans())),
        lambda: Rotated(KEY, identity, successor="aws:key/AKIAOTHER00000000001", at=at, overlap=-2),
        lambda: Withdrawn("aws:grant/a", "unbound"),
        lambda: Session(identity or USER, at),
    ]
    return draw(st.sampled_from(every))()


@st.composite
def hearsay(draw: st.DrawFn) -> Activity:
    source, instance = draw(st.sampled_from(OTHERS))
    outcome = draw(st.sampled_from(["succeeded", "unauthenticated", "forbidden", "unknown"]))
    uid = draw(st.sampled_from(["u1", "u2", "end", "s1", "other"]))
    key, identity = draw(KEYS), draw(IDENTITIES)
    return use(
        uid, draw(TIMES), identity, key, source=source, instance=instance, outcome=outcome,
        operation=draw(st.sampled_from(["s3:GetObject", "tools/call x"])),
        action=draw(st.sampled_from(["", "identity_write"])),
        effects=tuple(draw(st.lists(said(), max_size=2))),
    )  # fmt: skip
