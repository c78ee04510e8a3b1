"""The command line: its contract, its help, its errors, and what it asks of ClickHouse."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import textwrap
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer

from streams.command import cli
from streams.command.app import HEADINGS
from streams.site.errors import NotRunning

CONTRACT = {
    "run": ["--config", "--data", "--only"],
    "send": ["--source", "--speed", "--instance"],
    "declare": ["--dry-run", "--yes", "--replace", "--example"],
    "exceptions": ["--withdraw", "--reason", "--json", "--csv"],
    "learn": ["--instance", "--json", "--csv"],
    "findings": ["--follow", "--control", "--identity", "--json", "--open", "--severity", "--since", "--csv"],
    "timeline": ["--since", "--limit", "--json", "--csv"],
    "changes": ["--since", "--json", "--csv"],
    "summary": ["--json", "--csv"],
    "ack": ["--reason", "--until", "--by"],
    "assign": ["--by"],
    "comment": ["--by"],
    "close": ["--reason", "--until", "--by"],
    "reopen": ["--reason", "--by"],
    "suppress": ["--reason", "--until", "--dry-run"],
    "explain": ["--json", "--csv"],
    "tools": ["--json", "--csv"],
    "release": ["--json", "--csv"],
    "sql": ["--json", "--csv"],
    "controls": ["--json", "--csv"],
    "sources": ["--json", "--csv"],
    "doctor": ["--json", "--csv"],
    "replay": [
        "--inventory",
        "--source",
        "--instance",
        "--as-of",
        "--rejects",
        "--assurance",
        "--activities",
        "--credentials",
        "--withdrawn",
    ],
}
FINDING = {
    "activity_id": 1,
    "severity_id": 4,
    "end_time": 1795341600000,
    "finding_info": {
        "uid": "1",
        "title": "payments used a deleted key",
        "analytic": {"uid": "revoked_credential_used"},
    },
    "resources": [{"uid": "aws:111122223333:user/payments"}],
}


@dataclass
class Said:
    code: int
    out: str
    err: str


Gapwatch = Callable[..., Said]


@pytest.fixture
def gapwatch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gapwatch:
    """Runs the command line in this process."""
    monkeypatch.setenv("COLUMNS", "200")

    def running(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["gapwatch", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return running


@dataclass
class ClickHouse:
    """Answers like ClickHouse's HTTP interface; keeps what it was asked."""

    url: str
    answer: bytes = b""
    status: int = 200
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def clickhouse(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClickHouse]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            stand_in.asked.append((body, query, dict(self.headers)))
            self.send_response(stand_in.status)
            self.end_headers()
            self.wfile.write(stand_in.answer)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    stand_in = ClickHouse(f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GAPWATCH_CLICKHOUSE", stand_in.url)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield stand_in
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("command", CONTRACT)
def test_every_command_has_its_options_and_a_help_with_an_example(command: str, gapwatch: Gapwatch) -> None:
    said = gapwatch(command, "--help")
    assert said.code == 0
    assert re.search(r"^\W*Example:  (\w.*)?gapwatch " + command, said.out, re.MULTILINE)
    assert not [option for option in CONTRACT[command] if option not in said.out]


def test_the_help_lists_each_command_once_under_what_it_is_for(gapwatch: Gapwatch) -> None:
    said = gapwatch("--help").out
    groups = said.split("Options:")[1]
    listed = re.findall(r"^  ([a-z]+)  ", groups, re.MULTILINE)
    assert {*CONTRACT, "key"} <= set(listed) and len(listed) == len(set(listed))
    headings = re.findall(r"^([A-Z].*):$", groups, re.MULTILINE)
    assert headings == list(HEADINGS)
    assert "..." not in groups, "a line of the list is cut off: the command needs a short_help"


def test_the_command_that_the_guide_shows_is_a_command_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (Path(cli.__file__).parents[2] / "CONTRIBUTING.md").read_text()
    code = re.search(r"```python\n(.*?)```", guide[guide.index("## A command, step by step") :], re.DOTALL)
    assert code
    program = typer.Typer()
    monkeypatch.setattr("streams.command.app.app", program)
    module: dict[str, Any] = {}
    exec(textwrap.dedent(code[1]), module)
    assert [command.callback for command in program.registered_commands] == [module["count"]]
    with pytest.raises(NotRunning):
        module["count"](data=tmp_path)


def test_the_program_starts_fast_because_commands_import_late() -> None:
    heavy = "confluent_kafka, faust, chdb, clickhouse_connect, pydantic_settings, rich.live, starlette"
    check = f"import sys, streams.command.cli; print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_wrong_setting_is_one_line_with_exit_code_2(gapwatch: Gapwatch, tmp_path: Path) -> None:
    config = tmp_path / "site.toml"
    config.write_text("brokker = 'x:1'\n")
    said = gapwatch("run", "--config", str(config))
    assert said.code == 2
    assert said.err == f"Unknown setting brokker in {config}. Did you mean broker?\n"


def test_all_settings_can_be_listed(gapwatch: Gapwatch) -> None:
    said = gapwatch("run", "--settings")
    assert said.code == 0 and "broker_memory_ceiling   GAPWATCH_BROKER_MEMORY_CEILING" in said.out


@pytest.mark.parametrize("command", [["sql", "SELECT 1"], ["findings"]])
def test_where_nothing_runs_it_is_said_how_to_start_it(
    command: list[str], gapwatch: Gapwatch, data: Path
) -> None:
    said = gapwatch(*command, "--data", str(data))
    assert said.code == 3
    assert "Start `gapwatch run` there" in said.err and "Traceback" not in said.err


def test_sending_where_nothing_runs_says_how_to_start_it(
    gapwatch: Gapwatch, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "audit.log").write_text("{}")
    said = gapwatch("send", "--source", "vault", "--data", str(data), str(tmp_path / "audit.log"))
    assert said.code == 3 and "Start `gapwatch run`" in said.err


def test_sql_prints_what_clickhouse_answers(gapwatch: Gapwatch, clickhouse: ClickHouse) -> None:
    clickhouse.answer = b"1\t2\n"
    done = subprocess.run(
        [sys.executable, "-m", "streams.command.cli", "sql", "SELECT 1, 2"],
        env={"GAPWATCH_CLICKHOUSE": clickhouse.url, "PATH": ""},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"1\t2\n"
    body, query, _ = clickhouse.asked[0]
    assert body == "SELECT 1, 2"
    assert query == {"database": "gapwatch", "default_format": "TSVWithNames"}


def test_an_error_of_clickhouse_is_shown_in_its_own_words(gapwatch: Gapwatch, clickhouse: ClickHouse) -> None:
    clickhouse.status, clickhouse.answer = 404, b"Code: 60. DB::Exception: no such table\nmore\n"
    said = gapwatch("sql", "SELECT * FROM nowhere")
    assert (said.code, said.err) == (1, "Code: 60. DB::Exception: no such table\n")


def test_findings_are_lines_for_people(gapwatch: Gapwatch, clickhouse: ClickHouse) -> None:
    clickhouse.answer = orjson.dumps({"ocsf": orjson.dumps(FINDING).decode()}) + b"\n"
    said = gapwatch("findings")
    assert said.out == (
        "2026-11-22 10:00:00Z  high      1         revoked_credential_used  payments used a deleted key\n"
    )


def test_findings_are_json_for_programs(gapwatch: Gapwatch, clickhouse: ClickHouse) -> None:
    clickhouse.answer = orjson.dumps({"ocsf": orjson.dumps(FINDING).decode()}) + b"\n"
    assert orjson.loads(gapwatch("findings", "--json").out) == FINDING


def test_filters_reach_clickhouse_as_parameters_and_never_as_text(
    gapwatch: Gapwatch, clickhouse: ClickHouse
) -> None:
    gapwatch("findings", "--control", "outlived_parent", "--identity", "x' OR 1")
    body, query, _ = clickhouse.asked[0]
    assert "x' OR 1" not in body and "outlived_parent" not in body
    assert query["param_control"] == "outlived_parent" and query["param_identity"] == "x' OR 1"


def test_a_control_that_does_not_exist_is_no_control_without_findings(
    gapwatch: Gapwatch, clickhouse: ClickHouse
) -> None:
    said = gapwatch("findings", "--control", "revoked_credential_use")
    assert (said.code, said.out) == (2, "")
    assert said.err == "There is no control revoked_credential_use. Did you mean revoked_credential_used?\n"
    assert "`gapwatch controls` lists them" in gapwatch("findings", "--control", "zzz").err


def test_that_there_is_no_finding_is_said_beside_the_empty_answer(
    gapwatch: Gapwatch, clickhouse: ClickHouse
) -> None:
    said = gapwatch("findings", "--json")
    assert (said.code, said.out, said.err) == (0, "", "No findings.\n")


@pytest.mark.parametrize("command", ["sql 'SELECT ocsf'", "findings", "findings --json"])
@pytest.mark.parametrize("reader", ["head -n 1", "true"])
def test_whoever_stops_reading_gets_no_error(clickhouse: ClickHouse, command: str, reader: str) -> None:
    clickhouse.answer = (orjson.dumps({"ocsf": orjson.dumps(FINDING).decode()}) + b"\n") * 2_000
    piped = f"set -o pipefail; {sys.executable} -m streams.command.cli {command} | {reader}"
    env = {"GAPWATCH_CLICKHOUSE": clickhouse.url, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", piped], env=env, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_empty_query_is_no_answer(gapwatch: Gapwatch, clickhouse: ClickHouse) -> None:
    said = gapwatch("sql", " ")
    assert (said.code, said.out) == (2, "") and "empty" in said.err


def test_a_syntax_error_does_not_list_all_that_could_stand_there(
    gapwatch: Gapwatch, clickhouse: ClickHouse
) -> None:
    begin = "Code: 62. DB::Exception: Syntax error: failed at position 1 (SELEC): SELEC 1."
    end = " (SYNTAX_ERROR) (version 26.9.2.1)"
    for between in (
        " Expected one of: Query, SELECT (all), WITH: In scope SELECT x.",
        " : In scope SELECT formatQuery(1)",
    ):
        clickhouse.status, clickhouse.answer = 400, f"{begin}{between}{end}\n".encode()
        assert gapwatch("sql", "SELEC 1").err == f"{begin}{end}\n"


def test_the_password_goes_in_a_header_and_never_in_the_address(
    gapwatch: Gapwatch, clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAPWATCH_CLICKHOUSE_PASSWORD", "hush")
    gapwatch("sql", "SELECT 1")
    _, query, headers = clickhouse.asked[0]
    assert headers["X-Clickhouse-Key"] == "hush" and "hush" not in str(query)


def test_controls_and_sources_are_listed_from_their_folders(gapwatch: Gapwatch) -> None:
    root = Path(cli.__file__).parents[2]
    files = {path.stem for path in (root / "correlators").glob("[a-z]*.py")}
    listed = {orjson.loads(line)["control"] for line in gapwatch("controls", "--json").out.splitlines()}
    assert listed == files - {"control"}, "control.py is what their authors import"
    assert "revoked_credential_used" in gapwatch("controls").out
    assert "raw.cloudtrail" in gapwatch("sources").out


def test_answers_are_csv_for_spreadsheets_in_which_no_cell_begins_a_formula(
    gapwatch: Gapwatch, clickhouse: ClickHouse
) -> None:
    clickhouse.answer = b"""["=n","title","many"]
["Nullable(Int64)","String","Array(String)"]
["-5","=cmd|' /C calc'!A0",["-a"]]
[null,"a \\"b\\", c",[]]
"""
    said = gapwatch("sql", "--csv", "SELECT 1")
    assert list(csv.reader(io.StringIO(said.out))) == [
        *(["'=n", "title", "many"], ["-5", "'=cmd|' /C calc'!A0", '["-a"]'], ["", 'a "b", c', "[]"]),
    ]
    clickhouse.answer = b"1\t2\n"
    assert gapwatch("sql", "--csv", "SELECT 1, 2 FORMAT TSV").code == 2
    assert gapwatch("sql", "--csv", "--json", "SELECT 1").code == 2


@pytest.mark.parametrize("command", ["controls", "sources", "doctor"])
def test_what_is_listed_is_csv_for_spreadsheets_and_json_for_programs(
    gapwatch: Gapwatch, command: str, data: Path
) -> None:
    rows = list(csv.DictReader(io.StringIO(gapwatch(command, "--csv").out)))
    lines = [orjson.loads(line) for line in gapwatch(command, "--json").out.splitlines()]
    assert len(rows) == len(lines) > 0 and set(rows[0]) <= set(lines[0])


def test_without_a_terminal_lists_are_lines_of_whole_sentences(
    gapwatch: Gapwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = gapwatch("sources").out.splitlines()
    (azure,) = (line for line in lines if line.startswith("azure\t"))
    assert "the directory's audit log" in azure and "  " not in azure
    (row,) = (
        line for line in gapwatch("controls").out.splitlines() if line.startswith("revoked_credential_used\t")
    )
    assert row.split("\t")[1:] == [
        "A credential is used after it was revoked",
        "NHI1:2025, NHI7:2025",
        "T1078.004, T1550.001",
    ]


def test_replay_writes_findings_to_stdout_and_all_else_to_stderr(gapwatch: Gapwatch, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    rejects = tmp_path / "rejects.jsonl"
    said = gapwatch("replay", "--source", "vault", "--rejects", str(rejects), str(tmp_path / "notes.txt"))
    assert (said.code, said.out) == (0, "")
    assert "1 rejects" in said.err
    assert "notes.txt" in rejects.read_text()


def test_replay_names_the_first_rejects_with_their_place_and_says_how_many_more(
    gapwatch: Gapwatch, tmp_path: Path
) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text("".join(f'{{"type": "response", "time": {n}}}\n' for n in range(8)))
    said = gapwatch("replay", "--source", "vault", str(log))
    assert f"reject: {log} line 5: " in said.err and "line 6" not in said.err
    assert "and 3 more; --rejects FILE writes all" in said.err


def test_a_replay_names_an_unknown_field_of_the_inventory(gapwatch: Gapwatch, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text("gapwatch: inventory/v1\nidentities:\n  - {id: agent:x/y, colour: red}\n")
    said = gapwatch("replay", "--inventory", str(inventory), str(inventory))
    assert "identities[0].colour" in said.err and "unknown field" in said.err


def test_without_events_no_time_is_made_up_and_nothing_looks_well(gapwatch: Gapwatch, tmp_path: Path) -> None:
    said = gapwatch("replay", str(tmp_path))
    assert said.code == 0
    assert (
        "as of never" in said.err
        and f"Nothing was judged: no source knows a record in {tmp_path}" in said.err
    )


def test_a_time_that_is_none_is_one_line(gapwatch: Gapwatch, tmp_path: Path) -> None:
    said = gapwatch("replay", "--as-of", "tomorrow", str(tmp_path))
    assert (said.code, said.err) == (2, "--as-of tomorrow is no time; write it like 2026-11-22T10:00:00Z.\n")


def test_doctor_says_with_its_exit_code_that_nothing_runs(gapwatch: Gapwatch, data: Path) -> None:
    said = gapwatch("doctor", "--data", str(data))
    assert said.code == 3
    assert "✗ data" in said.out and "→ It is made by the first `gapwatch run`." in said.out
    assert all(isinstance(orjson.loads(line), dict) for line in gapwatch("doctor", "--json").out.splitlines())


def test_doctor_names_what_is_missing_on_a_broker(
    gapwatch: Gapwatch,
    data: Path,
    embedded_broker: str,
    clickhouse: ClickHouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beyond = {"voice": "ocsf/lake", "things": 7, "key": "aws:1:user/a"}
    clickhouse.answer = orjson.dumps({"version": "26.9", "findings": 3, **beyond})
    monkeypatch.setenv("GAPWATCH_BROKER", embedded_broker)
    monkeypatch.setenv("GAPWATCH_AUTHORITY", '{"mcp": ["agent:shop/*"]}')
    monkeypatch.setenv("GAPWATCH_TOPIC_PREFIX", "nobody-made-these.")
    data.mkdir()
    said = gapwatch("doctor", "--data", str(data))
    assert said.code == 1
    assert f"✓ broker  {embedded_broker} answers" in said.out
    assert "✗ topics  missing: activities, facts" in said.out
    assert "✓ engine  ClickHouse 26.9 answers, 3 findings stored" in said.out
    assert (
        "cloudtrail speaks for agent:…, aws:…" in said.out
        and "mcp is believed about agent:shop/* too" in said.out
    )
    assert "things of others that a source spoke of: ocsf/lake 7" in said.out
    assert "✗ aliases 1 identities are aliases of each other" in said.out and "aws:1:user/a" in said.out
    assert "1 aliases are given to several identities" in " ".join(said.out.split())
