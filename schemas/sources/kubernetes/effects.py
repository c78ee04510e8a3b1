"""What a request hands out, ends, restores, grants or shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.activity import (
    Effect,
    Ended,
    Glimpse,
    Imaged,
    Issued,
    Known,
    Parent,
    Restored,
    Session,
)
from schemas.evidence import SECOND
from schemas.sharding import ITSELF
from schemas.sources.kubernetes.call import CERTIFICATES, UNAUTHORIZED, Call
from schemas.sources.kubernetes.grants import grants_of
from schemas.sources.kubernetes.jwt import jti_of
from schemas.sources.kubernetes.labels import cutovers_of, states_of
from schemas.sources.kubernetes.who import (
    account_key,
    credential_key,
    identity_of,
    object_key,
    secret_key,
    short,
)
from schemas.sources.kubernetes.wire import Meta, PodSpec, Spec
from schemas.sources.kubernetes.workloads import workload_of
from schemas.sources.kubernetes.x509 import certificate_of
from schemas.times import micros_of

LEEWAY = 60 * SECOND
"""An object that is only terminating still counts, until so long after its ``deletionTimestamp``."""

LEGACY_TYPE = "kubernetes.io/service-account-token"
ACCOUNT_NAME, ACCOUNT_UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"

STALE = "authentication.k8s.io/stale-token"
STALE_SINCE = re.compile(r"seconds after warning threshold: (\d{1,9})(?:\D|$)")

ISSUED_ID = "authentication.kubernetes.io/issued-credential-id"
APISERVER = "system:apiserver"
LAST = ("system:node:", "system:serviceaccount:kube-system:pod-garbage-collector")
"""Who deletes a pod at last, without any time to terminate: its kubelet, or for want of one the collector."""

NOT_FOUND = 404

INTERACTIVE = frozenset({"exec", "attach", "portforward", "proxy"})
"""Sessions in which the caller acts; in all others (a watch, a followed log) it only listens."""

ANCHORS = frozenset({"pods", "secrets", "serviceaccounts", "nodes"})
"""Resources whose death ends tokens, and which the server looks up to check one."""

BOUND_KINDS = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}

WORKLOADS = frozenset(
    {"pods", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs"}
)
EPHEMERAL = "ephemeralcontainers"
IMAGES_MAX = 32
TOPS = frozenset({"deployments", "statefulsets", "daemonsets", "cronjobs"})
"""Workloads that nothing else makes. (A job, or a replica set, may be made by one of them.)"""


def effects_of(call: Call) -> Iterator[Effect]:
    """Yields the effects of one audited request; a refusal that names nobody yields a glimpse of its time
    alone."""
    if call.code == UNAUTHORIZED:
        if not call.who.identity:
            yield Glimpse(call.prefix, call.done)
        return
    if not call.resource:
        return
    if call.code == NOT_FOUND:
        yield from _look_up(call)
        return
    if call.is_session and call.succeeded and call.who.identity and ":system/" not in call.who.identity:
        ended = call.done if call.event.stage == "ResponseComplete" else 0
        yield Session(call.who.identity, ended, passive=call.subresource not in INTERACTIVE)
    if call.succeeded and not call.rehearsed and call.verb not in ("get", "list", "watch"):
        yield from _written(call)


def _look_up(call: Call) -> Iterator[Effect]:
    """The server's own question for what a token rests on. A client's is none."""
    own = call.event.user.username == APISERVER and call.verb == "get"
    if own and call.resource in ANCHORS and call.name and not call.subresource and not call.group:
        about = (
            account_key(call.namespace, call.name, call.prefix)
            if call.resource == "serviceaccounts"
            else call.object_key(call.name)
        )
        yield Glimpse(call.prefix, call.done, about)


def _written(call: Call) -> Iterator[Effect]:
    if call.verb in ("delete", "deletecollection"):
        yield from _deleted(call)
    elif call.is_on("serviceaccounts", "token"):
        yield from _token(call)
    elif call.is_on("serviceaccounts"):
        yield from _account_made(call)
        yield from states_of(call)
        yield from cutovers_of(call)
    elif call.is_on("secrets"):
        yield from _secret(call)
    elif call.is_on("certificatesigningrequests", "status", CERTIFICATES):
        yield from _certificate(call)
    elif call.resource in WORKLOADS:
        yield from _images(call)
    yield from grants_of(call)


def _account_made(call: Call) -> Iterator[Effect]:
    """An account made under a name that was deleted is another one, with another uid: no token of the old one
    lives by it."""
    if call.verb == "create" and call.name:
        identity = account_key(call.namespace, call.name, call.prefix)
        yield Restored(
            f"create serviceaccounts/{short(call.name)}", "remade", identity=identity, at=call.done
        )


def _token(call: Call) -> Iterator[Effect]:
    """TokenRequest. The id is on the line that completes it; without that annotation the token itself tells
    it."""
    status = call.answered.status
    jti = jti_of(status.token) if status else ""
    credential = credential_key(call.note(ISSUED_ID) or (f"JTI={jti}" if jti else ""), call.prefix)
    if not credential or not call.name:
        return
    spec = call.answered.spec or call.asked.spec
    bound = spec.bound if spec else None
    groups = {}
    if bound and bound.name and (resource := BOUND_KINDS.get(bound.kind or "")):
        namespace = "" if resource == "nodes" else call.namespace
        groups[object_key(namespace, resource, bound.name, call.prefix)] = bound.uid or ""
    yield Issued(
        credential,
        account_key(call.namespace, call.name, call.prefix),
        kind="token",
        parents=_maker(call),
        groups=groups,
        expires=micros_of(status.expires) if status else 0,
        incarnation=call.meta.uid or "",
    )


def _maker(call: Call) -> dict[str, Parent]:
    """Who asked for it, where that says something: the cluster's own components ask for everybody's."""
    who = call.who
    if not who.credential or ":system/" in who.identity:
        return {}
    return {who.credential: Parent("made_by", who.identity)}


def _secret(call: Call) -> Iterator[Effect]:
    """A Secret that holds a token; at level Metadata only the first use of it tells that. A Secret made anew
    under its name holds another token, which is known by the same key. One of another type gets no token: who
    is let in under its name presents the old one, which somebody wrote back (the server compares bytes, not
    types; kubernetes/kubernetes, pkg/serviceaccount/legacy.go)."""
    if call.verb != "create" or not call.name:
        return
    body = call.answered if call.answered.type else call.asked
    unread = call.event.request_object is None and call.event.response_object is None
    if unread or body.type == LEGACY_TYPE:
        group = call.object_key(call.name)
        yield Restored(f"create secrets/{short(call.name)}", "group", group=group, scope=ITSELF, at=call.done)
    notes = (body.metadata.annotations if body.metadata else None) or {}
    account = notes.get(ACCOUNT_NAME)
    if body.type != LEGACY_TYPE or not account:
        return
    yield Issued(
        secret_key(call.namespace, call.name, call.prefix),
        account_key(call.namespace, account, call.prefix),
        kind="legacy_token",
        parents=_maker(call),
        groups={call.object_key(call.name): ITSELF},
        incarnation=notes.get(ACCOUNT_UID) or "",
    )


def legacy_of(call: Call) -> Known | None:
    """Returns the use of a token kept in a Secret: the Secret is what it dies with."""
    credential = call.who.credential
    place = f"{call.prefix}secret/"
    if not credential.startswith(place):
        return None
    namespace, _, name = credential.removeprefix(place).rpartition("/")
    group = f"{call.prefix}{namespace}/secrets/{name}"
    return Known(credential, call.who.identity, "legacy_token", groups={group: ITSELF})


def _certificate(call: Call) -> Iterator[Effect]:
    """The signer's answer to a request that was approved. Nothing but its own end ends a certificate."""
    for body in (call.answered, call.asked):
        found = certificate_of(body.status.certificate if body.status else None)
        if found:
            key = credential_key(f"X509SHA256={found.fingerprint}", call.prefix)
            identity = identity_of(found.name, call.prefix) if found.name else ""
            yield Issued(key, identity, kind="certificate", expires=found.expires)
            return


