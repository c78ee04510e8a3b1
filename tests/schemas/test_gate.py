"""What the gate takes away, and what it leaves."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.activity import Ended, Issued
from schemas.free_text import scrubbed, suspicious, suspicious_id
from schemas.gate import Gate
from schemas.masking import Masks
from schemas.providers import PROVIDERS
from schemas.rejected import Rejected
from schemas.token_shapes import ODD_SHAPES, SHAPES, issuer_of
from tests.support.make import use

KEPT = (
    "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db-AbCdEf",
    "AWSServiceRoleForAutoScaling/AutoScaling",
    "User: arn:aws:sts::111122223333:assumed-role/x/y is not authorized to perform: s3:GetObject",
    "/api/v1/namespaces/shop/secrets/payments-db-token?limit=500&continue=x",
    "bearer authentication failed", "token: not found", "invalid token: expired", "basic authentication off",
    "https://sts.amazonaws.com:443/x@y", "git clone https://git@github.com/a/b", "ssh://git@host:22/a",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "sk-team/service", "risk-assessment-service-for-payments", "docs.example.com", "secret/data/shop/db",
    "hmac-sha256:0c73b4fb06859095bef55e9cb1e654b9aa7935e389976b8b4e5668d2e2329dbd",
    "8f9e1c50-1f2e-4d60-9d0c-0a8b6b1f2e4d", "3f786850e387550fdab836ed7e6dc881de23001b", "key=value&page=2",
    "eu-us1.prod.example.com", "system:serviceaccount:shop:mailer", "AROAEXAMPLE00:i-0abcd1234ef567890",
    "payments-7f9c8b6d5-x2x4z", "secret_name_of_the_team_that_is_long", "pattern.matching.is.fun",
    "LambdaServiceRole3A2B1C4DQ9-1ABCDEFGHIJKL", "figs_and_dates_are_sweet_in_the_morning_sun_light",
)  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_is_kept(text: str) -> None:
    assert scrubbed(text, lambda secret: "gone") == text


HEX = st.text("0123456789abcdef", min_size=48, max_size=48)


@given(HEX)
def test_an_event_with_an_ordinary_id_is_not_looked_at_further_and_nothing_is_lost(hexes: str) -> None:
    uuid = f"{hexes[:8]}-{hexes[8:12]}-{hexes[12:16]}-{hexes[16:20]}-{hexes[20:32]}"
    for uid in (uuid, f"{hexes[:32]}:{hexes[32:]}"):
        assert not suspicious_id(uid)
        assert scrubbed(uid, lambda secret: "gone") == uid
    assert suspicious_id(f"{uuid}\n{'password=' + hexes}") and suspicious_id(f"token={uuid}")


@settings(max_examples=8)
@given(st.data())
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.issuer} {shape.begins[0]}")
def test_every_shape_is_found_wherever_it_stands(shape: object, data: st.DataObject) -> None:
    begin = data.draw(st.sampled_from(shape.begins))  # type: ignore[attr-defined]
    token = begin + data.draw(st.from_regex(re.compile(shape.goes_on, re.ASCII), fullmatch=True))  # type: ignore[attr-defined]
    for before, after in (("", ""), ("x (", ")"), ("https://h/a?x=", "&b")):
        text = scrubbed(before + token + after, lambda secret: "<>")
        assert token not in text and suspicious(before + token + after)
    assert issuer_of(token)


@settings(max_examples=20)
@given(st.data())
@pytest.mark.parametrize("form", [form for _, _, form in ODD_SHAPES])
def test_every_odd_shape_is_found(form: str, data: st.DataObject) -> None:
    token = data.draw(st.from_regex(re.compile(form, re.ASCII), fullmatch=True))
    assert token not in scrubbed(f"x {token} y", lambda secret: "<>")


@given(st.text(max_size=300))
def test_what_was_scrubbed_once_is_clean(text: str) -> None:
    gate = Gate(Masks(b"key"))
    assert gate.text(gate.text(text)) == gate.text(text)


@pytest.mark.parametrize("page", PROVIDERS.values(), ids=lambda page: page.name)
def test_every_page_says_how_the_ids_of_its_credentials_look(page: object) -> None:
    unsaid = set(page.credentials) - set(page.ids)  # type: ignore[attr-defined]
    assert not unsaid, (
        f"say in `ids` of the page how what follows {sorted(unsaid)} looks; till then it is masked"
    )


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("aws:key/AKIAQYLPMN5HFIQR7XYA", True),
        ("aws:key/wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzKEY1", False),
        ("gcp:key/a@p.iam.gserviceaccount.com/0123456789abcdef0123456789abcdef01234567", True),
        ("gcp:key/a@p.iam.gserviceaccount.com/Tr0ub4dor", False),
        ("entra:t:key/dddddddd-0000-4000-8000-000000000004", True),
        ("entra:t:key/Tr0ub4dor", False),
        ("vault:prod:accessor/5bSmkMhBTsXBLCNrKUaYzMpM.vgcZ9", True),
        ("vault:prod:token/8f9e1c50-1f2e-4d60-9d0c-0a8b6b1f2e4d", False),
        ("k8s:c1:jti/0b81481c-ddd2-4800-be9d-8b12b77218a8", True),
        ("k8s:c1:jti/eyJhbGciOiJSUzI1NiJ9", False),
        ("ocsf:111122223333:credential/Tr0ub4dor", False),
        ("openai:key/key_abcDEF123", True),
        ("openai:key/sk-abcDEF123", False),
        ("leak:report/github/shop/web#7", True),
    ],
)
def test_a_credential_keeps_its_id_in_a_known_form_alone(key: str, kept: bool) -> None:
    passed = Gate(Masks(b"key")).activity(use("e", 0, credential=key, effects=(Ended("x", "deleted", key),)))
    assert (passed.credential == key) == kept == (passed.effects[0].credential == key)  # type: ignore[union-attr]
    assert kept or "/hmac-" in passed.credential
    assert passed.credential.startswith(key[: key.rindex("/", 0, 30) + 1] if "gcp" in key else key[:4])


def test_names_of_groups_and_parents_go_through_too() -> None:
    token = "ghp_" + "a1B2" * 9
    issued = Issued("aws:key/AKIAQYLPMN5HFIQR7XYA", groups={f"g/{token}": token})
    passed = Gate(Masks(b"key")).activity(use("e", 0, effects=(issued,), client=f"curl {token}"))
    assert token not in repr(passed) and "curl hmac-" in passed.client


def test_a_reject_goes_through_too() -> None:
    assert "hunter2" not in repr(
        Gate(Masks(b"key")).rejected(Rejected("vault", "x", "f", "https://a:hunter2@b/c"))
    )
