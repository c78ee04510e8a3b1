"""The licences of everything that requirements.lock names, and whether all of them are known ones.

`python -m infra.licences` prints the table and fails where one is neither permissive nor named in
``EXCEPTIONS`` with its reason.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
PERMISSIVE = re.compile(
    r"\b(MIT|MIT-0|BSD|ISC|Apache|PSF|Python Software Foundation|0BSD|Unlicense|Zlib|ZPL|CC0|HPND)\b",
    re.IGNORECASE,
)
EXCEPTIONS = {
    "certifi": "MPL-2.0: used unchanged",
    "hypothesis": "MPL-2.0: tests only, used unchanged",
    "pathspec": "MPL-2.0: a type checker's, used unchanged",
    "venusian": "Repoze Public License: BSD with another name",
    "orjson": "MPL-2.0 and Apache-2.0 or MIT: used unchanged",
}
"""Weak copyleft by file binds who changes the files, and nobody here does."""


def locked() -> Iterator[tuple[str, str]]:
    """Yields names and versions of the lock file."""
    yield from re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK.read_text(), re.MULTILINE)


def licence_of(name: str) -> str:
    """Returns what a package that is installed says of its licence; "" where it says nothing, "-" where it is
    not installed (another platform's)."""
    try:
        package = metadata(name)
    except PackageNotFoundError:
        return "-"
    every = package.get_all("Classifier") or ()
    classified = [one.rpartition(" :: ")[2] for one in every if one.startswith("License ::")]
    written = (package.get_all("License-Expression") or [], classified, package.get_all("License") or [])
    fields = [", ".join(map(str, field)) for field in written]
    return next((text.strip().partition("\n")[0][:80] for text in fields if text.strip()), "")


def unknown() -> list[str]:
    """Returns the packages whose licence nobody has looked at."""
    found = []
    for name, _ in locked():
        licence = licence_of(name)
        if licence != "-" and not PERMISSIVE.search(licence) and name not in EXCEPTIONS:
            found.append(f"{name}: {licence or 'says nothing'}")
    return found


def main() -> int:
    """Prints name, version and licence of each locked package; returns 1 where a licence is unknown, else
    0."""
    for name, version in locked():
        print(f"{name}\t{version}\t{licence_of(name)}")
    for line in (bad := unknown()):
        print(f"look at {line}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
