"""The examples of a gap on one running pipeline, from the vendors' raw records to what people read: each is
told, each is over once it is mended, and `explain` shows both."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from correlators.driver.normaliser import Record
from correlators.driver.replaying import Replaying
from correlators.kernel.catalogue import controls
from schemas.evidence import micros
from schemas.sources import Context
from schemas.verdict import Report
from streams.command import cli
from streams.command.explain import find, loader, story_of
from streams.command.release import release
from streams.kafka import lag
from streams.kafka.producing import RawProducer
from streams.site import datafolder
from streams.site.settings import Settings
from tests.attacks.running import Running
from tests.support.examples import BATCH, EXAMPLES, ORIGIN, Example, Raw
from tests.support.shift import steps
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

SECONDS = 180.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEW, RESOLVED = 1, 4
"""OCSF ``status_id``."""

BACK = timedelta(hours=30)
"""The records begin so long ago, and are over by now."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    run = Running(tmp_path_factory.mktemp("examples") / "data")
    try:
        run.start()
        yield run
    finally:
        run.stop()


class Site:
    """What is sent to the run, and what it says."""

    def __init__(self, run: Running) -> None:
        self.settings = datafolder.attached(Settings(data=run.data))
        self.run = run
        self.by = datetime.now(UTC).replace(microsecond=0) - BACK - ORIGIN

    def send(self, raws: Iterable[Raw]) -> None:
        """Sends the records as they come: declarations too are records."""
        producer = RawProducer(self.settings, datafolder.run_folder(self.settings))
        for raw in raws:
            producer.send(raw.source, raw.moved(self.by), raw.instance or None)
        producer.finish()

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """Findings, or rows of assurance, by id."""
        found = (orjson.loads(row["ocsf"]) for row in self.run.rows(f"SELECT ocsf FROM {table} FINAL"))
        return {row["finding_info"]["uid"]: row for row in found}

    def explained(self, uid: str) -> str:
        """What `gapwatch explain --json` says."""
        now = micros(datetime.now(UTC) - EPOCH)
        story = story_of(find(self.settings, uid), loader(self.settings), now, self.settings.thresholds)
        return orjson.dumps(story.shown()).decode()


def standing(site: Site) -> dict[str, str]:
    """By example, the id of its finding, where one stands open as it should."""
    return {
        example.name: uid
        for example in EXAMPLES
        for uid, row in site.rows("findings").items()
        if row["status_id"] == NEW
        and (row["finding_info"]["analytic"]["uid"], row["severity"]) == example.finding[:2]
        and example.finding[2] in row["finding_info"]["title"]
    }


def settled(site: Site) -> None:
    """Returns when all that was sent is read, judged and stored."""
    wait_for(
        lambda: not any(lag.behind(site.settings, group, timeout=10.0) for group in lag.GROUPS),
        "all to be worked off",
        SECONDS,
    )


def in_words(site: Site) -> dict[str, tuple[str, ...]]:
    """By id, what the findings that stand open say."""
    uids, rows = set(standing(site).values()), site.rows("findings")
    infos = {uid: row["finding_info"] for uid, row in rows.items() if uid in uids}
    return {uid: (info["title"], info["desc"], rows[uid]["severity"]) for uid, info in infos.items()}


def over(site: Site, uids: dict[str, str]) -> dict[str, bool]:
    """By example, whether its finding is resolved and its row, and those beside it, say what they should."""
    findings, rows = site.rows("findings"), site.rows("assurance")
    values = {(r["finding_info"]["analytic"]["uid"], r["unmapped"]["value"]) for r in rows.values()}
    return {
        e.name: findings[uid]["status_id"] == RESOLVED
        and rows[uid]["unmapped"]["value"] == e.ended
        and values.issuperset(e.beside)
        for e in EXAMPLES
        for uid in (uids[e.name],)
    }


