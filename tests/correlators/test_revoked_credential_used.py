"""Cases of revoked_credential_used: every one holds in any order, doubled, partitioned and restarted."""

from __future__ import annotations

from typing import Any

import pytest

from correlators.kernel.knowledge.join import join
from correlators.kernel.views.view import View
from correlators.kernel.views.wording import ROUND
from correlators.revoked_credential_used import judge
from schemas import frozen
from schemas.activity import Activity, Aliased, Ended, Issued, Known, Restored, Session
from schemas.dossier import Dossier
from schemas.evidence import SECOND
from schemas.fact import facts_of
from schemas.verdict import Clock, Severity
from tests.support import kubernetes
from tests.support.judged import must, verdict_of
from tests.support.make import KEY, ROLE, SESSION, T0, USER, change, issue, kill, restore, use
from tests.support.scenario import World, clock_after, every_way, run
from tests.support.vault_lines import accessor, auth, entity, hmac, line, logged, login

NAME = "revoked_credential_used"


def test_a_use_past_the_grace_violates_and_names_kill_first_and_last() -> None:
    verdict = must(
        [use("before", 0), kill("kill", 10), use("first", 60), use("second", 90), use("last", 120)]
    )
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in verdict.claim] == ["kill"]
    assert [e.uid for e in verdict.evidence] == ["first", "second", "last"]


def test_without_a_kill_there_is_no_row() -> None:
    assert verdict_of([use("a", 0), use("b", 10)]) is None


def test_never_used_after_deletion_stays_silent_and_assumed() -> None:
    verdict = must([use("a", 0), kill("kill", 10), use("other", 50, credential="aws:key/AKIAOTHER")])
    assert (verdict.value, verdict.severity) == ("assumed", None)


def test_a_use_within_the_propagation_time_is_no_violation() -> None:
    assert must([kill("kill", 10), use("a", 19), use("b", 100, credential="x")]).value == "assumed"


def test_a_write_to_identities_within_the_propagation_time_is_critical_at_once() -> None:
    verdict = must([kill("kill", 10), use("write", 13, action="identity_write")])
    assert (verdict.value, verdict.severity) == ("violated", Severity.CRITICAL)


def test_only_forbidden_uses_are_less_severe_and_still_violate() -> None:
    verdict = must([kill("kill", 10), use("denied", 60, outcome="forbidden")])
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)


def test_a_refused_try_proves() -> None:
    verdict = must([kill("kill", 10), use("try", 60, outcome="unauthenticated")])
    assert (verdict.value, verdict.severity, verdict.episodes) == ("proven", None, ())
    assert [e.uid for e in verdict.evidence] == ["try"] and "it was deleted" in verdict.title


def test_enabled_again_closes_the_period_even_when_it_is_learned_last() -> None:
    verdict = must([kill("off", 10, kind="disabled"), use("use", 100), restore("on", 50)])
    assert verdict.value == "assumed" and verdict.severity is None


def test_a_use_inside_a_closed_period_stays_a_finding_that_has_ended() -> None:
    world = every_way([kill("off", 10, kind="disabled"), use("use", 30), restore("on", 50), use("fine", 80)])
    report = next(r for r in world.last.values() if r.verdict and r.verdict.control == NAME)
    assert report.detail == "ended" and report.finding
    assert report.verdict and [e.uid for e in report.verdict.evidence] == ["use"]


def test_a_later_refusal_ends_the_violation_with_a_proof() -> None:
    verdict = must([kill("kill", 10), use("use", 30), use("try", 60, outcome="unauthenticated")])
    assert verdict.value == "proven" and verdict.severity == Severity.HIGH
    assert "; refused at" in verdict.reason and "restored" not in verdict.reason
    assert [(e.start, e.end) for e in verdict.episodes] == [(T0 + 10_000_000, 0)]


def test_the_deletion_of_the_user_ends_keys_that_it_does_not_name() -> None:
    gone = change("gone", 10, Ended("DeleteUser", "deleted", identity=USER))
    verdict = must([use("before", 0), gone, use("after", 60)])
    assert verdict.value == "violated" and [e.uid for e in verdict.claim] == ["gone"]


def test_a_recreated_account_has_new_credentials() -> None:
    gone = change("gone", 10, Ended("DeleteUser", "deleted", identity=USER))
    new = Issued("aws:key/NEW", USER, "access_key")
    assert (
        verdict_of([gone, change("new", 20, new), use("after", 60, credential="aws:key/NEW")], "aws:key/NEW")
        is None
    )


def test_a_look_up_by_an_administrator_is_no_use_of_its_target() -> None:
    look = use("look", 60, identity="aws:111122223333:user/admin", credential="aws:key/AKIAADMIN", target=KEY)
    assert must([kill("kill", 10), look]).value == "assumed"


def test_calls_that_a_service_makes_with_the_id_are_no_use_by_its_holder() -> None:
    assert must([kill("kill", 10), use("service", 60, action="service")]).value == "assumed"


def test_a_record_that_names_only_the_credential_finds_its_owner() -> None:
    tried = use(
        "try", 60, identity="", outcome="unauthenticated", credential="vault:default:token/t", source="vault"
    )
    known = change(
        "known",
        0,
        Known("vault:default:accessor/a", "vault:default:entity/e", names=("vault:default:token/t",)),
        source="vault",
    )
    end = Ended("revoke-accessor", "revoked", "vault:default:accessor/a", "vault:default:entity/e")
    ended = change("kill", 10, end, source="vault")
    verdict = must([tried, ended, known], "vault:default:accessor/a")
    assert verdict.value == "proven" and verdict.identity == "vault:default:entity/e"


def test_a_declared_alias_joins_the_evidence_of_two_keys_under_one_identity() -> None:
    alias = change("alias", 0, Aliased(USER, "agent:svc/triage"), source="inventory")
    verdict = must([kill("kill", 10), use("use", 60), alias])
    assert verdict.identity == "agent:svc/triage" and verdict.value == "violated"


def test_a_death_of_the_parent_is_not_a_revocation_of_the_child() -> None:
    session = "aws:key/ASIA1"
    many = [issue("issue", 0, session, ROLE, KEY, USER), kill("kill", 10), use("use", 60, ROLE, session)]
    assert verdict_of(many, session) is None


def test_heavy_use_keeps_kill_first_and_last_whenever_the_kill_is_learned() -> None:
    before = [use(f"b{n}", n * 7) for n in range(300)]
    after = [use(f"u{n}", 2200 + n * 7) for n in range(900)]
    end = kill("kill", 2150)
    for many in ([*before, end, *after], [*reversed(after), end, *before]):
        world = run(many)
        verdict = next(r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME)
        uids = [e.uid for e in verdict.evidence]
        assert (uids[0], uids[-1], verdict.truncated) == ("u0", "u899", True)


def test_heavy_use_in_many_settlings_keeps_the_first_use_after_a_known_kill() -> None:
    world = World(1, clock_after([use("end", 9000)]))
    for activity in [kill("kill", 0), *(use(f"u{n}", 60 + n * 7) for n in range(900))]:
        world.take(facts_of(activity))
        world.settle()
    verdict = next(r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME)
    assert (verdict.evidence[0].uid, verdict.evidence[-1].uid) == ("u0", "u899")


def test_making_a_deleted_user_again_does_not_bring_back_a_deleted_key() -> None:
    gone = change("gone", 20, Ended("DeleteUser", "deleted", identity=USER))
    again = change("again", 30, Restored("CreateUser", "deleted", identity=USER))
    verdict = must([use("before", 0), kill("kill", 10), gone, again, use("after", 60)])
    assert verdict.value == "violated" and "kill" in {e.uid for e in verdict.claim}


def test_two_audit_devices_that_tell_one_event_twice_tell_one_kill_and_one_use() -> None:
    home, names = "vault:d:entity/e", ("vault:d:accessor/s1", "vault:d:accessor/s2")
    many = []
    for name in names:
        ended = Ended("revoke", "revoked", name, home, claims_cut=True)
        many += [
            use("login", 0, home, name, source="vault", effects=(Issued(name, home, "service"),)),
            change("kill", 10, ended, source="vault"),
            use("use", 60, home, name, source="vault"),
        ]
    verdict = must(many, names[0])
    assert [e.uid for e in (*verdict.claim, *verdict.evidence)] == ["kill", "use"]
    assert verdict_of(many, names[1]) is None


@pytest.mark.parametrize("outcome", ["failed", "succeeded"])
def test_every_use_that_was_not_denied_is_high(outcome: str) -> None:
    assert must([kill("kill", 10), use("use", 60, outcome=outcome)]).severity == Severity.HIGH


def test_a_write_to_identities_is_critical_long_after_the_kill_too() -> None:
    many = [kill("kill", 10), use("use", 60), use("write", 9000, action="identity_write")]
    assert must(many).severity == Severity.CRITICAL


OF = {
    "vault": ("vault:default:accessor/1", "vault:default:entity/e"),
    "kubernetes": ("k8s:c1:jti/1", "k8s:c1:shop/mailer"),
    "gcp": ("gcp:p:key/1", "gcp:p:a@p.iam.gserviceaccount.com"),
    "azure": ("entra:t:key/1", "entra:t:app/1"),
}
"""Each source tells of its own."""


@pytest.mark.parametrize(
    ("source", "how", "within", "past"),
    [
        ("cloudtrail", "DeleteAccessKey", 19, 21),
        ("vault", "revoke", 14, 16),
        ("kubernetes", "delete serviceaccounts/mailer", 24, 26),
        ("gcp", "DisableServiceAccount", 609, 611),
        ("gcp", "DeleteServiceAccountKey", 4209, 4211),
        ("gcp", "DisableServiceAccountKey", 4209, 4211),
        ("azure", "revokeSignInSessions", 909, 911),
        ("inventory", "declared", 10.5, 11.5),
    ],
)
def test_every_provider_has_its_grace(source: str, how: str, within: float, past: float) -> None:
    key, home = OF.get(source, (KEY, USER))
    key = "gcp:p:apikey/1" if how == "DisableServiceAccount" else key
    end = change(
        "kill", 10, Ended(how, "revoked", key, home, claims_cut=source != "inventory"), source=source
    )
    teller = "cloudtrail" if source == "inventory" else source
    skew = 1 if teller != source else 0
    assert must([end, use("in", within + skew, home, key, source=teller)], key).severity is None
    assert must([end, use("out", past + skew, home, key, source=teller)], key).severity == Severity.HIGH


def test_a_residual_by_design_is_no_failed_end() -> None:
    account = "gcp:p:a@p.iam.gserviceaccount.com"
    gone = change("gone", 10, Ended("DeleteServiceAccount", "deleted", identity=account), source="gcp")
    token = change("i", 0, Issued("gcp:token/1", account, "access_token"), source="gcp")
    many = [token, gone, use("use", 3000, account, "gcp:token/1", source="gcp")]
    assert verdict_of(many, "gcp:token/1") is None


def test_ends_that_other_controls_tell_are_not_told_here() -> None:
    cut = change("cut", 10, Ended("PutRolePolicy", "cut", identity=ROLE))
    session = issue("i", 0, SESSION, ROLE, KEY, USER)
    assert verdict_of([session, cut, use("use", 400, ROLE, SESSION)], SESSION) is None
    last = change("last", 10, Ended("its last allowed use", "exhausted", KEY, USER))
    assert verdict_of([last, use("more", 60)]) is None


def test_only_the_period_in_which_it_was_used_is_claimed() -> None:
    off = kill("off", 10, kind="disabled")
    verdict = must([off, use("use", 30), restore("on", 50)])
    assert [e.uid for e in verdict.claim] == ["off"]
    assert verdict.value == "assumed" and "it was restored since" in verdict.reason
    assert verdict.title.endswith("was used after it was disabled")


def test_a_refusal_before_the_kill_or_after_it_was_enabled_again_proves_nothing() -> None:
    early = use("early", 5, outcome="unauthenticated")
    silent = must([early, kill("kill", 10)])
    assert silent.value == "assumed" and "no use or refused try" in silent.reason
    off, on = kill("off", 10, kind="disabled"), restore("on", 50)
    restored = must([off, on, use("no", 60, outcome="unauthenticated")])
    assert restored.value == "assumed" and "no use was seen while it was off" in restored.reason


@pytest.mark.parametrize("prefix", ["sys/leases/revoke-prefix/auth/approle", "sys/auth/approle"])
def test_the_end_of_a_mount_reaches_the_tokens_that_were_issued_before(prefix: str) -> None:
    operation = "delete" if prefix.startswith("sys/auth") else "update"
    end = logged(line(prefix, operation=operation, who=auth("ops", "e-ops")), 10)
    later = "secret/data/app"
    many = [
        logged(login("old"), 0),
        end,
        logged(login("new"), 30),
        logged(line(later, operation="read", who=auth("old")), 60),
        logged(line(later, operation="read", who=auth("new")), 70),
    ]
    verdict = must(many, accessor("old"))
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert verdict_of(many, accessor("new")) is None, "the path is the same, the token is newer"


@pytest.mark.parametrize("kind", ["removed", "rotated"])
def test_what_ends_an_access_or_a_version_is_no_end_of_the_credential(kind: str) -> None:
    off = change("off", 10, Ended("policy deleted", kind, KEY, USER))  # type: ignore[arg-type]
    assert verdict_of([off, use("use", 60)]) is None


@pytest.mark.parametrize(("at", "severity"), [(11, None), (13, Severity.CRITICAL)])
def test_a_write_within_the_propagation_time_counts_where_it_surely_came_after(
    at: float, severity: Severity | None
) -> None:
    write = use("write", at, action="identity_write", instance="elsewhere")
    assert must([kill("kill", 10), write]).severity == severity


def test_the_call_that_ends_it_is_no_use_after_it() -> None:
    ended = Ended("revoke-self", "revoked", KEY, USER, at=T0 + 10_000_000)
    assert must([use("own", 100, effects=(ended,), action="identity_write")]).severity is None


@pytest.mark.parametrize(("claims_cut", "severity"), [(True, None), (False, Severity.HIGH)])
def test_no_grace_is_granted_where_the_provider_claims_no_cut(
    claims_cut: bool, severity: Severity | None
) -> None:
    assert must([kill("kill", 10, claims_cut=claims_cut), use("use", 11)]).severity == severity


def test_a_write_after_it_was_enabled_again_is_no_use_while_it_was_off() -> None:
    write = use("write", 15, action="identity_write")
    assert must([kill("off", 10, kind="disabled"), restore("on", 12), write]).severity is None


def test_of_two_ends_the_one_that_stands_matters() -> None:
    gone = change("gone", 20, Ended("DeleteUser", "deleted", identity=USER))
    again = change("again", 30, Restored("CreateUser", "deleted", identity=USER))
    verdict = must([use("before", 0), kill("kill", 10), gone, again])
    assert [e.uid for e in verdict.claim] == ["kill"] and "restored" not in verdict.reason
    later = must([use("before", 0), gone, again, kill("kill", 40)])
    assert [e.uid for e in later.claim] == ["kill"] and "restored" not in later.reason


@pytest.mark.parametrize(("at", "severity"), [(99, None), (114, None), (116, Severity.HIGH)])
def test_a_pods_token_dies_a_minute_after_the_pod_should_be_gone(
    at: float, severity: Severity | None
) -> None:
    """Terminating until 40 s, a minute of the server's own patience, and the grace of its cache."""
    pod = {"kind": "Pod", "name": "web", "uid": "3f0f0b5e-0000-4000-8000-000000000001"}
    terminating = {"deletionTimestamp": kubernetes.clock(40)[:19] + "Z", "deletionGracePeriodSeconds": 30}
    many = [
        kubernetes.activity(kubernetes.token_issued(0, bound=pod)),
        kubernetes.activity(kubernetes.deleted(10, "pods", "web", uid=pod["uid"], **terminating)),
        kubernetes.activity(kubernetes.event(at)),
    ]
    assert must(many, f"k8s:c1:jti/{kubernetes.JTI}").severity == severity


@pytest.mark.parametrize(("uid", "fires"), [(kubernetes.UID, True), ("another-uid", False)])
def test_a_deletion_reaches_the_account_that_it_names_and_none_of_the_same_name(
    uid: str, fires: bool
) -> None:
    gone = kubernetes.activity(kubernetes.deleted(10, "serviceaccounts", "mailer", uid=uid))
    used = kubernetes.activity(kubernetes.event(60))
    assert (verdict_of([gone, used], f"k8s:c1:jti/{kubernetes.JTI}") is not None) == fires


def test_a_token_without_an_entity_is_its_issuers_and_never_its_display_names() -> None:
    def child(name: str, issuer: str) -> dict[str, Any]:
        made = auth(name, None, display_name="token")
        return line("auth/token/create", who=auth(issuer, f"e-{issuer}"), response={"auth": made})

    def by(name: str) -> dict[str, Any]:
        return line("secret/data/app", operation="read", who=auth(name, None, display_name="token"))

    named = {"accessor": hmac("one accessor")}
    killed = line("auth/token/revoke-accessor", who=auth("admin", "e-admin"), data=named)
    many = [child("one", "ops"), child("two", "dev"), killed, by("one"), by("two")]
    read = [logged(document, at) for document, at in zip(many, (0, 1, 10, 60, 70), strict=True)]
    verdict = must(read, accessor("one"))
    assert (verdict.value, verdict.identity) == ("violated", entity("e-ops"))
    assert verdict_of(read, accessor("two")) is None


# What takes an end back, and what refutes a use


OTHER = "aws:111122223333:user/ops2"


def on_again(when: float, by: str, credential: str = "aws:key/OTHER", source: str = "cloudtrail") -> Activity:
    back = Restored("UpdateAccessKey Active", credential=KEY, identity=USER)
    return change("on", when, back, identity=by, credential=credential, source=source)


def test_only_who_ended_it_or_a_declaration_takes_a_use_back() -> None:
    many = [kill("off", 10, kind="disabled"), use("use", 60)]
    admin = many[0].identity
    for by, source, value in (
        (admin, "cloudtrail", "assumed"),
        (OTHER, "cloudtrail", "violated"),
        ("", "inventory", "assumed"),
        (admin, "ocsf", "violated"),
    ):
        verdict = must([*many, on_again(90, by, source=source)])
        assert verdict.value == value, (by, source)
    undone = must([*many, on_again(90, OTHER)])
    assert "undone by another than who ended it" in undone.reason and OTHER in undone.reason


def test_nobody_takes_his_own_end_back() -> None:
    off = kill("off", 10, kind="disabled")
    off = frozen.changed(off, identity=USER, credential="aws:key/SECOND")
    many = [off, use("use", 60)]
    assert must([*many, on_again(90, USER, "aws:key/SECOND")]).value == "violated"
    assert must([*many, on_again(90, off.identity, KEY)]).value == "violated"


def test_what_is_off_again_closes_nothing() -> None:
    many = [kill("off", 10, kind="disabled"), use("use", 60), restore("on", 90)]
    assert must(many).value == "assumed"
    assert must([*many, kill("again", 91, kind="disabled")]).value == "violated"


def test_a_new_credential_under_an_old_name_takes_nothing_back() -> None:
    made = Restored("CreateLoginProfile", "remade", KEY, USER)
    many = [kill("off", 10), use("use", 60), change("made", 90, made)]
    verdict = must([*many, use("of the new one", 200)])
    assert verdict.value == "violated" and [e.uid for e in verdict.evidence] == ["use"]


def test_an_account_made_anew_gives_none_of_the_old_ones_credentials_back() -> None:
    gone = change("gone", 10, Ended("DeleteUser", "deleted", identity=USER))
    made = change("made", 20, Restored("CreateUser", "remade", identity=USER))
    old, new = use("before", 0), use("new", 90, credential="aws:key/NEW")
    assert must([old, gone, made]).reason.startswith("the record says so")
    assert must([old, gone, made, use("late", 90)]).value == "violated"
    assert verdict_of([old, gone, made, new], "aws:key/NEW") is None
    unmade = must([old, gone, new], "aws:key/NEW")
    assert unmade.value == "violated", "nobody made the name anew: it is of the one that is gone"


def test_an_identitys_end_reaches_only_credentials_of_its_own_installation() -> None:
    account = "k8s:c1:shop/mailer"
    alias = change("alias", 0, Aliased(USER, account), source="inventory")
    gone = change("gone", 10, Ended("delete", "deleted", identity=account), source="kubernetes")
    assert verdict_of([alias, use("before", 0), gone, use("after", 60)]) is None
    token = {"credential": "k8s:c1:jti/1", "source": "kubernetes"}
    own = [use("own", 0, account, **token), use("late", 60, account, **token)]
    assert must([alias, gone, *own], "k8s:c1:jti/1").value == "violated"
    elsewhere = {"credential": "k8s:c2:jti/1", "source": "kubernetes"}
    twin = "k8s:c2:shop/mailer"
    other = [use("own", 0, twin, **elsewhere), use("late", 60, twin, **elsewhere)]
    joined = change("alias", 0, Aliased(twin, account), source="inventory")
    assert verdict_of([joined, gone, *other], "k8s:c2:jti/1") is None


def test_a_refusal_for_something_else_proves_nothing() -> None:
    aside = use("outside", 90, outcome="unauthenticated", action="aside")
    assert must([kill("kill", 10), use("use", 60), aside]).value == "violated"
    unused = must([kill("kill", 10), aside])
    assert unused.value == "assumed" and "something beside the credential" in unused.reason


def test_a_refusal_proves_only_what_was_presented_to_what_accepts_it() -> None:
    used = [use("before", 0, asked="role-id/a"), kill("kill", 10), use("use", 60, asked="role-id/a")]
    no = {"outcome": "unauthenticated"}
    assert must([*used, use("no", 90, asked="role-id/b", **no)]).value == "violated"
    assert must([*used, use("no", 90, asked="role-id/a", **no)]).value == "proven"


def test_after_a_use_a_refusal_ends_it_only_when_all_is_quiet_or_an_end_was_stated_since() -> None:
    many = [kill("kill", 10), use("use", 60), use("no", 90, outcome="unauthenticated")]
    again = kill("again", 80, how="UpdateAccessKey Inactive", kind="disabled")

    def value_at(now: float, activities: list[Activity]) -> str:
        world = every_way(activities, Clock(T0 + int(now * SECOND), {"cloudtrail": T0 + int(now * SECOND)}))
        (verdict,) = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
        return verdict.value

    assert value_at(120, many) == "violated"
    assert value_at(60 + 3600, many) == "proven"
    assert value_at(120, [*many, again]) == "proven"


def test_a_session_opened_before_the_end_and_closed_after_it_is_told() -> None:
    for passive, severity in ((False, Severity.MEDIUM), (True, Severity.LOW)):
        closed = Session(USER, T0 + 900 * SECOND, passive)
        shell = use("shell", 5, operation="create pods/exec", effects=(closed,))
        verdict = must([shell, kill("kill", 10)])
        assert (verdict.value, verdict.severity) == ("violated", severity)
        assert [e.uid for e in verdict.evidence] == ["shell"] and "last at" in verdict.reason
    before = Session(USER, T0 + 8 * SECOND)
    assert must([use("shell", 5, effects=(before,)), kill("kill", 10)]).value == "assumed"
    left = must([use("shell", 5, effects=(Session(USER),)), kill("kill", 10)])
    assert left.value == "assumed" and "is not known to have been closed" in left.reason


def test_a_session_is_known_by_its_event_whatever_it_was_stored_under() -> None:
    """Earlier versions stored those of a named installation under the bare id."""
    shell = use("shell", 5, instance="prod", effects=(Session(USER, T0 + 900 * SECOND, True),))
    known = Dossier()
    for key, fact in [*facts_of(shell), *facts_of(kill("kill", 10))]:
        known = join(known, fact) if key == USER else known
    for uid in ("cloudtrail/prod\tshell", "shell"):
        view = View(USER, frozen.changed(known, sessions={uid: next(iter(known.sessions.values()))}))
        (verdict,) = judge(view, Clock(T0 + 1000 * SECOND))
        assert (verdict.value, verdict.severity) == ("violated", Severity.LOW)


def test_of_uses_that_were_thinned_at_least_those_on_record_are_told() -> None:
    many = [kill("kill", 10), *(use(f"u{n}", 1000 + n * 977) for n in range(400))]
    reason = must(many).reason
    assert reason.startswith("at least ") and int(reason.split()[2]) in ROUND, "the same however they came"
    assert must(many[:20]).reason.startswith("19 authenticated uses on record")
