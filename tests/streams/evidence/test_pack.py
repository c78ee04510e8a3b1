"""A pack: OSCAL by NIST's schema, OCSF by its own, tables, queries that give what is in it, and a statement
over all files; the same bytes for the same rows."""

from __future__ import annotations

import base64
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from correlators.kernel.catalogue import controls
from schemas.evidence import iso
from schemas.standards import INDICATORS, UNNAMED, in_oscal
from streams.clickhouse import query
from streams.clickhouse.engine import Engine
from streams.command.packing import check_pack, write_pack
from streams.evidence import pack as packs
from streams.site.errors import Stop
from streams.site.settings import Settings
from tests.support import ocsf, oscal
from tests.support.clickhouse import empty, engine_over, one
from tests.support.small_run import DAY, ERP, NOW, RETIRED, USED, World

HOSTILE = "<script>*x*</script> {{ insert: param, p }}\u202e"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        engine_over(Path(tmp_path_factory.mktemp("packs")) / "clickhouse") as engine,
        pytest.MonkeyPatch.context() as patched,
    ):
        empty(engine)
        made = World(engine, patched)
        made.take(orjson.dumps(RETIRED), "inventory", NOW - 2 * DAY)
        for number, ago in (("1", DAY), ("2", DAY // 2)):
            at = iso(NOW - ago)[:19] + "Z"
            event = USED | {"eventTime": at, "eventID": f"{number * 8}-1111-1111-1111-111111111111"}
            made.take(orjson.dumps(event), "cloudtrail", NOW - ago)
        _values(engine)
        yield made


def _values(engine: Engine) -> None:
    """One row of each value, made of a true one, with a hostile name."""
    from streams.clickhouse.sink import Sink

    client = engine.reader()
    (text,) = client.query(
        "SELECT ocsf FROM assurance FINAL WHERE control = 'inactive_identity_active'"
    ).result_rows[0]
    engine.discard(client)
    sink = Sink(engine)
    for number, (value, status) in enumerate(
        {"proven": 1, "assumed": 2, "unverifiable": 0, "indeterminate": 0, "withdrawn": 0}.items()
    ):
        row = orjson.loads(text)
        row["compliance"] |= {"status": value, "status_id": status}
        row["finding_info"] |= {"uid": f"{value:0<8}-0000-5000-8000-000000000000", "title": HOSTILE}
        sink.write("assurance", [one("assurance", orjson.dumps(row), 10_000 + number)])
    sink.close()


def write(out: Path, **more: Any) -> dict[str, bytes]:
    asked: dict[str, Any] = {
        "identity": None,
        "control": None,
        "moment": None,
        "as_of": None,
        "sign": None,
    }
    write_pack(Settings(), out, **asked | more)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def results(files: dict[str, bytes]) -> dict[str, Any]:
    (result,) = orjson.loads(files["assessment-results.json"])["assessment-results"]["results"]
    found: dict[str, Any] = result
    return found


def worth(files: dict[str, bytes]) -> list[tuple[str, str]]:
    rows = csv.DictReader(files["ledger.csv"].decode().splitlines())
    return [(row["uid"], row["value"]) for row in rows]


def test_a_pack_is_oscal_by_the_schema_of_nist_and_only_what_was_found_is_a_finding(
    world: World, tmp_path: Path
) -> None:
    files = write(tmp_path / "pack")
    document = orjson.loads(files["assessment-results.json"])
    assert oscal.faults(document) == []
    result = results(files)
    values = {o["uuid"]: o["props"][0]["value"] for o in result["observations"]}
    assert set(values.values()) == {"violated", "proven", "assumed", "unverifiable", "indeterminate"}
    states = {
        values[f["related-observations"][0]["observation-uuid"]]: f["target"]["status"]["state"]
        for f in result["findings"]
    }
    assert states == {"violated": "not-satisfied", "proven": "satisfied"}
    for observation in result["observations"]:
        assert ("remarks" in observation) is (values[observation["uuid"]] not in states)
    titles = {o["title"] for o in result["observations"]}
    assert not any(re.search(r"(?<!\\)[<*{\u202e]", title) for title in titles), "a name means nothing"
    document["assessment-results"]["results"][0]["findings"][0]["target"]["status"]["state"] = "perhaps"
    assert oscal.faults(document), "the schema is asked"


def test_ocsf_and_tables_hold_the_same_rows_and_the_queries_give_them(world: World, tmp_path: Path) -> None:
    files = write(tmp_path / "pack")
    rows = [orjson.loads(line) for line in files["ledger.ocsf.jsonl"].splitlines()]
    for line in files["ledger.ocsf.jsonl"].splitlines():
        assert ocsf.faults(line) == []
    ledger = list(csv.DictReader(files["ledger.csv"].decode().splitlines()))
    uids = [row["finding_info"]["uid"] for row in rows]
    assert [row["uid"] for row in ledger] == uids == sorted(uids)
    events = list(csv.DictReader(files["events.csv"].decode().splitlines()))
    assert {"11111111-1111-1111-1111-111111111111"} <= {row["uid"] for row in events}
    first, second = files["queries.sql"].decode().split(";\n\n")
    asked = dict(re.findall(r'^-- param_(\w+) = "(.*)"$', first, re.MULTILINE))
    assert [row["uid"] for row in query.rows(Settings(), first, asked)] == uids
    named = "\x1f".join(row["uid"] for row in events)
    assert len(query.rows(Settings(), second.strip().rstrip(";"), {"uids": named})) == len(events)
    violated = next(row for row in ledger if row["value"] == "violated")
    assert "AC-2(3)" in violated["nist"] and "KSI-IAM-SUS" in violated["indicators"] and violated["csf"]


def test_a_proof_that_has_grown_old_is_no_finding(world: World, tmp_path: Path) -> None:
    client = world.engine.writer()
    control = "('inactive_identity_active', '1', 'x', 3600, 'hours', '')"
    columns = "(control, version, title, good_seconds, good_why, remediation)"
    client.command(f"INSERT INTO controls {columns} VALUES {control}")
    later = write(tmp_path / "late", as_of=iso(NOW + 40 * DAY), control="inactive_identity_active")
    states = {f["target"]["status"]["state"] for f in results(later).get("findings", ())}
    aged = [o for o in results(later)["observations"] if "older than" in o.get("remarks", "")]
    assert (
        "satisfied" not in states
        and aged
        and oscal.faults(orjson.loads(later["assessment-results.json"])) == []
    )
    client.command("TRUNCATE TABLE controls")
    world.engine.discard(client)


def test_equal_rows_give_equal_bytes_and_one_row_more_gives_others(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    secret = tmp_path / "pack.key"
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    once = write(tmp_path / "one", sign=secret)
    monkeypatch.setattr("streams.evidence.ledger.PAGE_ROWS", 2)
    monkeypatch.setattr("streams.evidence.ledger.EVENTS_AT_ONCE", 1)
    again = write(tmp_path / "two", sign=secret)
    assert once == again, "however it was read"
    assert write(tmp_path / "one", control="inactive_identity_active", identity=ERP, sign=secret) != once
    with pytest.raises(Stop, match="nothing to pack"):
        write(tmp_path / "three", identity="nobody")
    with pytest.raises(Stop, match="Did you mean"):
        write(tmp_path / "three", control="inactive_identity_activ")
    before = write(tmp_path / "three", as_of=iso(NOW + 3_600_000_000))
    assert worth(before) == worth(once), "history gives what was known then"


def test_what_is_signed_is_checked_and_a_change_is_named(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = Ed25519PrivateKey.generate()
    secret, public = tmp_path / "pack.key", tmp_path / "pack.pub"
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    out = tmp_path / "pack"
    files = write(out, sign=secret)
    envelope = orjson.loads(files["statement.dsse.json"])
    said = orjson.loads(base64.b64decode(envelope["payload"]))
    assert said["_type"] == "https://in-toto.io/Statement/v1" and said["predicate"]["result"] == "FAILED"
    assert {each["name"] for each in said["subject"]} == set(packs.FILES)
    check_pack(out, public)
    assert "signed by this key" in capsys.readouterr().out
    (out / "ledger.csv").write_bytes(files["ledger.csv"] + b"\n")
    with pytest.raises(Stop, match=r"ledger\.csv was changed"):
        check_pack(out, public)
    write(out, sign=secret)
    (out / "statement.json").write_bytes(files["statement.json"] + b"\n")
    with pytest.raises(Stop, match="not the statement that was signed"):
        check_pack(out, public)
    other = Ed25519PrivateKey.generate().public_key()
    public.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(Stop, match="another key"):
        check_pack(out, public)
    write(out)
    assert not (out / "statement.dsse.json").exists(), "a signature of another pack does not stay"
    with pytest.raises(Stop, match="openssl"):
        write(out, sign=public)


def test_a_folder_that_cannot_be_written_is_named_and_nothing_half_stays(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "pack"
    whole = write(out)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(Stop, match=r"notes\.txt.*empty folder"):
        write(out)
    (out / "notes.txt").unlink()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Stop, match=r"assessment-results|controls\.csv.*No space left.*run it again"):
        write(out)
    assert {path.name: path.read_bytes() for path in sorted(out.iterdir())} == whole
    (tmp_path / "file").write_text("")
    with pytest.raises(Stop, match="Name another --out"):
        write(tmp_path / "file")


def test_every_control_of_nist_that_a_control_names_is_known_to_the_indicators_or_to_none_of_them() -> None:
    named = {nist for judge in controls().values() for nist in judge.CONTROL.nist}
    assert named == set(INDICATORS) & named | UNNAMED & named
    assert set(INDICATORS).isdisjoint(UNNAMED)
    assert {in_oscal("AC-2(3)"), in_oscal("SC-12")} == {"ac-2.3", "sc-12"}
