"""Scenes in a cluster whose API server stands behind a balancer that forwards no address: its log shows the
balancer's nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from infra.simulator.cases import CONTRADICTION
from infra.simulator.chance import Chance
from infra.simulator.year_scenes import Entry, Scene, Who, declared
from infra.simulator.year_stage import micro_stamp, uuid_of

NODES = ("10.9.0.1", "10.9.0.2", "10.9.0.3")
ACCOUNTS = ("web", "mailer", "orders", "stock")
ROUNDS = 8
"""Calls of each account through each node, an hour apart."""


def _cluster(name: str) -> str:
    return f"scene-{name}".replace("_", "-")


def _jti(name: str, account: str) -> str:
    return uuid_of(Chance(f"{name}/{account}"))


def _mailer(name: str) -> Who:
    keys = [f"k8s:{_cluster(name)}:shop/{account}" for account in ACCOUNTS]
    token = f"k8s:{_cluster(name)}:jti/{_jti(name, ACCOUNTS[0])}"
    return Who(keys[0], token, (token,), tuple(declared(key) for key in keys))


def _lists(name: str, at: str, account: str, place: str, mark: str = "") -> Entry:
    uid = uuid_of(Chance(f"{name}/{at}/{account}/{place}"))
    user = {
        "username": f"system:serviceaccount:shop:{account}",
        "uid": uuid_of(Chance(f"{name}/{account}/uid")),
        "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
        "extra": {"authentication.kubernetes.io/credential-id": [f"JTI={_jti(name, account)}"]},
    }

    def record(time: int) -> dict[str, Any]:
        event = {
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": uid,
            "stage": "ResponseComplete", "requestURI": "/api/v1/namespaces/shop/pods", "verb": "list",
            "user": user, "sourceIPs": [place], "userAgent": f"{account}/v1",
            "objectRef": {"resource": "pods", "namespace": "shop", "apiVersion": "v1"},
            "responseStatus": {"metadata": {}, "code": 200},
            "requestReceivedTimestamp": micro_stamp(time), "stageTimestamp": micro_stamp(time + 3_000),
            "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
        }  # fmt: skip
        row = {"id": uid, "timestamp": time // 1_000, "message": orjson.dumps(event).decode()}
        return {
            "messageType": "DATA_MESSAGE",
            "owner": "111122223333",
            "logGroup": f"/aws/eks/{_cluster(name)}/cluster",
            "logStream": "kube-apiserver-audit-0",
            "subscriptionFilters": ["audit"],
            "logEvents": [row],
        }

    return Entry(at, uid, record, mark)


def _through_the_nodes(name: str, chance: Chance) -> Iterator[Entry]:
    for hour in range(ROUNDS):
        for n, account in enumerate(ACCOUNTS):
            for node, place in enumerate(NODES):
                yield _lists(name, f"{8 + hour:02}:{10 * node + n:02}:00", account, place)


def _past_the_nodes(name: str, chance: Chance) -> Iterator[Entry]:
    yield from _through_the_nodes(name, chance)
    yield _lists(name, "11:40:00", ACCOUNTS[0], "198.18.0.9", CONTRADICTION)


BALANCERS: tuple[Scene, ...] = (
    Scene(
        "behind_a_balancer",
        "four accounts come from all three nodes of the balancer in front of their API server",
        "account", source="kubernetes", expects="silence", about="identity", folder="eks", who=_mailer,
        entries=_through_the_nodes,
    ),
    Scene(
        "past_the_balancer",
        "the same, and the token of one of them comes from outside",
        "account", control="credential_in_two_places", severity="medium", source="kubernetes",
        folder="eks", who=_mailer, entries=_past_the_nodes,
    ),
)  # fmt: skip
