"""What is said of an end about which no log speaks."""

from __future__ import annotations

import pytest

from correlators.kernel.views.ends import Off
from correlators.kernel.views.silence import unheard
from correlators.kernel.views.thresholds import DEFAULTS
from schemas.dossier import Turn
from schemas.evidence import Evidence
from schemas.verdict import Clock

END, NOW = 1_000, 10_000_000_000


def said(key: str, kind: str, *collected: str) -> tuple[str, str]:
    """The value and the reason for a credential that ended long ago, with these sources collected."""
    turn = Turn(END, False, "revoked", Evidence(END, "kill"), about=key)
    clock = Clock(NOW, dict.fromkeys(collected, NOW))
    return unheard(Off(END, 0, turn), key, kind, clock, DEFAULTS)


@pytest.mark.parametrize(
    ("key", "kind", "source"),
    [
        ("openai:key/key-1", "admin_key", "provider_admin"),
        ("anthropic:key/apikey_1", "admin_key", "provider_admin"),
        ("ocsf:111122223333:credential/tok-1", "token", "ocsf"),
        ("oidc:idp.example.com:session/s-1", "session", "caep"),
        ("oidc:idp.example.com:jti/t-1", "token", "mcp"),
        ("oauth:client/app-1", "", "mcp"),
        ("aws:key/AKIA1", "access_key", "cloudtrail"),
    ],
)
def test_a_source_that_is_collected_is_asked(key: str, kind: str, source: str) -> None:
    assert said(key, kind, source)[0] == "assumed"
    value, reason = said(key, kind, "inventory")
    assert value == "unverifiable" and f"no {source} records are collected" in reason


@pytest.mark.parametrize(
    ("key", "kind", "source"),
    [
        ("openai:key/key-1", "api_key", "provider_admin"),
        ("openai:key/key-1", "", "provider_admin"),
        ("anthropic:key/apikey_1", "api_key", "provider_admin"),
        ("caep:idp.example.com:credential/password/jo", "password", "caep"),
        ("x509:CN=Shop CA:0a1b", "certificate", "caep"),
        ("vault:prod:lease/db/1", "lease", "vault"),
    ],
)
def test_what_no_log_shows_by_design_is_said_so_and_not_that_none_is_collected(
    key: str, kind: str, source: str
) -> None:
    for value, reason in (said(key, kind, source), said(key, kind)):
        assert value == "unverifiable" and "its use is in no log here" in reason and "collected" not in reason


def test_a_key_of_a_provider_without_a_page_is_of_no_log() -> None:
    assert said("elsewhere:key/1", "api_key", "cloudtrail") == (
        "unverifiable",
        "no log records are collected that would show a use",
    )


def test_where_refused_tries_are_not_logged_silence_is_said_to_prove_nothing() -> None:
    assert said("aws:key/AKIA1", "access_key", "cloudtrail")[1].endswith("requests that fail authentication)")
    assert said("vault:prod:accessor/a1", "service", "vault")[1].endswith("has been seen since")
