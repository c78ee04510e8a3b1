"""Scenes in a cluster and an account: access, elevation, secrets, images, releases and the log itself, each
wrong and, beside it, as it ordinarily goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from infra.simulator.cases import CLAIM, CONTRADICTION
from infra.simulator.chance import Chance
from infra.simulator.year_case import MORE
from infra.simulator.year_scenes import Entry, Scene, Sections, Who, declared
from infra.simulator.year_stage import micro_stamp, stamp, uuid_of

HOME, AWAY = "10.8.0.4", "198.18.0.9"
RBAC = "rbac.authorization.k8s.io"
ADMIN: dict[str, Any] = {
    "username": "system:serviceaccount:ci:deployer",
    "groups": ["system:serviceaccounts"],
}
ACCOUNT = "111122223333"
DAILY = 9
"""Days of habit before a scene goes wrong: more than the week that makes one."""


def _cluster(name: str) -> str:
    return f"scene-{name}".replace("_", "-")


def _key(name: str, part: str) -> str:
    return f"k8s:{_cluster(name)}:{part}"


def _worker(name: str) -> dict[str, Any]:
    token = uuid_of(Chance(f"{name}/token"))
    return {
        "username": "system:serviceaccount:shop:worker",
        "uid": uuid_of(Chance(f"{name}/uid")),
        "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
        "extra": {"authentication.kubernetes.io/credential-id": [f"JTI={token}"]},
    }


def _event(
    name: str, at: str, verb: str, resource: str, named: str = "", mark: str = "", **more: Any
) -> Entry:
    """A line of the cluster's audit log, by its worker unless told."""
    uid = more.pop("uid", "") or uuid_of(Chance(f"{name}/{at}/{verb}/{resource}/{named}"))
    where = {"resource": resource, "namespace": "shop", "name": named, "apiVersion": "v1"}
    where |= more.pop("ref", {})
    reason = more.pop("by", "")
    fields: dict[str, Any] = {"user": _worker(name), "sourceIPs": [HOME], "stage": "ResponseComplete"} | more

    def record(time: int) -> dict[str, Any]:
        event = {
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": uid,
            "requestURI": f"/api/v1/namespaces/shop/{resource}", "verb": verb, "userAgent": "worker/v1",
            "objectRef": {field: text for field, text in where.items() if text},
            "responseStatus": {"metadata": {}, "code": 200},
            "requestReceivedTimestamp": micro_stamp(time), "stageTimestamp": micro_stamp(time + 3_000),
            "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": reason},
            **fields,
        }  # fmt: skip
        row = {"id": uid, "timestamp": time // 1_000, "message": orjson.dumps(event).decode()}
        group = f"/aws/eks/{_cluster(name)}/cluster"
        return {
            "messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": group,
            "logStream": "kube-apiserver-audit-0", "subscriptionFilters": ["audit"], "logEvents": [row],
        }  # fmt: skip

    return Entry(at, uid, record, mark)


def _bound(
    name: str, at: str, binding: str, role: str, by: dict[str, Any] | None = None, mark: str = ""
) -> Entry:
    body = {
        "kind": "RoleBinding", "metadata": {"name": binding},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "worker", "namespace": "shop"}],
    }  # fmt: skip
    return _event(
        name, at, "create", "rolebindings", binding, mark, user=by or ADMIN, ref={"apiGroup": RBAC},
        requestObject=body, responseObject=body, responseStatus={"metadata": {}, "code": 201},
    )  # fmt: skip


def _unbound(name: str, at: str, binding: str) -> Entry:
    return _event(name, at, "delete", "rolebindings", binding, CLAIM, user=ADMIN, ref={"apiGroup": RBAC})


def _by(binding: str) -> str:
    return f'RBAC: allowed by RoleBinding "{binding}/shop" of ClusterRole "x" to ServiceAccount "worker/shop"'


