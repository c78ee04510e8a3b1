"""What misleads in Vault logs: formats, salts, clear tokens, namespaces, times, and records that are none."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.activity import Ended, EndFailed, Issued
from schemas.fact import facts_of
from schemas.sources import Context, detect, vault
from tests.support import golden
from tests.support.vault_lines import (
    CONTEXT,
    accessor,
    activity,
    auth,
    entity,
    hmac,
    line,
    login,
    read,
    token,
)

DENIED = "1 error occurred:\n\t* permission denied\n\n"
OPS = auth("ops", "e-ops")
CLEAR = "hvs.CAESIJ3mS0mEt0kenThatIsVeryLongIndeed12"
OLD_CLEAR = "s.65cgBXXcdXMyvrL2Jhb2ym6V"


def packed(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def everything(document: dict[str, Any]) -> str:
    """All that a line leaves behind: its activity, its facts and its rejects."""
    reading = read(document)
    result = [msgspec.json.encode(a) for a in reading.activities]
    result += [msgspec.json.encode(fact) for a in reading.activities for fact in facts_of(a)]
    return b"".join([*result, msgspec.json.encode(reading.rejects)]).decode()


# Secrets in clear.


def test_an_old_path_form_leaves_no_clear_token_behind_and_its_failure_is_told() -> None:
    revoke = line(
        f"auth/token/revoke/{OLD_CLEAR}", who=OPS, error="1 error occurred:\n\t* unsupported path\n\n"
    )
    result = activity(revoke)
    assert OLD_CLEAR not in everything(revoke)
    assert result.effects == (EndFailed("auth/token/revoke", f"vault:prod:token/{CONTEXT.mask(OLD_CLEAR)}"),)
    assert result.resource == f"auth/token/revoke/{CONTEXT.mask(OLD_CLEAR)}"
    assert (
        result.error == "1 error occurred: * unsupported path; a token stood in clear in the path of this log"
    )


@pytest.mark.parametrize("clear", [CLEAR, OLD_CLEAR, "3f1a7e0c-8a52-4d5c-9b7e-0f2d6b1c9e55"])
def test_tokens_in_paths_and_raw_logs_are_masked(clear: str) -> None:
    raw = auth(client_token=clear, accessor=None)
    assert clear not in everything(line(f"auth/token/lookup/{clear}", who=raw))
    assert clear not in everything(line("auth/token/revoke", who=OPS, data={"token": clear}))
    answer = {"secret_id": clear, "secret_id_accessor": "a-1"}
    assert clear not in everything(line("auth/approle/role/x/secret-id", who=OPS, response={"data": answer}))
    assert clear not in everything(
        line("auth/approle/login", data={"secret_id": clear}, error="invalid credentials")
    )


def test_a_token_in_any_path_or_error_is_masked() -> None:
    for clear in (CLEAR, OLD_CLEAR, f"{OLD_CLEAR}.5f9IzN"):
        assert clear not in everything(line(f"kv/{clear}/x", operation="read", who=OPS, error=f"no {clear}"))


def test_in_a_raw_log_a_kill_and_the_use_meet_in_the_masked_token() -> None:
    use = activity(line("secret/data/db", operation="read", who=auth(client_token=CLEAR, accessor=None)))
    kill = activity(line("auth/token/revoke", who=OPS, data={"token": CLEAR}))
    assert use.credential == kill.target == f"vault:prod:token/{CONTEXT.mask(CLEAR)}"


def test_no_data_of_requests_or_responses_is_kept() -> None:
    secret = line(
        "secret/data/db", operation="read", who=auth(), data={"marker-in": "marker-in"},
        response={"data": {"data": {"marker-key": "marker-value"}}},
    )  # fmt: skip
    assert "marker" not in everything(secret)


# Salts and devices.


def test_with_clear_accessors_a_revocation_by_hmac_is_told_as_a_blind_spot() -> None:
    plain = auth("ops", "e-ops", accessor="Zr2WzAVPkEoVgSsVdWvLmCfN")
    reading = read(line("auth/token/revoke-accessor", who=plain, data={"accessor": hmac("app accessor")}))
    assert reading.activities[0].target == accessor("app")
    [note] = reading.rejects
    assert note.field == "request.data.accessor" and "audit_non_hmac_request_keys" in note.reason
    clear = read(line("auth/token/revoke-accessor", who=plain, data={"accessor": "k1D3qNz5M0oH0y8cJf2y7vS1"}))
    assert clear.rejects == []
    assert clear.activities[0].target == "vault:prod:accessor/k1D3qNz5M0oH0y8cJf2y7vS1"


def test_an_entity_named_by_hmac_is_told_as_a_blind_spot() -> None:
    [note] = read(line("identity/entity", who=OPS, data={"id": hmac("e-app"), "disabled": True})).rejects
    assert note.field == "request.data.id"
    [note] = read(line("identity/entity", who=OPS, data={"name": hmac("app"), "disabled": True})).rejects
    assert note.field == "request.data.name"
    assert read(line("identity/entity", who=OPS, data={"name": hmac("app")})).rejects == []


@pytest.mark.parametrize(
    "path", ["revoke-accessor/Zr2WzAVPkEoVgSsVdWvLmCfN", "revoke/hvs.CAESIA0123456789abcdef"]
)
def test_a_revocation_whose_path_names_in_clear_what_the_log_shows_by_hmac_is_a_blind_spot(path: str) -> None:
    [note] = read(line(f"auth/token/{path}", who=OPS)).rejects
    assert note.field == "request.path" and "in the body" in note.reason
    assert read(line(f"auth/token/{path}", who=OPS, error="unsupported path")).rejects == []
    raw = auth("ops", "e-ops", accessor="Zr2WzAVPkEoVgSsVdWvLmCfN", client_token="hvs.CAESIB0123456789abcdef")
    assert read(line(f"auth/token/{path}", who=raw)).rejects == []


def test_a_mount_that_moved_and_is_named_by_hmac_is_told_as_a_blind_spot() -> None:
    moved = {"from": hmac("auth/approle"), "to": hmac("auth/other")}
    [note] = read(line("sys/remount", who=OPS, data=moved)).rejects
    assert note.field == "request.data.from"


def test_the_same_event_of_two_devices_has_one_id_and_no_key_in_common() -> None:
    one, two = activity(login("first")), activity(login("second"))
    assert one.uid == two.uid
    [a], [b] = one.effects, two.effects
    assert isinstance(a, Issued) and isinstance(b, Issued)
    assert a.identity == b.identity and a.credential != b.credential


def test_the_probe_of_a_new_device_is_passed() -> None:
    assert read(line("sys/audit/test", kind="request")).passed == 1


def test_the_instance_is_part_of_every_key() -> None:
    text = repr(activity(login(), Context(instance="eu-1")))
    assert "vault:eu-1:" in text and "vault:prod:" not in text


# Namespaces, mounts, addresses.


def namespaced(path: str, **more: Any) -> dict[str, Any]:
    return line(path, namespace={"id": "5f9IzN", "path": "team-a/"}, **more)


def test_paths_and_groups_of_a_namespace_carry_it() -> None:
    result = activity(
        namespaced("secret/data/db", operation="read", who=auth(), mount_point="team-a/secret/")
    )
    assert (result.resource, result.action) == ("team-a/secret/data/db", "secret_read")
    [ended] = activity(namespaced("sys/policies/acl/temp", operation="delete", who=OPS)).effects
    assert isinstance(ended, Ended) and ended.group == "vault:prod:team-a/policy/temp"
    new = auth(metadata={"role_name": "payments"})
    made = activity(
        namespaced("auth/approle/login", response={"auth": new}, mount_point="team-a/auth/approle/")
        | {"auth": new}
    )
    [issued] = made.effects
    assert isinstance(issued, Issued)
    assert issued.groups["vault:prod:team-a/auth/approle/"] == "auth/approle/login/"
    assert "vault:prod:team-a/auth/approle/role/payments" in issued.groups


def test_a_login_at_a_mount_of_several_steps_is_one() -> None:
    result = activity(
        line("auth/team/approle/login", data={"secret_id": hmac("s1")}, error="invalid credentials",
             mount_point="auth/team/approle/")
    )  # fmt: skip
    assert result.outcome == "unauthenticated" and result.credential.startswith("vault:prod:secret-id/")


def test_the_end_of_a_nested_mount_reaches_only_what_stands_under_it() -> None:
    ended = activity(line("sys/auth/team/approle", operation="delete", who=OPS)).effects[0]
    assert isinstance(ended, Ended)
    assert (ended.group, ended.scope) == ("vault:prod:auth/team/", "auth/team/approle/")


@pytest.mark.parametrize("place", ["203.0.113.7", "2001:db8::7", "10.1.2.3"])
def test_the_place_is_the_address_that_the_server_took_for_the_callers(place: str) -> None:
    assert activity(line("secret/data/db", who=auth(), remote_address=place, remote_port=7)).place == place


def test_a_user_agent_is_the_client_where_the_header_is_audited() -> None:
    result = activity(line("secret/data/db", who=auth(), headers={"User-Agent": ["vault-agent/1.18"]}))
    assert result.client == "vault-agent/1.18"


# Inline authentication: two request ids, and a token without accessor.


def test_a_token_of_inline_authentication_is_the_one_that_its_login_issued() -> None:
    [issued] = activity(login("inline")).effects
    use = activity(line("secret/data/db", operation="read", who=auth("inline", accessor=None)))
    assert isinstance(issued, Issued) and use.credential in issued.names and use.identity == issued.identity


# Old formats.


def test_the_format_of_2020_without_mounts_and_ttls_is_read() -> None:
    new = auth(token_ttl=None, metadata={"username": "lab-user-7"})
    result = activity(line("auth/userpass/login/lab-user-7", response={"auth": new}) | {"auth": new})
    [issued] = result.effects
    assert isinstance(issued, Issued) and issued.expires == 0
    assert issued.groups["vault:prod:auth/userpass/users/lab-user-7"] == "token:"
    assert issued.groups["vault:prod:auth/userpass/"] == "auth/userpass/login/lab-user-7/"


def test_a_line_of_version_0_with_empty_error_and_no_request_id_is_read() -> None:
    document = {
        "time": "2016-08-02T10:00:00Z", "type": "response", "error": "",
        "auth": {
            "display_name": "root", "policies": ["root"], "metadata": None,
            "client_token": hmac("root token"),
        },
        "request": {"operation": "update", "path": "sys/policy/x", "data": None, "remote_address": ""},
        "response": {"secret": {"lease_id": ""}, "data": None, "redirect": ""},
    }  # fmt: skip
    result = activity(document)
    assert (result.outcome, result.credential, result.error) == ("succeeded", token("root"), "")
    assert result.uid.startswith("sha256:") and result.uid == activity(document).uid
    assert detect(packed(document)) == "vault"


# Times.


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-11-22T21:07:50Z", 1795381670_000000),
        ("2026-11-22T21:07:50.3Z", 1795381670_300000),
        ("2026-11-22T21:07:50.302905Z", 1795381670_302905),
        ("2026-11-22T21:07:50.302905821Z", 1795381670_302905),
        ("2026-11-22T22:07:50.1+01:00", 1795381670_100000),
        ("2026-11-22T15:37:50.1-05:30", 1795381670_100000),
    ],
)
def test_times_have_any_number_of_decimals_and_any_zone(text: str, micros: int) -> None:
    assert activity(line("x", who=auth()) | {"time": text}).time == micros


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-22T21:07:50",
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "2026-11-22T21:07:50.Z",
    ],
)
def test_what_is_no_time_is_a_reject_that_names_the_field(text: str) -> None:
    reading = read(line("x", who=auth()) | {"time": text})
    assert [r.field for r in reading.rejects] == ["time"] and not reading.activities


def test_a_time_to_live_beyond_any_calendar_is_no_expiry() -> None:
    for ttl in (10**30, 0, -5, None):
        [issued] = activity(login(token_ttl=ttl)).effects
        assert isinstance(issued, Issued) and issued.expires == 0


# Records that are none.


GOOD = packed(line("secret/data/db", operation="read", who=auth()))


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf" + GOOD, GOOD + b"\r\n", b"  " + GOOD, b"@cee: " + GOOD])
def test_byte_order_mark_line_ends_and_a_prefix_are_no_part_of_the_line(body: bytes) -> None:
    reading = read(body)
    assert len(reading.activities) == 1 and not reading.rejects
    assert detect(body) == "vault"


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b"", "", "EOF"),
        (b"\n", "", "EOF"),
        (GOOD[:-40], "", "EOF"),
        (GOOD + b"\x00", "", "trailing"),
        (GOOD.replace(b"approle", b"app\x00role", 1), "", "control character"),
        (GOOD.replace(b"approle", b"appr\xf6le", 1), "", "unicode"),
        (GOOD.replace(b'"approle"', b'"\\ud800"', 1), "", "hex escape"),
        (GOOD.replace(b"3600", b"NaN", 1), "auth.token_ttl", "finite"),
        (GOOD.replace(b"3600", b'"an hour"', 1), "auth.token_ttl", "integer"),
        (GOOD.replace(b'"token_ttl":3600', b'"x":' + b"[" * 9000 + b"]" * 9000, 1), "", "recursion"),
        (GOOD.decode().encode("utf-16"), "", "UTF-16"),
        (GOOD.replace(b'"response"', b'"other"', 1), "type", "neither request nor response"),
        (b'{"time":"2026-11-22T21:07:50Z","type":"response"}', "request", "required"),
        (b'<json:object name="x"/>', "", "Invalid JSON"),
        (b"null", "", "object"),
        (b"[]", "", "object"),
    ],
)
def test_what_cannot_be_read_is_a_reject_with_field_and_reason(body: bytes, field: str, reason: str) -> None:
    reading = read(body)
    assert not reading.activities and not reading.passed
    [reject] = reading.rejects
    assert (reject.source, reject.field) == ("vault", field) and reason in reject.reason


def test_a_request_line_that_is_no_json_is_a_reject_and_not_passed() -> None:
    body = packed(line("secret/data/db", kind="request", who=auth()))
    for bad in (body[:-30], body.replace(b"approle", b"app\x00role", 1), body[:200]):
        reading = read(bad)
        assert not reading.passed and len(reading.rejects) == 1


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    result = read(GOOD.replace(b'"operation":"read"', b'"operation":"list","operation":"read"')).activities
    assert result[0].operation == "read secret/data/db"


ENVELOPES: dict[str, Callable[[str], Any]] = {
    "Fluent Bit": lambda text: {"log": f"{text}\n", "stream": "stdout"},
    "Fluent Bit behind a runtime": lambda text: {"log": f"2026-11-22T10:00:00.1Z stdout F {text}"},
    "Filebeat": lambda text: {"@timestamp": "2026-11-22T10:00:00Z", "message": text, "host": {"name": "v"}},
    "Splunk": lambda text: {"time": 1, "event": json.loads(text), "sourcetype": "vault"},
    "CloudWatch": lambda text: {"logGroup": "vault", "logEvents": [{"id": "1", "message": text}]},
    "Cloud Logging": lambda text: {"insertId": "1", "jsonPayload": json.loads(text)},
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_shippers_envelope_is_taken_off(name: str) -> None:
    text = json.dumps(login(), separators=(",", ":"))
    document = ENVELOPES[name](text)
    assert detect(json.dumps(document).encode()) == "vault"
    assert read(document).activities == read(login()).activities
    two = b"\n".join([json.dumps(document).encode()] * 2)
    assert len(read(two).activities) == 2
    asked = ENVELOPES[name](json.dumps(line("secret/data/db", kind="request", who=auth())))
    assert (read(asked).passed, read(asked).rejects) == (1, [])


@pytest.mark.parametrize("held", ["x", '{"a":1}', {"a": 10**30}, [1], None])
def test_an_envelope_that_holds_no_line_is_a_reject_with_its_place(held: Any) -> None:
    reading = read({"log": held, "stream": "stdout"})
    assert (reading.activities, len(reading.rejects)) == ([], 1)


def test_several_lines_of_one_read_from_a_socket_are_read_one_by_one() -> None:
    request = packed(line("secret/data/db", kind="request", who=auth()))
    reading = read(b"\n".join([GOOD, request, GOOD[:90], b"", GOOD]))
    assert (len(reading.activities), reading.passed) == (2, 1)
    assert [r.place for r in reading.rejects] == ["line 3"]
    assert len(read(b"\n".join([GOOD[40:], GOOD])).activities) == 1


def test_a_line_over_several_lines_is_one() -> None:
    pretty = json.dumps(json.loads(GOOD), indent=2).encode()
    assert len(read(pretty).activities) == 1
    assert len(read(pretty[:-9]).rejects) == 1


def test_a_user_cannot_hide_a_line_behind_stored_text() -> None:
    stored = line("kv/x", who=auth(), data={"k": '"type":"request"', "type": "request"})
    assert len(read(stored).activities) == 1
    late = {key: stored[key] for key in ("request", "auth", "response", "type", "time")}
    assert len(read(late).activities) == 1
    asked = {**line("kv/x", kind="request", who=auth())}
    assert read({key: asked[key] for key in ("request", "auth", "type", "time")}).passed == 1


def test_very_long_ids_and_paths_are_cut_or_masked() -> None:
    long = "x" * 100_000
    result = activity(line(f"secret/data/{long}", who=auth(accessor=long, entity_id=long), id=long))
    assert len(msgspec.json.encode(result)) < 4_000
    assert result.uid.startswith("sha256:")


def test_audit_lines_are_told_from_others() -> None:
    assert detect(GOOD) == "vault" and detect(GOOD[:-5]) == "vault"
    for other in (b"{}", b'{"type":"response"}', b'{"type":"request","request":{}}', b"text", b"[1]"):
        assert not vault.recognises(json.loads(other) if other != b"text" else other)


# Whatever comes.

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    {},
    [1],
    {"a": 1},
    10**30,
    "\x00",
    "hmac-sha256:",
    "é",
]
SEEDS = [
    login(),
    line("auth/token/create", who=OPS, response={"auth": auth("child")}),
    line("auth/token/revoke", who=OPS, data={"token": hmac("x")}, response={"warnings": []}),
    line("auth/approle/role/x/secret-id", who=OPS, response={"wrap_info": {"token": hmac("w"), "ttl": 5}}),
    line(
        "database/creds/r",
        operation="read",
        who=auth(),
        response={"secret": {"lease_id": "database/creds/r/1"}},
    ),
    line("identity/entity/id/x", who=OPS, data={"disabled": True}),
    line(
        "sys/wrapping/unwrap", kind="request", error="wrapping token is not valid", data={"token": hmac("w")}
    ),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else ()
    return [path, *(found for key, below in inner for found in places(below, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0))
def test_no_record_raises_and_every_one_is_accounted_for(seed: int) -> None:
    chance = random.Random(seed)
    document = json.loads(json.dumps(chance.choice(SEEDS)))
    for _ in range(chance.randint(1, 4)):
        *above, last = chance.choice([path for path in places(document) if path] or [("x",)])
        holder = document
        for key in above:
            holder = holder[key]
        if chance.random() < 0.3:
            holder.pop(last, None)
        else:
            holder[last] = json.loads(json.dumps(chance.choice(VALUES)))
    reading = read(document)
    assert reading.activities or reading.rejects or reading.passed
    for result in reading.activities:
        for key, fact in facts_of(result):
            assert key and msgspec.json.encode(fact)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise(body: bytes) -> None:
    for record in (body, GOOD[:100] + body, GOOD + b"\n" + body):
        reading = read(record)
        assert reading.activities or reading.rejects or reading.passed


def test_the_reader_makes_nothing_of_the_entity_that_is_not_there() -> None:
    assert entity("") not in everything(line("secret/data/db", who=auth("root", "", entity_id=None)))


# What a refusal is about


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("0045-denied-dead-token", ""),
        ("1041-denied-bound-cidr", "aside"),
        ("0521-denied-disabled-entity", "aside"),
        ("0401-login-refused", ""),
        ("0467-login-refused-without-error-field", "aside"),
    ],
)
def test_a_refusal_of_what_the_server_still_knows_is_about_something_else(name: str, action: str) -> None:
    """Recorded: of a token that it knows the server writes the accessor, of a secret id that it does not know
    "invalid credentials"."""
    (result,) = read(json.loads(golden.record("vault", name))).activities
    assert (result.outcome, result.action) == ("unauthenticated", action)


def test_what_was_presented_to_what_is_told() -> None:
    result = activity(namespaced("secret/data/db", operation="read", who=auth()))
    assert result.asked.endswith(":namespace/team-a/")
    assert activity(line("secret/data/db", operation="read", who=auth())).asked == ""
    refused = activity(line("auth/approle/login", data={"role_id": "hmac-sha256:aa", "secret_id": hmac("s")}))
    assert refused.asked.endswith(":role-id/hmac-sha256:aa")


# Lines of another listener.


@pytest.mark.parametrize("kind", ["kmip-request", "kmip-response"])
def test_lines_of_the_kmip_listener_are_passed_and_counted(kind: str) -> None:
    other = {
        "request": {
            "client_certificate_serial_number": "7931",
            "data": {"kmip_request": {"tag": "RequestMessage"}},
            "namespace": {"id": "root"},
            "remote_address": "192.0.2.10:36776",
        },
        "time": "2026-05-20T13:49:00.313915809Z",
        "type": kind,
    }
    assert detect(packed(other)) == "vault"
    reading = read(other)
    assert (reading.activities, reading.rejects, reading.passed) == ([], [], 1)
    assert read(other | {"type": "kmip"}).rejects
