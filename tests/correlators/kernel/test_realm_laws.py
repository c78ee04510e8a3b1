"""The laws of realms, beside those of test_authority_laws: nothing is hidden by the word of others, a circle
has one home, an exception holds for what it names, ids are their giver's own, a call is its service's own."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.activity import Activity, Excepted
from schemas.declaration import ApprovedTool
from schemas.verdict import Clock, Verdict
from tests.support import otlp
from tests.support.declared import DAY, at, declared
from tests.support.hearsay import ELSEWHERE, hearsay
from tests.support.make import KEY, ROLE, USER, kill, use
from tests.support.scenario import World, every_way

SEEDS = st.integers(0, 1 << 16)
REVOKED = "revoked_credential_used"


def standing(world: World, control: str) -> dict[str, Verdict]:
    """What stands open of a control, or is suppressed, by subject; the word of others aside."""
    return {
        v.subject: v
        for r in world.last.values()
        if (v := r.verdict) and v.control == control and v.severity and not v.voice
    }


# Law 2: what is said beyond one's realm hides nothing.

QUIET = [declared("aws:111122223333:role/known"), use("before", 0), use("woke", 31 * DAY)]
AT_REST = Clock(at(32 * DAY), dict.fromkeys(("cloudtrail", "ocsf", "mcp", "vault"), at(32 * DAY)),
                dict.fromkeys(("cloudtrail", "ocsf", "mcp", "vault"), at(-1)))  # fmt: skip


@settings(max_examples=8)
@given(st.lists(hearsay(), min_size=1, max_size=5), st.integers(0, 31 * DAY), SEEDS)
def test_what_others_say_hides_no_dormancy_and_no_unknown_identity(
    many: list[Activity], since: int, seed: int
) -> None:
    later = [replace(activity, time=activity.time + since * 1_000_000) for activity in many]
    world = every_way([*QUIET, *later], AT_REST, seed)
    assert USER in standing(world, "dormant_identity_wakes")
    assert USER in standing(world, "unknown_identity")


# Law 3: in a circle one key is home, and what is known of all of them is judged there.

KEYS = [USER, ROLE, "agent:desk/triage", "k8s:c1:shop/web"]


@settings(max_examples=10)
@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(KEYS), min_size=1), SEEDS)
def test_whatever_names_an_inventory_joins_each_end_is_judged_once(owners: dict[str, str], seed: int) -> None:
    """Each key is an alias of one other at most; chains and circles of any length are among these."""
    names: dict[str, set[str]] = {}
    for alias, identity in owners.items():
        names.setdefault(identity, set()).add(alias)
    records = [declared(key, aliases=tuple(sorted(also - {key}))) for key, also in names.items()]
    world = every_way([*records, use("u0", 0), kill("end", 600), use("u1", 3_600)], seed=seed)
    found = [v for r in world.last.values() if (v := r.verdict) and v.control == REVOKED and r.reported.open]
    assert [v.subject for v in found] == [KEY]
    assert [e.uid for e in found[0].evidence] == ["u1"]


# Law 4: an exception holds for the identity and the actions that it names, whatever was let go.


def excepted(**scope: Any) -> Activity:
    effect = Excepted(REVOKED, at(400 * DAY), owner="ops", **scope)
    return Activity("x", at(1), "inventory", effects=(effect,))


@settings(max_examples=6)
@given(SEEDS, st.booleans(), st.booleans())
def test_an_exception_for_one_action_covers_no_other_however_long_the_log(
    seed: int, strays: bool, moved: bool
) -> None:
    chance = random.Random(seed)
    many = [use(f"u{n:03}", 700 + n * 60) for n in range(chance.choice([3, 90, 150]))]
    if strays:
        when = chance.randrange(701, 9_000)
        many[chance.randrange(len(many))] = use("stop", when, operation="cloudtrail:StopLogging")
    joins = use("m", 0, ELSEWHERE, USER, source="mcp", instance="gateway")
    scope = {"identity": ELSEWHERE} if moved else {"action": "s3:GetObject"}
    world = every_way([kill("end", 600), excepted(**scope), joins, *many], seed=seed)
    assert bool(standing(world, REVOKED)[KEY].exception) == (not strays and not moved)


# Law 5: ids belong to who gave them.


@settings(max_examples=8)
@given(SEEDS, st.lists(st.sampled_from(["u0", "u1", "end", "s"]), min_size=4, max_size=4))
def test_verdicts_of_two_installations_are_the_same_whatever_ids_the_other_one_gives(
    seed: int, ids: list[str]
) -> None:
    def life(instance: str, names: list[str], times: list[float]) -> list[Activity]:
        entity, token = f"vault:{instance}:entity/e", f"vault:{instance}:accessor/a"
        said: dict[str, Any] = {"source": "vault", "instance": instance}
        return [
            use(names[0], times[0], entity, token, **said),
            replace(kill(names[1], times[1], token, entity, how="revoke", kind="revoked"), **said),
            use(names[2], times[2], entity, token, **said),
            use(names[3], times[3], entity, token, outcome="forbidden", **said),
        ]

    mine = life("prod", ["u0", "end", "u1", "s"], [0, 600, 3_600, 3_700])
    clock = Clock(at(DAY), {"vault": at(DAY)})

    def ours(world: World) -> dict[tuple[str, str], tuple[object, ...]]:
        return {
            (v.control, v.subject): (v.value, v.severity, r.reported.open, [e.uid for e in v.evidence])
            for r in world.last.values()
            if (v := r.verdict) and v.subject.startswith("vault:prod:")
        }

    times = random.Random(seed).sample([0.0, 600.0, 3_600.0, 3_700.0, 50.0, 5_000.0], 4)
    alone = ours(every_way(mine, clock, seed))
    assert (REVOKED, "vault:prod:accessor/a") in alone
    assert ours(every_way([*mine, *life("dev", ids, times)], clock, seed)) == alone


# Law 6: a call belongs to the service whose span says it.

CATALOGUE = [
    declared("agent:desk/triage", -3_600, tools=(ApprovedTool("search"),)),
    declared("agent:evil/helper", -3_600, tools=(ApprovedTool("delete_all"),)),
]
CALL = otlp.activities(otlp.agent(1), otlp.tool(2, 1, "delete_all", at=1))


@st.composite
def strangers(draw: st.DrawFn) -> Activity:
    """A span of another service in the same trace: under any of its ids, below any of them."""
    number, parent = draw(st.integers(1, 4)), draw(st.integers(0, 4))
    seconds = draw(st.integers(0, 3))
    made = draw(st.sampled_from(["agent", "tool", "span"]))
    if made == "agent":
        span = otlp.agent(number, parent, draw(st.sampled_from(["helper", "triage"])), at=seconds)
    elif made == "tool":
        span = otlp.tool(number, parent, draw(st.sampled_from(["search", "delete_all"])), at=seconds)
    else:
        span = otlp.span(number, parent, "transfer_to_agent", at=seconds)
    (activity,) = otlp.activities(span, service="evil")
    return activity


@settings(max_examples=15)
@given(st.lists(strangers(), min_size=1, max_size=4), SEEDS)
def test_spans_of_another_service_neither_rename_nor_adopt_nor_disown_nor_displace_a_call(
    many: list[Activity], seed: int
) -> None:

    def mine(world: World) -> dict[str, object]:
        open_now = standing(world, "tool_outside_catalog")
        return {
            v.subject: v.severity
            for v in open_now.values()
            if v.identity == "agent:desk/triage" and "delete_all" in v.subject
        }

    clock = Clock(at(DAY), {"otel": at(DAY)})
    world = every_way([*CATALOGUE, *CALL, *many], clock, seed, rows=mine)
    assert list(mine(world).values()) == [4]