def _exec(name: str, at: str, mark: str = "", ended: bool = False) -> Entry:
    more: dict[str, Any] = {"stage": "ResponseComplete" if ended else "ResponseStarted"}
    return _event(
        name, at, "create", "pods", "web-1", mark, ref={"subresource": "exec"}, by=_by("deploy"),
        responseStatus={"metadata": {}, "code": 101}, **more,
    )  # fmt: skip


def _worker_of(subject: str, **more: Any) -> Callable[[str], Who]:
    """The worker of the scene's cluster, as declared; ``subject``: what the finding is about, with its
    keys."""

    def who(name: str) -> Who:
        key = _key(name, "shop/worker")
        token = _key(name, f"jti/{uuid_of(Chance(f'{name}/token'))}")
        return Who(
            key,
            subject.format(key=key, at=_key(name, ""), release=f"{_cluster(name)}-2"),
            (token,),
            (declared(key, **more),),
        )

    return who


def _session(stands: bool) -> Callable[[str, Chance], Iterator[Entry]]:
    def entries(name: str, chance: Chance) -> Iterator[Entry]:
        yield _bound(name, "09:00:00", "deploy", "deployer")
        yield _exec(name, "09:10:00", CONTRADICTION if stands else "", ended=not stands)
        yield _unbound(name, "09:30:00", "deploy")
        yield _event(name, "12:00:00", "list", "pods")

    return entries


def _role(by_itself: bool) -> Callable[[str, Chance], Iterator[Entry]]:
    def entries(name: str, chance: Chance) -> Iterator[Entry]:
        yield _event(name, "09:00:00", "list", "pods")
        mark = CONTRADICTION if by_itself else ""
        yield _bound(name, "09:30:00", "more", "admin", _worker(name) if by_itself else None, mark)

    return entries


def _read(name: str, at: str, secret: str, place: str = HOME, mark: str = "", by: str = "") -> Entry:
    return _event(name, at, "get", "secrets", secret, mark, sourceIPs=[place], by=by)


def _network(strange: bool) -> Callable[[str, Chance], Iterator[Entry]]:
    def entries(name: str, chance: Chance) -> Iterator[Entry]:
        yield _read(name, "09:00:00", "db")
        yield _read(name, "11:00:00", "db", AWAY if strange else HOME, CONTRADICTION if strange else "")

    return entries


def _swept(many: int) -> Callable[[str, Chance], Iterator[Entry]]:
    def entries(name: str, chance: Chance) -> Iterator[Entry]:
        for day in range(DAILY):
            yield _read(name, f"{day}+09:00:00", "own")
        for n in range(many):
            wrong = many > SOME and (CONTRADICTION if n == 0 else MORE)
            yield _read(name, f"{DAILY}+02:00:{10 + n:02}", f"s{n}", mark=wrong or "")

    return entries


SOME = 3
"""Secrets that a release brings; a sweep takes eight."""


def _elevated(late: bool) -> Callable[[str, Chance], Iterator[Entry]]:
    def entries(name: str, chance: Chance) -> Iterator[Entry]:
        yield _bound(name, "09:00:00", "elevated", "admin")
        yield _event(name, "09:10:00", "list", "configmaps", by=_by("elevated"))
        if late:
            yield _event(name, "11:00:00", "list", "configmaps", mark=CONTRADICTION, by=_by("elevated"))

    return entries


def _once_used(taken_away: bool) -> Callable[[str, Chance], Iterator[Entry]]:
    def entries(name: str, chance: Chance) -> Iterator[Entry]:
        yield _bound(name, "09:00:00", "deploy", "deployer", mark="" if taken_away else CONTRADICTION)
        yield _event(name, "10:00:00", "list", "pods", by=_by("deploy"))
        for day in (15, 30, 45):
            yield _event(name, f"{day}+09:00:00", "list", "rolebindings", user=ADMIN, ref={"apiGroup": RBAC})
        if taken_away:
            yield _unbound(name, "60+09:00:00", "deploy")

    return entries


def _excepted(name: str, at: Callable[[str], int]) -> Sections:
    return {"exceptions": [{
        "control": "secret_sweep", "identity": _key(name, "shop/worker"), "owner": "team-scenes",
        "reason": "a move of all secrets", "until": stamp(at("30+00:00:00")),
    }]}  # fmt: skip


