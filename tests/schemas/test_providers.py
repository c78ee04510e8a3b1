"""Providers: every source has a page, and every page is used."""

from __future__ import annotations

import pytest

from schemas.credential_kind import FORMER, KINDS, TRAITS
from schemas.provider import EVERY_KIND
from schemas.providers import BY_WORD, GRACES, PROVIDERS, is_credential, is_own, name_of
from schemas.sources import sources


def test_a_page_names_sources_that_exist_and_words_that_no_other_page_has() -> None:
    for page in PROVIDERS.values():
        named = {*page.sources, *page.uses_of.values(), *([page.uses] if page.uses else [])}
        assert named <= sources().keys(), page.name
        assert page.words and all(BY_WORD[word] is page for word in page.words), page.name
        assert set(page.unseen) <= KINDS | {EVERY_KIND}, page.name


def test_a_setting_says_why_and_has_one_length() -> None:
    for page in PROVIDERS.values():
        for grace in (page.grace, page.leeway, *page.graces.values(), *page.never_acts.values()):
            assert grace is None or (GRACES[grace.setting] == grace and grace.why), page.name


def test_every_kind_has_its_traits() -> None:
    assert TRAITS.keys() == KINDS | FORMER.keys()


@pytest.mark.parametrize(
    ("key", "name", "credential", "own"),
    [
        ("aws:key/AKIA1", "key/AKIA1", True, False),
        ("aws:111122223333:user/key/1", "user/key/1", False, True),
        ("k8s:c1:secret/shop/token", "secret/shop/token", True, False),
        ("k8s:c1:session/mailer", "session/mailer", False, True),
        ("gcp:apikey/1", "apikey/1", True, False),
        ("agent:desk/key/1", "key/1", False, True),
        ("x509:CN=Shop CA:0a1b", "CN=Shop CA:0a1b", True, False),
        ("elsewhere:i:key/1", "key/1", False, False),
    ],
)
def test_a_key_is_read_by_the_page_of_its_first_word(
    key: str, name: str, credential: bool, own: bool
) -> None:
    assert (name_of(key), is_credential(key), is_own(key)) == (name, credential, own)
