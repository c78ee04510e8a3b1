"""Foreign text: what others wrote, shown so that no terminal, shell or reader obeys it.

A title may hold a name that an attacker chose. Control characters clear a screen or set a clipboard, signs of
direction and invisible letters make a text read as another one (Unicode Technical Report 36; CVE-2021-42574),
and a line break forges a line. All of them are made visible here, and nowhere else.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from functools import lru_cache

_HARMLESS = re.compile(r"[ -~]*\Z")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = frozenset("\u00a0\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f")
"""Letters by their category that show nothing, or a space that is none."""
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_ACTIVE = re.compile(r'["$`\\!]')
"""What a shell reads inside double quotes, too."""
_WORD = re.compile(r"\w+")
SCRIPTS = frozenset(
    ["LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "FULLWIDTH", "MATHEMATICAL"]
)
"""Scripts whose letters look like those of another one; the first word of a letter's name in Unicode."""

SAMPLE_MAX = 4_000
"""Characters in which look-alikes are looked for: names are far shorter."""


def shown(text: object) -> str:
    """Returns the text on one line: what would be obeyed or not be seen stands there as its number, and words
    that mix letters of several scripts are said to."""
    line = "".join(map(_visible, said)) if not _HARMLESS.match(said := str(text)) else said
    mixed = mixed_scripts(line)
    return f"{line} [letters of {' and '.join(mixed)} in one word]" if mixed else line


def shown_lines(text: object) -> str:
    """Returns what ``shown`` does, for a text of several lines that this program put together: its line
    breaks stay."""
    said = str(text)
    if _HARMLESS.match(said):
        return said
    return "".join(letter if letter == "\n" else _visible(letter) for letter in said)


@lru_cache(maxsize=10_000)
def mixed_scripts(text: str) -> tuple[str, ...]:
    """Returns the scripts of the first word whose letters are of several, in small letters; none is usual."""
    if text.isascii():
        return ()
    for word in _WORD.findall(text[:SAMPLE_MAX]):
        scripts = {_script(letter) for letter in word} - {""}
        if len(scripts) > 1:
            return tuple(sorted(name.capitalize() for name in scripts))
    return ()


def for_shell(text: str) -> str:
    """Returns the text as one word of a POSIX shell, in which nothing is replaced; in double quotes where a
    person reads it better so and nothing in it means anything there."""
    said = shown(text)
    return shlex.quote(said) if "'" not in said or _ACTIVE.search(said) else f'"{said}"'


def for_cell(text: object) -> str:
    """Returns the text as a cell of a table that may be opened in a spreadsheet: none begins a formula."""
    cell = shown(text)
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "|", "%") else cell


def _visible(letter: str) -> str:
    number = ord(letter)
    if " " <= letter <= "~":
        return letter
    if (
        unicodedata.category(letter) in _INVISIBLE
        or letter in _BLANK
        or any(number in span for span in _SELECTORS)
    ):
        return f"\\x{number:02x}" if number < 0x100 else f"\\u{{{number:x}}}"
    return letter


def _script(letter: str) -> str:
    first = unicodedata.name(letter, "").partition(" ")[0]
    return first if first in SCRIPTS else ""
