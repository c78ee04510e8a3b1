"""One audited request as the other modules read it."""

from __future__ import annotations

import re

from schemas.activity import Action, Outcome
from schemas.remembering import remembered_together
from schemas.sources import Context
from schemas.sources.kubernetes.who import MASTERS, Who, identity_of, object_key, short, who_of
from schemas.sources.kubernetes.wire import Body, Event, Meta, ObjectRef

RBAC = "rbac.authorization.k8s.io"
CERTIFICATES = "certificates.k8s.io"
IDENTITY_RESOURCES = {
    ("", "serviceaccounts"),
    (RBAC, "roles"),
    (RBAC, "clusterroles"),
    (RBAC, "rolebindings"),
    (RBAC, "clusterrolebindings"),
    (CERTIFICATES, "certificatesigningrequests"),
}
"""Group and resource: identities, what they may do, and what hands out their credentials."""

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection", "approve", "sign", "bind"})
READS = frozenset({"get", "list", "watch"})

LONG_RUNNING = frozenset({"exec", "attach", "portforward", "proxy", "log"})
"""Subresources whose requests are sessions; a watch is one by its verb."""

STARTED = "ResponseStarted"
SWITCHED, OK, UNAUTHORIZED, FORBIDDEN = 101, range(200, 300), 401, 403

REASON = re.compile(r'RBAC: allowed by (RoleBinding|ClusterRoleBinding) "?([^" ]+)"?')
"""What ``authorization.k8s.io/reason`` says: a RoleBinding as ``name/namespace``."""

DRY_RUN = re.compile(r"[?&]dryRun=All(?:&|$)")
"""In the query; a delete has it in its body, which level Metadata does not show. In the body of another write
it is a field that the server passes over."""

NO_REF = ObjectRef()
NO_META = Meta()
NO_BODY = Body()

DENIED_IMPERSONATION = "cannot impersonate"


class Call:
    """``time``: when the request came, ``done``: when this line was written (µs). ``who``: the real caller.

    ``rehearsed``: a dry run, which is answered as the real thing and changes nothing.
    ``prefix``: of this cluster's keys. ``asked``, ``answered``: the bodies, empty where the audit level has
    none.
    """

    def __init__(self, event: Event, time: int, done: int, instance: str, context: Context) -> None:
        ref = event.ref or NO_REF
        self.event = event
        self.time = time
        self.done = max(done, time)
        self.instance = instance
        self.context = context
        self.prefix = f"k8s:{instance}:"
        self.who: Who = who_of(event.user, self.prefix, event.annotations)
        self.verb = event.verb
        self.ref = ref
        self.resource = ref.resource or ""
        self.subresource = ref.subresource or ""
        self.group = ref.api_group or ""
        self.namespace = ref.namespace or ""
        self.asked = event.request_object or NO_BODY
        self.answered = event.response_object or NO_BODY
        self.meta = self.answered.metadata or NO_META
        self.name = ref.name or self.meta.name or (self.asked.metadata or NO_META).name or ""
        self.code = (event.response.code if event.response else None) or 0
        self.outcome = _outcome(self.code)
        self.succeeded = self.outcome == "succeeded"
        self.rehearsed = _rehearsed(event.uri, event.verb, event.request_object)

    def is_on(self, resource: str, subresource: str = "", group: str = "") -> bool:
        """Says whether the request is on a resource of this API group and this subresource."""
        return self.resource == resource and self.subresource == subresource and self.group == group

    def note(self, name: str) -> str:
        """Returns the annotation of this name; "" where there is none."""
        return (self.event.annotations or {}).get(name) or ""

    @property
    def message(self) -> str:
        """The message of the answer; "" where it has none."""
        return (self.event.response.message if self.event.response else None) or ""

    @property
    def operation(self) -> str:
        """``list secrets``, ``create pods/exec``, ``get /version``; with whom the caller passed for, where
        it did."""
        if self.resource:
            words = _worded(self.verb, self.resource, self.subresource)
        else:
            words = _worded(self.verb, short(self.event.uri.partition("?")[0]), "")
        if (other := self.event.impersonated) and other.username:
            masters = f" ({MASTERS})" if MASTERS in (other.groups or ()) else ""
            return f"{words} as {short(other.username)}{masters}"
        if self.outcome == "forbidden" and DENIED_IMPERSONATION in self.message:
            return f"{words} as another"
        return words

    @property
    def path(self) -> str:
        """``shop/pods/web-1/exec``; without the query, in which an exec's command stands."""
        if not self.resource:
            return short(self.event.uri.partition("?")[0])
        steps = (self.namespace, self.resource, short(self.name), self.subresource)
        return "/".join(step for step in steps if step)

    @property
    def action(self) -> Action:
        """The action that the request is: a read of secrets, a write of identities, or "" for anything
        else."""
        if self.resource == "secrets" and not self.group and self.verb in READS:
            return "secret_read"
        written = self.verb in WRITES and not self.rehearsed
        if (self.group, self.resource) in IDENTITY_RESOURCES and written:
            return "identity_write"
        return ""

    @property
    def place(self) -> str:
        """The real peer: what a client wrote into forwarding headers stands before it."""
        return self.event.source_ips[-1] if self.event.source_ips else ""

    @property
    def allowed_by(self) -> str:
        """The binding that allowed it. The cluster's own bindings, which nobody removes, are left out: they
        are most of a log. Of an impersonated request the binding is another's: that the caller passed for him
        is what allowed it, or was refused."""
        if not self.who.identity:
            return ""
        if self.event.impersonated or self.outcome == "forbidden":
            return _passing(self)
        reason = self.note("authorization.k8s.io/reason")
        return _allowing(reason, self.prefix) if reason else ""

    @property
    def impersonated(self) -> str:
        """The key of whom the request counts as; "" where the caller is itself."""
        other = self.event.impersonated
        return identity_of(other.username, self.prefix) if other and other.username else ""

    @property
    def is_session(self) -> bool:
        """A request that stands open until its ``ResponseComplete``."""
        return (
            self.event.stage == STARTED
            or self.code == SWITCHED
            or self.verb == "watch"
            or self.subresource in LONG_RUNNING
        )

    @property
    def uid(self) -> str:
        """Of the object that was written or deleted: in the answer, be it the object or a word about it."""
        for details in (self.answered.details, self.event.response.details if self.event.response else None):
            if details and details.uid:
                return details.uid
        return self.meta.uid or self.ref.uid or ""

    def object_key(self, name: str) -> str:
        """Returns the key of an object of the request's resource and namespace."""
        return object_key(self.namespace, self.resource, name, self.prefix)


