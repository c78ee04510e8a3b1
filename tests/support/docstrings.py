"""Docstrings: what a function's own says, held to its form. `make check` prints what is wrong."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "correlators", "streams", "infra")
COMMANDS = "streams/command/verbs"
"""The docstrings of its modules are what `--help` shows of each command: they tell people what to do."""

NOUNS = frozenset(
    {"uses", "names", "turns", "calls", "reports", "records", "facts", "rows", "sightings", "as", "its"}
)
"""Words that end like a verb of the third person and are none, or could be either."""


def functions(path: Path) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Returns the public functions of a module with their names; a property reads like an attribute."""
    found: list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]] = []

    def walk(node: ast.Module | ast.ClassDef, above: str) -> None:
        for child in node.body:
            if isinstance(child, ast.ClassDef):
                walk(child, f"{above}{child.name}.")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                read = any("property" in ast.unparse(d) for d in child.decorator_list)
                if not read and not child.name.startswith("_"):
                    found.append((above + child.name, child))

    walk(ast.parse(path.read_text(encoding="utf-8")), "")
    return found


def fault_of(name: str, text: str) -> str:
    """Returns what is wrong with a function's docstring; "" where nothing is."""
    words = text.split()
    first = words[0].rstrip(",:;.").lower()
    if first in NOUNS or not first.endswith("s"):
        return "begins with no verb (Returns, Yields, Says whether, Joins …)"
    said = {word.strip(".,;:`\"'()").lower() for word in words}
    return "repeats the name" if said <= {first, "the", "a", "of", *name.lower().split("_")} else ""


def faults() -> list[str]:
    """Returns every fault of every public function, as file, name and fault."""
    return [
        f"{path.relative_to(ROOT)}: {name} {fault}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if not path.is_relative_to(ROOT / COMMANDS)
        for name, function in functions(path)
        if (text := ast.get_docstring(function)) and (fault := fault_of(function.name, text))
    ]


if __name__ == "__main__":
    sys.exit("\n".join(f"The docstring of {fault}" for fault in faults()) or 0)
