"""The DDL, the clients and the epochs, on the real embedded engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.clickhouse.engine import Engine, connect
from streams.clickhouse.migrations import migrate, migrations, next_epoch, version
from streams.clickhouse.sink import Sink
from streams.site.errors import NotRunning
from tests.support.clickhouse import NOW, activity, empty, engine_over, finding, lines, one, rows

VIEWS = (
    *("findings_current", "findings_open", "assurance_current", "credentials_current", "source_lag"),
    *("activity_counts", "reject_counts", "revocation_lag", "finding_evidence"),
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(tmp_path_factory.mktemp("engine") / "clickhouse") as engine:
        yield engine


@pytest.fixture
def engine(running: Engine) -> Engine:
    empty(running)
    return running


def test_ddl_is_applied_once_and_applying_it_again_changes_nothing(engine: Engine) -> None:
    assert migrate(engine) == []
    client = engine.writer()
    client.command("TRUNCATE TABLE gapwatch_internal.migrations")
    assert len(migrate(engine)) == len(migrations()) >= 8
    applied = rows(engine, "SELECT number FROM gapwatch_internal.migrations ORDER BY number")
    assert applied == [(migration.number,) for migration in migrations()]


def test_epoch_rises_with_every_new_broker_and_only_then(engine: Engine) -> None:
    assert [next_epoch(engine, broker) for broker in ("a", "a", "b", "b", "a")] == [1, 1, 2, 2, 3]


def test_a_later_epoch_outranks_every_offset_of_an_earlier_one() -> None:
    assert version(2, 0) > version(1, 10**11)


def test_activities_that_come_again_are_one_row(engine: Engine) -> None:
    block = lines("activities", *[activity(number) for number in range(100)])
    for _ in range(3):
        Sink(engine).write("activities", [block])
    assert rows(engine, "SELECT count(), uniqExact(uid) FROM activities") == [(100, 100)]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_two_readings_of_an_event_the_later_one_stays(engine: Engine, order: tuple[int, int]) -> None:
    for reading in order:
        row = activity(1, processed=NOW + reading, operation=f"reading {reading}")
        Sink(engine).write("activities", [lines("activities", row)])
    assert rows(engine, "SELECT operation FROM activities") == [("reading 2",)]


def test_times_come_in_microseconds_and_omitted_fields_get_their_defaults(engine: Engine) -> None:
    row = {"uid": "u", "time": NOW, "source": "vault", "arrived": NOW, "unknown_field": [1]}
    Sink(engine).write("activities", [lines("activities", row)])
    stored = rows(engine, "SELECT toUnixTimestamp64Micro(time), instance, outcome, effects FROM activities")
    assert stored == [(NOW, "default", "unknown", "")]


def test_an_old_event_that_arrives_today_stays(engine: Engine) -> None:
    Sink(engine).write("activities", [lines("activities", activity(1, time=1_500_000_000_000_000))])
    engine.writer().command("OPTIMIZE TABLE activities FINAL")
    assert rows(engine, "SELECT count() FROM activities") == [(1,)]


def test_hunts_by_credential_and_by_event_read_a_small_part_of_the_table(engine: Engine) -> None:
    client = engine.writer()
    client.command(
        "INSERT INTO activities (uid, time, identity, credential, arrived, processed) SELECT "
        "toString(number), now64(6), toString(number % 1000), toString(number % 1000), now64(6), now64(6) "
        "FROM numbers(200000)"
    )
    for condition in ("credential = '77'", "uid = '77'"):
        plan = str(
            client.query(f"EXPLAIN indexes = 1 SELECT * FROM activities WHERE {condition}").result_rows
        )
        read, of = plan.rpartition("Granules: ")[2].split("'")[0].split("/")
        assert int(read) <= int(of) / 4


def test_the_columns_of_a_finding_are_read_from_its_json(engine: Engine) -> None:
    Sink(engine).write("findings", [one("findings", finding("f1", status_detail="ended"), offset=7, epoch=3)])
    columns = "control, title, identity, owner, credential, severity_id, confidence_id, activity_id"
    assert rows(engine, f"SELECT {columns} FROM findings") == [
        (
            "revoked_credential_used",
            "A key was used",
            "aws:1:role/payments",
            "team-pay",
            "aws:key/AKIA1",
            4,
            3,
            1,
        )
    ]
    columns = "uid, version, status_id, status_detail, time, start_time, end_time"
    noon = datetime.fromtimestamp(1_795_000_000, UTC).replace(tzinfo=None)
    assert rows(engine, f"SELECT {columns} FROM findings") == [
        ("f1", version(3, 7), 1, "ended", noon.replace(microsecond=123_000), noon, None)
    ]
    assert rows(engine, "SELECT ocsf FROM findings") == [(finding("f1", status_detail="ended").decode(),)]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_a_finding_shows_its_last_update_and_its_history_all(engine: Engine, order: tuple[int, ...]) -> None:
    for offset in (*order, *order):
        Sink(engine).write("findings", [one("findings", finding("f1", status_id=offset), offset)])
    assert rows(engine, "SELECT status_id FROM findings") == [(3,)]
    assert rows(engine, "SELECT status_id FROM findings_current") == [(3,)]
    history = "SELECT status_id FROM findings_history WHERE uid = 'f1' ORDER BY version"
    assert rows(engine, history) == [(1,), (2,), (3,)]


def test_a_finding_stands_beside_each_event_that_it_rests_on_once(engine: Engine) -> None:
    info: dict[str, Any] = {"uid": "f1", "analytic": {"uid": "a_control"}}
    info["related_events"] = [{"uid": "event-1"}, {"uid": "event-2"}]
    stored = finding("f1", finding_info=info, severity="High", status="New")
    sink = Sink(engine)
    sink.write("findings", [one("findings", stored, 1)])
    twice = [activity(1, offset=offset, processed=NOW + offset) for offset in (1, 2)]
    for row in (*twice, activity(2), activity(3)):
        sink.write("activities", [lines("activities", row)])
    evidence = rows(engine, "SELECT finding, control, severity, status, uid, operation FROM finding_evidence")
    assert sorted(evidence) == [
        ("f1", "a_control", "high", "new", uid, "GetObject") for uid in ("event-1", "event-2")
    ]
    # Since its ids are told with who gave them, another one's event of the same id is none of it.
    unmapped = {"origins": ["cloudtrail/prod", "ocsf"]}
    stored = finding("f1", finding_info=info, severity="High", status="New", unmapped=unmapped)
    sink.write("findings", [one("findings", stored, 2)])
    for row in (activity(1, source="cloudtrail", instance="prod"), activity(2, source="ocsf")):
        sink.write("activities", [lines("activities", row)])
    mine = rows(engine, "SELECT uid, source, instance FROM finding_evidence ORDER BY uid")
    assert mine == [("event-1", "cloudtrail", "prod"), ("event-2", "ocsf", "default")]


def test_what_is_open_is_told_in_words_and_without_its_json(engine: Engine) -> None:
    Sink(engine).write("findings", [one("findings", finding("f1", severity="High"), 1)])
    assert rows(engine, "SELECT uid, severity FROM findings_open WHERE severity = 'high'") == [("f1", "high")]
    named = {"resources": [{"uid": "vault:default:entity/1", "name": "payments"}]}
    Sink(engine).write("findings", [one("findings", finding("f2", severity="Low", **named), 2)])
    assert rows(engine, "SELECT identity_name FROM findings_current WHERE uid = 'f2'") == [("payments",)]
    assert rows(engine, "SELECT identity_name FROM findings_history WHERE uid = 'f2'") == [("payments",)]
    columns = {name for name, *_ in rows(engine, "DESCRIBE findings_open")}
    assert "ocsf" not in columns


def test_assurance_tells_proven_from_assumed(engine: Engine) -> None:
    compliance = {"status_id": 1, "status": "proven"}
    Sink(engine).write("assurance", [one("assurance", finding("a1", compliance=compliance), 1)])
    stored = rows(engine, "SELECT uid, compliance_status_id, compliance_status FROM assurance_current")
    assert stored == [("a1", 1, "proven")]


def test_a_credential_has_one_current_row_and_null_where_nothing_is_known(engine: Engine) -> None:
    first = {"credential": "aws:key/A", "identity": "i", "issued_time": NOW, "issued_uid": "e1"}
    later = first | {"died_time": NOW + 5, "died_uid": "e2", "last_success_time": None, "expires": 0}
    other = {"credential": "aws:key/B"}
    Sink(engine).write("credentials", [lines("credentials", later, other, offset=9)])
    Sink(engine).write("credentials", [lines("credentials", first, offset=8)])
    columns = "credential, toUnixTimestamp64Micro(died_time), last_success_time, expires, issued_time IS NULL"
    stored = rows(engine, f"SELECT {columns} FROM credentials ORDER BY credential")
    assert stored == [("aws:key/A", NOW + 5, None, None, 0), ("aws:key/B", None, None, None, 1)]


def test_rejects_of_two_records_at_one_offset_of_two_brokers_are_two(engine: Engine) -> None:
    row = {"source": "vault", "topic": "raw.vault", "partition": 0, "offset": 0, "arrived": NOW, "size": 3}
    for digest in ("aa", "bb", "aa"):
        Sink(engine).write("rejects", [lines("rejects", row | {"sha256": digest})])
    assert rows(engine, "SELECT count() FROM rejects") == [(2,)]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_answers(engine: Engine, view: str) -> None:
    Sink(engine).write("activities", [lines("activities", activity(1))])
    assert isinstance(rows(engine, f"SELECT * FROM {view}"), list)


def test_time_to_effective_revocation_is_from_the_end_to_the_last_success(engine: Engine) -> None:
    row = {"credential": "c", "died_time": NOW, "last_success_time": NOW + 90_000_000}
    Sink(engine).write("credentials", [lines("credentials", row)])
    assert rows(engine, "SELECT credential, seconds_to_effect FROM revocation_lag") == [("c", 90)]


def test_a_key_that_was_never_tried_again_is_silent_and_not_immediate(engine: Engine) -> None:
    ended: dict[str, object] = {"identity": "aws:1:role/r", "died_time": NOW - 10_000_000}
    after = NOW - 5_000_000
    lives: list[dict[str, object]] = [
        {"credential": "used after", "last_success_time": after, "last_use_time": after},
        {"credential": "refused", "last_use_time": after, "last_use_outcome": "unauthenticated"},
    ]
    lives.extend({"credential": f"silent {number}"} for number in range(12))
    Sink(engine).write("credentials", [lines("credentials", *(life | ended for life in lives))])
    asked = "SELECT revocations, measured, silent, immediate, p50_seconds, p90_seconds, max_seconds"
    (row,) = rows(engine, f"{asked} FROM time_to_effective_revocation")
    assert row == (14, 2, 12, 1, 5, 5, 5)
    empty(engine)
    Sink(engine).write("credentials", [lines("credentials", lives[-1] | ended)])
    (row,) = rows(engine, f"{asked} FROM time_to_effective_revocation")
    assert row == (1, 0, 1, 0, None, None, None)


@pytest.mark.parametrize(
    "statement",
    [
        *(
            "INSERT INTO gapwatch_internal.epochs (epoch) VALUES (9)",
            "DROP TABLE gapwatch_internal.epochs",
            "TRUNCATE TABLE gapwatch_internal.epochs",
        ),
        *("CREATE TABLE x (a Int8) ENGINE = Memory", "ALTER TABLE gapwatch_internal.epochs DELETE WHERE 1"),
        *("SET readonly = 0", "SET max_execution_time = 0", "SELECT 1 SETTINGS max_memory_usage = 0"),
        *(
            "SELECT * FROM file('/etc/passwd', 'LineAsString')",
            "SELECT * FROM url('http://127.0.0.1:1/', 'CSV')",
        ),
        *("SELECT * FROM executable('id', CSV, 'a String')", "SELECT * FROM remote('127.0.0.1', system.one)"),
        *(
            "SELECT * FROM system.disks",
            "SELECT * FROM default.`/etc/passwd`",
        ),
    ],
)
def test_the_engine_itself_lets_a_reader_only_read(engine: Engine, statement: str) -> None:
    client = engine.reader()
    with pytest.raises(ClickHouseError):
        client.command(statement)
    assert rows(engine, "SELECT count() FROM gapwatch_internal.epochs") == [(0,)]


def test_a_folder_that_another_process_holds_is_told_in_words(engine: Engine) -> None:
    script = (
        "import sys; from pathlib import Path; from streams.clickhouse.engine import connect; "
        "from streams.site.errors import NotRunning\n"
        "try: connect(None, Path(sys.argv[1]))\n"
        "except NotRunning as stop: print(stop)"
    )
    run = [sys.executable, "-c", script, engine.options["path"]]
    said = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False).stdout
    assert "cannot open" in said and "One process at a time" in said


def test_a_server_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match=r"127\.0\.0\.1:1 does not answer as default"):
        connect("http://127.0.0.1:1", tmp_path)
