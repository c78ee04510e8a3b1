"""The table of shapes against the rules of a scanner that others keep."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from schemas.free_text import scrubbed

plugins = pytest.importorskip("detect_secrets.plugins", reason="detect-secrets (requirements-audit.lock)")

OTHERWISE = {
    "ip_public": "an address is no secret",
    "high_entropy_strings": "ids are drawn by chance too",
    "keyword": "words of source code; what logs write is in schemas.free_text",
    "cloudant": "words of source code",
    "ibm_cloud_iam": "words of source code",
    "ibm_cos_hmac": "words of source code",
    "softlayer": "words of source code",
    "artifactory": "takes any ten letters after AKC; JFrog's are 73",
    "npm": "a line of a settings file; the token in it is known by its form",
    "jwt": "is checked to decode there",
    "basic_auth": "is no token but a URL: its password goes, the rest stays",
}
"""Plugins that tell by something else than a token's form, and why that is not asked here."""
NO_SECRETS = ("(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}", "AC[a-z0-9]{32}", "aws.{0,20}?")
"""Ids by the issuers' own word (an access key id, an account's SID), and words of source code."""


LEAST = 13
"""Letters of a token; a beginning and eight more."""


def rules() -> Iterator[Any]:
    for module in pkgutil.iter_modules(plugins.__path__):
        if module.name in OTHERWISE or module.name == "base":
            continue
        plugin = importlib.import_module(f"detect_secrets.plugins.{module.name}")
        own = [kind for kind in vars(plugin).values() if getattr(kind, "__module__", "") == plugin.__name__]
        for rule in (rule for kind in own for rule in getattr(kind, "denylist", ())):
            if not rule.pattern.startswith(NO_SECRETS):
                yield pytest.param(rule, id=f"{module.name} {rule.pattern[:30]}")


@pytest.mark.parametrize("rule", list(rules()))
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_a_kept_scanner_knows_by_its_form_is_known_here(
    rule: re.Pattern[str], data: st.DataObject
) -> None:
    token = data.draw(st.from_regex(re.compile(rule.pattern, re.ASCII), fullmatch=True))
    # Its rules take shorter words than any issuer writes.
    assume(len(token) >= (70 if "hooks" in rule.pattern else LEAST))
    body = "x" * 24 if "PRIVATE KEY" in token or "PuTTY" in token else ""
    assert token not in scrubbed(f"x {token}{body} y", lambda secret: "<>")
