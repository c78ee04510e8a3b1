"""`gapwatch declare` says what changes before it sends anything, and `gapwatch exceptions` what holds."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from schemas.evidence import iso
from streams.clickhouse.engine import Engine
from streams.command import cli, declare, declaring
from streams.command.replay import Options, replay
from streams.site.errors import Stop
from streams.site.settings import Settings
from tests.support.clickhouse import empty, engine_over
from tests.support.small_run import DAY, ERP, NOW, RETIRED, USED, World, document


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(Path(tmp_path_factory.mktemp("declaring")) / "clickhouse") as engine:
        yield engine


@pytest.fixture
def world(shared: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    empty(shared)
    made = World(shared, monkeypatch)
    made.take(orjson.dumps(RETIRED), "inventory", NOW - 2 * DAY)
    used = USED | {"eventTime": iso(NOW - DAY)[:19] + "Z"}
    made.take(orjson.dumps(used), "cloudtrail", NOW - DAY)
    return made


@pytest.fixture
def said(tmp_path: Path, world: World, capsys: pytest.CaptureFixture[str], data: Path) -> Any:
    """Declares a document and returns what was said."""

    def saying(content: dict[str, Any], **options: Any) -> str:
        path = tmp_path / "inventory.yaml"
        path.write_text(yaml.safe_dump(content))
        capsys.readouterr()
        declaring.declare(Settings(data=data), [str(path)], **options)
        return capsys.readouterr().err

    return saying


def open_findings(world: World) -> set[str]:
    return {row["control"] for row in world.rows(Settings(), "SELECT control FROM findings_open")}


def test_a_partial_record_changes_what_it_mentions_and_closes_nothing(world: World, said: Any) -> None:
    assert "inactive_identity_active" in open_findings(world)
    answer = said(document(identities=[{"id": ERP, "aliases": ["vault:prod:entity/erp"]}]))
    assert "aliases: (none) → vault:prod:entity/erp" in answer and "owner" not in answer
    assert "No finding opens or closes." in answer and "WARNING" not in answer and len(world.sent) == 1
    assert "inactive_identity_active" in open_findings(world)
    again = said(document(identities=[{"id": ERP, "aliases": ["vault:prod:entity/erp"]}]))
    assert "1 identities are declared as they were." in again


ACTIVE = document(identities=[{"id": ERP, "status": [{"value": "active"}]}])


def test_where_a_finding_of_high_would_close_it_is_shown_and_asked(world: World, said: Any) -> None:
    with pytest.raises(Stop, match="1 findings of high or above close by it"):
        said(ACTIVE)
    asked: list[str] = []

    def refusing(question: str) -> bool:
        asked.append(question)
        return False

    with pytest.raises(Stop, match="Nothing was declared"):
        said(ACTIVE, ask=refusing)
    dry = said(ACTIVE, dry_run=True)
    assert (
        "closes       high" in dry
        and "status: - decommissioned" in dry
        and not world.sent
        and len(asked) == 1
    )
    said(ACTIVE, yes=True)
    assert "inactive_identity_active" not in open_findings(world) and len(world.sent) == 1


def test_replace_takes_back_what_is_not_mentioned_and_exceptions_that_are_left_out(
    world: World, said: Any
) -> None:
    excepted = {
        "control": "inactive_identity_active",
        "identity": ERP,
        "owner": "soc",
        "reason": "until it is moved",
        "until": iso(NOW + DAY),
    }
    other = excepted | {"control": "dormant_identity_wakes"}
    answer = said(document(exceptions=[excepted, other]))
    assert "suppresses   high" in answer and "exception ex-" in answer
    assert "inactive_identity_active" not in open_findings(world)
    (held, idle) = sorted(
        world.rows(Settings(), "SELECT * FROM exceptions"), key=lambda row: -int(row["suppresses"])
    )
    assert (held["state"], held["suppresses"], held["owner"], idle["suppresses"]) == ("holds", 1, "soc", 0)
    again = said(
        document(exceptions=[other], identities=[{"id": ERP, "owner": "team-erp"}]), replace=True, yes=True
    )
    assert "status: decommissioned" in again and "→ (none)" in again
    states = {row["control"]: row["state"] for row in world.rows(Settings(), "SELECT * FROM exceptions")}
    assert states == {"inactive_identity_active": "withdrawn", "dormant_identity_wakes": "holds"}


def test_an_exception_is_withdrawn_by_name_and_its_finding_stands_again(
    world: World, said: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    said(
        document(
            exceptions=[
                {
                    "control": "inactive_identity_active",
                    "owner": "soc",
                    "reason": "=x",
                    "until": iso(NOW + DAY),
                }
            ]
        )
    )
    (row,) = world.rows(Settings(), "SELECT id FROM exceptions")

    def run(*words: str) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["gapwatch", "exceptions", f"--data={data}", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        shown = capsys.readouterr()
        return shown.out, shown.err

    capsys.readouterr()
    listed, _ = run("--csv")
    assert listed.splitlines()[1].startswith(row["id"] + ",holds,") and "'=x" in listed
    _, changed = run("--withdraw", row["id"], "--reason", "moved")
    assert "opens again  high" in changed
    assert "inactive_identity_active" in open_findings(world)
    assert run("--json")[0].count("withdrawn") == 1


def test_probable_mistakes_are_errors_or_warnings(world: World, said: Any) -> None:
    warned = said(document(identities=[{"id": "aws:111122223333:user/legacy-erq"}]), dry_run=True)
    assert "WARNING: no log shows aws:111122223333:user/legacy-erq" in warned
    entry = {"control": "x", "owner": "o", "reason": "r", "until": iso(NOW + DAY)}
    with pytest.raises(Stop, match=r"exceptions\[0\]\.control: there is no control x"):
        said(document(exceptions=[entry]))
    for wrong in (
        {"identity": "*:user/a"},
        {"identity": "legacy-erp"},
        {"place": "10.*"},
        {"action": "s3:*"},
    ):
        with pytest.raises(Stop, match=r"exceptions\[0\]"):
            said(document(exceptions=[entry | {"control": "revoked_credential_used"} | wrong]))
    assert not world.sent


def test_a_replay_takes_the_same_inventories_with_the_same_errors(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(orjson.dumps(USED | {"eventTime": iso(NOW)[:19] + "Z"}) + b"\n")
    bad = tmp_path / "bad.yaml"
    bad.write_text("gapwatch: inventory/v1\nidentities: [{id: nokey}]\n")
    said: list[tuple[str, int]] = []
    for take in (
        lambda: declare.messages_of([str(bad)]),
        lambda: replay(Options((str(log),), (str(bad),)), BytesIO()),
    ):
        with pytest.raises(Stop) as stop:
            take()
        said.append((str(stop.value), stop.value.code))
    assert said[0] == said[1] and said[0][1] == 2


def test_the_example_of_the_page_is_the_one_that_is_printed_and_is_declared_whole(
    world: World, said: Any
) -> None:
    text = declaring.EXAMPLE.read_text(encoding="utf-8")
    assert text in Path("docs/inventory.md").read_text(encoding="utf-8")
    answer = said(yaml.safe_load(text), dry_run=True)
    assert "All is well: 7 entries." in answer and "k8s:c1:ns/shop/sa/mailer" in answer
