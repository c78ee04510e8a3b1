"""A year in a cluster: service accounts whose pods get tokens, ask the API server and go again; deploys,
jobs; and the cases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from infra.simulator.chance import Chance
from infra.simulator.kubernetes import (
    Call,
    Caller,
    KubernetesLog,
    account_user,
    certificate_user,
    object_of,
    pod_spec,
    reference,
    token_request,
)
from infra.simulator.year_stage import (
    DAY,
    SECOND,
    stamp,
    uuid_of,
)

PREFIX = "k8s:default:"


READS = ("configmaps", "endpoints", "services")


ALICE = Caller(
    certificate_user("alice@example.com", "system:masters", "4b56d01cfeb14ef1c9e46159d53af65d51f0e98141e2b1"
                                                            "bae2e7f78b66816b12"),
    "kubectl/v1.36.3 (linux/amd64)", "203.0.113.60",
)  # fmt: skip


PEOPLE = (f"{PREFIX}user/alice@example.com",)


@dataclass
class Account:
    """A service account and the pod that it runs in now. ``job``: its pods live for minutes, one each day."""

    namespace: str
    name: str
    chance: Chance
    number: int
    uid: str
    job: bool = False
    quiet: tuple[int, int] = (1 << 62, 1 << 62)

    @property
    def identity(self) -> str:
        """The key of the service account, as findings name it."""
        return f"{PREFIX}{self.namespace}/{self.name}"

    @property
    def owner(self) -> str:
        """The team that the inventory declares as the account's owner."""
        return f"team-{self.number % 40}"

    @property
    def node(self) -> str:
        """The node that the account's pods run on."""
        return f"node-{self.number % 12}"

    @property
    def place(self) -> str:
        """The address that the account's pods call from."""
        return f"10.80.{self.number // 200}.{self.number % 200 + 10}"


@dataclass
class Pod:
    """A running pod with the token that it was given; ``made`` is the time in µs."""

    name: str
    uid: str
    jti: str
    made: int
    caller: Caller


def account_of(number: int, seed: int) -> Account:
    """Makes the service account of a number: the same for the same seed; every third runs jobs."""
    chance = Chance(f"{seed}/kubernetes/{number}")
    return Account(
        f"ns-{number % 25:02}", f"svc-{number:04}", chance, number, uuid_of(chance), job=number % 3 == 2
    )


@lru_cache
def kubelet(node: str) -> Caller:
    """Returns the caller that a node's kubelet is: a client certificate, and the reason for which it is let
    in."""
    digest = f"{Chance(node).getrandbits(256):064x}"
    reason = (
        r"RBAC: allowed by ClusterRoleBinding \"nodes\" of ClusterRole \"system:node\" to Group "
        r"\"system:nodes\""
    )
    return Caller(
        certificate_user(f"system:node:{node}", "system:nodes", digest), "kubelet/v1.36.3 (linux/amd64)",
        f"10.90.0.{int(node.rpartition('-')[2]) + 1}", reason,
    )  # fmt: skip


def controller(name: str, time: int) -> Caller:
    """Returns one of the cluster's own controllers, with the token of the day."""
    return _controller(name, time // DAY)


@lru_cache
def _controller(name: str, day: int) -> Caller:
    chance = Chance(f"{name}/{day}")
    agent = (
        f"kube-controller-manager/v1.36.3 (linux/amd64) "
        f"kubernetes/$Format/system:serviceaccount:kube-system:{name}"
    )
    reason = (
        rf"RBAC: allowed by ClusterRoleBinding \"system:controller:{name}\" of ClusterRole "
        rf"\"system:controller:{name}\" to ServiceAccount \"{name}/kube-system\""
    )
    uid = uuid_of(Chance(name))
    return Caller(account_user("kube-system", name, uid, uuid_of(chance)), agent, "127.0.0.1", reason)


class Cluster:
    """What happens to an account, as lines."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.log = KubernetesLog(chance)

    def start(self, account: Account, time: int, seconds: int) -> tuple[Pod, list[Call]]:
        """Tells how a pod is made, and the kubelet asks for its token."""
        name = f"{account.name}-{self._chance.getrandbits(32):08x}"
        pod = Pod(name, uuid_of(self._chance), uuid_of(self._chance), time, Caller("", "", ""))
        pod.caller = self.caller(account, pod.jti)
        maker = controller("job-controller" if account.job else "replicaset-controller", time)
        body = object_of(
            "Pod",
            account.namespace,
            name,
            pod.uid,
            time,
            inside=pod_spec(account.name, f"shop/{account.name}:{time // DAY % 90}", account.node),
        )
        uri = f"/api/v1/namespaces/{account.namespace}"
        made = self.log.write(
            time, maker, "create", f"{uri}/pods", reference("pods", account.namespace), code=201, asked=body,
            answered=body,
            named=reference("pods", account.namespace, name),
        )  # fmt: skip
        later = time + 2 * SECOND
        asked, answered = token_request(
            account.namespace, account.name, account.uid, name, pod.uid, pod.jti, later, seconds
        )
        token = self.log.write(
            later, kubelet(account.node), "create", f"{uri}/serviceaccounts/{account.name}/token",
            reference("serviceaccounts", account.namespace, account.name, "token"), code=201, asked=asked,
            answered=answered,
            notes=f'"authentication.kubernetes.io/issued-credential-id":"JTI={pod.jti}",',
        )  # fmt: skip
        return pod, [made, token]

    def stop(
        self, account: Account, pod: Pod, time: int, who: Caller | None = None, grace: int = 30
    ) -> list[Call]:
        """Tells how a pod is asked to end, and, where it has time for that, ended by the kubelet."""
        uri = f"/api/v1/namespaces/{account.namespace}/pods/{pod.name}"
        ref = reference("pods", account.namespace, pod.name)
        options = (
            f'{{"kind":"DeleteOptions","apiVersion":"meta.k8s.io/__internal","gracePeriodSeconds":{grace}}}'
        )
        marks = f',"deletionTimestamp":"{stamp(time + grace * SECOND)}","deletionGracePeriodSeconds":{grace}'
        body = object_of("Pod", account.namespace, pod.name, pod.uid, pod.made, marks)
        call = self.log.write(
            time,
            who or controller("replicaset-controller", time),
            "delete",
            uri,
            ref,
            asked=options,
            answered=body,
        )
        if not grace:
            return [call]
        return [call, *self.stop(account, pod, time + 5 * SECOND, kubelet(account.node), 0)]

    def caller(self, account: Account, jti: str, secret: str = "") -> Caller:
        """Returns the caller that a pod of an account is, by a bound token (``jti``) or by a legacy
        secret."""
        reason = (
            rf"RBAC: allowed by RoleBinding \"{account.name}-reader/{account.namespace}\" of Role "
            rf"\"reader\" to ServiceAccount \"{account.name}/{account.namespace}\""
        )
        extra = (
            f'"authentication.k8s.io/legacy-token":"system:serviceaccount:{account.namespace}'
            f':{account.name}",'
            f'"authentication.k8s.io/legacy-token-manual-secret":"{secret}",' if secret else ""
        )  # fmt: skip
        return Caller(
            account_user(account.namespace, account.name, account.uid, jti),
            f"{account.name}/1.0",
            account.place,
            reason,
            extra,
        )

    def use(self, account: Account, who: Caller, time: int, place: str = "") -> Call:
        """Tells one ordinary read by an account at a time in µs."""
        resource = READS[time // SECOND % 3]
        uri = f"/api/v1/namespaces/{account.namespace}/{resource}"
        return self.log.read(time, who, "list", uri, reference(resource, account.namespace), place)
