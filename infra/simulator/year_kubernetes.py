"""A year in a cluster: service accounts whose pods get tokens, ask the API server and go again; deploys, jobs; and the cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.simulator.cases import Step
from infra.simulator.chance import Chance
from infra.simulator.kubernetes import (
    APISERVER,
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
from infra.simulator.year_aws import ISSUER, TRUSTING, exchanged, subject_of
from infra.simulator.year_cases import YearCase
from infra.simulator.year_play import Did, Play
from infra.simulator.year_stage import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WORKS_FROM,
    WORKS_UNTIL,
    Line,
    moments,
    stamp,
    uuid_of,
)

PREFIX = "k8s:default:"
RELEASES_EVERY = 6
"""Days from one release of a deployment to the next; its pods' tokens live a week."""

WEEK = 7 * 24 * 3_600
READS = ("configmaps", "endpoints", "services")
ALICE = Caller(
    certificate_user("alice@example.com", "system:masters", "4b56d01cfeb14ef1c9e46159d53af65d51f0e98141e2b1bae2e7f78b66816b12"),
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
        return f"{PREFIX}{self.namespace}/{self.name}"

    @property
    def owner(self) -> str:
        return f"team-{self.number % 40}"

    @property
    def node(self) -> str:
        return f"node-{self.number % 12}"

    @property
    def place(self) -> str:
        return f"10.80.{self.number // 200}.{self.number % 200 + 10}"


@dataclass
class Pod:
    name: str
    uid: str
    jti: str
    made: int
    caller: Caller


def account_of(number: int, seed: int) -> Account:
    chance = Chance(f"{seed}/kubernetes/{number}")
    return Account(
        f"ns-{number % 25:02}", f"svc-{number:04}", chance, number, uuid_of(chance), job=number % 3 == 2
    )


def kubelet(node: str) -> Caller:
    digest = f"{Chance(node).getrandbits(256):064x}"
    reason = r"RBAC: allowed by ClusterRoleBinding \"nodes\" of ClusterRole \"system:node\" to Group \"system:nodes\""
    return Caller(
        certificate_user(f"system:node:{node}", "system:nodes", digest), "kubelet/v1.36.3 (linux/amd64)",
        f"10.90.0.{int(node.rpartition('-')[2]) + 1}", reason,
    )  # fmt: skip


def controller(name: str, since: int) -> Caller:
    """One of the cluster's own controllers, with the token of the day."""
    chance = Chance(f"{name}/{since // DAY}")
    agent = f"kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/$Format/system:serviceaccount:kube-system:{name}"
    reason = rf"RBAC: allowed by ClusterRoleBinding \"system:controller:{name}\" of ClusterRole \"system:controller:{name}\" to ServiceAccount \"{name}/kube-system\""
    uid = uuid_of(Chance(name))
    return Caller(account_user("kube-system", name, uid, uuid_of(chance)), agent, "127.0.0.1", reason)


class Cluster:
    """What happens to an account, as lines."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.log = KubernetesLog(chance)

    def start(self, account: Account, time: int, seconds: int) -> tuple[Pod, list[Call]]:
        """A pod is made, and the kubelet asks for its token."""
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
            time, maker, "create", f"{uri}/pods", reference("pods", account.namespace), code=201, asked=body, answered=body,
            named=reference("pods", account.namespace, name),
        )  # fmt: skip
        later = time + 2 * SECOND
        asked, answered = token_request(
            account.namespace, account.name, account.uid, name, pod.uid, pod.jti, later, seconds
        )
        token = self.log.write(
            later, kubelet(account.node), "create", f"{uri}/serviceaccounts/{account.name}/token",
            reference("serviceaccounts", account.namespace, account.name, "token"), code=201, asked=asked, answered=answered,
            notes=f'"authentication.kubernetes.io/issued-credential-id":"JTI={pod.jti}",',
        )  # fmt: skip
        return pod, [made, token]

    def stop(
        self, account: Account, pod: Pod, time: int, who: Caller | None = None, grace: int = 30
    ) -> list[Call]:
        """A pod is told to end, and, where it has time for that, ended by the kubelet."""
        uri = f"/api/v1/namespaces/{account.namespace}/pods/{pod.name}"
        ref = reference("pods", account.namespace, pod.name)
        options = (
            f'{{"kind":"DeleteOptions","apiVersion":"meta.k8s.io/__internal","gracePeriodSeconds":{grace}}}'
        )
        marks = f',"deletionTimestamp":"{stamp(time + grace * SECOND)}","deletionGracePeriodSeconds":{grace}'
        body = object_of("Pod", account.namespace, pod.name, pod.uid, pod.made, marks)
        told = self.log.write(
            time,
            who or controller("replicaset-controller", time),
            "delete",
            uri,
            ref,
            asked=options,
            answered=body,
        )
        if not grace:
            return [told]
        return [told, *self.stop(account, pod, time + 5 * SECOND, kubelet(account.node), 0)]

    def caller(self, account: Account, jti: str, secret: str = "") -> Caller:
        reason = rf"RBAC: allowed by RoleBinding \"{account.name}-reader/{account.namespace}\" of Role \"reader\" to ServiceAccount \"{account.name}/{account.namespace}\""
        extra = (
            f'"authentication.k8s.io/legacy-token":"system:serviceaccount:{account.namespace}:{account.name}",'
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
        resource = READS[time // SECOND % 3]
        uri = f"/api/v1/namespaces/{account.namespace}/{resource}"
        return self.log.read(time, who, "list", uri, reference(resource, account.namespace), place)


def _lines(*calls: Call) -> Iterator[Line]:
    for call in calls:
        for written, body in call.lines:
            yield Line(written, body)


class AccountLife:
    """An account's days: a deployment that is released every few days, or a job."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._cluster = Cluster(account.chance)
        self._pod: Pod | None = None
        self._released = account.number % RELEASES_EVERY - RELEASES_EVERY
        self._day = -1

    def day(self, start: int, calls: int) -> Iterator[Line]:
        self._day += 1
        account = self._account
        quiet = start + DAY > account.quiet[0] and start < account.quiet[1]
        if quiet:
            if self._pod:
                yield from _lines(*self._cluster.stop(account, self._pod, start + HOUR))
                self._pod = None
            return
        yield from self._job(start, calls) if account.job else self._deployed(start, calls)

    def _job(self, start: int, calls: int) -> Iterator[Line]:
        account, chance = self._account, self._account.chance
        if not calls:
            return
        begins = start + WORKS_FROM + int(chance.random() * (WORKS_UNTIL - WORKS_FROM - HOUR))
        pod, made = self._cluster.start(account, begins, 3_607)
        yield from _lines(*made)
        for time in moments(chance, begins, 5 * SECOND, 20 * MINUTE, calls):
            yield from _lines(self._cluster.use(account, pod.caller, time))
        yield from _lines(
            *self._cluster.stop(
                account, pod, begins + 25 * MINUTE, controller("generic-garbage-collector", begins)
            )
        )

    def _deployed(self, start: int, calls: int) -> Iterator[Line]:
        account = self._account
        if self._pod is None or self._day - self._released >= RELEASES_EVERY:
            old, self._released = self._pod, self._day
            self._pod, made = self._cluster.start(account, start + 4 * HOUR, WEEK)
            yield from _lines(*made)
            if old:
                yield from _lines(*self._cluster.stop(account, old, start + 4 * HOUR + MINUTE))
        for time in moments(account.chance, start, WORKS_FROM, WORKS_UNTIL - WORKS_FROM, calls):
            yield from _lines(self._cluster.use(account, self._pod.caller, time))


class KubernetesPlay(Play):
    """A case around one account. Handles: ``account``, ``admin``, and the tokens that its steps make."""

    def __init__(self, case: YearCase, number: int, day: int, seed: int, account: Account) -> None:
        super().__init__(case, number, day, seed)
        self._account = Account(
            account.namespace, account.name, self.chance, account.number, account.uid, account.job
        )
        self._cluster = Cluster(self.chance)
        self._pods: dict[str, Pod] = {}
        self._secret = ""

    @property
    def identity(self) -> str:
        return self._account.identity

    @property
    def credentials(self) -> list[str]:
        secret = [f"{PREFIX}secret/{self._account.namespace}/{self._secret}"] if self._secret else []
        return [*(f"{PREFIX}jti/{pod.jti}" for pod in self._pods.values()), *secret]

    @property
    def subject(self) -> str:
        match self.case.about:
            case "identity":
                return self.identity
            case "switch":
                return f"{self.identity} provider switch"
            case "trust":
                return f"{self.identity} trusted elsewhere"
        if self.case.credential == "account":
            return self.identity
        if self._secret:
            return self.credentials[-1]
        return f"{PREFIX}jti/{self._pods[self.case.credential].jti}"

    def aliases(self) -> list[str]:
        """How AWS knows it, where its tokens are exchanged there."""
        trusted = any(step.verb == "exchange" for step in self.case.steps)
        return [f"aws:{TRUSTING}:web/{ISSUER}/{subject_of(self._account.namespace, self._account.name)}"] if trusted else []

    @property
    def trusted(self) -> str:
        """The key of the role that AWS gives it; "" where it is not trusted there."""
        return f"aws:{TRUSTING}:role/irsa-{self._account.name}" if self.aliases() else ""

    def do(self, step: Step, time: int) -> Did:
        if step.verb == "exchange":
            uid, record = exchanged(self.chance, self._account.namespace, self._account.name, self._account.place, time)
            return Did(uid, ((time, record),), "cloudtrail")
        if step.verb == "pod":
            self._pods[step.into], made = self._cluster.start(self._account, time, round(step.hours * 3_600))
            return Did(made[-1].uid, tuple(line for call in made for line in call.lines))
        calls = self._asked(step, time) if step.who != "admin" else [self._ordered(step, time)]
        return Did(calls[0].uid, tuple(line for call in calls for line in call.lines))

    def _asked(self, step: Step, time: int) -> list[Call]:
        """What the account's software asks. Of a refusal the first call is the refusal, the others what the server did meanwhile."""
        account, log = self._account, self._cluster.log
        uri, ref = (
            f"/api/v1/namespaces/{account.namespace}/configmaps",
            reference("configmaps", account.namespace),
        )
        found = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/"
        match step.verb:
            case "list":
                who = (
                    self._pods[step.who].caller
                    if step.who in self._pods
                    else self._cluster.caller(account, "", self._secret)
                )
                return [self._cluster.use(account, who, time, step.place)]
            case "refused":
                refusal = log.refused(time, f"{account.name}/1.0", account.place, uri, ref)
                looked = log.not_found(
                    time + 700,
                    APISERVER,
                    f"{found}{account.name}",
                    "serviceaccounts",
                    account.namespace,
                    account.name,
                )
                return [refusal, looked]
            case "rubbish":
                return [log.refused(time, "scanner/0.1", "192.0.2.99", uri, ref)]
            case "ask_in_vain":
                return [
                    log.not_found(
                        time,
                        self._pods[step.who].caller,
                        f"{found}nobody",
                        "serviceaccounts",
                        account.namespace,
                        "nobody",
                    )
                ]
        raise ValueError(f"no such verb: {step.verb}")

    def _ordered(self, step: Step, time: int) -> Call:
        """What an administrator does."""
        account, log = self._account, self._cluster.log
        below = f"/api/v1/namespaces/{account.namespace}"
        ref = reference("serviceaccounts", account.namespace, account.name)
        uri = f"{below}/serviceaccounts/{account.name}"
        match step.verb:
            case "delete_account":
                body = object_of(
                    "ServiceAccount", account.namespace, account.name, account.uid, time - 90 * DAY
                )
                return log.write(time, ALICE, "delete", uri, ref, answered=body)
            case "create_account":
                account.uid = uuid_of(self.chance)
                body = object_of("ServiceAccount", account.namespace, account.name, account.uid, time)
                place = reference("serviceaccounts", account.namespace)
                return log.write(
                    time,
                    ALICE,
                    "create",
                    f"{below}/serviceaccounts",
                    place,
                    code=201,
                    asked=body,
                    answered=body,
                    named=ref,
                )
            case "kill_pod":
                return self._cluster.stop(account, self._pods[step.of], time, ALICE, 0)[0]
            case "make_secret":
                self._secret = f"{account.name}-token"
                named = reference("secrets", account.namespace, self._secret)
                return log.write(
                    time,
                    ALICE,
                    "create",
                    f"{below}/secrets",
                    reference("secrets", account.namespace),
                    code=201,
                    named=named,
                )
            case "delete_secret":
                details = f'"status":"Success","details":{{"name":"{self._secret}","kind":"secrets","uid":"{uuid_of(self.chance)}"}},'
                named = reference("secrets", account.namespace, self._secret)
                return log.write(
                    time, ALICE, "delete", f"{below}/secrets/{self._secret}", named, status=details
                )
            case "label_gone" | "label_back":
                value = "decommissioned" if step.verb == "label_gone" else "active"
                label = f'"labels":{{"lifecycle.example.com/state":"{value}"}}'
                body = object_of(
                    "ServiceAccount",
                    account.namespace,
                    account.name,
                    account.uid,
                    time - 90 * DAY,
                    f",{label}",
                )
                return log.write(
                    time, ALICE, "patch", uri, ref, asked=f'{{"metadata":{{{label}}}}}', answered=body
                )
        raise ValueError(f"no such verb: {step.verb}")
