"""Cases in the cluster: the table of verbs that their steps use."""

from __future__ import annotations

from dataclasses import replace

from infra.simulator.cases import Step
from infra.simulator.kubernetes import (
    APISERVER,
    Call,
    Caller,
    object_of,
    reference,
)
from infra.simulator.year_aws import ISSUER, TRUSTING, exchanged, subject_of
from infra.simulator.year_case import YearCase
from infra.simulator.year_kubernetes import ALICE, PREFIX, Account, Cluster, Pod
from infra.simulator.year_play import Did, Play
from infra.simulator.year_stage import (
    DAY,
    SECOND,
    uuid_of,
)

WARNED_AFTER = 3_600
"""Seconds after which the server calls an extended token stale."""


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
        """The key of the service account that the case is played with."""
        return self._account.identity

    @property
    def credentials(self) -> list[str]:
        """The keys of the credentials that this account had in the case: pods' tokens and a secret."""
        secret = [f"{PREFIX}secret/{self._account.namespace}/{self._secret}"] if self._secret else []
        return [*(f"{PREFIX}jti/{pod.jti}" for pod in self._pods.values()), *secret]

    @property
    def subject(self) -> str:
        """The subject that the finding of this case is about: the account, its switch or its trust
        elsewhere."""
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
        """Returns how AWS knows it, where its tokens are exchanged there."""
        trusted = any(step.verb == "exchange" for step in self.case.steps)
        return (
            [f"aws:{TRUSTING}:web/{ISSUER}/{subject_of(self._account.namespace, self._account.name)}"]
            if trusted
            else []
        )

    @property
    def trusted(self) -> str:
        """The key of the role that AWS gives it; "" where it is not trusted there."""
        return f"aws:{TRUSTING}:role/irsa-{self._account.name}" if self.aliases() else ""

    def do(self, step: Step, time: int) -> Did:
        """Tells one step at a time in µs; returns its event id and the lines that were written of it."""
        if step.verb == "exchange":
            uid, record = exchanged(
                self.chance, self._account.namespace, self._account.name, self._account.place, time
            )
            return Did(uid, ((time, record),), "cloudtrail")
        if step.verb == "pod":
            self._pods[step.into], made = self._cluster.start(self._account, time, round(step.hours * 3_600))
            return Did(made[-1].uid, tuple(line for call in made for line in call.lines))
        calls = self._asked(step, time) if step.who != "admin" else [self._ordered(step, time)]
        return Did(calls[0].uid, tuple(line for call in calls for line in call.lines))

    def _asked(self, step: Step, time: int) -> list[Call]:
        """What the account's software asks. Of a refusal the first call is the refusal, the others what the
        server did meanwhile."""
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
            case "list_stale":
                pod = self._pods[step.who]
                late = (time - pod.made) // SECOND - WARNED_AFTER
                note = f'"authentication.k8s.io/stale-token":"seconds after warning threshold: {late}",'
                who = replace(pod.caller, extra=pod.caller.extra + note)
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
            case "own_label_back":
                return [self._labelled(time, self._pods[step.who].caller, "active")]
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

    def _labelled(self, time: int, who: Caller, value: str) -> Call:
        account = self._account
        ref = reference("serviceaccounts", account.namespace, account.name)
        uri = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.name}"
        label = f'"labels":{{"lifecycle.example.com/state":"{value}"}}'
        made = time - 90 * DAY
        body = object_of("ServiceAccount", account.namespace, account.name, account.uid, made, f",{label}")
        asked = f'{{"metadata":{{{label}}}}}'
        return self._cluster.log.write(time, who, "patch", uri, ref, asked=asked, answered=body)

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
                details = (
                    f'"status":"Success","details":{{"name":"{self._secret}","kind":"secrets",'
                    f'"uid":"{uuid_of(self.chance)}"}},'
                )
                named = reference("secrets", account.namespace, self._secret)
                return log.write(
                    time, ALICE, "delete", f"{below}/secrets/{self._secret}", named, status=details
                )
            case "label_gone" | "label_back":
                return self._labelled(
                    time, ALICE, "decommissioned" if step.verb == "label_gone" else "active"
                )
        raise ValueError(f"no such verb: {step.verb}")
