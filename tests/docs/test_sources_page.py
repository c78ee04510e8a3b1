"""The page of the sources is what the sources say."""

from __future__ import annotations

import re

from streams.command.sources_page import PAGE, page
from streams.site.settings import describe


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make it anew: python -m streams.command.sources_page"


def test_a_receiver_on_the_page_is_a_setting() -> None:
    named = set(re.findall(r"receiver `(\w+)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) >= 4 and named <= {row["key"] for row in describe()}