def _window(name: str, at: Callable[[str], int]) -> Sections:
    return {"approvals": [{
        "identity": _key(name, "shop/worker"), "grant": "rolebinding/shop/elevated", "approver": "jo",
        "from": stamp(at("08:55:00")), "until": stamp(at("10:00:00")),
    }]}  # fmt: skip


def _runs(name: str, at: str, image: str, mark: str = "") -> Entry:
    owner = {"kind": "ReplicaSet", "name": "web-6d4cf56db6", "controller": True}
    body = {
        "kind": "Pod", "metadata": {"name": "web-6d4cf56db6-x2x4z", "ownerReferences": [owner]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "web", "image": image}]},
    }  # fmt: skip
    kubelet = {"username": "system:node:a", "groups": ["system:nodes"]}
    return _event(
        name, at, "patch", "pods", "web-6d4cf56db6-x2x4z", mark, user=kubelet, ref={"subresource": "status"},
        requestObject=body, responseObject=body,
    )  # fmt: skip


def _web(name: str) -> Who:
    key = _key(name, "shop/web")
    return Who(key, key, (), (declared(key),))


def _rolled(old: bool) -> Callable[[str, Chance], Iterator[Entry]]:
    def entries(name: str, chance: Chance) -> Iterator[Entry]:
        yield _runs(name, "08:00:00", "shop/web:1")
        yield _runs(name, "09:10:00", "shop/web:2")
        if old:
            yield _runs(name, "11:00:00", "shop/web:1", CONTRADICTION)

    return entries


def _release(workload: str, image: str) -> Callable[[str, Callable[[str], int]], Sections]:
    def sections(name: str, at: Callable[[str], int]) -> Sections:
        release = {"id": f"{_cluster(name)}-2", "workload": _key(name, workload), "at": stamp(at("09:00:00"))}
        return {"releases": [release | ({"image": image} if image else {})]}

    return sections


def _after_release(drifts: bool) -> Callable[[str, Chance], Iterator[Entry]]:
    def entries(name: str, chance: Chance) -> Iterator[Entry]:
        yield _event(name, "08:30:00", "list", "pods")
        yield _event(name, "09:05:00", "list", "pods")
        if drifts:
            yield _event(name, "09:15:00", "list", "pods", "", CONTRADICTION, sourceIPs=[AWAY])

    return entries


def _trail(name: str) -> Who:
    trail = f"aws:{ACCOUNT}:trail/{name}"
    return Who(trail, trail)


def _trail_call(name: str, at: str, operation: str, mark: str = "") -> Entry:
    uid = uuid_of(Chance(f"{name}/{at}/{operation}"))
    who = {
        "type": "IAMUser", "principalId": "AIDASCENEOPERATOR0001", "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/scene-operator", "accessKeyId": "AKIASCENEOPERATOR001",
        "userName": "scene-operator",
    }  # fmt: skip

    def record(time: int) -> dict[str, Any]:
        return {
            "eventVersion": "1.09", "userIdentity": who, "eventTime": stamp(time), "eventID": uid,
            "eventSource": "cloudtrail.amazonaws.com", "eventName": operation, "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.40", "userAgent": "aws-cli/2", "requestParameters": {"name": name},
            "responseElements": None, "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT,
        }  # fmt: skip

    return Entry(at, uid, record, mark)


def _logging(stays_off: bool) -> Callable[[str, Chance], Iterator[Entry]]:
    def entries(name: str, chance: Chance) -> Iterator[Entry]:
        yield _trail_call(name, "08:00:00", "StartLogging")
        yield _trail_call(name, "09:00:00", "StopLogging", CONTRADICTION if stays_off else "")
        if not stays_off:
            yield _trail_call(name, "09:01:00", "StartLogging")

    return entries


def _scene(name: str, says: str, who: Callable[[str], Who], entries: Any, **more: Any) -> Scene:
    fields: dict[str, Any] = {"source": "kubernetes", "about": "identity", "folder": "eks"}
    fields |= {} if "control" in more else {"expects": "silence"}
    return Scene(name, says, "account", who=who, entries=entries, **(fields | more))


