"""A CloudTrail event as an activity."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import msgspec

from schemas.activity import Action, Activity, Effect, Known, Outcome
from schemas.evidence import VIA
from schemas.providers.aws.actions import DECRYPTED_READS, action_of
from schemas.providers.aws.keys import password_of
from schemas.providers.aws.outcome import is_of_secret, outcome_of
from schemas.sources import Context
from schemas.sources.cloudtrail import agentcore, console, rotations
from schemas.sources.cloudtrail.call import Call
from schemas.sources.cloudtrail.effects import OF_OTHERS, effects_of
from schemas.sources.cloudtrail.grants import refused_self
from schemas.sources.cloudtrail.identity import Who, read_who, who_of
from schemas.sources.cloudtrail.naming import ABOUT_IDENTITIES, resource_of, target_of
from schemas.sources.cloudtrail.wire import AnyEvent, Fields, Principal, Unread, text
from schemas.times import micros_of

CLIENT_MAX = 200
"""Characters of a user agent that are kept: enough for SDK, system and one tool's own words."""

SERVICE_ADDRESSES = (".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal", "AWS Internal")
NO_EFFECTS: tuple[Effect, ...] = ()

ROTATION_FAILURES = frozenset({"RotationFailed", "RotationAbandoned", "TestRotationFailed"})
"""Secrets Manager tells a failed rotation in the name of a service event, without an error code."""


EXCHANGES = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
"""Where a federated subject is let in, by a role. That role's denial is AccessDenied; all that is refused as
unauthenticated there is the one token (AWS STS, "Common errors" of both)."""


def activity_of(event: AnyEvent, context: Context) -> Activity | None:
    """Returns the activity; None where the event's time is none."""
    time = _time(event.event_time) if len(event.event_time) <= TIME_MAX else 0
    if not time:
        return None
    if insight := event.insight:
        return _insight(event, insight, time, context)
    usual = _usual_of(event)
    caller, resource = usual.who.caller, resource_of(event)
    if usual.plain and not event.error_code and not event.from_console:
        facts = NOTHING_BEYOND
    else:
        facts = _beyond(event, time, usual.who, usual, resource)
    action = facts.action
    if not action:
        action = _action(event, usual.who, usual) if usual.parts or event.context else usual.action
    activity = Activity(
        event.event_id,
        time,
        "cloudtrail",
        context.instance,
        caller.identity,
        caller.name,
        usual.credential,
        (),
        usual.operation,
        usual.service,
        facts.outcome,
        action,
        usual.place,
        usual.client,
        facts.target,
        resource,
        facts.error,
        "",
        facts.allowed_by,
        facts.asked,
        facts.effects,
        context.arrived,
        context.processed,
    )
    if usual.service == agentcore.SERVICE and usual.operation in agentcore.CALLS:
        return agentcore.called(event, activity, context)
    return activity


class Beyond(msgspec.Struct, frozen=True, gc=False):
    """What the event says beyond who called what."""

    outcome: Outcome = "succeeded"
    error: str = ""
    target: str = ""
    asked: str = ""
    effects: tuple[Effect, ...] = NO_EFFECTS
    action: Action = ""
    allowed_by: str = ""


NOTHING_BEYOND = Beyond()


def _beyond(event: AnyEvent, time: int, who: Who, usual: Usual, resource: str) -> Beyond:
    caller, service, operation = who.caller, usual.service, usual.operation
    outcome, error = _ended(event, service)
    target, effects, allowed_by = "", NO_EFFECTS, ""
    account = event.recipient_account_id or caller.account
    if service in ABOUT_IDENTITIES or operation in OF_OTHERS:
        call = Call(service, operation, outcome, error, time, account, caller, event.request, event.response)
        target, effects, allowed_by = target_of(call), effects_of(call), refused_self(call)
    if service == rotations.SERVICE and outcome == "succeeded":
        effects = rotations.rotations_of(event, account, resource)
    exchange = service == "sts" and operation in EXCHANGES
    beside = exchange or service == "signin" or is_of_secret(error)
    action: Action = "aside" if beside and outcome == "unauthenticated" else ""
    session = console.session_of(event, who, service)
    if (who.theirs and caller.credential) or (session and usual.credential):
        opened = _time(who.began) if session else 0
        effects += (
            Known(
                usual.credential,
                caller.identity,
                person=who.person,
                theirs=who.theirs,
                session=session,
                opened=opened,
            ),
        )
    if operation == console.SWITCH and outcome == "succeeded":
        effects += console.switched(event, who, time)
    return Beyond(outcome, error, target, target if exchange else "", effects, action, allowed_by)


TIME_MAX = 64
"""Letters of a time; a longer text is none."""

TEXTS_MAX = 4_096
"""Letters of caller, call, address and client together, of which what they have in common is remembered."""

_time = lru_cache(maxsize=16_384)(micros_of)
"""CloudTrail's times are whole seconds: they repeat."""


TELLING = ABOUT_IDENTITIES | {rotations.SERVICE, "signin"}
"""Services whose events say more than that they were called."""


class Usual(msgspec.Struct, frozen=True, gc=False):
    """What all events of one caller, call, address and client have in common. ``action``: as far as it hangs
    on these alone; ``parts``: other parts of the event may say more of it; ``plain``: unless it names an
    error, the event says no more than that it was called."""

    who: Who
    operation: str
    service: str
    credential: str
    place: str
    client: str
    action: Action
    parts: bool
    plain: bool


