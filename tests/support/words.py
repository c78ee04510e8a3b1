"""One word for one thing: names hold no word that the glossary has another one for. `python -m
tests.support.words` prints those that do."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("schemas", "correlators", "streams", "infra", "tests")
OLD_WORDS = {
    "told": "finding, forwarded or reported",
    "published": "reported",
    "spell": "period or episode",
    "waiver": "exception",
    "census": "sample",
    "sheet": "page",
    "located": "place",
    "desk": "trace",
}
"""What no variable, function or field is called, and the glossary's word for it. Functions of tests are
sentences, and constants of tests may be names of made-up agents."""
VENDORS = ("schemas/sources/", "tests/schemas/sources/")
"""Where a field is called what its vendor calls it."""


def own_names(tree: ast.Module) -> set[str]:
    """What a module gives a name to."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case (
                ast.Name(id=name, ctx=ast.Store())
                | ast.arg(arg=name)
                | ast.Attribute(attr=name, ctx=ast.Store())
            ):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found |= set() if name.startswith("test_") else {name}
            case _:
                pass
    return found


def old_words(name: str) -> set[str]:
    return {word for word in name.split("_") if word in OLD_WORDS or word.removesuffix("s") in OLD_WORDS}


def faults() -> list[str]:
    """Every name with an old word in it, and what the glossary calls the thing."""
    found = []
    for path in sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))
        if name.startswith(VENDORS) or not any(word in text for word in OLD_WORDS):
            continue
        for own in sorted(own_names(ast.parse(text))):
            found += [f"{name}: {own} (say {OLD_WORDS[word.removesuffix('s')]})" for word in old_words(own)]
    return found


if __name__ == "__main__":
    sys.exit("\n".join(f"An old word in a name, {fault}" for fault in faults()) or 0)
