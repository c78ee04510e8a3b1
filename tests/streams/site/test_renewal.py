"""A stage whose certificate was replaced is started again once the new files are whole: no crash."""

from __future__ import annotations

from pathlib import Path

from streams.site import datafolder
from streams.site.renewal import RENEWED, Renewal, files_of
from streams.site.settings import Settings
from streams.supervision.process import StageProcess
from streams.supervision.supervisor import Plan, Supervisor


def test_a_change_counts_once_all_files_are_there_and_stay_as_they_are(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate", tmp_path / "key"
    certificate.write_text("old")
    key.write_text("old")
    renewal = Renewal([certificate, key])
    assert not renewal.due() and not renewal.due()
    certificate.unlink()
    assert not renewal.due() and not renewal.due(), "one of them is being replaced"
    certificate.write_text("newer")
    assert not renewal.due(), "it may still be written"
    key.write_text("newer")
    assert not renewal.due()
    assert renewal.due()


def test_a_mounted_secret_is_replaced_by_its_link(tmp_path: Path) -> None:
    for name in ("1", "2"):
        (tmp_path / name).write_text(name)
    mounted = tmp_path / "mounted"
    mounted.symlink_to(tmp_path / "1")
    renewal = Renewal([mounted])
    (tmp_path / "next").symlink_to(tmp_path / "2")
    (tmp_path / "next").replace(mounted)
    assert not renewal.due()
    assert renewal.due()


def test_a_stage_looks_after_its_own_files(tmp_path: Path) -> None:
    names = ("broker_certificate", "clickhouse_ca_file", "receive_otlp_certificate")
    settings = Settings(data=tmp_path).model_copy(update={name: tmp_path / name for name in names})
    watched = {
        stage: {path.name for path in files_of(settings, stage)} for stage in ("deliver", "receive_otlp")
    }
    assert watched == {"deliver": {*names[:2]}, "receive_otlp": {names[0], names[2]}}
    assert files_of(Settings(data=tmp_path), "deliver") == []


def test_its_end_is_no_crash_and_it_starts_again_at_once(tmp_path: Path) -> None:
    class Watcher:
        def status(self, line: str) -> None: ...

        def error(self, stage: str, line: str) -> None:
            raise AssertionError(line)

        def refresh(self, running: list[StageProcess]) -> None: ...
        def samples_done(self) -> None: ...

    settings = Settings(data=tmp_path / "data", restart_limit=0)
    datafolder.make_folders(settings)
    looked: list[None] = []
    plan = Plan(["correlate"], settings, tmp_path, 0, [])
    supervisor = Supervisor(plan, Watcher(), lambda: looked.append(None))
    stage = StageProcess("correlate")
    for _ in range(3):
        supervisor._on_end(stage, RENEWED)
    assert stage.next_start is not None and not stage.crashes
    assert len(looked) == 3, "who looks on has a new client"
