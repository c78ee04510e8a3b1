"""Grants of Google Cloud's IAM: who is added to a role of a resource and who is taken out of it; and what
narrows the audit logs themselves.

``SetIamPolicy`` writes a whole policy; what it changed stands in ``serviceData.policyDelta`` (Google Cloud,
"Policy change audit logs", AuditData of IAM). Exclusions and sinks: Cloud Logging, "Routing and storage".
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.activity import Effect, Ended, Granted, Restored, Withdrawn
from schemas.sources.gcp.call import Call
from schemas.sources.gcp.identity import account_of
from schemas.wire import as_fields, as_list, pick, text_at

POLICIES = frozenset({"setiampolicy", "setiampermissions"})
MEMBER = "serviceAccount:"
DELTAS_MAX = 256
"""Members of one change that are told."""

AUDIT_LOGS = "cloudaudit"
"""In the names of the logs that hold audit records."""


def grants_of(call: Call) -> Iterator[Effect]:
    """Yields what a change of a policy gave and took, and which audit logs it switched."""
    if call.word not in POLICIES:
        return
    delta = pick(call.payload.service_data, "policyDelta") or pick(call.payload.metadata, "policyDelta")
    for one in as_list(pick(delta, "bindingDeltas"))[:DELTAS_MAX]:
        role, holder = text_at(one, "role"), _holder(text_at(one, "member"))
        if not role or not holder:
            continue
        place = _place(call)
        grant = f"{place}:grant/{call.payload.resource_name}/{role}/{holder.rpartition(':')[2]}"
        how = f"{call.method} {role}"
        if text_at(one, "action").upper() == "ADD":
            yield Granted(grant, f"{place}:role/{role}", how, (holder,))
        elif text_at(one, "action").upper() == "REMOVE":
            yield Withdrawn(grant, how, identities=(holder,))
    for one in as_list(pick(delta, "auditConfigDeltas"))[:DELTAS_MAX]:
        log = f"{_place(call)}:audit/{text_at(one, 'service')}/{text_at(one, 'logType')}"
        exempt = text_at(one, "exemptedMember")
        added = text_at(one, "action").upper() == "ADD"
        if bool(exempt) == added:
            # A log that is taken away, or a member that it no longer shows.
            yield _silenced(call, f"{log}/{exempt}" if exempt else log)
        else:
            yield Restored(call.method, "silenced", identity=f"{log}/{exempt}" if exempt else log)


def refused_self(call: Call) -> str:
    """Says, as a grant, that an account was refused a policy in which it stands itself."""
    if call.word not in POLICIES or call.outcome != "forbidden":
        return ""
    bindings = as_list(pick(call.payload.request, "policy", "bindings"))
    members = {_holder(str(m)) for b in bindings for m in as_list(pick(as_fields(b), "members"))}
    return f"{_place(call)}:grants-itself" if call.caller.identity in members else ""


def logs_of(call: Call) -> Iterator[Effect]:
    """Yields which way for logs was ended or begun: sinks, and exclusions of audit logs."""
    sink = f"{_place(call)}:sink/{_name(call, 'sinks')}"
    if call.word == "deletesink" or (call.word == "updatesink" and _is_off(call)):
        yield _silenced(call, sink)
    elif call.word in ("createsink", "updatesink"):
        yield Restored(call.method, "silenced", identity=sink)
    elif call.word in ("createexclusion", "updateexclusion"):
        excluded = pick(call.payload.request, "exclusion")
        off = pick(excluded, "disabled") is True
        log = f"{_place(call)}:exclusion/{text_at(excluded, 'name') or _name(call, 'exclusions')}"
        if off:
            yield Restored(call.method, "silenced", identity=log)
        elif AUDIT_LOGS in text_at(excluded, "filter"):
            yield _silenced(call, log)
    elif call.word == "deleteexclusion":
        log = f"{_place(call)}:exclusion/{_name(call, 'exclusions')}"
        yield Restored(call.method, "silenced", identity=log)


def _is_off(call: Call) -> bool:
    """A sink that is switched off, or that leaves audit logs out."""
    sink = pick(call.payload.request, "sink")
    if pick(sink, "disabled") is True:
        return True
    left_out = as_list(pick(sink, "exclusions"))
    return any(AUDIT_LOGS in text_at(one, "filter") and pick(one, "disabled") is not True for one in left_out)


def _silenced(call: Call, log: str) -> Ended:
    return Ended(call.method, "silenced", identity=log, claims_cut=False, carries=False)


def _holder(member: str) -> str:
    """The key of a service account among members; "" for people, groups and who was deleted."""
    return account_of(member.removeprefix(MEMBER)) if member.startswith(MEMBER) else ""


def _place(call: Call) -> str:
    """The project that the resource is of, else what the resource is called."""
    project = text_at(call.entry.resource.labels, "project_id")
    steps = call.payload.resource_name.split("/")
    named = steps[1] if len(steps) > 1 and steps[0] in ("projects", "folders", "organizations") else ""
    return f"gcp:{project or named or 'unknown'}"


def _name(call: Call, part: str) -> str:
    for text in (text_at(call.payload.request, f"{part.removesuffix('s')}Name"), call.payload.resource_name):
        if f"{part}/" in text:
            return text.rpartition("/")[2]
    return ""
