"""One credential, one mask: however it was written and whoever showed it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.masking import MASK, bare, masked
from tests.support.planted import KINDS, Maker
from tests.support.replayed import replayed

KEY = b"the key of a site"
FORMS = ("{}", "Bearer {}", "bearer {}", "BEARER  {}", "token {}", "Bearer%20{}", '"{}"', " {}\n")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8), st.sampled_from(FORMS))
def test_a_secret_has_one_mask_however_it_is_written(secret: str, form: str) -> None:
    secret = bare(secret)
    assert masked(KEY, form.format(secret)) == masked(KEY, secret)
    assert MASK.fullmatch(masked(KEY, secret)) and masked(KEY, masked(KEY, secret)) == masked(KEY, secret)
    assert masked(b"another site's", secret) != masked(KEY, secret) or MASK.fullmatch(secret)


@pytest.mark.parametrize("token", ["hvs.CAESIJ1aB2cD3eF4gH5iJ6kL7mN8oP9q", "s.abcdefghijklmnopqrstuvwx"])
def test_a_namespace_does_not_make_another_token(token: str) -> None:
    assert masked(KEY, f"{token}.vgcZ9") == masked(KEY, f"Bearer {token}.root1") == masked(KEY, token)
    assert masked(KEY, f"{token}x") != masked(KEY, token)


def call(number: int, at: str, **who: Any) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "read"}}
    answer = {"jsonrpc": "2.0", "id": number, "result": {"content": [], "isError": False}}
    context = {"ts": at, "direction": "client_to_server", "server": "files", "address": "198.51.100.7"}
    return context | {"agent": "agent:desk/triage", "message": message, "answer": answer} | who


def alert(secret: str) -> dict[str, Any]:
    report = {"number": 7, "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T10:00:00Z"}
    more = {
        "state": "open",
        "locations_url": "https://api.github.com/l",
        "secret_type": "x",
        "validity": "active",
    }
    return {
        "action": "created",
        "alert": report | more | {"secret": secret},
        "repository": {"full_name": "a/b"},
    }


@pytest.mark.parametrize(
    "kind", ["github", "openai", "vault", "vault_namespaced", "slack", "bearer", "aws_secret"]
)
@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}"])
def test_what_a_gateway_was_shown_and_what_a_report_found_join(tmp_path: Path, kind: str, form: str) -> None:
    text, secret = KINDS[kind](Maker(3))
    shown = form.format(text.removeprefix("Bearer "))
    gateway, leaks = tmp_path / "mcp.jsonl", tmp_path / "leaks.jsonl"
    uses = [call(n, f"2026-11-22T{9 + n}:30:00Z", http={"credential": shown}) for n in range(4)]
    gateway.write_bytes(b"\n".join(map(orjson.dumps, uses)))
    leaks.write_bytes(orjson.dumps(alert(text if kind.startswith("vault_") else secret)))
    said = replayed(tmp_path, gateway, leaks)
    (found,) = [f for f in said.findings if f["finding_info"]["analytic"]["uid"] == "leaked_credential_live"]
    assert "hmac-" in found["unmapped"]["credential"]
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path not in (gateway, leaks))
    assert secret.encode() not in everything + b"".join(said.lines)
