"""docs/trust.md says what the code does: its table is made from the pages of the providers."""

from __future__ import annotations

from pathlib import Path

from infra.kafka import acls
from streams.command import trust
from streams.site.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "trust.md"


def test_the_table_of_who_speaks_for_what_is_current() -> None:
    text = PAGE.read_text()
    assert text == trust.page(text), "write streams.command.trust.page(text) into docs/trust.md"


def test_every_principal_that_is_granted_rights_is_on_the_page() -> None:
    text = PAGE.read_text()
    for right in acls.rights(Settings(receive_otlp="127.0.0.1:4318"), ["vault.prod"]):
        named = right.principal.startswith(("gapwatch-raw-", "gapwatch-receive-"))
        assert named or f"`{right.principal}`" in text, right.principal
