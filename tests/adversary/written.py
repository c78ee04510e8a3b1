"""Attacks that no case shows, written out: each in an account, services and topics of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.support import caep, otlp

MANY_KEYS, MANY_SESSIONS = 9_000, 1_100
"""More keys than stand with their identity, more sessions than stand with their key."""
NOW = datetime.now(UTC)
"""The time of what must be of today: how long a session lives, and a silence that ends now."""


class Attack(NamedTuple):
    """What comes by which raw topic, and what must stand told in the end."""

    name: str
    records: dict[str, list[bytes]]
    wanted: dict[str, Any]


def attacks() -> Iterator[Attack]:
    """Yields every one of them."""
    yield _used_after_deletion("ocsf_ended_it_before", 60, {"ocsf": [_ended_by_ocsf(60)]})
    yield _used_after_deletion("gateway_is_refused_with_it", 61, {"mcp": [_refused_at_a_gateway(61)]})
    yield _used_after_deletion("identities_as_each_others_credentials", 62, {"mcp": _each_others(62)})
    yield _used_after_deletion(
        "another_installation_takes_the_id_of_the_end", 63, {"cloudtrail.b63": [_same_id_as_the_end(63)]}
    )
    yield _used_after_deletion("keys_ended_after_it", 64, {"cloudtrail": _many_ended(64)})
    yield _sessions(65)
    yield _called("span_before_the_call", 66, _taken_before)
    yield _called("span_in_place_of_the_agent", 67, _disowned)
    yield _answered_by_another_number(68)
    yield _used_after_deletion("an_issuer_makes_it_anew", 69, {"caep": _made_anew_by_an_issuer(69)})
    yield _used_after_deletion("inventory_in_which_two_alias_each_other", 70, {"inventory.": [_aliases(70)]})
    yield _console_session(71)
    yield _denied_before_it_wakes(72)


def _used_after_deletion(name: str, n: int, more: dict[str, list[bytes]]) -> Attack:
    """A key that is used after its deletion, whatever comes before that by these topics."""
    records = {
        f"raw.{topic.removesuffix('.') if '.' in topic else f'{topic}.a{n}'}": bodies
        for topic, bodies in more.items()
    }
    own = [
        cloudtrail(
            n, "admin", f"AKIAADMIN000000000{n}", "10:00", "iam", "DeleteAccessKey", _key_of(n), uid=f"end{n}"
        ),
        cloudtrail(n, "victim", key(n), "11:00", "s3", "GetObject"),
    ]
    records[f"raw.cloudtrail.a{n}"] = [*records.get(f"raw.cloudtrail.a{n}", []), *own]
    return Attack(name, records, open_one("revoked_credential_used", "high", key(n)))


def key(n: int) -> str:
    return f"AKIAVICTIM00000000{n}"


def _key_of(n: int) -> dict[str, str]:
    return {"userName": "victim", "accessKeyId": key(n)}


def open_one(control: str, severity: str, *about: str) -> dict[str, Any]:
    """What a case asks: that a finding of this control stands open about this."""
    wanted = {"control": control, "about": list(about), "severity": {"at_least": severity}, "status": "open"}
    return {"findings": [wanted]}


def arn(n: int, name: str) -> str:
    return f"arn:aws:iam::1111222233{n}:user/{name}"


def cloudtrail(
    n: int, name: str, key: str, at: str, service: str, operation: str, asked: object = None, **more: Any
) -> bytes:
    """What CloudTrail writes of a user; ``at`` is a minute of a day, or a second, or a whole time."""
    account = f"1111222233{n}"
    who = {"type": "IAMUser", "arn": arn(n, name), "accountId": account, "accessKeyId": key, "userName": name}
    time = at if "T" in at else f"2026-11-22T{(at + ':00')[:8]}Z"
    record = {
        "eventVersion": "1.11", "userIdentity": who, "eventTime": time,
        "eventSource": f"{service}.amazonaws.com", "eventName": operation, "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.15.0", "requestParameters": asked,
        "responseElements": more.get("answered"), "eventID": more.get("uid", f"{n}-{name}-{operation}-{at}"),
        "recipientAccountId": account, "eventCategory": "Management", "eventType": "AwsApiCall",
    }  # fmt: skip
    return json.dumps(record).encode()


def _before(**ago: int) -> str:
    """So long before now, as CloudTrail writes it."""
    return f"{NOW - timedelta(**ago):%Y-%m-%dT%H:%M:%SZ}"


def _made_anew_by_an_issuer(n: int) -> list[bytes]:
    """An issuer whose signature is good says of a key of AWS, and of its user, that they live again."""
    at, created = 1_795_352_400, {"change_type": "create", "credential_type": "x509"}
    said = {"event_timestamp": at, "friendly_name": f"aws:key/{key(n)}", **created}
    names = (
        {"format": "opaque", "id": f"aws:1111222233{n}:user/victim"},
        {"format": "uri", "uri": f"aws:1111222233{n}:user/victim"},
        {"format": "opaque", "id": f"aws:key/{key(n)}"},
    )
    events = (("credential-change", said), (f"{caep.RISC}account-enabled", {"event_timestamp": at}))
    return [
        caep.token(caep.claims(word, event, sub_id=subject, jti=f"a{n}-{i}-{word[-8:]}", iat=at + 60))
        for i, subject in enumerate(names)
        for word, event in events
    ]


def _aliases(n: int) -> bytes:
    """Two identities that a mistaken inventory calls each other: one of them is judged."""
    victim, other = (f"aws:1111222233{n}:user/{name}" for name in ("victim", "another"))
    both = [{"id": one, "owner": "o", "aliases": [two]} for one, two in ((victim, other), (other, victim))]
    return json.dumps(
        {"gapwatch": "inventory/v1", "recorded": "2026-11-20T00:00:00Z", "identities": both}
    ).encode()


def _console_session(n: int) -> Attack:
    """The key gives a federated session, which signs in to the console; the key is deleted; the console goes
    on with keys that no record shows being issued."""
    began, named = _before(hours=3), f"arn:aws:sts::1111222233{n}:federated-user/ops"
    expires = f"{NOW + timedelta(hours=9):%b %d, %Y, %I:%M:%S %p}"
    given = {
        "credentials": {"accessKeyId": f"ASIAFEDERATED00000{n}", "expiration": expires},
        "federatedUser": {"arn": named, "federatedUserId": f"1111222233{n}:ops"},
    }
    issuer = {"type": "IAMUser", "arn": arn(n, "victim"), "userName": "victim"}
    session = {
        "type": "FederatedUser", "arn": named, "principalId": f"1111222233{n}:ops",
        "sessionContext": {"sessionIssuer": issuer, "attributes": {"creationDate": _before(minutes=175)}},
    }  # fmt: skip
    asked = {"name": "ops", "durationSeconds": 43_200}
    late = cloudtrail(
        n, "victim", f"ASIACONSOLE0000000{n}", _before(hours=1), "s3", "GetObject", uid=f"{n}-late"
    )
    used = json.loads(late) | {"sessionCredentialFromConsole": "true"}
    used["userIdentity"] = {**used["userIdentity"], **session}
    admin = f"AKIAADMIN000000000{n}"
    records = [
        cloudtrail(n, "victim", key(n), began, "sts", "GetFederationToken", asked, answered=given),
        cloudtrail(n, "admin", admin, _before(hours=2), "iam", "DeleteAccessKey", _key_of(n)),
        json.dumps(used).encode(),
    ]
    wanted = open_one("outlived_parent", "medium", key(n), f"{n}-late")
    return Attack("console_session_of_a_federated_one", {f"raw.cloudtrail.a{n}": records}, wanted)


def _denied_before_it_wakes(n: int) -> Attack:
    """A key that slept for two months is denied once, and reads a secret a minute later."""
    watched = [
        cloudtrail(n, "other", f"AKIAOTHER00000000{n}", _before(days=d, hours=1), "s3", "ListBuckets")
        for d in range(70)
    ]
    reads = ("secretsmanager", "GetSecretValue", {"secretId": "db"})
    denied = json.loads(cloudtrail(n, "victim", key(n), _before(minutes=30), *reads, uid=f"{n}-denied"))
    records = [
        cloudtrail(n, "victim", key(n), _before(days=69), "s3", "ListBuckets"),
        *watched,
        json.dumps(denied | {"errorCode": "AccessDenied"}).encode(),
        cloudtrail(n, "victim", key(n), _before(minutes=29), *reads, uid=f"{n}-read"),
    ]
    wanted = open_one("dormant_identity_wakes", "medium", f"aws:1111222233{n}:user/victim")
    return Attack("denied_before_it_wakes", {f"raw.cloudtrail.a{n}": records}, wanted)


def _ended_by_ocsf(n: int) -> bytes:
    """A portal says that the key ended before it was used, as if another end than the real one."""
    user = {"uid": arn(n, "victim")}
    said = {
        "entity": {"type": "access key", "uid": key(n), "user": user},
        "actor": {"user": {"uid": "portal"}},
    }
    record = {
        "class_uid": 3004, "category_uid": 3, "activity_id": 4, "type_uid": 300404, "severity_id": 1,
        "time": 1_795_348_800_000, "status_id": 1,
        "metadata": {"uid": f"end{n}", "version": "1.5.0", "product": {"name": "CloudTrail"}}, **said,
    }  # fmt: skip
    return json.dumps(record).encode()


def _gateway(n: int, at: str, **more: Any) -> bytes:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search"}}
    record = {
        "ts": f"2026-11-22T{at}:00Z",
        "direction": "client_to_server",
        "server": f"srv{n}",
        "session": f"s{n}",
    }
    return json.dumps(record | {"message": message} | more).encode()


def _refused_at_a_gateway(n: int) -> bytes:
    """A gateway refuses somebody who presents the key: that would prove that it is dead."""
    return _gateway(n, "12:30", credential=f"aws:key/{key(n)}", http={"status": 401})


def _each_others(n: int) -> list[bytes]:
    victim, other = (f"aws:1111222233{n}:user/{name}" for name in ("victim", "zed"))
    answer = {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}
    return [
        _gateway(n, at, agent=one, subject=one, credential=two, client_id=two, answer=answer)
        for at, one, two in (("09:00", victim, other), ("09:01", other, victim))
    ]


def _same_id_as_the_end(n: int) -> bytes:
    return cloudtrail(n, "mallory", f"AKIAMALLORY0000000{n}", "09:00", "s3", "ListBuckets", uid=f"end{n}")


def _many_ended(n: int) -> list[bytes]:
    """So many other keys of the same user end after the one that is used."""
    return [
        cloudtrail(
            n, "admin", f"AKIAADMIN000000000{n}", f"{11 + i // 3_600}:{i // 60 % 60:02}:{i % 60:02}", "iam",
            "DeleteAccessKey", {"userName": "victim", "accessKeyId": f"AKIAOTHER{n}{i:09}"}, uid=f"{n}-{i}",
        )
        for i in range(MANY_KEYS)
    ]  # fmt: skip


def _sessions(n: int) -> Attack:
    """The key is exchanged for very many sessions, then it ends, and the first of these goes on."""
    role = f"arn:aws:sts::1111222233{n}:assumed-role/r{n}"

    def assumed(i: int) -> bytes:
        given = {
            "credentials": {"accessKeyId": f"ASIA{n}{i:014}", "expiration": "Nov 22, 2026, 9:30:00 PM"},
            "assumedRoleUser": {"assumedRoleId": f"AROA{n}:s", "arn": f"{role}/s"},
        }
        asked = {
            "roleArn": f"arn:aws:iam::1111222233{n}:role/r{n}",
            "roleSessionName": "s",
            "durationSeconds": 43200,
        }
        at = f"09:{i // 60:02}:{i % 60:02}"
        return cloudtrail(n, "victim", key(n), at, "sts", "AssumeRole", asked, answered=given, uid=f"{n}-{i}")

    used = json.loads(cloudtrail(n, "victim", f"ASIA{n}{0:014}", "13:00", "s3", "GetObject", uid=f"{n}-late"))
    issuer = {
        "type": "Role",
        "arn": f"arn:aws:iam::1111222233{n}:role/r{n}",
        "accountId": f"1111222233{n}",
        "userName": f"r{n}",
    }
    used["userIdentity"] |= {
        "type": "AssumedRole",
        "arn": f"{role}/s",
        "sessionContext": {"sessionIssuer": issuer},
    }
    ended = cloudtrail(n, "admin", f"AKIAADMIN000000000{n}", "12:00", "iam", "DeleteAccessKey", _key_of(n))
    records = [*map(assumed, range(MANY_SESSIONS)), ended, json.dumps(used).encode()]
    wanted = open_one("outlived_parent", "low", f"{n}-late")
    del wanted["findings"][0]["status"]  # It ends with the life of the session.
    return Attack("sessions_issued_after_it", {f"raw.cloudtrail.a{n}": records}, wanted)


def _called(name: str, n: int, spans: Any) -> Attack:
    """An agent calls what it may not, whatever another service says about the same spans."""
    host, evil = f"desk-{n}", f"evil-{n}"
    declared = [
        {"id": f"agent:{host}/triage", "kind": "agent", "owner": "o", "tools": [{"name": "search"}]},
        {"id": f"agent:{evil}/helper", "kind": "agent", "owner": "o", "tools": [{"name": "delete_all"}]},
    ]
    inventory = {"gapwatch": "inventory/v1", "recorded": "2026-09-20T00:00:00Z", "identities": declared}
    mine = [_of(host, n, otlp.agent(1), otlp.tool(2, 1, "delete_all", at=1))]
    records = {f"raw.otel.a{n}": [*spans(evil, n), *mine], "raw.inventory": [json.dumps(inventory).encode()]}
    return Attack(
        name, records, open_one("tool_outside_catalog", "high", f"agent:{host}/triage", "delete_all")
    )


def _of(service: str, n: int, *spans: dict[str, Any]) -> bytes:
    own = [span | {"traceId": f"{n:032x}"} for span in spans]
    resource = {"attributes": [{"key": "service.name", "value": otlp.value(service)}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": own}]}]}).encode()


def _taken_before(evil: str, n: int) -> list[bytes]:
    """Another service has told the call already, under its ids: an approved one, and one of its own agent."""
    return [
        _of(evil, n, otlp.tool(2, 1, "search")),
        _of(evil, n, otlp.agent(1, name="helper"), otlp.tool(2, 1, "delete_all")),
    ]


def _disowned(evil: str, n: int) -> list[bytes]:
    """Another service puts its own agent, which may call it, between the agent and the call."""
    return [
        _of(evil, n, otlp.agent(1, name="helper")),
        _of(evil, n, otlp.agent(9, 1, name="helper"), otlp.tool(2, 9, "delete_all", at=1)),
    ]


def _answered_by_another_number(n: int) -> Attack:
    """The request has the id 3.0, the answer 3: it was carried out."""
    call = {"jsonrpc": "2.0", "id": 3.0, "method": "tools/call", "params": {"name": "delete_all"}}
    said = {"jsonrpc": "2.0", "id": 3, "result": {"content": []}}
    about = {"server": f"srv{n}", "session": f"s{n}", "agent": f"agent:desk-{n}/triage"}
    records = [
        {"ts": "2026-09-21T14:13:20Z", "direction": "client_to_server", "message": call, **about},
        {"ts": "2026-09-21T14:13:21Z", "direction": "server_to_client", "message": said, **about},
    ]
    agent = {"id": f"agent:desk-{n}/triage", "kind": "agent", "owner": "o", "tools": [{"name": "search"}]}
    inventory = {"gapwatch": "inventory/v1", "recorded": "2026-09-20T00:00:00Z", "identities": [agent]}
    return Attack(
        "answer_under_another_form_of_the_number",
        {
            f"raw.mcp.a{n}": [json.dumps(record).encode() for record in records],
            "raw.inventory": [json.dumps(inventory).encode()],
        },
        open_one("tool_outside_catalog", "high", f"agent:desk-{n}/triage", "delete_all"),
    )