_PLACES = {"places": ["10.8.0.0/24"]}
TWO = ("credential_in_two_places",)

ACCESS: tuple[Scene, ...] = (
    _scene("session_outlives_its_binding", "a binding goes, and a shell that it had allowed stands open",
           _worker_of("{at}rolebinding/shop/deploy {key}"), _session(True),
           control="access_outlived_removal", severity="medium"),
    _scene("session_ends_before_its_binding", "the shell ended before the binding went",
           _worker_of("{at}rolebinding/shop/deploy {key}"), _session(False)),
    _scene("account_binds_itself", "an account writes a binding for itself",
           _worker_of("{key} {at}rolebinding/shop/more"), _role(True),
           control="scope_escalation", severity="medium"),
    _scene("account_is_bound", "the pipeline writes it", _worker_of("{key} {at}rolebinding/shop/more"),
           _role(False)),
    _scene("secret_from_elsewhere", "a secret is read from a network that is not declared",
           _worker_of("{key}", **_PLACES), _network(True),
           control="secret_store_from_unexpected_network", severity="low", also=TWO),
    _scene("secret_from_home", "a secret is read twice from a declared network",
           _worker_of("{key}", **_PLACES), _network(False)),
    _scene("secrets_swept", "after days with one secret, eight others at night", _worker_of("{key}"),
           _swept(8), control="secret_sweep", severity="low"),
    _scene("secrets_of_a_release", "after days with one secret, three others", _worker_of("{key}"),
           _swept(SOME)),
    _scene("elevated_past_its_window", "a role is used an hour after its approval ended",
           _worker_of("{key} rolebinding/shop/elevated"), _elevated(True),
           control="elevation_outside_window", severity="medium", sections=_window),
    _scene("elevated_in_its_window", "a role is used while it is approved",
           _worker_of("{key} rolebinding/shop/elevated"), _elevated(False), sections=_window),
    _scene("old_image_comes_back", "a pod runs the image of before the release", _web, _rolled(True),
           control="outdated_image_running", severity="low", also=("drift_after_release",),
           sections=_release("shop/web", "shop/web:2")),
    _scene("image_rolls_out", "a release rolls out", _web, _rolled(False),
           sections=_release("shop/web", "shop/web:2")),
    _scene("network_after_a_release", "minutes after a release its workload calls from another network",
           _worker_of("{key} {release}", **_PLACES), _after_release(True),
           control="drift_after_release", severity="low", also=TWO, sections=_release("shop/worker", "")),
    _scene("release_keeps_to_its_network", "a release whose workload calls from where it did",
           _worker_of("{key}", **_PLACES), _after_release(False), sections=_release("shop/worker", "")),
    _scene("grant_is_not_used", "a role is used on its first day, and for three months not again",
           _worker_of("{key} {at}rolebinding/shop/deploy"), _once_used(False),
           control="unused_access", severity="informational", early=True),
    _scene("unused_grant_is_taken_away", "the role is taken away after two months",
           _worker_of("{key} {at}rolebinding/shop/deploy"), _once_used(True), early=True),
    _scene("exception_is_not_used", "an exception for a move of secrets stands, and nothing is moved",
           _worker_of("secret_sweep {key}"), _swept(SOME),
           control="exception_unused", severity="informational", sections=_excepted),
    _scene("exception_is_used", "the secrets are moved while it stands", _worker_of("{key}"), _swept(8),
           also=("secret_sweep",), sections=_excepted),
)  # fmt: skip
LOGS: tuple[Scene, ...] = (
    _scene("trail_stopped", "a trail is stopped", _trail, _logging(True), source="cloudtrail", folder="",
           control="telemetry_gap", severity="medium"),
    _scene("trail_stopped_for_a_minute", "a trail is stopped and started again by the same hand", _trail,
           _logging(False), source="cloudtrail", folder=""),
)  # fmt: skip
