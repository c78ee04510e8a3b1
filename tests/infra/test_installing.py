"""Installing says how far it is, and where it fails, why."""

from __future__ import annotations

import io
import sys

from infra.installing import Progress, run


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_says_how_many_packages_are_fetched_and_takes_its_line_away() -> None:
    out = Terminal()
    progress = Progress(3, out)
    for line in ("Collecting Faust==1 (from -r x)\n", "  Downloading faust\n", "Collecting chdb==2\n"):
        progress.heard(line)
    progress.show()
    assert "2 of 3 fetched, now chdb" in out.getvalue()
    progress.heard("Installing collected packages: chdb, faust\n")
    progress.show()
    assert "unpacking 2 packages" in out.getvalue()
    progress.end()
    assert out.getvalue().endswith("\r\x1b[K")


def test_elsewhere_nothing_is_written_over_and_the_reason_of_a_failure_is_kept() -> None:
    out = io.StringIO()
    progress = Progress(1, out)
    assert run([sys.executable, "-c", "print('no such package'); raise SystemExit(3)"], progress) == 3
    assert out.getvalue() == "" and progress.lines == ["no such package"]