def test_a_shift_goes_as_its_page_says_by_command_line_and_by_sql(
    running: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends as it began, so that what stands below finds nothing suppressed."""
    site = Site(running)
    site.send(raw for example in EXAMPLES for raw in example.broken)
    wait_for(
        lambda: len(standing(site)) == len(EXAMPLES),
        "a finding of each",
        SECONDS,
        lambda: str(standing(site)),
    )
    settled(site)
    before = in_words(site)
    site.send(raw for example in EXAMPLES for raw in example.broken)
    settled(site)
    assert in_words(site) == before, "the same logs once more say the same, word for word"

    def typed(line: str) -> str:
        words = shlex.split(line.partition(" > ")[0])
        monkeypatch.setattr("sys.argv", ["gapwatch", *words, f"--data={running.data}"])
        capsys.readouterr()
        code: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        shown = capsys.readouterr()
        assert not code, f"{line}: {shown.err}"
        return shown.out + shown.err

    worst = orjson.loads(typed("findings --open --limit 1 --json"))
    uid, identity = worst["finding_info"]["uid"], worst["resources"][0]["uid"]

    def state() -> str:
        return str(running.rows(f"SELECT state FROM worklist WHERE uid = '{uid}'")[0]["state"])

    becomes = {"ack": "acknowledged", "close": "closed", "reopen": "open", "suppress": "suppressed"}
    for step in steps():
        text = step.text.replace("$FINDING", uid).replace("$IDENTITY", identity)
        if step.kind == "sql":
            status, body = running.ask(text, default_format="JSONEachRow")
            assert (status, bool(body.strip())) == (200, True), f"{step.heading}: {body!r}"
            continue
        assert typed(text).strip(), text
        verb = text.partition(" ")[0]
        if verb in becomes and "--dry-run" not in text:
            wait_for(lambda verb=verb: state() == becomes[verb], f"{verb} to be stored", SECONDS, state)  # type: ignore[misc]
        if verb in ("assign", "comment"):
            mine = f"SELECT verb FROM notes WHERE finding = '{uid}' AND verb = '{verb}'"
            wait_for(lambda mine=mine: bool(running.rows(mine)), f"{verb} to be stored", SECONDS)  # type: ignore[misc]
    (held,) = running.rows("SELECT id FROM exceptions WHERE state = 'holds' AND reason = 'migrated by then'")
    assert "opens again" in typed(f"exceptions --withdraw {held['id']} --reason over")
    wait_for(lambda: state() == "open", "the finding to stand again", SECONDS, state)


def test_each_example_is_told_is_over_once_mended_and_is_explained(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Site(running)
    site.send(raw for example in EXAMPLES for raw in example.broken)
    wait_for(
        lambda: len(standing(site)) == len(EXAMPLES),
        "a finding of each",
        SECONDS,
        lambda: str(standing(site)),
    )
    uids = standing(site)
    site.send(raw for example in EXAMPLES for raw in example.mended)
    wait_for(
        lambda: all(over(site, uids).values()), "the end of each", SECONDS, lambda: str(over(site, uids))
    )
    for example in EXAMPLES:
        shown = site.explained(uids[example.name])
        missing = [text for text in example.explained if text not in shown]
        assert not missing, f"{example.name}: {missing} in {shown}"
    capsys.readouterr()
    release(site.settings, "batch-2", as_json=True)
    run = orjson.loads(capsys.readouterr().out)
    states = {
        row["control"]: (row["state"], bool(row["before"]), bool(row["after"])) for row in run["controls"]
    }
    assert states["elevation_outside_window"] == ("proven again", True, True)
    roles = {row["name"]: row for row in run["elements"] if row["kind"] == "access"}
    assert roles["k8s:flow:clusterrole/admin"]["approved"] and roles["k8s:flow:clusterrole/admin"]["first"]
    release(site.settings, "batch-2", as_json=False, as_csv=True)
    assert f"{roles['k8s:flow:clusterrole/admin']['name']},True," in capsys.readouterr().out
    release(site.settings, BATCH, as_json=False)
    assert "proven again" in capsys.readouterr().out


def test_a_rebuild_while_it_runs_changes_nothing_and_a_forgotten_identity_is_gone(running: Running) -> None:
    """The last of this run, which ends with it."""
    site = Site(running)
    settled(site)
    said = "SELECT count() AS n, max(version) AS latest FROM findings_history"
    before = in_words(site), running.rows(said)
    back = running.command("rebuild", seconds=180)
    assert (back.returncode, "dossiers are back." in back.stdout) == (0, True), back.stderr
    settled(site)
    assert (in_words(site), running.rows(said)) == before, "nothing is said twice"
    (first, *_) = running.rows(
        "SELECT identity, count() AS n FROM activities GROUP BY identity ORDER BY n DESC"
    )
    refused = running.command("forget", first["identity"], "--yes")
    assert (refused.returncode, "use by another" in refused.stderr) == (1, True), "a run would write it again"
    running.stop()
    gone = running.command("forget", first["identity"], "--yes", "--json", seconds=180)
    assert gone.returncode == 0, gone.stderr
    assert orjson.loads(gone.stdout)["rows"]["activities"] >= int(first["n"])
    again = running.command("forget", first["identity"], "--yes", seconds=180)
    assert again.returncode and "Nothing is stored of" in again.stderr


def replayed(raws: Iterable[Raw]) -> list[Report]:
    """What a replay of the records says."""
    now = ORIGIN + BACK - timedelta(minutes=1)
    replaying = Replaying(controls(), Context(key=b"site"), now=micros(now - EPOCH))
    for raw in raws:
        replaying.take(Record(raw.moved(timedelta()), raw.source, raw.instance))
    assert not replaying.drain(last=True).rejects
    replaying.settle()
    return replaying.reports


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_a_replay_says_the_same_of_each(example: Example) -> None:
    control, severity, text = example.finding
    many = [r.verdict for r in replayed(example.broken) if r.verdict and r.verdict.control == control]
    (open_,) = [v for v in many if v.severity is not None and text in v.title]
    assert (open_.value, open_.severity and open_.severity.name.title()) == ("violated", severity)
    last = {r.uid: r.verdict for r in replayed((*example.broken, *example.mended))}
    assert (verdict := last[open_.uid]) and verdict.value == example.ended
    values = {(v.control, v.value) for v in last.values() if v}
    assert values.issuperset(example.beside)
