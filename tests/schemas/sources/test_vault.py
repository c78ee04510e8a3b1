"""Vault lines as activities: who, with what, how it ended, and what it changes."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Ended, EndFailed, Issued, Known, Parent, Renewed, Restored
from schemas.evidence import SECOND
from schemas.sources.vault.issues import SPONSORED
from tests.support.vault_lines import accessor, activity, auth, entity, hmac, line, login, read, token

DENIED = "1 error occurred:\n\t* permission denied\n\n"
SECRET = f"vault:prod:secret-id/{hmac('s1')}"
OPS = auth("ops", "e-ops")


def test_a_use_names_entity_accessor_and_token() -> None:
    result = activity(
        line("secret/data/db", operation="read", who=auth(), mount_point="secret/", mount_type="kv")
    )
    assert (result.identity, result.credential, result.names) == (
        entity("e-app"),
        accessor("app"),
        (token("app"),),
    )
    assert (result.outcome, result.action, result.service) == ("succeeded", "secret_read", "kv")
    assert (result.operation, result.resource) == ("read secret/data/db", "secret/data/db")
    assert (result.uid, result.source, result.instance) == (
        "5c1f8f0e-0000-4000-8000-000000000001",
        "vault",
        "prod",
    )
    assert (result.place, result.actor_name) == ("10.1.2.3", "approle")


def test_an_identity_is_never_a_display_name() -> None:
    result = activity(line("sys/mounts", operation="read", who=auth("root", "", display_name="root")))
    assert result.identity == "" and result.credential == accessor("root")


def test_a_request_line_is_passed_even_with_an_error() -> None:
    for error in (None, "permission denied"):
        reading = read(line("secret/data/db", kind="request", who=auth(), error=error))
        assert (reading.passed, reading.activities, reading.rejects) == (1, [], [])


@pytest.mark.parametrize("path", ["sys/wrapping/unwrap", "sys/wrapping/lookup", "sys/seal"])
def test_a_refusal_that_has_no_response_line_is_told_by_its_request_line(path: str) -> None:
    error = "wrapping token is not valid or does not exist" if "wrapping" in path else "permission denied"
    result = activity(line(path, kind="request", error=error, client_token=hmac("w token")))
    assert (result.outcome, result.credential, result.effects) == ("unauthenticated", token("w"), ())
    assert read(line(path, kind="request", who=auth())).passed == 1


@pytest.mark.parametrize("who", [None, auth()], ids=["nobody", "a caller with a token of its own"])
def test_a_wrapping_token_in_the_body_is_the_one_that_was_refused(who: Any) -> None:
    result = activity(
        line(
            "sys/wrapping/unwrap",
            kind="request",
            data={"token": hmac("w token")},
            error="wrapping token is not valid",
            who=who,
        )
    )
    assert (result.outcome, result.credential, result.identity) == ("unauthenticated", token("w"), "")


def test_a_dead_or_unknown_token_is_refused_by_its_hmac_alone() -> None:
    result = activity(line("secret/data/db", operation="read", client_token=hmac("app token"), error=DENIED))
    assert (result.outcome, result.identity, result.credential) == ("unauthenticated", "", token("app"))
    assert result.error == "1 error occurred: * permission denied"


def test_a_disabled_entity_is_refused_with_the_accessor_of_a_living_token() -> None:
    result = activity(
        line("secret/data/db", operation="read", error=DENIED, client_token=hmac("app token"),
             client_token_accessor=hmac("app accessor"))
    )  # fmt: skip
    assert (result.outcome, result.identity) == ("unauthenticated", "")
    assert (result.credential, result.names) == (accessor("app"), (token("app"),))


def test_a_denial_by_policy_is_an_authenticated_use() -> None:
    denied = auth(policy_results={"allowed": False})
    assert activity(line("secret/data/x", operation="read", who=denied, error=DENIED)).outcome == "forbidden"
    older = line("secret/data/x", operation="read", who=auth(), error=DENIED)
    assert activity(older).outcome == "forbidden"


def test_any_other_error_of_an_accepted_token_is_a_failed_use() -> None:
    assert (
        activity(line("nowhere/x", operation="read", who=auth(), error="unsupported path")).outcome
        == "failed"
    )
    hidden = line("secret/x", operation="read", who=auth(), response={"data": {"error": hmac("no")}})
    assert activity(hidden).outcome == "failed"


def test_a_stored_secret_with_a_key_error_is_no_error() -> None:
    stored = {"data": {"error": hmac("value"), "user": hmac("name")}}
    assert activity(line("kv/app", operation="read", who=auth(), response=stored)).outcome == "succeeded"


def test_an_error_of_the_server_says_nothing_about_an_unseen_token() -> None:
    result = activity(
        line("secret/data/db", operation="read", client_token=hmac("app token"), error="internal error")
    )
    assert result.outcome == "unknown"


def test_a_call_without_any_token_names_no_credential() -> None:
    result = activity(line("secret/data/db", operation="read", error=DENIED))
    assert (result.outcome, result.credential, result.identity) == ("unauthenticated", "", "")


def test_an_open_endpoint_does_not_vouch_for_the_token_that_came_along() -> None:
    result = activity(line("sys/internal/ui/mounts", operation="read", client_token=hmac("dead token")))
    assert (result.outcome, result.credential) == ("succeeded", "")


def test_a_login_uses_its_secret_id_and_issues_a_token_that_came_from_it() -> None:
    result = activity(login(num_uses=3))
    assert (result.outcome, result.credential, result.identity) == ("succeeded", SECRET, entity("e-app"))
    [issued] = result.effects
    assert issued == Issued(
        accessor("app"), entity("e-app"), kind="service", names=(token("app"),),
        parents={SECRET: Parent("came_from", entity("e-app"))},
        groups={
            "vault:prod:auth/approle/": "auth/approle/login/",
            "vault:prod:auth/approle/role/payments": "token:",
            "vault:prod:policy/app": "token:",
        },
        expires=result.time + 3600 * SECOND, max_uses=3,
    )  # fmt: skip


def test_an_old_token_sent_along_with_a_login_was_not_used() -> None:
    sent = login()
    sent["request"] |= {"client_token": hmac("old token"), "client_token_accessor": hmac("old accessor")}
    result = activity(sent)
    assert "old" not in repr(result) and result.credential == SECRET
    assert hmac("old token") not in repr(result) and hmac("old accessor") not in repr(result)


def test_a_refused_login_is_a_refused_use_of_the_secret_id() -> None:
    for error, data in (("invalid credentials", {"error": hmac("x")}), (None, {"error": hmac("x")})):
        result = activity(
            line("auth/approle/login", data={"secret_id": hmac("s1")}, response={"data": data}, error=error,
                 mount_point="auth/approle/")
        )  # fmt: skip
        assert (result.outcome, result.credential, result.identity) == ("unauthenticated", SECRET, "")


def test_a_login_that_the_server_could_not_judge_refuses_nothing() -> None:
    result = activity(
        line("auth/approle/login", data={"secret_id": hmac("s1")}, error="context deadline exceeded")
    )
    assert result.outcome == "unknown"


def test_a_login_that_still_wants_a_second_factor_issues_nothing() -> None:
    result = activity(
        line("auth/people/login/olga", response={"auth": {"mfa_requirement": {}, "client_token": ""}})
    )
    assert (result.outcome, result.effects) == ("unknown", ())


def test_a_login_without_secret_id_is_a_use_by_the_entity() -> None:
    new = auth("cart", "e-cart", metadata={"role": "shop"})
    result = activity(
        line("auth/k8s-prod/login", data={"jwt": hmac("jwt")}, response={"auth": new}) | {"auth": new}
    )
    assert (result.identity, result.credential, result.outcome) == (entity("e-cart"), "", "succeeded")
    [issued] = result.effects
    assert isinstance(issued, Issued) and issued.parents == {}
    assert "vault:prod:auth/k8s-prod/role/shop" in issued.groups


def test_a_role_named_login_is_no_login() -> None:
    result = activity(
        line("auth/approle/role/login", operation="create", who=OPS, mount_point="auth/approle/")
    )
    assert (result.action, result.credential) == ("identity_write", accessor("ops"))


def created(path: str = "auth/token/create", by: dict[str, Any] | None = None, **child: Any) -> Issued:
    data = child.pop("data", {})
    result = activity(line(path, who=by or OPS, data=data, response={"auth": auth("child", **child)}))
    [issued] = [effect for effect in result.effects if isinstance(effect, Issued)]
    assert result.credential == accessor("ops") and result.action == "identity_write"
    return issued


def test_a_child_token_dies_with_its_maker() -> None:
    assert created(entity="e-ops").parents == {accessor("ops"): Parent("dies_with", entity("e-ops"))}


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("auth/token/create", {"no_parent": True}),
        ("auth/token/create-orphan", {}),
        ("auth/token/create/agents", {}),
    ],
)
def test_an_orphan_is_made_by_its_maker_and_held_by_its_sponsor(path: str, data: dict[str, Any]) -> None:
    issued = created(path, data=data, entity_id=None)
    assert issued.parents == {accessor("ops"): Parent("made_by", entity("e-ops"))}
    assert issued.identity == entity("e-ops")


def test_a_token_of_a_role_whose_orphanhood_cannot_be_told_carries_no_death() -> None:
    issued = created("auth/token/create/agents", auth("ops", "", entity_id=None), entity_id=None)
    assert issued.parents == {accessor("ops"): Parent("made_by")}
    assert issued.groups["vault:prod:auth/token/roles/agents"] == "token:"
    assert issued.identity == accessor("ops")


def test_a_token_that_a_role_gives_the_entity_of_an_alias_carries_no_death() -> None:
    issued = created("auth/token/create/agents", entity_id="e-alias")
    assert issued.parents == {accessor("ops"): Parent("made_by", entity("e-ops"))}
    assert issued.identity == entity("e-alias")


def test_a_batch_token_goes_by_its_token_and_survives_its_mount() -> None:
    [issued] = activity(login("job", accessor=None, token_type="batch")).effects
    assert isinstance(issued, Issued)
    assert (issued.credential, issued.names, issued.kind) == (token("job"), (), "batch")
    assert issued.groups["vault:prod:auth/approle/"] == "batch:auth/approle/login/"


@pytest.mark.parametrize("path", ["auth/token/renew-self", "auth/token/renew", "auth/token/renew-accessor"])
def test_a_renewal_is_no_issue(path: str) -> None:
    result = activity(
        line(path, who=auth(), response={"auth": auth(token_issue_time="2026-11-22T21:07:50Z")})
    )
    assert result.effects == (Renewed(accessor("app"), entity("e-app"), result.time + 3600 * SECOND),)
    assert result.action == ("renew" if path != "auth/token/renew-accessor" else "")


def test_a_renewal_of_somebody_elses_token_is_not_a_renewal_by_the_caller() -> None:
    result = activity(
        line("auth/token/renew", who=OPS, data={"token": hmac("app token")}, response={"auth": auth()})
    )
    assert result.action == "" and result.credential == accessor("ops")
    assert result.effects == (Renewed(accessor("app"), entity("e-app"), result.time + 3600 * SECOND),)


def test_a_secret_id_is_issued_without_identity_and_with_its_accessor() -> None:
    answer = {
        "secret_id": hmac("s1"),
        "secret_id_accessor": hmac("a1"),
        "secret_id_num_uses": 1,
        "secret_id_ttl": 60,
    }
    result = activity(line("auth/approle/role/payments/secret-id", who=OPS, response={"data": answer}))
    assert result.action == "identity_write"
    assert result.effects == (
        Issued(
            SECRET, kind="secret_id", names=(f"vault:prod:secret-id-accessor/{hmac('a1')}",),
            parents={accessor("ops"): Parent("made_by", entity("e-ops"))},
            groups={
                "vault:prod:auth/approle/": "secret-id:auth/approle/role/payments/",
                "vault:prod:auth/approle/role/payments": "secret-id:",
            },
            expires=result.time + 60 * SECOND, max_uses=1, incarnation=SPONSORED,
        ),
    )  # fmt: skip


def test_a_stored_secret_with_a_key_secret_id_issues_none() -> None:
    result = activity(
        line("kv/app", operation="read", who=auth(), response={"data": {"secret_id": hmac("s1"), "a": 1}})
    )
    assert result.effects == ()


def test_a_lease_dies_with_its_token_and_stands_under_its_prefix() -> None:
    result = activity(
        line("database/creds/reader", operation="read", who=auth(),
             mount_point="database/", mount_type="database",
             response={"secret": {"lease_id": "database/creds/reader/xyz"}})
    )  # fmt: skip
    assert result.action == "secret_read"
    assert result.effects == (
        Issued(
            "vault:prod:lease/database/creds/reader/xyz", entity("e-app"), kind="lease",
            parents={accessor("app"): Parent("dies_with", entity("e-app"))},
            groups={"vault:prod:database/": "database/creds/reader/xyz/"}, incarnation=SPONSORED,
        ),
    )  # fmt: skip


def test_a_renewed_lease_is_no_issue_and_tells_its_hmac() -> None:
    result = activity(
        line(
            "sys/leases/renew",
            who=OPS,
            data={"lease_id": hmac("l1")},
            response={"secret": {"lease_id": "db/creds/l1"}},
        )
    )
    lease = "vault:prod:lease/db/creds/l1"
    assert result.effects == (Known(lease, lease, "lease", (f"vault:prod:lease/{hmac('l1')}",)),)


WRAP = {"ttl": 120, "token": hmac("w token"), "accessor": hmac("w accessor"), "wrapped_accessor": hmac("a1")}


def test_a_wrapped_secret_id_issues_a_token_for_one_unwrap_and_names_what_is_in_it() -> None:
    result = activity(line("auth/approle/role/payments/secret-id", who=OPS, response={"wrap_info": WRAP}))
    inner, wrapping = result.effects
    assert isinstance(inner, Issued) and inner.credential == f"vault:prod:secret-id-accessor/{hmac('a1')}"
    assert wrapping == Issued(
        accessor("w"), entity("e-ops"), kind="wrapping", names=(token("w"),),
        parents={accessor("ops"): Parent("made_by", entity("e-ops"))},
        expires=result.time + 120 * SECOND, max_uses=1, incarnation=SPONSORED,
    )  # fmt: skip


def test_an_unwrap_uses_the_token_up_and_shows_the_secret_id() -> None:
    wrapping = auth("w", "", entity_id=None, policies=["response-wrapping"], remaining_uses=1)
    answer = {"data": {"secret_id": hmac("s1"), "secret_id_accessor": hmac("a1")}}
    result = activity(line("sys/wrapping/unwrap", who=wrapping, response=answer))
    assert (result.credential, result.outcome) == (accessor("w"), "succeeded")
    assert result.effects == (
        Ended("its last allowed use", "exhausted", accessor("w"), carries=False),
        Known(SECRET, SECRET, "secret_id", (f"vault:prod:secret-id-accessor/{hmac('a1')}",)),
    )


def test_an_unwrap_that_a_control_group_has_not_approved_yet_uses_nothing_up() -> None:
    waiting = auth("w", "", entity_id=None, policies=["control-group"], remaining_uses=1)
    error = "1 error occurred:\n\t* Request needs further approval\n\n"
    result = activity(line("sys/wrapping/unwrap", who=waiting, error=error))
    assert (result.outcome, result.effects) == ("failed", ())


def test_an_unwrap_by_a_caller_with_a_token_of_its_own_uses_up_the_one_in_the_body() -> None:
    result = activity(line("sys/wrapping/unwrap", who=auth(), data={"token": hmac("w token")}))
    assert result.credential == accessor("app")
    assert result.effects == (Ended("its last allowed use", "exhausted", token("w"), carries=False),)


def test_a_wrapped_token_is_known_by_its_accessor_until_the_unwrap_shows_it() -> None:
    wrap = WRAP | {"wrapped_accessor": hmac("child accessor")}
    inner, _ = activity(line("auth/token/create", who=OPS, response={"wrap_info": wrap})).effects
    assert isinstance(inner, Issued) and inner.credential == accessor("child")
    assert inner.parents == {accessor("ops"): Parent("dies_with", entity("e-ops"))}
    wrapping = auth("w", "", entity_id=None, policies=["response-wrapping"], remaining_uses=1)
    result = activity(line("sys/wrapping/unwrap", who=wrapping, response={"auth": auth("child", "e-ops")}))
    shown = result.effects[-1]
    assert isinstance(shown, Issued) and (shown.credential, shown.names) == (
        accessor("child"),
        (token("child"),),
    )
    assert result.credential == accessor("w")


def test_the_last_allowed_use_ends_the_token_whatever_became_of_the_call() -> None:
    for error in (None, "unsupported path"):
        result = activity(line("secret/data/db", operation="read", who=auth(remaining_uses=1), error=error))
        assert result.effects == (Ended("its last allowed use", "exhausted", accessor("app"), carries=True),)
    assert activity(line("secret/data/db", operation="read", who=auth(remaining_uses=2))).effects == ()


@pytest.mark.parametrize(
    ("path", "data", "credential", "carries"),
    [
        ("auth/token/revoke", {"token": hmac("app token")}, token("app"), True),
        ("auth/token/revoke-orphan", {"token": hmac("app token")}, token("app"), False),
        ("auth/token/revoke-accessor", {"accessor": hmac("app accessor")}, accessor("app"), True),
    ],
)
def test_a_revocation_ends_its_target(
    path: str, data: dict[str, str], credential: str, carries: bool
) -> None:
    result = activity(line(path, who=OPS, data=data))
    assert result.effects == (Ended(path, "revoked", credential, carries=carries),)
    assert (result.credential, result.target, result.action) == (
        accessor("ops"),
        credential,
        "identity_write",
    )


def test_revoke_self_ends_the_caller_and_is_no_write_to_identities() -> None:
    result = activity(line("auth/token/revoke-self", who=auth()))
    assert result.effects == (Ended("auth/token/revoke-self", "revoked", accessor("app"), entity("e-app")),)
    assert result.action == ""


def test_a_look_up_of_a_token_is_no_use_of_it() -> None:
    result = activity(line("auth/token/lookup-accessor", who=OPS, data={"accessor": hmac("app accessor")}))
    assert (result.credential, result.effects, result.action) == (accessor("ops"), (), "")
    assert hmac("app accessor") not in repr(result)


def test_a_revocation_that_found_nothing_did_not_take() -> None:
    result = activity(
        line("auth/token/revoke-accessor", who=OPS, data={"accessor": hmac("app accessor")},
             response={"warnings": ["No token found with this accessor"]})
    )  # fmt: skip
    assert result.effects == (EndFailed("auth/token/revoke-accessor", accessor("app")),)


def test_a_warning_about_something_else_lets_the_revocation_stand() -> None:
    result = activity(
        line(
            "auth/token/revoke",
            who=OPS,
            data={"token": hmac("app token")},
            response={"warnings": ["be quick"]},
        )
    )
    assert result.effects == (Ended("auth/token/revoke", "revoked", token("app")),)


def test_the_refused_revocation_of_a_batch_token_did_not_take() -> None:
    refused = {"data": {"error": hmac("batch tokens cannot be revoked")}}
    result = activity(line("auth/token/revoke", who=OPS, data={"token": hmac("job token")}, response=refused))
    assert result.effects == (EndFailed("auth/token/revoke", token("job")),)
    assert result.error == "refused, the reason is HMAC'd"
    job = auth("job", accessor=None, token_type="batch")
    result = activity(line("auth/token/revoke-self", who=job, response=refused))
    assert result.effects == (EndFailed("auth/token/revoke-self", token("job"), entity("e-app")),)


def test_a_denied_revocation_was_not_tried() -> None:
    denied = auth(policy_results={"allowed": False})
    result = activity(line("auth/token/revoke", who=denied, data={"token": hmac("x")}, error=DENIED))
    assert result.effects == ()


@pytest.mark.parametrize(
    ("verb", "name", "key"),
    [
        ("secret-id", "secret_id", "vault:prod:secret-id/"),
        ("secret-id-accessor", "secret_id_accessor", "vault:prod:secret-id-accessor/"),
    ],
)
def test_both_forms_of_destroying_a_secret_id_end_it(verb: str, name: str, key: str) -> None:
    result = activity(line(f"auth/approle/role/payments/{verb}/destroy", who=OPS, data={name: hmac("s1")}))
    assert result.effects == (Ended(f"{verb}/destroy", "revoked", key + hmac("s1")),)


def test_a_deleted_role_ends_its_secret_ids_and_only_the_ground_of_its_tokens() -> None:
    result = activity(line("auth/approle/role/payments", operation="delete", who=OPS))
    group, how = "vault:prod:auth/approle/role/payments", "auth/approle/role/payments deleted"
    assert result.effects == (
        Ended(how, "removed", group=group, claims_cut=False, carries=False, scope="token:"),
        Ended(how, "group", group=group, carries=False, scope="secret-id:"),
    )


def test_a_deleted_field_of_a_role_is_no_deleted_role() -> None:
    result = activity(line("auth/approle/role/payments/secret-id-num-uses", operation="delete", who=OPS))
    assert result.effects == ()


@pytest.mark.parametrize("path", ["sys/policies/acl/temp", "sys/policy/temp"])
def test_a_deleted_policy_is_the_end_of_no_token(path: str) -> None:
    [ended] = activity(line(path, operation="delete", who=OPS)).effects
    assert isinstance(ended, Ended)
    assert (ended.kind, ended.group, ended.scope) == ("removed", "vault:prod:policy/temp", "token:")


def test_a_disabled_auth_mount_ends_tokens_and_secret_ids_and_leaves_batch_tokens() -> None:
    result = activity(line("sys/auth/approle", operation="delete", who=OPS))
    assert [(e.group, e.scope, e.kind, e.carries) for e in result.effects if isinstance(e, Ended)] == [
        ("vault:prod:auth/approle/", "auth/approle/", "group", True),
        ("vault:prod:auth/approle/", "secret-id:auth/approle/", "group", False),
        ("vault:prod:auth/approle/", "batch:auth/approle/", "removed", False),
    ]


@pytest.mark.parametrize(
    ("path", "group", "scope"),
    [
        ("sys/leases/revoke-prefix/auth/approle/login", "vault:prod:auth/approle/", "auth/approle/login/"),
        ("sys/leases/revoke-prefix/database/creds/reader", "vault:prod:database/", "database/creds/reader/"),
        ("sys/leases/revoke-force/pki/issue/svc", "vault:prod:pki/", "pki/issue/svc/"),
        ("sys/revoke-prefix/pki", "vault:prod:pki/", "pki/"),
    ],
)
def test_a_lease_prefix_ends_what_stands_under_it(path: str, group: str, scope: str) -> None:
    [ended] = activity(line(path, who=OPS)).effects
    assert isinstance(ended, Ended)
    assert (ended.kind, ended.group, ended.scope, ended.carries) == ("group", group, scope, True)


def test_a_disabled_secrets_mount_ends_its_leases() -> None:
    [ended] = activity(line("sys/mounts/database", operation="delete", who=OPS)).effects
    assert isinstance(ended, Ended) and (ended.group, ended.scope) == ("vault:prod:database/", "database/")


def test_a_revoked_lease_is_recorded_under_the_hmac_of_its_id() -> None:
    key = f"vault:prod:lease/{hmac('l1')}"
    result = activity(line("sys/leases/revoke", who=OPS, data={"lease_id": hmac("l1")}))
    assert result.effects == (Known(key, key, "lease"), Ended("sys/leases/revoke", "revoked", key))
    plain = activity(line("sys/leases/revoke/db/creds/x/l1", who=OPS)).effects[-1]
    assert isinstance(plain, Ended) and plain.credential == "vault:prod:lease/db/creds/x/l1"


def test_an_entity_is_disabled_enabled_and_deleted_by_its_id() -> None:
    path, key = "identity/entity/id/e-app", entity("e-app")
    off = activity(line(path, who=OPS, data={"disabled": True}))
    assert off.effects == (Ended("identity/entity disabled", "disabled", identity=key),) and off.target == key
    on = activity(line(path, who=OPS, data={"disabled": False}))
    assert on.effects == (Restored("identity/entity enabled", "disabled", identity=key),)
    gone = activity(line(path, operation="delete", who=OPS))
    assert gone.effects == (
        Ended("identity/entity deleted", "deleted", identity=key, carries=False, scope=key),
    )
    assert activity(line(path, who=OPS, data={"policies": [hmac("p")]})).effects == ()


def test_an_entity_named_by_name_gets_a_key_that_an_inventory_can_declare() -> None:
    result = activity(line("identity/entity/name/app", who=OPS, data={"disabled": True}))
    assert result.target == "vault:prod:entity-name/app"


def test_a_failed_end_of_an_entity_or_mount_changes_nothing() -> None:
    assert (
        activity(line("identity/entity/id/x", operation="delete", who=OPS, error="internal error")).effects
        == ()
    )
    assert (
        activity(line("sys/auth/approle", operation="delete", who=OPS, error="internal error")).effects == ()
    )


def test_a_generated_root_token_is_issued_under_the_id_of_the_call_that_completed_it() -> None:
    path, nonce = "sys/generate-root-token/update", {"nonce": hmac("n")}
    assert activity(line(path, who=OPS, data=nonce, response={"data": {"complete": False}})).effects == ()
    [issued] = activity(line(path, who=OPS, data=nonce, response={"data": {"complete": True}})).effects
    assert isinstance(issued, Issued) and (issued.kind, issued.identity) == ("root", entity("e-ops"))


def test_a_use_of_a_root_token_says_that_it_is_one() -> None:
    result = activity(
        line("sys/mounts", operation="read", who=auth("root", "", entity_id=None, policies=["root"]))
    )
    assert result.effects == (Known(accessor("root"), accessor("root"), "root", (token("root"),)),)


@pytest.mark.parametrize(
    ("path", "operation", "action"),
    [
        ("auth/token/create", "update", "identity_write"),
        ("auth/approle/role/x/secret-id", "update", "identity_write"),
        ("auth/approle/role/lookup", "create", "identity_write"),
        ("identity/entity", "update", "identity_write"),
        ("sys/policies/acl/ops", "update", "identity_write"),
        ("sys/auth/oidc", "update", "identity_write"),
        ("auth/approle/role/x/secret-id/lookup", "update", ""),
        ("identity/lookup/entity", "update", ""),
        ("auth/token/lookup", "update", ""),
        ("sys/mounts/kv", "update", ""),
        ("auth/approle/role/x", "read", ""),
        ("secret/data/db", "update", ""),
        ("secret/data/db", "read", "secret_read"),
        ("secret/metadata/db", "read", ""),
        ("secret/metadata/", "list", ""),
        ("sys/internal/ui/mounts/secret", "read", ""),
    ],
)
def test_what_kind_of_use_a_path_is(path: str, operation: str, action: str) -> None:
    assert activity(line(path, operation=operation, who=OPS)).action == action


@pytest.mark.parametrize(
    ("kind", "path", "action"),
    [
        ("kv", "team/kv/metadata/db", ""),
        ("kv", "team/kv/data/metadata/db", "secret_read"),
        ("database", "team/kv/creds/reader", "secret_read"),
        ("database", "team/kv/roles/reader", ""),
        ("totp", "team/kv/code/vpn", "secret_read"),
        ("transit", "team/kv/keys/app", ""),
    ],
)
def test_what_is_read_is_told_from_the_mount_where_it_is_known(kind: str, path: str, action: str) -> None:
    result = activity(line(path, operation="read", who=OPS, mount_point="team/kv/", mount_type=kind))
    assert result.action == action