def _deleted(call: Call) -> Iterator[Effect]:
    if call.group or call.subresource or call.resource not in ANCHORS:
        return
    if call.verb == "deletecollection":
        for item in call.answered.items or ():
            if item.metadata and item.metadata.name:
                yield from _gone(call, item.metadata.name, item.metadata.uid or "", item.metadata)
    elif call.name:
        yield from _gone(call, call.name, call.uid, call.meta)


def _gone(call: Call, name: str, uid: str, meta: Meta) -> Iterator[Effect]:
    at = _effective(call, meta)
    if not at:
        return
    how = f"delete {call.resource}/{short(name)}"
    if call.resource == "serviceaccounts":
        identity = account_key(call.namespace, name, call.prefix)
        yield Ended(how, "deleted", identity=identity, scope=uid, at=at)
        return
    group = call.object_key(name)
    yield Ended(how, "group", group=group, scope=uid, at=at)
    if call.resource == "secrets":
        yield Ended(how, "group", group=group, scope=ITSELF, at=at)


def _effective(call: Call, meta: Meta) -> int:
    """When tokens that rest on the object die (µs): with the object; while it is only terminating, a minute
    after its ``deletionTimestamp``. 0 where this line does not tell: of a pod without a body it is the last
    delete that does."""
    waits = bool(meta.finalizers) or (meta.grace or 0) > 0
    if meta.deletion and waits:
        return max(micros_of(meta.deletion), call.done) + LEEWAY
    if call.resource == "pods" and not meta.uid and not _at_last(call):
        return 0
    return call.done


def _at_last(call: Call) -> bool:
    """Whether a delete leaves the object no time to terminate, as its caller or its body says."""
    asked = call.asked.grace
    at_once = asked == 0 and not isinstance(asked, bool)
    return at_once or (call.event.user.username or "").startswith(LAST)


def stale_of(call: Call) -> Known | None:
    """Returns the use of a token that outlived the expiry it was asked for: the server accepts extended ones
    for a year, and says so with each use."""
    found = STALE_SINCE.search(call.note(STALE)) if call.who.credential else None
    if found is None:
        return None
    expires = call.time - int(found[1]) * SECOND
    return Known(call.who.credential, call.who.identity, "token_extended", expires=expires)


def _images(call: Call) -> Iterator[Effect]:
    """A container that a person puts beside those of a pod (``kubectl debug``) is for a look, and is no part
    of what the workload is."""
    if not call.name or (call.subresource == EPHEMERAL and ":user/" in call.who.identity):
        return
    running = call.subresource == "status"
    if running:
        images = _shown_images(call) if call.resource == "pods" else ()
    else:
        images = _set(call.asked.spec) or (_set(call.answered.spec) if call.verb == "create" else ())
    if images:
        yield Imaged(workload_of(call), images, running, "" if call.resource in TOPS else _part(call))


def _part(call: Call) -> str:
    steps = (call.resource, short(call.name), "" if call.subresource == "status" else call.subresource)
    return "/".join(step for step in steps if step)


def _shown_images(call: Call) -> tuple[str, ...]:
    """What the kubelet says that a pod runs; a report of conditions alone is about the pod as specified."""
    for status in (call.asked.status, call.answered.status):
        shown = [*(status.running or ()), *(status.running_init or ())] if status else []
        if images := tuple(sorted({c.image for c in shown if c.image})):
            return images[:IMAGES_MAX]
    return _set(call.answered.spec)


def _set(spec: Spec | None) -> tuple[str, ...]:
    """The images that a body names, wherever its pods are described."""
    pods: list[PodSpec | None] = [spec]
    if spec and spec.template:
        pods.append(spec.template.spec)
    if spec and spec.job and spec.job.spec and spec.job.spec.template:
        pods.append(spec.job.spec.template.spec)
    found = {
        container.image
        for pod in pods
        if pod
        for containers in (pod.containers, pod.init, pod.ephemeral)
        for container in containers or ()
        if container.image
    }
    return tuple(sorted(found))[:IMAGES_MAX]
