"""The writer of the Kubernetes audit log: each request as the API server's log backend writes it.

Layout: audit.k8s.io/v1 of a real kube-apiserver 1.36 with a usual policy: bodies for writes of accounts,
bindings and pods, the rest at level Metadata; reads have one line, writes two (RequestReceived,
ResponseComplete).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import NamedTuple

from infra.simulator.chance import Chance
from infra.simulator.year_stage import SECOND, micro_stamp, stamp, uuid_of

VERSION = "v1.36.3"
ANSWERED_AFTER = 3_100
"""µs from a request's arrival to its answer."""

SIGNATURE = "EXAMPLE" + "x" * 335
"""A token's last part has 342 letters; this one signs nothing."""


@dataclass(frozen=True)
class Caller:
    """``user``: the JSON object of the audit event. ``reason``: why it is allowed what it usually does."""

    user: str
    agent: str
    place: str
    reason: str = ""
    extra: str = ""


class Call(NamedTuple):
    """A request's audit id, when it came (µs, as logged), its lines and when each was written."""

    uid: str
    time: int
    lines: tuple[tuple[int, bytes], ...]


NOBODY = "{}"
APISERVER = Caller(
    '{"username":"system:apiserver","uid":"1069e1ae-b5ad-42cd-94b3-9bea1e83db0f",'
    '"groups":["system:authenticated","system:masters"]}',
    f"kube-apiserver/{VERSION} (linux/amd64) kubernetes/$Format", "127.0.0.1",
)  # fmt: skip


def certificate_user(name: str, group: str, digest: str) -> str:
    """Returns the JSON of a user who came with a client certificate, whose SHA-256 is ``digest`` in hex."""
    return (
        f'{{"username":"{name}","groups":["{group}","system:authenticated"],'
        f'"extra":{{"authentication.kubernetes.io/credential-id":["X509SHA256={digest}"]}}}}'
    )


def account_user(namespace: str, name: str, uid: str, jti: str) -> str:
    """Returns the JSON of a service account as user. ``jti`` "": a token kept in a Secret, which has no
    id."""
    extra = f',"extra":{{"authentication.kubernetes.io/credential-id":["JTI={jti}"]}}' if jti else ""
    return (
        f'{{"username":"system:serviceaccount:{namespace}:{name}","uid":"{uid}",'
        f'"groups":["system:serviceaccounts","system:serviceaccounts:{namespace}",'
        f'"system:authenticated"]{extra}}}'
    )


class KubernetesLog:
    """Writes requests. ``asked`` and ``answered`` are JSON texts of bodies, "" for level Metadata."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def read(self, time: int, who: Caller, verb: str, uri: str, ref: str, place: str = "") -> Call:
        """Returns a read that is allowed: one line."""
        uid = uuid_of(self._chance)
        done = time + ANSWERED_AFTER
        notes = (
            f'{who.extra}"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"{who.reason}"'
        )
        line = (
            f'{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{uid}",'
            f'"stage":"ResponseComplete",'
            f'"requestURI":"{uri}","verb":"{verb}","user":{who.user},"sourceIPs":["{place or who.place}"],'
            f'"userAgent":"{who.agent}",'
            f'"objectRef":{ref},"responseStatus":{{"metadata":{{}},"code":200}},'
            f'"requestReceivedTimestamp":"{micro_stamp(time)}",'
            f'"stageTimestamp":"{micro_stamp(done)}","annotations":{{{notes}}}}}'
        )
        return Call(uid, time, ((done, line.encode()),))

    def write(
        self, time: int, who: Caller, verb: str, uri: str, ref: str, *,
        code: int = 200, asked: str = "", answered: str = "", notes: str = "", named: str = "",
        status: str = "",
    ) -> Call:  # fmt: skip
        """Returns a write that is allowed: two lines. ``named``: the reference of the answer's line, where it
        is fuller. ``status``: fields of the answer's status beside the usual ones."""
        uid = uuid_of(self._chance)
        done = time + ANSWERED_AFTER
        level = "RequestResponse" if answered else "Metadata"
        head = (
            f'{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"{level}","auditID":"{uid}",'
            f'"stage":"%s",'
            f'"requestURI":"{uri}","verb":"{verb}","user":{who.user},"sourceIPs":["{who.place}"],'
            f'"userAgent":"{who.agent}","objectRef":'
        )
        came = f'"requestReceivedTimestamp":"{micro_stamp(time)}"'
        received = f'{head % "RequestReceived"}{ref},{came},"stageTimestamp":"{micro_stamp(time)}"}}'
        bodies = (f'"requestObject":{asked},' if asked else "") + (
            f'"responseObject":{answered},' if answered else ""
        )
        annotations = (
            f'{notes}"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"{who.reason}"'
        )
        complete = (
            f'{head % "ResponseComplete"}{named or ref},"responseStatus":{{"metadata":{{}},{status}'
            f'"code":{code}}},{bodies}{came},'
            f'"stageTimestamp":"{micro_stamp(done)}","annotations":{{{annotations}}}}}'
        )
        return Call(uid, time, ((time, received.encode()), (done, complete.encode())))

    def refused(self, time: int, agent: str, place: str, uri: str, ref: str) -> Call:
        """Returns a 401: nobody is named."""
        uid = uuid_of(self._chance)
        done = time + ANSWERED_AFTER
        line = (
            f'{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{uid}",'
            f'"stage":"ResponseStarted",'
            f'"requestURI":"{uri}","verb":"list","user":{NOBODY},"sourceIPs":["{place}"],'
            f'"userAgent":"{agent}","objectRef":{ref},'
            f'"responseStatus":{{"metadata":{{}},"status":"Failure","message":"Unauthorized",'
            f'"reason":"Unauthorized","code":401}},'
            f'"requestReceivedTimestamp":"{micro_stamp(time)}","stageTimestamp":"{micro_stamp(done)}"}}'
        )
        return Call(uid, time, ((done, line.encode()),))

    def not_found(
        self, time: int, who: Caller, uri: str, resource: str, namespace: str, name: str, took: int = 1_300
    ) -> Call:
        """Returns a look-up of what is not there."""
        uid = uuid_of(self._chance)
        line = (
            f'{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{uid}",'
            f'"stage":"ResponseComplete",'
            f'"requestURI":"{uri}","verb":"get","user":{who.user},"sourceIPs":["{who.place}"],'
            f'"userAgent":"{who.agent}",'
            f'"objectRef":{reference(resource, namespace, name)},"responseStatus":{{"metadata":{{}},'
            f'"status":"Failure",'
            f'"message":"{resource} \\"{name}\\" not found","reason":"NotFound","details":{{"name":"{name}'
            f'","kind":"{resource}"}},"code":404}},'
            f'"requestReceivedTimestamp":"{micro_stamp(time)}","stageTimestamp":"{micro_stamp(time + took)}",'
            f'"annotations":{{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}}}'
        )
        return Call(uid, time, ((time + took, line.encode()),))


