"""Kubernetes audit events: who, with what, to what end; and every trap of the format."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.activity import (
    Ended,
    Glimpse,
    Granted,
    Imaged,
    Issued,
    Known,
    Restored,
    Session,
    Withdrawn,
)
from schemas.evidence import SECOND
from schemas.fact import facts_of
from schemas.times import micros_of
from tests.support.kubernetes import (
    ACCOUNT,
    ADMIN,
    JTI,
    PREFIX,
    SHA,
    UID,
    account,
    activity,
    clock,
    deleted,
    effect,
    effects,
    event,
    jwt,
    looked_up,
    reading,
    ref,
    token_issued,
    unauthorized,
)

RBAC = "rbac.authorization.k8s.io"


def at(second: float) -> int:
    return micros_of(clock(second))


# Who


@pytest.mark.parametrize(
    ("username", "key"),
    [
        ("system:serviceaccount:shop:mailer", "shop/mailer"),
        ("system:apiserver", "system/apiserver"),
        ("system:node:node-a", "system/node:node-a"),
        ("system:anonymous", "system/anonymous"),
        ("alice@example.com", "user/alice@example.com"),
        ("system:serviceaccount:broken", "system/serviceaccount:broken"),
        ("system:serviceaccount:user:admin", "namespace/user/admin"),
        ("system:serviceaccount:secret:x", "namespace/secret/x"),
    ],
)
def test_a_username_is_an_identity(username: str, key: str) -> None:
    assert activity(event(user={"username": username})).identity == PREFIX + key


def test_a_name_that_no_server_writes_is_cut_to_a_digest() -> None:
    first = activity(event(user={"username": "x" * 5_000})).identity
    second = activity(event(user={"username": "x" * 5_000 + "y"})).identity
    assert len(first) < 200
    assert first != second


def test_a_google_service_account_is_the_clouds_own_identity() -> None:
    result = activity(event(user={"username": "ci@shop-prod.iam.gserviceaccount.com"}))
    assert result.identity == "gcp:shop-prod:ci@shop-prod.iam.gserviceaccount.com"


def test_an_iam_principal_that_eks_let_in_is_the_clouds_own_identity_with_its_key() -> None:
    extra = {
        "accessKeyId": ["ASIAIOSFODNN7EXAMPLE"],
        "arn": ["arn:aws:sts::111122223333:assumed-role/deployer/s1"],
        "canonicalArn": ["arn:aws:iam::111122223333:role/deployer"],
    }
    result = activity(event(user={"username": "kubernetes-admin", "extra": extra}))
    assert (result.identity, result.credential, result.actor_name) == (
        "aws:111122223333:role/deployer",
        "aws:key/ASIAIOSFODNN7EXAMPLE",
        "kubernetes-admin",
    )


def test_the_credential_id_is_the_first_of_a_list_and_names_its_kind() -> None:
    assert activity(event()).credential == f"{PREFIX}jti/{JTI}"
    assert activity(event(user=ADMIN)).credential == f"{PREFIX}x509/{SHA}"


def test_an_export_that_cannot_have_slashes_in_names_still_names_the_credential() -> None:
    user = account(jti="") | {"extra": {"authentication_kubernetes_io_slash_credential-id": [f"JTI={JTI}"]}}
    assert activity(event(user=user)).credential == f"{PREFIX}jti/{JTI}"


def test_the_uid_tells_an_account_from_its_successor_of_the_same_name() -> None:
    assert activity(event()).incarnation == UID
    assert activity(event(user=ADMIN | {"uid": "someone"})).incarnation == ""


def test_a_legacy_token_is_known_by_the_secret_that_its_annotation_names() -> None:
    notes = {
        "authentication.k8s.io/legacy-token": "system:serviceaccount:shop:mailer",
        "authentication.k8s.io/legacy-token-manual-secret": "mailer-token",
    }
    result = activity(event(user=account(jti=""), annotations=notes))
    assert result.credential == f"{PREFIX}secret/shop/mailer-token"
    assert effect(event(user=account(jti=""), annotations=notes), Known) == Known(
        result.credential, ACCOUNT, "legacy_token", groups={f"{PREFIX}shop/secrets/mailer-token": "itself"}
    )


def test_a_static_token_has_no_credential() -> None:
    assert activity(event(user={"username": "ci-runner-7", "uid": "7"})).credential == ""


# Stages


def test_a_request_that_was_only_received_is_passed() -> None:
    result = reading(event(code=None, stage="RequestReceived", responseStatus=None, annotations=None))
    assert (result.passed, result.activities, result.rejects) == (1, [], [])


def test_half_a_line_of_a_received_request_is_a_reject() -> None:
    import json

    whole = json.dumps(event(code=None, stage="RequestReceived"), separators=(",", ":")).encode()
    result = reading(whole[: len(whole) // 2])
    assert (result.passed, len(result.rejects)) == (0, 1)


def test_the_lines_of_one_request_are_one_use() -> None:
    started = activity(event(auditID="a", stage="ResponseStarted", verb="watch", took=0.001))
    complete = activity(event(auditID="a", verb="watch", took=25.0))
    assert msgspec.structs.replace(started, effects=()) == msgspec.structs.replace(complete, effects=())
    uses = [
        fact.credentials
        for a in (started, complete)
        for key, fact in facts_of(a)
        if key == ACCOUNT and fact.credentials
    ]
    assert uses[0] == uses[1]


@pytest.mark.parametrize("at_level", ["watch", "exec", "attach", "portforward"])
def test_a_session_stands_until_its_end_is_told(at_level: str) -> None:
    how = (
        {"verb": "watch"}
        if at_level == "watch"
        else {"verb": "create", "objectRef": ref("pods", "web-1", subresource=at_level)}
    )
    code = 200 if at_level == "watch" else 101
    passive = at_level == "watch"
    assert effect(event(5, code, stage="ResponseStarted", **how), Session) == Session(ACCOUNT, 0, passive)
    assert effect(event(5, code, took=17, **how), Session) == Session(ACCOUNT, at(22), passive)


def test_a_session_that_was_refused_never_stood() -> None:
    refused = event(
        5, 403, stage="ResponseStarted", verb="create", objectRef=ref("pods", "web-1", subresource="exec")
    )
    assert effects(refused) == []


def test_the_commands_of_an_exec_are_not_kept() -> None:
    result = activity(
        event(
            verb="create",
            requestURI="/api/v1/x/exec?command=cat&command=hunter2",
            objectRef=ref("pods", "web-1", subresource="exec"),
        )
    )
    assert "hunter2" not in msgspec.json.encode(result).decode()
    assert (result.operation, result.resource) == ("create pods/exec", "shop/pods/web-1/exec")


# Outcomes


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (200, "succeeded"),
        (201, "succeeded"),
        (101, "succeeded"),
        (403, "forbidden"),
        (404, "failed"),
        (409, "failed"),
        (422, "failed"),
        (500, "failed"),
        (None, "unknown"),
    ],
)
def test_the_code_is_the_outcome(code: int | None, outcome: str) -> None:
    assert activity(event(code=code)).outcome == outcome


def test_a_403_is_forbidden_whatever_the_decision_says() -> None:
    result = activity(event(code=403, annotations={"authorization.k8s.io/decision": "allow"}))
    assert result.outcome == "forbidden"


def test_a_401_names_nobody_and_lasts_from_its_receipt_to_its_answer() -> None:
    result = activity(unauthorized(5, took=0.003))
    assert (result.outcome, result.identity, result.credential) == ("unauthenticated", "", "")
    assert result.effects == (Glimpse(PREFIX, at(5.003)),)


@pytest.mark.parametrize(
    ("resource", "about"),
    [("serviceaccounts", "shop/gone"), ("pods", "shop/pods/gone"), ("secrets", "shop/secrets/gone")],
)
def test_the_servers_own_search_for_what_a_token_rests_on_is_a_glimpse_of_it(
    resource: str, about: str
) -> None:
    assert effect(looked_up(5, resource, "gone"), Glimpse) == Glimpse(PREFIX, at(5.001), PREFIX + about)


def test_a_clients_search_is_no_glimpse() -> None:
    assert effects(event(code=404, verb="get", objectRef=ref("serviceaccounts", "gone"))) == []


def test_a_message_that_may_quote_what_was_sent_is_left_out() -> None:
    quoted = {
        "code": 400,
        "reason": "BadRequest",
        "message": 'couldn\'t get version/kind; json: "password=hunter2"',
    }
    assert activity(event(code=400, responseStatus=quoted)).error == "400 BadRequest"
    denied = {"code": 403, "reason": "Forbidden", "message": 'User "x" cannot list resource "secrets"'}
    assert "cannot list" in activity(event(code=403, responseStatus=denied)).error


def test_the_status_of_a_failure_is_a_word() -> None:
    result = activity(event(code=403, responseObject={"kind": "Status", "status": "Failure", "code": 403}))
    assert result.outcome == "forbidden"


# Place and client


def test_the_real_peer_is_the_last_of_the_addresses() -> None:
    assert activity(event(sourceIPs=["203.0.113.7", "198.51.100.4", "10.1.2.3"])).place == "10.1.2.3"


@pytest.mark.parametrize("ips", [None, [], ["rubbish"], "10.1.2.3", [7]])
def test_what_is_no_address_is_no_place(ips: Any) -> None:
    assert activity(event(sourceIPs=ips)).place == ""


# Actions and operations


@pytest.mark.parametrize("verb", ["get", "list", "watch"])
def test_reading_secrets_is_a_secret_read(verb: str) -> None:
    assert activity(event(verb=verb, objectRef=ref("secrets"))).action == "secret_read"


@pytest.mark.parametrize(
    ("group", "resource", "subresource"),
    [
        ("", "serviceaccounts", ""),
        ("", "serviceaccounts", "token"),
        (RBAC, "rolebindings", ""),
        (RBAC, "clusterroles", ""),
        ("certificates.k8s.io", "certificatesigningrequests", "approval"),
    ],
)
def test_writing_what_identities_are_or_may_do_is_an_identity_write(
    group: str, resource: str, subresource: str
) -> None:
    where = ref(resource, "x", apiGroup=group, subresource=subresource)
    assert activity(event(code=403, verb="create", objectRef=where)).action == "identity_write"
    assert activity(event(verb="get", objectRef=where)).action == ""


def test_a_path_that_is_no_resource_is_the_operation() -> None:
    result = activity(event(objectRef=None, verb="get", requestURI="/version?timeout=5s"))
    assert (result.operation, result.resource, result.service) == ("get /version", "/version", "")


def test_an_unknown_method_has_an_empty_verb() -> None:
    assert activity(event(code=405, verb="")).operation == "? configmaps"


def test_a_name_that_the_server_generated_is_taken_from_the_answer() -> None:
    made = event(
        verb="create",
        objectRef=ref("pods"),
        requestObject={"metadata": {"generateName": "web-"}, "spec": {"containers": [{"image": "web:1"}]}},
        responseObject={"metadata": {"name": "web-x7"}},
    )
    assert activity(made).resource == "shop/pods/web-x7"
    result = effect(made, Imaged)
    assert (result.workload, result.part) == (f"{PREFIX}shop/web-x7", "pods/web-x7")


# Impersonation


def test_an_impersonated_request_is_the_real_callers_and_says_for_whom_it_passed() -> None:
    result = activity(
        event(
            impersonatedUser={"username": "root", "groups": ["system:masters"]},
            verb="get",
            objectRef=ref("secrets", "db"),
        )
    )
    assert (result.identity, result.credential, result.incarnation) == (ACCOUNT, f"{PREFIX}jti/{JTI}", UID)
    assert (result.target, result.operation) == (f"{PREFIX}user/root", "get secrets as root (system:masters)")


def test_the_binding_behind_an_impersonated_request_is_not_the_callers() -> None:
    said = 'RBAC: allowed by RoleBinding "r/shop" of Role "reader" to ServiceAccount "cart/shop"'
    reason = {"authorization.k8s.io/reason": said}
    assert activity(event(annotations=reason)).allowed_by == f"{PREFIX}rolebinding/shop/r"
    assert activity(event(annotations=reason, impersonatedUser={"username": "x"})).allowed_by == (
        f"{PREFIX}passes-for/another"
    )
    masters = {"username": "x", "groups": ["system:masters"]}
    assert activity(event(impersonatedUser=masters)).allowed_by == f"{PREFIX}passes-for/masters"
    assert activity(event(code=403)).allowed_by == ""


def test_a_denied_impersonation_has_no_impersonated_user() -> None:
    said = {"code": 403, "message": 'User "a" cannot impersonate resource "users" in API group ""'}
    assert (
        activity(event(code=403, annotations=None, responseStatus=said)).operation
        == "list configmaps as another"
    )


# Issued


def test_a_token_request_issues_the_credential_that_its_annotation_names() -> None:
    issued = effect(token_issued(1), Issued)
    assert (issued.credential, issued.identity, issued.kind) == (f"{PREFIX}jti/{JTI}", ACCOUNT, "token")
    assert (issued.expires, issued.incarnation, issued.groups) == (micros_of("2026-11-22T11:00:00Z"), UID, {})
    assert issued.parents[f"{PREFIX}x509/{SHA}"].edge == "made_by"


def test_without_the_annotation_the_token_itself_tells_its_id_and_nothing_else_of_it_is_kept() -> None:
    result = activity(token_issued(1) | {"annotations": {}})
    assert [e.credential for e in result.effects] == [f"{PREFIX}jti/{JTI}"]
    assert jwt(JTI) not in msgspec.json.encode(result).decode()


@pytest.mark.parametrize(
    ("kind", "group"),
    [("Pod", "shop/pods/web-1"), ("Secret", "shop/secrets/web-1"), ("Node", "nodes/web-1")],
)
def test_a_bound_token_dies_with_its_object_by_name_and_uid(kind: str, group: str) -> None:
    issued = effect(token_issued(1, bound={"kind": kind, "name": "web-1", "uid": "u-1"}), Issued)
    assert issued.groups == {PREFIX + group: "u-1"}


def test_a_token_request_that_was_refused_issues_nothing() -> None:
    refused = token_issued(1) | {"responseStatus": {"code": 403}}
    assert effects(refused) == []


def test_a_secret_that_holds_a_token_issues_it() -> None:
    body = {
        "type": "kubernetes.io/service-account-token",
        "metadata": {
            "annotations": {
                "kubernetes.io/service-account.name": "mailer",
                "kubernetes.io/service-account.uid": UID,
            }
        },
    }
    made = event(
        1, 201, user=ADMIN, verb="create", objectRef=ref("secrets", "mailer-token"), requestObject=body
    )
    issued = effect(made, Issued)
    assert (issued.credential, issued.identity, issued.incarnation) == (
        f"{PREFIX}secret/shop/mailer-token",
        ACCOUNT,
        UID,
    )
    assert issued.groups == {f"{PREFIX}shop/secrets/mailer-token": "itself"}


def test_a_secret_made_anew_under_its_name_holds_another_token() -> None:
    made = event(1, 201, user=ADMIN, verb="create", objectRef=ref("secrets", "mailer-token"))
    assert effect(made, Restored).group == f"{PREFIX}shop/secrets/mailer-token"


# Ends


def test_a_deleted_account_ends_the_credentials_of_its_uid() -> None:
    ended = effect(deleted(3, "serviceaccounts", "mailer"), Ended)
    assert (ended.kind, ended.identity, ended.scope, ended.at) == ("deleted", ACCOUNT, UID, at(3.002))


def test_a_deleted_secret_names_its_uid_in_the_status_and_ends_what_rests_on_it() -> None:
    details = {"code": 200, "status": "Success", "details": {"name": "anchor", "uid": "u-9"}}
    found = effects(event(3, verb="delete", objectRef=ref("secrets", "anchor"), responseStatus=details))
    assert [(e.group, e.scope) for e in found] == [
        (f"{PREFIX}shop/secrets/anchor", "u-9"),
        (f"{PREFIX}shop/secrets/anchor", "itself"),
    ]


def test_a_pod_that_is_gone_at_once_ends_its_tokens_at_once() -> None:
    gone = deleted(3, "pods", "web-1", deletionTimestamp=clock(3), deletionGracePeriodSeconds=0)
    assert (effect(gone, Ended).at, effect(gone, Ended).scope) == (at(3.002), UID)


def test_the_tokens_of_a_terminating_pod_work_for_a_minute_beyond_its_deletion_timestamp() -> None:
    waiting = deleted(
        3, "pods", "web-1", deletionTimestamp="2026-11-22T10:00:33Z", deletionGracePeriodSeconds=30
    )
    assert effect(waiting, Ended).at == at(93)


def test_an_object_that_waits_for_finalizers_counts_for_a_minute_more() -> None:
    waiting = deleted(
        3, "serviceaccounts", "mailer", deletionTimestamp="2026-11-22T10:00:03Z", finalizers=["x/y"]
    )
    assert effect(waiting, Ended).at == at(3.002) + 60_000_000


def test_without_a_body_the_collectors_delete_of_a_pod_is_its_end_too() -> None:
    collector = {"username": "system:serviceaccount:kube-system:pod-garbage-collector"}
    gone = event(3, verb="delete", objectRef=ref("pods", "web-1"), user=collector)
    assert effect(gone, Ended).group == f"{PREFIX}shop/pods/web-1"


@pytest.mark.parametrize(("grace", "ends"), [(0, 1), (30, 0), (None, 0), (False, 0), ("0", 0)])
def test_where_only_the_request_is_logged_it_says_whether_a_pod_ends_at_once(grace: Any, ends: int) -> None:
    asked = {"kind": "DeleteOptions", "gracePeriodSeconds": grace}
    result = effects(event(3, verb="delete", objectRef=ref("pods", "web-1"), user=ADMIN, requestObject=asked))
    assert len(result) == ends


def test_without_a_body_only_the_kubelets_delete_of_a_pod_is_its_end() -> None:
    where = ref("pods", "web-1")
    assert effects(event(3, verb="delete", objectRef=where, user=ADMIN)) == []
    assert effect(
        event(3, verb="delete", objectRef=where, user={"username": "system:node:a"}), Ended
    ).at == at(3.002)


def test_a_collection_that_was_deleted_names_its_objects_in_the_answer() -> None:
    items = [
        {"metadata": {"name": "a", "uid": "1"}},
        {"metadata": {"name": "b", "uid": "2"}},
        {"metadata": {}},
    ]
    found = effects(
        event(3, verb="deletecollection", objectRef=ref("serviceaccounts"), responseObject={"items": items})
    )
    assert [(e.identity, e.scope) for e in found] == [(f"{PREFIX}shop/a", "1"), (f"{PREFIX}shop/b", "2")]


@pytest.mark.parametrize(
    "where",
    [
        ref("certificatesigningrequests", "edge", "", apiGroup="certificates.k8s.io"),
        ref("configmaps", "x"),
        ref("pods", "x", subresource="eviction"),
    ],
)
def test_the_delete_of_a_request_for_a_certificate_or_of_anything_else_ends_nothing(where: Any) -> None:
    assert effects(event(3, verb="delete", objectRef=where)) == []


def test_a_delete_that_was_refused_ends_nothing() -> None:
    assert effects(deleted(3, "serviceaccounts", "mailer") | {"responseStatus": {"code": 403}}) == []


# Declared status


def labelled(value: str | None, name: str = "lifecycle.example.com/state", **more: Any) -> dict[str, Any]:
    body = {"metadata": {"labels": {name: value}}}
    return event(
        4, user=ADMIN, verb="patch", objectRef=ref("serviceaccounts", "mailer"), requestObject=body, **more
    )


def test_a_label_that_says_decommissioned_switches_the_identity_off_and_grants_no_time() -> None:
    ended = effect(labelled("decommissioned"), Ended)
    assert (ended.kind, ended.identity, ended.claims_cut, ended.carries) == (
        "disabled",
        ACCOUNT,
        False,
        False,
    )


@pytest.mark.parametrize("value", ["active", None])
def test_a_label_that_is_set_back_or_removed_switches_it_on_again(value: str | None) -> None:
    assert effect(labelled(value), Restored).identity == ACCOUNT


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("deprecated", "lifecycle.example.com/state"),
        ("decommissioned", "app"),
        ("retired", "team/lifecycle-owner"),
    ],
)
def test_other_labels_and_values_say_nothing(value: str, name: str) -> None:
    assert effects(labelled(value, name)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lifecycle.corp.net/status", "retired"),
        ("lifecycle", "Inactive"),
        ("corp.net/nhi-status", "disabled"),
        ("corp.net/identity.state", "retired"),
        ("nhi.corp.net/phase", "inactive"),
        ("corp.net/decommissioned", "true"),
        ("corp.net/state", "decommissioned"),
        ("status", "retired"),
    ],
)
def test_the_names_of_status_labels_are_a_table(name: str, value: str) -> None:
    assert effect(labelled(value, name), Ended).kind == "disabled"


@pytest.mark.parametrize(
    ("name", "value"),
    [("corp.net/state", "inactive"), ("app.kubernetes.io/part-of", "retired"), ("retired", "soon")],
)
def test_a_label_that_may_be_about_something_else_says_nothing(name: str, value: str) -> None:
    assert effects(labelled(value, name)) == []


WHOLE = {"kind": "ServiceAccount", "metadata": {"name": "mailer", "namespace": "shop", "uid": UID}}


def test_an_answer_without_any_status_label_takes_back_what_one_said() -> None:
    """Of a write of the whole object, of a patch whose body is not read (a JSON patch), and of one that
    rewrites all labels."""
    put = labelled("blue", "team", responseObject=WHOLE) | {"verb": "update"}
    assert effect(put, Restored).identity == ACCOUNT
    listed = labelled("blue", "team", responseObject=WHOLE) | {"requestObject": [{"op": "remove"}]}
    assert effect(listed, Restored).identity == ACCOUNT
    for labels in (None, {"$patch": "replace", "team": "blue"}):
        cleared = labelled("blue", "team", responseObject=WHOLE)
        cleared |= {"requestObject": {"metadata": {"labels": labels}}}
        assert effect(cleared, Restored).identity == ACCOUNT


def test_a_patch_leaves_the_labels_that_it_does_not_name() -> None:
    assert effects(labelled("blue", "team", responseObject=WHOLE)) == []


# Dry runs and extended tokens


@pytest.mark.parametrize(
    "dry",
    [
        {"requestURI": "/api/v1/namespaces/shop/serviceaccounts/mailer?dryRun=All&fieldManager=x"},
        {"requestObject": {"kind": "DeleteOptions", "dryRun": ["All"]}},
    ],
)
def test_a_dry_run_ends_nothing_and_writes_no_identity(dry: dict[str, Any]) -> None:
    result = activity(deleted(5, "serviceaccounts", "mailer") | dry)
    assert (result.effects, result.action, result.outcome) == ((), "", "succeeded")


def test_a_word_about_dry_runs_elsewhere_makes_none() -> None:
    result = activity(
        labelled("decommissioned") | {"requestURI": "/api/v1/x?a=dryRun=All&fieldManager=dryRun"}
    )
    assert isinstance(result.effects[0], Ended)
    body = {"dryRun": ["All"], "metadata": {"labels": {"lifecycle": "retired"}}}
    assert isinstance(activity(labelled("retired") | {"requestObject": body}).effects[0], Ended)


@pytest.mark.parametrize("dry", [[], "All", None, {"All": 1}])
def test_only_a_dry_run_is_none(dry: Any) -> None:
    result = activity(deleted(5, "serviceaccounts", "mailer") | {"requestObject": {"dryRun": dry}})
    assert isinstance(result.effects[0], Ended) and result.action == "identity_write"


def test_a_token_that_the_server_calls_stale_expired_so_many_seconds_ago() -> None:
    stale = "subject: system:serviceaccount:shop:mailer, seconds after warning threshold: 420"
    result = activity(event(600, annotations={"authentication.k8s.io/stale-token": stale}))
    expired = result.time - 420 * SECOND
    assert result.effects == (Known(f"{PREFIX}jti/{JTI}", ACCOUNT, "token_extended", expires=expired),)
    without = event(600, user=account(jti=""), annotations={"authentication.k8s.io/stale-token": stale})
    assert activity(without).effects == ()


# Grants


def binding(verb: str = "create", subjects: Any = None, **more: Any) -> dict[str, Any]:
    subjects = (
        subjects
        if subjects is not None
        else [{"kind": "ServiceAccount", "name": "mailer", "namespace": "shop"}]
    )
    body = {"kind": "RoleBinding", "subjects": subjects, "roleRef": {"kind": "Role", "name": "reader"}}
    where = ref("rolebindings", "mailer-reader", apiGroup=RBAC)
    return event(6, user=ADMIN, verb=verb, objectRef=where, responseObject=body, **more)


GRANT = f"{PREFIX}rolebinding/shop/mailer-reader"


def test_a_binding_grants_its_role_to_its_subjects() -> None:
    subjects = [
        {"kind": "ServiceAccount", "name": "mailer"},
        {"kind": "User", "name": "bob"},
        {"kind": "Group", "name": "system:masters"},
        {"kind": "ServiceAccount"},
    ]
    granted = effect(binding(subjects=subjects), Granted)
    assert (granted.grant, granted.role) == (GRANT, f"{PREFIX}role/shop/reader")
    assert granted.identities == (f"{PREFIX}group/system:masters", ACCOUNT, f"{PREFIX}user/bob")


def test_the_delete_of_a_binding_names_nobody() -> None:
    gone = event(6, user=ADMIN, verb="delete", objectRef=ref("rolebindings", "mailer-reader", apiGroup=RBAC))
    assert effect(gone, Withdrawn) == Withdrawn(GRANT, "delete rolebindings/mailer-reader")


def test_a_binding_that_was_changed_ends_for_all_who_are_not_in_it_any_more() -> None:
    changed = binding("update", [{"kind": "User", "name": "bob"}])
    assert effect(changed, Withdrawn).kept == (f"{PREFIX}user/bob",)
    assert effect(changed, Granted).identities == (f"{PREFIX}user/bob",)


def test_a_binding_that_was_refused_grants_nothing_and_is_a_forbidden_write() -> None:
    refused = binding() | {"responseStatus": {"code": 403}}
    assert (activity(refused).action, activity(refused).outcome, effects(refused)) == (
        "identity_write",
        "forbidden",
        [],
    )


def test_a_use_names_the_grant_that_allowed_it_but_for_the_clusters_own() -> None:
    def allowed(reason: str) -> str:
        return str(activity(event(annotations={"authorization.k8s.io/reason": reason})).allowed_by)

    said = 'RBAC: allowed by {} of ClusterRole "view" to User "x"'
    assert allowed(said.format('ClusterRoleBinding "edge-view"')) == f"{PREFIX}clusterrolebinding/edge-view"
    assert allowed(said.format('RoleBinding "edge/shop"')) == f"{PREFIX}rolebinding/shop/edge"
    assert allowed(said.format('ClusterRoleBinding "system:node"')) == ""
    assert allowed("") == ""


# Token reviews


def review(
    authenticated: bool, token: str = jwt("9d0f6a63-aaaa-4c54-8d56-7f0e1f0c1f3a"), **more: Any
) -> dict[str, Any]:
    user = account("partner", "9d0f6a63-aaaa-4c54-8d56-7f0e1f0c1f3a", "u-p") if authenticated else {}
    return event(
        7,
        201,
        verb="create",
        objectRef=ref("tokenreviews", namespace="", apiGroup="authentication.k8s.io"),
        requestObject={"spec": {"token": token}},
        responseObject={"spec": {"token": token}, "status": {"authenticated": authenticated, "user": user}},
        **more,
    )


@pytest.mark.parametrize(("authenticated", "outcome"), [(True, "succeeded"), (False, "unauthenticated")])
def test_a_token_that_was_shown_for_review_is_a_use_of_it(authenticated: bool, outcome: str) -> None:
    own, shown = reading(review(authenticated)).activities
    assert (own.identity, own.credential) == (ACCOUNT, f"{PREFIX}jti/{JTI}")
    assert (shown.credential, shown.outcome) == (f"{PREFIX}jti/9d0f6a63-aaaa-4c54-8d56-7f0e1f0c1f3a", outcome)
    assert shown.identity == (f"{PREFIX}shop/partner" if authenticated else "")
    assert shown.place == shown.client == ""


def test_of_a_token_under_review_nothing_but_its_id_is_kept() -> None:
    token = jwt("9d0f6a63-aaaa-4c54-8d56-7f0e1f0c1f3a")
    everything = b"".join(msgspec.json.encode(a) for a in reading(review(False, token)).activities).decode()
    assert token.split(".")[1] not in everything
    assert token.split(".")[2] not in everything


@pytest.mark.parametrize(
    "token", ["", "rubbish", "a.b.c", "a.e30.c", "a.bnVsbA.c", "a." + "A" * 50_000 + ".c", "a.eyJqdGkiOjd9.c"]
)
def test_a_token_that_is_none_is_only_the_reviewers_call(token: str) -> None:
    assert len(reading(review(False, token)).activities) == 1


# Images


def test_an_image_that_a_body_sets_is_told_with_its_workload() -> None:
    body = {
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "main", "image": "fork/catalog:1.1"}],
                    "initContainers": [{"image": "init:1"}],
                }
            }
        }
    }
    patched = event(
        verb="patch", objectRef=ref("deployments", "catalog", apiGroup="apps"), requestObject=body
    )
    assert effect(patched, Imaged) == Imaged(f"{PREFIX}shop/catalog", ("fork/catalog:1.1", "init:1"))


def test_an_image_that_is_seen_running_is_told_so() -> None:
    body = {"status": {"containerStatuses": [{"image": "catalog:1.0"}]}}
    result = event(verb="patch", objectRef=ref("pods", "web-1", subresource="status"), requestObject=body)
    assert effect(result, Imaged) == Imaged(
        f"{PREFIX}shop/web-1", ("catalog:1.0",), running=True, part="pods/web-1"
    )


def test_a_debug_container_is_an_image_of_its_pod() -> None:
    body = {"spec": {"ephemeralContainers": [{"name": "dbg", "image": "netshoot:latest"}]}}
    result = event(
        verb="patch", objectRef=ref("pods", "web-1", subresource="ephemeralcontainers"), requestObject=body
    )
    made = effect(result, Imaged)
    assert (made.images, made.part) == (("netshoot:latest",), "pods/web-1/ephemeralcontainers")


@pytest.mark.parametrize(
    ("resource", "name", "owner", "labels", "workload"),
    [
        ("pods", "web-5c5cdf8548-gqb2l", ("ReplicaSet", "web-5c5cdf8548"), {}, "web"),
        ("pods", "web-z9-x", ("ReplicaSet", "web-z9"), {"pod-template-hash": "z9"}, "web"),
        ("pods", "db-0", ("StatefulSet", "db"), {"app": "other"}, "db"),
        ("pods", "nightly-29730120-abcde", ("Job", "nightly-29730120"), {}, "nightly"),
        ("jobs", "nightly-29730120", ("CronJob", "nightly"), {}, "nightly"),
        ("pods", "migrate-abcde", ("Job", "migrate"), {}, "migrate"),
        ("pods", "hotfix", None, {"app": "web", "app.kubernetes.io/name": "shop"}, "shop"),
        ("pods", "alone", None, {}, "alone"),
    ],
)
def test_an_object_is_a_part_of_the_workload_that_made_it(
    resource: str, name: str, owner: tuple[str, str] | None, labels: dict[str, str], workload: str
) -> None:
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    pod = {"spec": {"containers": [{"image": "web:1"}]}}
    spec = pod["spec"] if resource == "pods" else {"template": pod}
    body = {"metadata": {"name": name, "labels": labels, "ownerReferences": owners}, "spec": spec}
    made = event(verb="create", objectRef=ref(resource, name), responseObject=body)
    assert effect(made, Imaged).workload == f"{PREFIX}shop/{workload}"


def test_a_json_patch_is_a_list_where_a_body_should_be() -> None:
    result = activity(event(verb="patch", requestObject=[{"op": "add", "path": "/x", "value": 1}]))
    assert (result.outcome, result.identity) == ("succeeded", ACCOUNT)


def test_the_body_of_a_delete_decides_whether_it_is_a_rehearsal() -> None:
    """Where there is a body, the server does not look at the query."""
    uri = "/api/v1/namespaces/shop/serviceaccounts/mailer?dryRun=All"
    asked = deleted(5, "serviceaccounts", "mailer") | {"requestURI": uri}
    real = activity(asked | {"requestObject": {"kind": "DeleteOptions", "gracePeriodSeconds": 0}})
    assert [type(e) for e in real.effects] == [Ended] and real.action == "identity_write"
    assert activity(asked | {"requestObject": {"kind": "DeleteOptions", "dryRun": ["All"]}}).effects == ()


@pytest.mark.parametrize(
    ("body", "restores"),
    [
        (None, True),
        ({"type": "kubernetes.io/service-account-token"}, True),
        ({"type": "Opaque"}, False),
        ({"metadata": {"name": "mailer-token"}}, False),
    ],
)
def test_a_secret_of_another_type_gets_no_new_token(body: Any, restores: bool) -> None:
    made = event(5, 201, user=ADMIN, verb="create", objectRef=ref("secrets", "mailer-token"))
    if body:
        made["requestObject"] = body
    assert [type(e) for e in effects(made)] == ([Restored] if restores else [])


def test_an_account_made_under_a_name_is_another_one() -> None:
    made = event(5, 201, user=ADMIN, verb="create", objectRef=ref("serviceaccounts", "mailer"))
    (result,) = effects(made)
    assert (type(result), result.kind, result.identity) == (Restored, "remade", ACCOUNT)
