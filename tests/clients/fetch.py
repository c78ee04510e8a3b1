"""Fetches the clients, each from its own registry, into the user's cache: `make clients`.

Tests do not fetch: building one takes minutes. They skip, with the reason, where a client is not there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
SQLALCHEMY = "sqlalchemy==2.0.44"
FETCH_SECONDS = 900


def place(name: str) -> Path:
    """Where this client is kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "gapwatch-tests" / "clients" / name


def _run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, timeout=FETCH_SECONDS)


def _go(draft: Path) -> None:
    _run("go", "build", "-o", str(draft / "main"), ".", cwd=HERE / "go")


def _jdbc(draft: Path) -> None:
    goal = ("dependency:copy-dependencies", f"-DoutputDirectory={draft}", "-DincludeScope=runtime")
    _run("mvn", "--batch-mode", "--quiet", "--file", str(HERE / "jdbc" / "pom.xml"), *goal, cwd=draft)
    _run("javac", "-d", str(draft), str(HERE / "jdbc" / "Main.java"), cwd=draft)


def _js(draft: Path) -> None:
    for file in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "js" / file, draft)
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=draft)


def _sqlalchemy(draft: Path) -> None:
    _run(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(draft), SQLALCHEMY, cwd=draft)


CLIENTS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "go": ("go", _go),
    "jdbc": ("mvn", _jdbc),
    "js": ("npm", _js),
    "sqlalchemy": (sys.executable, _sqlalchemy),
}
"""Each client with the program that gets it."""


def main() -> int:
    """Returns 1 where one could not be fetched."""
    failed = 0
    for name, (tool, fetch) in CLIENTS.items():
        folder = place(name)
        if folder.is_dir():
            continue
        if shutil.which(tool) is None:
            print(f"{name}: {tool} is not on the path, its test will skip")
            continue
        draft = folder.with_name(f"{name}.{os.getpid()}")
        draft.mkdir(parents=True)
        try:
            fetch(draft)
            draft.rename(folder)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"{name}: cannot be fetched: {error}")
            failed = 1
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
