"""Names that others chose are shown so that no terminal, shell or reader obeys them."""

from __future__ import annotations

import io
import shlex
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.command.drawing import draw
from streams.command.explain import _hunt
from streams.command.story import Count, Entry, Story
from streams.screen.show import Screen, print_finding
from streams.site.errors import Stop
from streams.site.foreign import for_cell, for_shell, shown, shown_lines
from tests.support.foreign_text import MARKUP, OBEYED, node_of


def finding(name: str) -> dict[str, Any]:
    return {
        "severity_id": 4,
        "activity_id": 1,
        "time": 1_795_600_000_000,
        "finding_info": {"uid": name, "title": name, "desc": name, "analytic": {"uid": name}},
        "status": name,
        "resources": [{"uid": name}],
    }


def screen(terminal: bool) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    console = Screen()
    console.file, console._force_terminal, console.width = out, terminal, 4_000
    console.no_color = True
    return console, out


def printed(name: str, terminal: bool) -> str:
    console, out = screen(terminal)
    print_finding(console, finding(name))
    node = node_of(name)
    story = Story(
        finding(name), name, [node], [Entry(1, "use", name, name)], [Count(name, name, 1, 1, 2)], [name]
    )
    draw(story, console)
    console.print(name)
    return out.getvalue()


def obeyed(text: str) -> set[str]:
    """What in it is no letter that can be seen, but for line ends and the styles that this program wrote."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {c for c in text if c != "\n" and (unicodedata.category(c) in hidden or c in "\u3164\ufe0f")}


@pytest.mark.parametrize("payload", OBEYED, ids=ascii)
def test_what_a_terminal_obeys_or_nobody_sees_is_made_visible(payload: str) -> None:
    plain = printed("name", False).count("\n")
    said = printed(f"na{payload}me", False)
    assert obeyed(said) == set()
    assert said.count("\n") <= plain + 1, "a name forged a line"
    assert "\\x" in said or "\\u{" in said


@pytest.mark.parametrize("payload", MARKUP)
def test_markup_is_text(payload: str) -> None:
    assert payload in printed(payload, False)


def test_letters_that_look_alike_are_marked_beside_the_name() -> None:
    assert shown("p\u0430yments") == "p\u0430yments [letters of Cyrillic and Latin in one word]"
    assert shown("платежи payments") == "платежи payments" and shown("größe") == "größe"


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("aws:111122223333:user/\u0440\u0430\u0443\u0440\u0430\u04cf", "Cyrillic"),
        ("\u0430\u0440\u0440-payments", "Cyrillic"),
        ("team \u039d\u039f\u03a1\u03a7", "Greek"),
        ("\uff41\uff44\uff4d\uff49\uff4e", "Fullwidth"),
        ("\U0001d41a\U0001d41d\U0001d426\U0001d422\U0001d427", "Mathematical"),
    ],
)
def test_a_whole_word_of_look_alikes_is_marked_beside_latin_words(text: str, script: str) -> None:
    assert shown(text).endswith(f" [a word of {script} letters that look Latin]")


@pytest.mark.parametrize("text", ["платежи payments", "\u0441\u043e\u0440", "größe naïve", "team γραφή"])
def test_what_is_written_in_another_script_and_looks_like_it_is_not_marked(text: str) -> None:
    assert shown(text) == text


@given(st.text())
def test_whatever_a_text_holds_one_visible_line_comes_of_it(text: str) -> None:
    assert obeyed(shown(text)) == set() and "\n" not in shown(text)
    assert shown(shown(text)).startswith(shown(text))
    assert obeyed(shown_lines(text)) == set()


@pytest.mark.parametrize(
    "name",
    ["$(touch owned)", "`touch owned`", "'; touch owned; '", '"; touch owned; "', "a\\'$(touch owned)"],
)
def test_a_command_that_is_shown_runs_nothing_but_itself(name: str, tmp_path: Path) -> None:
    command = _hunt(node_of(name))
    assert shlex.split(command)[:2] == ["gapwatch", "sql"] and len(shlex.split(command)) == 3
    echo = command.replace("gapwatch sql", "printf %s", 1)
    done = subprocess.run(["sh", "-c", echo], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("SELECT ") and list(tmp_path.iterdir()) == []
    assert shlex.split(for_shell(name)) == [name]


def test_no_cell_begins_a_formula() -> None:
    assert [for_cell(c)[0] for c in ("=cmd()", "+1", "-1", "@x", "plain")] == ["'", "'", "'", "'", "p"]


def test_an_error_names_a_file_as_it_is_shown() -> None:
    assert str(Stop("no file \x1b[2J\u202e here\nnext")) == "no file \\x1b[2J\\u{202e} here\nnext"