def _usual_of(event: AnyEvent) -> Usual:
    """What the event has in common with others. An event that was read otherwise is not remembered, nor one
    with texts that would fill the memory."""
    recipient = event.recipient_account_id or ""
    call = event.event_source, event.event_name, event.source or "", event.vpc_endpoint_id or ""
    agent = event.user_agent or ""
    if not isinstance(event, Unread):
        return _usual(who_of(event.user_identity, recipient), *call, agent)
    caller = bytes(event.user_identity_)
    short = sum(map(len, (caller, recipient, *call, agent))) <= TEXTS_MAX
    return (_read_usual if short else _read_usual.__wrapped__)(caller, recipient, *call, agent)


@lru_cache(maxsize=32_768)
def _read_usual(caller: bytes, recipient: str, source: str, name: str, *more: str) -> Usual:
    """As ``_usual``, for equal bytes of ``userIdentity`` and equal texts once."""
    return _usual(read_who(caller, recipient), source, name, *more)


def _usual(who: Who, event_source: str, operation: str, address: str, endpoint: str, agent: str) -> Usual:
    service = event_source.partition(".")[0]
    by_service = who.service or address.endswith(SERVICE_ADDRESSES)
    return Usual(
        who,
        operation,
        service,
        who.caller.credential or _password(who, operation) or console.signed_in_with(who, operation),
        _place(address, endpoint),
        _client(agent),
        "service" if by_service else action_of(service, operation, False),
        service in DECRYPTED_READS or operation in OF_ONE_OBJECT or operation in LOG_OPENINGS,
        not (
            service in TELLING
            or operation in OF_OTHERS
            or operation in ROTATION_FAILURES
            or who.theirs
            or who.federated
        ),
    )


def _insight(event: AnyEvent, details: Fields, time: int, context: Context) -> Activity:
    """An unusual rate of calls: nobody's act, so no use and no facts; kept for hunting."""
    return Activity(
        uid=event.event_id,
        time=time,
        source="cloudtrail",
        instance=context.instance,
        operation=text(details, "insightType") or "Insight",
        service=text(details, "eventSource").partition(".")[0],
        resource=f"{text(details, 'state')} {text(details, 'eventName')}".strip(),
        arrived=context.arrived,
        processed=context.processed,
    )


def _ended(event: AnyEvent, service: str) -> tuple[Outcome, str]:
    """The outcome and the error. Sign-in tells its result only in the response."""
    code = event.error_code
    if code:
        return outcome_of(code, event.error_message or ""), code
    if service == "signin" and "Failure" in (event.response or {}).values():
        return "unauthenticated", "Failure"
    return ("failed", event.event_name) if event.event_name in ROTATION_FAILURES else ("succeeded", "")


def _password(who: Who, operation: str) -> str:
    """A console sign-in of a user or root presents the password; federated sign-ins have none."""
    if operation != "ConsoleLogin" or who.principal is None:
        return ""
    if who.principal.type not in ("IAMUser", "Root"):
        return ""
    caller = who.caller
    name = caller.identity.rpartition(":")[2]
    if not name.startswith(("user/", "root")):
        return ""
    return password_of(caller.account, name.rpartition("/")[2])


def _action(event: AnyEvent, who: Who, usual: Usual) -> Action:
    usually = usual.action
    if usually == "service" or ((facts := event.context) is not None and _through_service(facts)):
        return "service"
    if not usual.parts:
        return usually
    if _by_function_service(event, who.principal):
        return "service"
    if _opened_link(event):
        return "link"
    request = event.request
    decrypted = request is not None and request.get("withDecryption") in (True, "true")
    return action_of(usual.service, event.event_name, decrypted)


def _opened_link(event: AnyEvent) -> bool:
    """A presigned link to one object is opened: who opens it holds the link and not the key (Amazon S3,
    CloudTrail log entries, ``AuthenticationMethod``). What lists or changes more than an object is no such
    link."""
    return (
        event.event_source == S3
        and event.event_name in OF_ONE_OBJECT
        and text(event.additional, "AuthenticationMethod") == "QueryString"
    )


S3 = "s3.amazonaws.com"
OF_ONE_OBJECT = frozenset({"GetObject", "HeadObject", "PutObject", "UploadPart"})
"""What links are made for: to fetch an object, to look whether it is there, to leave one."""


def _by_function_service(event: AnyEvent, principal: Principal | None) -> bool:
    """Lambda's own worker opens the log of a function with the function's session. The record says that the
    session was issued to that function (``inScopeOf``), and the call reaches the function's own log alone."""
    if event.event_source != "logs.amazonaws.com" or event.event_name not in LOG_OPENINGS:
        return False
    scope = principal.in_scope_of if principal else None
    if text(scope, "issuerType") != "AWS::Lambda::Function":
        return False
    function = text(scope, "credentialsIssuedTo").partition(":function:")[2].partition(":")[0]
    return bool(function) and text(event.request, "logGroupName") == f"/aws/lambda/{function}"


LOG_OPENINGS = frozenset({"CreateLogGroup", "CreateLogStream"})


def _through_service(facts: Fields) -> bool:
    """AWS calls on somebody's behalf: what it carries was not presented by its holder."""
    context = facts.get("requestContext")
    return isinstance(context, dict) and context.get("aws:ViaAWSService") in (True, "true")


def _place(address: str, endpoint: str) -> str:
    """The address as it is; "" for services, "AWS Internal" and impossible ones (anonymised: 255.18.064.253).
    Behind a VPC endpoint a private address is one of many equal ones: the endpoint belongs to the place."""
    try:
        seen = ipaddress.ip_address(address)
    except ValueError:
        return endpoint
    if isinstance(seen, ipaddress.IPv6Address) and (mapped := seen.ipv4_mapped):
        seen, address = mapped, str(mapped)
    return f"{address}{VIA}{endpoint}" if endpoint and seen.is_private else address


def _client(agent: str) -> str:
    """The user agent; S3 puts brackets around what other services log bare."""
    bare = agent[1:-1] if agent.startswith("[") and agent.endswith("]") else agent
    return bare[:CLIENT_MAX]
