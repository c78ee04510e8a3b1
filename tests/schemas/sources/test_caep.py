"""Security event tokens: believed only where their signature holds, and what they end."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from schemas.activity import Ended, Exposed, Issued, Restored
from schemas.evidence import SECOND
from schemas.sources import Context, detect
from tests.support.caep import (
    CAEP,
    ISSUER,
    RISC,
    SESSION,
    USER,
    activity,
    claims,
    context,
    public,
    reading,
    stranger,
    token,
)


def refused(record: bytes, within: Context | None = None) -> list[str]:
    result = reading(record, within)
    assert not result.activities and all(r.reason for r in result.rejects)
    return [r.field for r in result.rejects]


def test_a_signed_token_is_believed_and_known_by_its_jti() -> None:
    assert detect(token(claims())) == "caep"
    one = activity()
    assert (one.uid, one.time, one.source) == (
        "24c63fb56e5a2d77a6b512616ca9fa24",
        1_795_341_600 * SECOND,
        "caep",
    )
    assert (one.operation, one.actor_name, one.target) == ("session-revoked", "policy", SESSION)
    assert (one.identity, one.credential) == ("", ""), "a revocation is no use"


def test_an_unsigned_token_is_refused_unless_told_otherwise() -> None:
    bare = jwt.encode(claims(), "", algorithm="none", headers={"typ": "secevent+jwt"}).encode()
    assert refused(bare) == ["alg"]
    assert len(reading(bare, context(unsigned_allowed=True)).activities) == 1
    decoded = json.dumps(claims()).encode()
    assert detect(decoded) == "caep" and refused(decoded) == ["signature"]
    assert len(reading(decoded, context(unsigned_allowed=True)).activities) == 1


def test_without_a_key_set_no_signature_can_be_checked() -> None:
    assert refused(token(claims()), Context()) == ["signature"]
    assert len(reading(token(claims()), Context(unsigned_allowed=True)).activities) == 1


def test_a_wrong_signature_is_refused_even_where_none_is_needed() -> None:
    forged = token(claims(), stranger())
    assert refused(forged) == refused(forged, context(unsigned_allowed=True)) == ["signature"]
    head, body, signature = token(claims()).split(b".")
    swapped = signature[10:20] + signature[:10] + signature[20:]
    assert refused(b".".join((head, body, swapped))) == ["signature"]


def test_a_symmetric_signature_is_never_taken_not_even_one_made_with_the_public_key() -> None:
    head, body, _ = token(claims()).split(b".")
    head = base64.urlsafe_b64encode(
        json.dumps({"alg": "HS256", "typ": "secevent+jwt", "kid": "k1"}).encode()
    ).rstrip(b"=")
    digest = hmac.digest(json.dumps(public()).encode(), head + b"." + body, "sha256")
    assert refused(head + b"." + body + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")) == ["alg"]
    shared = {"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I", "kid": "k1"}]}
    assert refused(token(claims()), context(jwks=shared)) == ["signature"]


def test_a_key_signs_only_for_its_own_issuer_where_sets_are_told_apart() -> None:
    own, other = {ISSUER: {"keys": [public()]}}, {"https://evil.example": {"keys": [public()]}}
    assert len(reading(token(claims()), context(jwks=own)).activities) == 1
    assert refused(token(claims()), context(jwks=other)) == ["iss"]


def test_a_key_is_found_by_its_id_and_used_for_its_own_algorithm() -> None:
    assert refused(token(claims(), kid="other")) == ["kid"]
    assert refused(token(claims()), context(jwks={"keys": [public() | {"alg": "ES384"}]})) == ["kid"]
    assert refused(token(claims()), context(jwks={"keys": [public() | {"use": "enc"}]})) == ["signature"]


def test_unusable_keys_in_a_set_are_passed_over() -> None:
    many = {"keys": [7, {"kty": "??", "kid": "k1"}, {"kty": "EC", "kid": "k1", "crv": "no"}, public()]}
    assert len(reading(token(claims()), context(jwks=many)).activities) == 1


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA"])
def test_the_usual_asymmetric_algorithms_are_taken(algorithm: str) -> None:
    if algorithm == "EdDSA":
        key: Any = ed25519.Ed25519PrivateKey.generate()
        jwk = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        key = rsa.generate_private_key(65537, 2048)
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    within = context(jwks={"keys": [jwk]})
    assert len(reading(token(claims(), key, algorithm), within).activities) == 1


def test_another_kind_of_token_is_refused() -> None:
    assert refused(token(claims(), typ="at+jwt")) == ["typ"]
    assert refused(token({"iss": ISSUER, "jti": "x", "iat": 1})) == ["events"]
    assert refused(token(claims(jti=""))) == ["jti"]


def test_a_token_for_somebody_else_is_refused() -> None:
    assert refused(token(claims()), context(audiences=("https://other.example",))) == ["aud"]
    within = context(audiences=("https://sp.example.com/caep",))
    assert len(reading(token(claims(aud=["x", "https://sp.example.com/caep"])), within).activities) == 1


def test_an_event_stays_true_after_its_token_has_expired() -> None:
    assert activity(exp=1).operation == "session-revoked"


def test_the_answer_to_a_poll_holds_many_tokens_each_judged_alone() -> None:
    sets = {"a": token(claims()).decode(), "b": token(claims(jti="b"), stranger()).decode(), "c": 7}
    record = json.dumps({"sets": sets}).encode()
    result = reading(record)
    assert len(result.activities) == 1
    assert [(r.place, r.field) for r in result.rejects] == [("sets.b", "signature"), ("sets.c", "token")]
    lines = token(claims()) + b"\r\n" + token(claims(jti="b")) + b"\n"
    assert detect(lines) == "caep" and len(reading(lines).activities) == 2


@pytest.mark.parametrize(
    "record", [b"", b"\xff\xfe", b"a.b.c", b"{}", b"[[]]", b'"x"', b"eyJhbGciOiJub25lIn0.e30."]
)
def test_what_is_no_token_is_a_reject(record: bytes) -> None:
    assert refused(record)


@pytest.mark.parametrize(
    ("event", "result", "time"),
    [
        ({"event_timestamp": 1795341600}, {}, 1_795_341_600),
        ({"event_timestamp": 1795341600123}, {}, 1_795_341_600.123),
        ({"event_timestamp": None}, {"toe": 1795341500}, 1_795_341_500),
        ({"event_timestamp": None}, {}, 1_795_341_660),
    ],
)
def test_when_it_happened_in_seconds_or_as_drafts_had_it_in_milliseconds(
    event: dict[str, Any], result: dict[str, Any], time: float
) -> None:
    assert activity("session-revoked", event, **result).time == int(time * SECOND)


def test_a_token_without_any_time_is_rejected() -> None:
    assert refused(token(claims("session-revoked", {"event_timestamp": None}, iat=None))) == ["iat"]


def test_a_revoked_session_is_ended_and_a_revoked_users_sessions_are_cut() -> None:
    assert activity().effects == (Ended("session-revoked", "revoked", SESSION, USER),)
    whole = activity(sub_id={"format": "email", "email": "jo@example.com"})
    assert whole.effects == (Ended("session-revoked", "cut", identity=USER),)


def test_a_presented_session_is_a_use_of_it() -> None:
    one = activity("session-presented", {"ips": ["198.51.100.7", "203.0.113.9"], "fp_ua": "abb0"})
    assert (one.identity, one.credential, one.outcome) == (USER, SESSION, "succeeded")
    assert (one.place, one.client, one.effects) == ("198.51.100.7", "abb0", ())


def test_an_established_session_is_issued() -> None:
    assert activity("session-established").effects == (Issued(SESSION, USER, "session"),)


CERTIFICATE = {
    "credential_type": "x509", "x509_issuer": "CN=Shop CA", "x509_serial": "0A1B",
}  # fmt: skip
X509 = "x509:CN=Shop CA:0a1b"


@pytest.mark.parametrize(
    ("change", "effects"),
    [
        ("revoke", (Ended("credential-change revoke", "revoked", X509, USER),)),
        ("delete", (Ended("credential-change delete", "deleted", X509, USER),)),
        (
            "create",
            (Issued(X509, USER, "certificate"), Restored("credential-change create", "remade", X509, USER)),
        ),
        ("update", ()),
    ],
)
def test_a_changed_credential(change: str, effects: tuple[object, ...]) -> None:
    assert activity("credential-change", CERTIFICATE | {"change_type": change}).effects == effects


def test_a_credential_without_a_name_is_the_one_of_its_type_that_the_subject_has() -> None:
    (ended,) = activity("credential-change", {"credential_type": "password", "change_type": "revoke"}).effects
    assert isinstance(ended, Ended)
    assert ended.credential == "caep:idp.example.com/123456789:credential/password/email:jo@example.com"


def test_changed_claims_of_a_token_end_nothing_and_their_values_are_not_kept() -> None:
    result = {"claims": {"role": "ro-admin", "trusted_network": "false"}}
    one = activity("token-claims-change", result, sub_id={"format": "jwt_id", "iss": ISSUER, "jti": "J-1"})
    assert (one.target, one.effects) == ("oidc:idp.example.com/123456789:jti/J-1", ())
    assert one.resource == "role, trusted_network" and "ro-admin" not in repr(one)


@pytest.mark.parametrize(
    ("word", "effect"),
    [
        ("account-disabled", Ended("account-disabled", "disabled", identity=USER)),
        ("account-enabled", Restored("account-enabled", "disabled", identity=USER)),
        ("account-purged", Ended("account-purged", "deleted", identity=USER)),
        ("sessions-revoked", Ended("sessions-revoked", "revoked", SESSION, USER)),
    ],
)
def test_events_of_risc(word: str, effect: object) -> None:
    assert activity(RISC + word).effects == (effect,)


def test_a_compromised_credential_is_an_exposure_of_its_holder() -> None:
    (effect,) = activity(RISC + "credential-compromise", {"credential_type": "password"}).effects
    assert isinstance(effect, Exposed) and (effect.credential, effect.identity) == ("", USER)


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        ({"format": "iss_sub", "iss": ISSUER, "sub": "u-1"}, "oidc:idp.example.com/123456789:sub/u-1"),
        ({"format": "email", "email": "a@p.iam.gserviceaccount.com"}, "gcp:p:a@p.iam.gserviceaccount.com"),
        ({"format": "opaque", "id": "agent:host/triage"}, "agent:host/triage"),
        (
            {"format": "uri", "uri": "arn:aws:iam::111122223333:role/payments"},
            "aws:111122223333:role/payments",
        ),
        ({"format": "uri", "uri": "spiffe://shop/mailer"}, "uri:spiffe://shop/mailer"),
        (
            {
                "format": "aliases",
                "identifiers": [{"format": "did", "uri": ""}, {"format": "email", "email": "a@b.c"}],
            },
            "email:a@b.c",
        ),
        (
            {
                "subject_type": "iss-sub",
                "iss": "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0",
                "sub": "U",
            },
            "entra:11111111-2222-4333-8444-555555555555:user/u",
        ),
    ],
)
def test_subjects_go_by_a_form_that_is_recognised(subject: dict[str, Any], key: str) -> None:
    assert activity("account-disabled", sub_id=subject).target == key


def test_events_about_the_stream_are_passed() -> None:
    result = reading(token(claims("https://schemas.openid.net/secevent/ssf/event-type/verification")))
    assert (result.activities, result.rejects, result.passed) == ([], [], 1)


def test_several_events_of_one_token_have_ids_of_their_own() -> None:
    events: dict[str, dict[str, str]] = {CAEP + "session-revoked": {}, RISC + "account-disabled": {}}
    result = reading(token(claims(events=events)))
    assert len({a.uid for a in result.activities}) == 2