def reference(resource: str, namespace: str, name: str = "", subresource: str = "") -> str:
    """Returns the JSON of an ``objectRef``; parts that are "" are left out."""
    named = f',"name":"{name}"' if name else ""
    below = f',"subresource":"{subresource}"' if subresource else ""
    return f'{{"resource":"{resource}","namespace":"{namespace}"{named},"apiVersion":"v1"{below}}}'


def object_of(
    kind: str, namespace: str, name: str, uid: str, made: int, more: str = "", inside: str = ""
) -> str:
    """Returns the JSON of an object in a request or response body. ``more``: of its metadata; ``inside``:
    beside its metadata."""
    return (
        f'{{"kind":"{kind}","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"{namespace}",'
        f'"uid":"{uid}",'
        f'"creationTimestamp":"{stamp(made)}"{more}}}{inside}}}'
    )


def pod_spec(account: str, image: str, node: str) -> str:
    """Returns the JSON of a pod's ``spec`` and ``status``, to follow its metadata."""
    return (
        f',"spec":{{"containers":[{{"name":"main","image":"{image}","resources":{{}},'
        f'"imagePullPolicy":"IfNotPresent"}}],"restartPolicy":"Always",'
        f'"terminationGracePeriodSeconds":30,"serviceAccountName":"{account}","serviceAccount":"{account}",'
        f'"nodeName":"{node}"}},"status":{{"phase":"Pending"}}'
    )


def token_request(
    namespace: str, account: str, uid: str, pod: str, pod_uid: str, jti: str, time: int, seconds: int
) -> tuple[str, str]:
    """Returns the two bodies of a TokenRequest, asked and answered. The token itself stands in the log, as a
    server at this level writes it."""
    bound = f'{{"kind":"Pod","apiVersion":"v1","name":"{pod}","uid":"{pod_uid}"}}'
    spec = f'"spec":{{"audiences":%s,"expirationSeconds":{seconds},"boundObjectRef":{bound}}}'
    kind = '{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","metadata":'
    asked = f'{kind}{{}},{spec % "null"},"status":{{"token":"","expirationTimestamp":null}}}}'
    answered = (
        f'{kind}{{"name":"{account}","namespace":"{namespace}","uid":"{uid}",'
        f'"creationTimestamp":"{stamp(time)}"}},'
        f'{spec % """["https://kubernetes.default.svc"]"""},'
        f'"status":{{"token":"{_jwt(namespace, account, uid, jti, time, seconds)}",'
        f'"expirationTimestamp":"{stamp(time + seconds * SECOND)}"}}}}'
    )
    return asked, answered


def _jwt(namespace: str, account: str, uid: str, jti: str, time: int, seconds: int) -> str:
    issued = time // SECOND
    claims = (
        f'{{"aud":["https://kubernetes.default.svc"],"exp":{issued + seconds},"iat":{issued},'
        f'"iss":"https://kubernetes.default.svc","jti":"{jti}",'
        f'"kubernetes.io":{{"namespace":"{namespace}","serviceaccount":{{"name":"{account}","uid":"{uid}"}}'
        f'}},"nbf":{issued},'
        f'"sub":"system:serviceaccount:{namespace}:{account}"}}'
    )
    return f"{_JWT_HEAD}.{base64.urlsafe_b64encode(claims.encode()).rstrip(b'=').decode()}.{SIGNATURE}"


_JWT_HEAD = (
    base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"aFzkVBruZrCmp11i7rJhwK2iX6xFCl-bv02we09vjC0"}')
    .rstrip(b"=")
    .decode()
)
