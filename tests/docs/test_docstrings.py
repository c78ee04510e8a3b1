"""A docstring says what a function does or gives, in a sentence with a verb; ruff sees that there is one."""

from __future__ import annotations

from tests.support.docstrings import fault_of, faults


def test_a_docstring_begins_with_what_the_function_does() -> None:
    assert not faults(), "\n".join(faults())


def test_an_empty_sentence_and_one_without_a_verb_are_found() -> None:
    assert fault_of("key_of", "Returns the key of.") == "repeats the name"
    assert "no verb" in fault_of("key_of", "The key of an account.")
    assert "no verb" in fault_of("used", "Uses of the credential.")
    assert not fault_of("key_of", "Returns the key of an account, whose name is an email.")
