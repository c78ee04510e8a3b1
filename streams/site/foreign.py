"""Foreign text: what others wrote, shown so that no terminal, shell or reader obeys it.

A title may hold a name that an attacker chose. Control characters clear a screen or set a clipboard, signs of
direction and invisible letters make a text read as another one (Unicode Technical Report 36; CVE-2021-42574),
and a line break forges a line. All of them are made visible here, and nowhere else.
"""

from __future__ import annotations

import re
import shlex
import unicodedata

from schemas.remembering import remembered

_HARMLESS = re.compile(r"[ -~]*\Z")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = frozenset("\u00a0\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f")
"""Letters by their category that show nothing, or a space that is none."""
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_PLAIN_JSON = re.compile(r"[ -~\n]*\Z")
_ACTIVE = re.compile(r'["$`\\!]')
"""What a shell reads inside double quotes, too."""
_WORD = re.compile(r"\w+")
SCRIPTS = frozenset(
    ["LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "FULLWIDTH", "MATHEMATICAL"]
)
"""Scripts whose letters look like those of another one; the first word of a letter's name in Unicode."""

LIKE_LATIN = frozenset(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u043e\u0440\u0455\u0443\u0445\u051b\u051d\u0475\u04cf\u04af"
    "\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0423\u0425\u04ae\u04c0\u051a\u051c"
    "\u03b1\u03b9\u03bd\u03bf\u03c1\u03c5\u03c7\u03ba\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
)
"""Cyrillic and Greek letters that are drawn as a Latin one (Unicode Technical Standard 39, confusables)."""
IMITATIONS = frozenset({"FULLWIDTH", "MATHEMATICAL"})
"""All of whose letters are Latin ones in another dress."""

SAMPLE_MAX = 4_000
"""Characters in which look-alikes are looked for: names are far shorter."""


def shown(text: object) -> str:
    """Returns the text on one line: what would be obeyed or not be seen stands there as its number, and words
    that mix letters of several scripts are said to."""
    line = "".join(map(_visible, said)) if not _HARMLESS.match(said := str(text)) else said
    if mixed := mixed_scripts(line):
        return f"{line} [letters of {' and '.join(mixed)} in one word]"
    imitating = imitated(line)
    return f"{line} [a word of {imitating} letters that look Latin]" if imitating else line


def shown_lines(text: object) -> str:
    """Returns what ``shown`` does, for a text of several lines that this program put together: its line
    breaks stay."""
    said = str(text)
    if _HARMLESS.match(said):
        return said
    return "".join(letter if letter == "\n" else _visible(letter) for letter in said)


@remembered(10_000)
def mixed_scripts(text: str) -> tuple[str, ...]:
    """Returns the scripts of the first word whose letters are of several, in small letters; none is usual."""
    if text.isascii():
        return ()
    for word in _WORD.findall(text[:SAMPLE_MAX]):
        scripts = {_script(letter) for letter in word} - {""}
        if len(scripts) > 1:
            return tuple(sorted(name.capitalize() for name in scripts))
    return ()


@remembered(10_000)
def imitated(text: str) -> str:
    """Returns the script of the first word that has no Latin letter and looks as if it had no other, beside
    words that are Latin; "" is usual. (A text of one script alone is whatever it is.)"""
    if text.isascii():
        return ""
    latin = found = ""
    for word in _WORD.findall(text[:SAMPLE_MAX]):
        scripts = {_script(letter) for letter in word} - {""}
        if scripts & IMITATIONS:
            return next(iter(scripts & IMITATIONS)).capitalize()
        letters = [letter for letter in word if letter.isalpha()]
        if len(letters) > 1 and not found and all(letter in LIKE_LATIN for letter in letters):
            found = next(iter(scripts)).capitalize()
        latin = latin or ("LATIN" in scripts and word) or ""
    return found if latin else ""


def for_shell(text: str) -> str:
    """Returns the text as one word of a POSIX shell, in which nothing is replaced; in double quotes where a
    person reads it better so and nothing in it means anything there."""
    said = shown(text)
    return shlex.quote(said) if "'" not in said or _ACTIVE.search(said) else f'"{said}"'


def for_json(text: str) -> str:
    """Returns JSON that means the same, in which what is obeyed or not seen stands as its number. The line
    breaks between its lines stay."""
    if _PLAIN_JSON.match(text):
        return text
    return "".join(c if c == "\n" or _visible(c) == c else _json_escape(c) for c in text)


def json_bytes(line: bytes) -> bytes:
    """Returns what ``for_json`` does, of bytes as they are written."""
    if line.isascii() and b"\x7f" not in line:
        return line
    return for_json(line.decode(errors="replace")).encode()


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


def _json_escape(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _script(letter: str) -> str:
    first = unicodedata.name(letter, "").partition(" ")[0]
    return first if first in SCRIPTS else ""
