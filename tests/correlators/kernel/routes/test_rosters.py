"""Rosters: what holds for an installation reaches everybody who is active in it, and nobody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from correlators.kernel.knowledge.join import sampled
from correlators.kernel.routes import rosters
from correlators.kernel.routes.rosters import MEMBERS_MARK, MEMBERS_MAX, capped
from schemas.activity import Approved, Excepted, Stated
from schemas.declaration import Declaration
from schemas.dossier import Dossier, Member
from schemas.providers import installation_of, is_credential
from schemas.rosters import ROSTER_PREFIX, SAMPLED_MAX, digest, draw_with, roster_key
from schemas.stored import decode
from tests.support.make import T0, USER, change, use
from tests.support.scenario import World, run


def dossier(world: World, key: str) -> Dossier:
    (found,) = [decode(body) for store in world.stores for name, body in store.items() if name == key]
    return found


def test_the_installation_is_the_first_two_words_of_an_identitys_key() -> None:
    known = {
        "aws:111122223333:role/x": "aws:111122223333",
        "k8s:c1:shop/mailer": "k8s:c1",
        "vault:prod:entity/e": "vault:prod",
        "gcp:proj:bot@proj.iam.gserviceaccount.com": "gcp:proj",
        "agent:support-host/triage": "agent:support-host",
        "aws:key/AKIA1": "",
        "aws:service/ec2": "",
        "gcp:user/ada@example.com": "",
    }
    assert {key: installation_of(key) for key in known} == known


def test_an_inventory_speaks_to_the_identities_of_its_installation_whichever_comes_first() -> None:
    declared = change("inv", 0, Stated("aws:111122223333:role/a", Declaration(T0, "inv")), source="inventory")
    other = use("other", 5, "aws:999:user/x", "aws:key/OTHER")
    for many in ([declared, use("use", 5), other], [other, use("use", 5), declared]):
        world = run(many)
        assert set(dossier(world, USER).covers) == {"aws:111122223333"}
        assert not dossier(world, "aws:999:user/x").covers


def test_a_label_that_only_states_how_an_identity_stands_covers_nothing() -> None:
    label = Declaration(T0, "label", source="kubernetes")
    world = run(
        [change("l", 0, Stated("k8s:c1:shop/a", label)), use("u", 5, "k8s:c1:shop/b", "k8s:c1:jti/1")]
    )
    assert not dossier(world, "k8s:c1:shop/b").covers


def test_approvals_of_a_root_reach_the_root_credentials_of_the_installation() -> None:
    from schemas.activity import Issued

    root = "vault:prod:root/r1"
    made = change("made", 5, Issued(root, "", "root"), source="vault", identity="", credential="")
    approval = change("ok", 0, Approved("vault:prod:root", "root"), source="inventory")
    world = run([made, approval])
    assert set(dossier(world, root).approvals) == {"vault:prod:root"}


def test_a_wide_exception_reaches_whatever_a_finding_is_about_but_not_every_token() -> None:
    wide = change("w", 0, Excepted("revoked_credential_used", T0 * 2), source="inventory")
    token = "vault:prod:accessor/a"
    world = run([wide, use("u", 5, "", token, source="vault")])
    assert not dossier(world, token).exceptions
    assert is_credential(token) and not is_credential("vault:prod:entity/e")


def test_a_roster_beyond_its_cap_keeps_the_same_members_in_any_order_and_says_so() -> None:
    key = roster_key("aws:1", "x")
    many = [f"aws:1:role/r{n}" for n in range(MEMBERS_MAX + 50)]
    one = capped(key, Dossier(members={name: Member(name) for name in many}))
    two = capped(key, Dossier(members={name: Member(name) for name in reversed(many)}))
    assert one == two and len(one.members) == MEMBERS_MAX and one.marks == (MEMBERS_MARK,)
    group = Dossier(members={name: Member(name) for name in many})
    assert capped("aws:1:group/g#0", group) is group
    assert ROSTER_PREFIX in key and rosters.notices(key, one)


SAMPLES = st.dictionaries(st.integers(0, 200).map(lambda n: f"{n:08x}"), st.booleans(), max_size=60)


@given(SAMPLES, SAMPLES, SAMPLES)
def test_samples_join_in_any_order_to_the_same_few(
    a: dict[str, bool], b: dict[str, bool], c: dict[str, bool]
) -> None:
    assert sampled(sampled(a, b), c) == sampled(a, sampled(b, c)) == sampled(sampled(c, b), a)
    whole = sampled(a, b)
    assert sampled(whole, b) is whole and len(whole) <= max(SAMPLED_MAX, len(a))


def test_whom_a_sample_holds_depends_on_the_key_of_the_site_alone() -> None:
    names = [f"aws:1:user/u{n}" for n in range(200)]

    def drawn(key: bytes) -> list[str]:
        draw_with(key)
        return sorted(names, key=digest)[:SAMPLED_MAX]

    try:
        one, other = drawn(b"a site's key"), drawn(b"another site's")
        assert one == drawn(b"a site's key") and len(set(one) & set(other)) < SAMPLED_MAX // 2
        assert digest(names[0]) < "0", "what earlier versions drew leaves the samples"
    finally:
        draw_with(b"")
