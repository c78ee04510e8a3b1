"""The page of the sources is what the sources say."""

from __future__ import annotations

from streams.command.sources_page import PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make it anew: python -m streams.command.sources_page"
