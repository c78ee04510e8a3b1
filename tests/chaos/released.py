"""The last release beside this tree, for stages that run it and are upgraded one by one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RELEASE = r"^Release [0-9]"
"""How the commit of a release begins."""
CODE = """
import sys
sys.path.insert(0, {tree!r})
from streams.site import settings, stage
handed_over, known = stage.handed_over, settings.Settings.model_fields
def is_known(name):
    return name.removeprefix(settings.ENV_PREFIX).lower() in known
stage.handed_over = lambda: {{name: text for name, text in handed_over().items() if is_known(name)}}
from streams.supervision import stages
assert stages.__file__.startswith({tree!r}), stages.__file__
stages.main()
"""
"""A run of the old version has a supervisor of that version, which hands over no settings of later ones."""


def unpacked(folder: Path) -> Path | None:
    """The tree of the last release, in this folder; None where there is no git to get it from."""
    try:
        found = _git("log", "--extended-regexp", f"--grep={RELEASE}", "--format=%H", "-1").decode().strip()
        if not found:
            return None
        tree = folder / "released"
        tree.mkdir()
        subprocess.run(["tar", "-x", "-C", str(tree)], input=_git("archive", found), check=True)
        return tree
    except (OSError, subprocess.CalledProcessError):
        return None


def command(tree: Path) -> tuple[str, ...]:
    """How a stage of that tree is started."""
    return (sys.executable, "-c", CODE.format(tree=str(tree)))


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout
