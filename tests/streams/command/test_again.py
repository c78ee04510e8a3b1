"""What was said is derived again from what is stored, equal where nothing changed, with the difference where
something did; and all of history is judged by other thresholds before they are turned on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from correlators.kernel.catalogue import controls
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from schemas.evidence import iso
from streams.clickhouse.sink import Sink
from streams.command import again
from streams.command.rederive import rederive
from streams.site.errors import Stop
from streams.site.settings import Settings
from tests.support.clickhouse import empty, engine_over, one
from tests.support.small_run import DAY, NOW, RETIRED, USED, World

MINUTE = 60_000_000
TWO = "credential_in_two_places"
USER = {
    "arn": "arn:aws:iam::111122223333:user/nightly",
    "userName": "nightly",
    "accessKeyId": "AKIAEXAMPLE000000002",
}
BASE: dict[str, Any] = USED
OTHER = BASE | {"userIdentity": BASE["userIdentity"] | USER}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        engine_over(Path(tmp_path_factory.mktemp("again")) / "clickhouse") as engine,
        pytest.MonkeyPatch.context() as patched,
    ):
        empty(engine)
        made = World(engine, patched)
        made.take(orjson.dumps(RETIRED), "inventory", NOW - 2 * DAY)
        use(made, USED, "1", DAY)
        for number, (place, ago) in enumerate(
            (("198.51.100.7", 70), ("198.51.100.7", 60), ("203.0.113.9", 55), ("203.0.113.9", 45))
        ):
            use(made, OTHER | {"sourceIPAddress": place}, str(number + 3), ago * MINUTE)
        yield made


def use(world: World, event: dict[str, Any], number: str, ago: int) -> None:
    at = iso(NOW - ago)[:19] + "Z"
    body = event | {"eventTime": at, "eventID": f"{number * 8}-1111-1111-1111-111111111111"}
    world.take(orjson.dumps(body), "cloudtrail", NOW - ago)


def uid_of(world: World, control: str) -> str:
    (row,) = world.rows(
        Settings(), f"SELECT uid FROM findings FINAL WHERE control = '{control}' AND status_id = 1"
    )
    return str(row["uid"])


def derived(world: World, uid: str, capsys: pytest.CaptureFixture[str], **settings: Any) -> list[Any]:
    capsys.readouterr()
    rederive(Settings(**settings), uid, True)
    found: list[Any] = orjson.loads(capsys.readouterr().out)["derived"]
    return found


def test_a_finding_says_by_what_it_was_judged_and_is_derived_again_from_both_sources(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = world.rows(Settings(), "SELECT control, control_version, facts, thresholds FROM findings FINAL")
    assert rows and all(len(row["facts"]) == 64 and row["thresholds"] == {} for row in rows)
    assert {row["control_version"] for row in rows} <= {j.CONTROL.version for j in controls().values()}
    for control in ("inactive_identity_active", TWO):
        uid = uid_of(world, control)
        by_dossier, by_activities = derived(world, uid, capsys)
        assert by_dossier["equal"] and by_activities["equal"], (by_dossier, by_activities)
        assert by_activities["read"] > 1
        assert rederive(Settings(), uid[:8], False)
    assert "equal" in capsys.readouterr().out


def test_a_difference_is_shown_by_field_and_what_was_forgotten_is_said(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    uid = uid_of(world, TWO)
    by_dossier, _ = derived(world, uid, capsys, two_networks="1m")
    fields = {d["field"]: d["derived"] for d in by_dossier["differences"]}
    assert not by_dossier["equal"] and fields["value"] == "withdrawn"
    (row,) = world.rows(Settings(), f"SELECT ocsf FROM findings FINAL WHERE uid = '{uid}'")
    forged = orjson.loads(row["ocsf"])
    forged["finding_info"]["title"] = "All is well"
    forged["severity"] = "Low"
    sink = Sink(world.engine)
    sink.write("findings", [one("findings", orjson.dumps(forged), 50_000)])
    assert {d["field"] for d in derived(world, uid, capsys)[0]["differences"]} == {"title", "severity"}
    sink.write("findings", [one("findings", row["ocsf"].encode(), 50_001)])
    unknown = orjson.loads(row["ocsf"])
    unknown["finding_info"]["uid"] = "f" * 36
    sink.write("findings", [one("findings", orjson.dumps(unknown), 50_002)])
    with pytest.raises(Stop, match="nothing to derive it from"):
        rederive(Settings(), "f" * 36, False)
    unknown["status_id"] = 4
    sink.write("findings", [one("findings", orjson.dumps(unknown), 50_003)])
    sink.close()


def test_thresholds_that_are_not_the_defaults_stand_in_the_finding() -> None:
    assert DEFAULTS.unusual() == ()
    setting = next(iter(DEFAULTS.provided))
    changed = Thresholds(dormant=1, provided={**DEFAULTS.provided, setting: 7})
    assert dict(changed.unusual()) == {"dormant": 1, setting: 7}


def judged(
    world: World, capsys: pytest.CaptureFixture[str], *asked: str | None, **settings: Any
) -> list[Any]:
    since, until, control = (*asked, None, None, None)[:3]
    capsys.readouterr()
    again.judged_again(Settings(**settings), since, until, control, True, False, lambda count: None)
    shown = capsys.readouterr()
    assert " judged: " in shown.err
    return [orjson.loads(line) for line in shown.out.splitlines()]


def test_history_judged_as_it_was_gives_nothing_new_and_by_others_what_would_change(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert judged(world, capsys) == []
    monkeypatch.setattr(again, "PAGE_KEYS", 1)
    assert judged(world, capsys) == [], "however many at once"
    (gone,) = judged(world, capsys, two_networks="1m")
    assert (gone["what"], gone["control"], gone["was"]) == ("gone", TWO, "medium")
    assert judged(world, capsys, None, None, "inactive_identity_active", two_networks="1m") == []
    with monkeypatch.context() as patched:
        patched.delitem(controls(), "inactive_identity_active")
        assert judged(world, capsys) == [], "a control that is not there is not held against"
    again.judged_again(Settings(two_networks="1m"), None, None, None, False, True, lambda count: None)
    assert "| gone | credential_in_two_places |" in capsys.readouterr().out


def test_a_window_of_history_compares_only_what_rests_on_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(world, capsys, iso(NOW - 300 * DAY)) == []
    (gone,) = judged(world, capsys, iso(NOW - 300 * DAY), two_networks="1m")
    assert gone["control"] == TWO
    assert judged(world, capsys, iso(NOW - 50 * MINUTE), two_networks="1m") == [], (
        "it rests on something earlier"
    )