def grant_of(prefix: str, resource: str, namespace: str, name: str) -> str:
    """Returns the key of a binding."""
    place = f"{namespace}/" if namespace else ""
    return f"{prefix}{resource.removesuffix('s')}/{place}{short(name)}"


def _passing(call: Call) -> str:
    """For what sort of caller this one passed, or tried to, as a grant: few sorts, for a proxy passes for
    everybody."""
    if (other := call.event.impersonated) and other.username:
        masters = MASTERS in (other.groups or ())
        return f"{call.prefix}passes-for/{'masters' if masters else 'another'}"
    denied = call.outcome == "forbidden" and DENIED_IMPERSONATION in call.message
    return f"{call.prefix}passes-for/another" if denied else ""


@remembered_together(16_384)
def _allowing(reason: str, prefix: str) -> str:
    found = REASON.match(reason)
    if found is None or found[2].startswith("system:"):
        return ""
    name, _, namespace = found[2].partition("/")
    return grant_of(prefix, "rolebindings" if namespace else "clusterrolebindings", namespace, name)


@remembered_together(4096)
def _worded(verb: str, resource: str, subresource: str) -> str:
    return f"{verb or '?'} {resource}{'/' if subresource else ''}{subresource}".rstrip()


def _rehearsed(uri: str, verb: str, asked: Body | None) -> bool:
    """Whether nothing came of it. Where a DELETE has a body, the server reads its options from the body alone
    and the query's are not looked at (kubernetes/kubernetes, apiserver, endpoints/handlers/delete.go)."""
    if asked is not None and verb in ("delete", "deletecollection"):
        return bool(asked.dry_run == ["All"])
    return "dryRun=" in uri and DRY_RUN.search(uri) is not None


def _outcome(code: int) -> Outcome:
    if not code:
        return "unknown"
    if code == SWITCHED or code in OK:
        return "succeeded"
    if code == UNAUTHORIZED:
        return "unauthenticated"
    return "forbidden" if code == FORBIDDEN else "failed"
