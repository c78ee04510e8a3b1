"""Reading raw log files: every shape they come in, and every way in which they are broken."""

from __future__ import annotations

import gzip
import io
import json
import time
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.files.limits import DEFAULTS, limits_of
from streams.files.paths import Reader, files
from streams.files.reading import EXPANSION_FREE, Piece, read, read_stream
from streams.site.errors import Stop
from streams.site.settings import Settings

LIMIT = 4096
EVENTS = [{"eventID": str(number), "text": 'ä \\ " {[', "at": 1.5} for number in range(4)]
RECORDS = [json.dumps(event, ensure_ascii=False).encode() for event in EVENTS]
SHAPES = {
    "lines.jsonl": b"\n".join(RECORDS) + b"\n",
    "no_last_newline.jsonl": b"\n".join(RECORDS),
    "crlf.jsonl": b"\r\n".join(RECORDS) + b"\r\n",
    "blank_lines.jsonl": b"\n\n" + b"\n \n".join(RECORDS) + b"\n\n",
    "bom.jsonl": b"\xef\xbb\xbf" + b"\n".join(RECORDS),
    "utf16.jsonl": b"\n".join(RECORDS).decode().encode("utf-16"),
    "utf16_without_bom.jsonl": b"\n".join(RECORDS).decode().encode("utf-16-le"),
    "utf16_big_endian.jsonl": b"\n".join(RECORDS).decode().encode("utf-16-be"),
    "nuls_between.jsonl": b"\x00\x00\x00" + b"\n\x00\x00".join(RECORDS) + b"\x00" * 9,
    "array.json": b"[" + b",".join(RECORDS) + b"]",
    "pretty_array.json": json.dumps(EVENTS, indent=2).encode(),
    "array_line_by_line.json": b"[\n" + b",\n".join(RECORDS) + b"\n]\n",
    "cloudtrail.json": b'{"Records":[' + b",".join(RECORDS) + b"]}",
    "pretty_cloudtrail.json": b'{\n  "Records" : [\n' + b",\n".join(RECORDS) + b'],\n "next": {"a": "]}"} }',
    "cloudtrail_lines.jsonl": b"\n".join(b'{"Records":[' + record + b"]}" for record in RECORDS),
    "documents.json": b"\n".join(json.dumps(event, indent=2).encode() for event in EVENTS),
    "lines.jsonl.gz": gzip.compress(b"\n".join(RECORDS)),
    "members.json.gz": b"".join(gzip.compress(record + b"\n") for record in RECORDS),
    "cloudtrail.json.gz": gzip.compress(b'{"Records":[' + b",".join(RECORDS) + b"]}"),
    "gzip_without_its_name.json": gzip.compress(b"\n".join(RECORDS)),
}


def pieces(name: str, content: bytes, limit: int = LIMIT) -> list[Piece]:
    return list(read_stream(io.BytesIO(content), name, limit))


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_records(name: str) -> None:
    found = pieces(name, SHAPES[name])
    assert [orjson.loads(piece.content) for piece in found] == EVENTS
    assert not [piece.trouble for piece in found if piece.trouble]


@pytest.mark.parametrize(
    "name", [n for n in SHAPES if "utf16" not in n and "pretty" not in n and n != "documents.json"]
)
def test_records_are_passed_on_byte_by_byte(name: str) -> None:
    contents = [piece.content for piece in pieces(name, SHAPES[name])]
    assert contents in (RECORDS, [b'{"Records":[' + record + b"]}" for record in RECORDS])


def test_duplicate_keys_nan_and_odd_spacing_survive_the_cutting_of_an_array() -> None:
    odd = [b'{"a":1,"a":2}', b'{"b": NaN}', b'{ "c" :\t[1 , 2] }', b'"text"', b"17"]
    assert [piece.content for piece in pieces("odd.json", b"[" + b" ,\n".join(odd) + b"]")] == odd


@pytest.mark.parametrize("step", [1, 7, 64])
@pytest.mark.parametrize("name", SHAPES)
def test_where_chunks_end_does_not_matter(name: str, step: int) -> None:
    whole = pieces(name, SHAPES[name])

    class Slow(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            return self.read(step)

    assert list(read_stream(Slow(SHAPES[name]), name, LIMIT)) == whole


def test_places_say_where_a_record_stood() -> None:
    assert [piece.place for piece in pieces("a.jsonl", b"{}\n\n{}")] == ["a.jsonl:1", "a.jsonl:3"]
    assert [piece.place for piece in pieces("a.json", b'{"Records":[{},{}]}')] == [
        "a.json:Records[0]",
        "a.json:Records[1]",
    ]
    two_lines = b'{"Records":[{}]}\n{"x":1}\n'
    assert pieces("a.json", b"{}\n" + two_lines)[0].place == "a.json:1"
    assert [p.place for p in pieces("a.json", b'{\n"a":1\n}\n{\n"a":2\n}')] == ["a.json:1", "a.json:4"]


def test_half_a_last_line_is_a_record_of_its_own_and_the_others_stay_whole() -> None:
    found = pieces("cut.jsonl", b"\n".join(RECORDS)[:-10])
    assert [piece.content for piece in found] == [*RECORDS[:3], RECORDS[3][:-10].strip()]


def test_a_document_cut_short_gives_what_was_whole_and_names_the_rest() -> None:
    found = pieces("cut.json", b'{"Records":[' + b",".join(RECORDS)[:-10])
    assert [piece.content for piece in found[:3]] == RECORDS[:3]
    assert found[3].trouble == "no complete JSON" and found[3].inside == "Records[3]"


def test_a_gzip_cut_short_gives_what_was_whole_and_names_the_end() -> None:
    packed = gzip.compress(b"\n".join(RECORDS * 200))
    found = pieces("cut.jsonl.gz", packed[: len(packed) // 2])
    assert found[0].content == RECORDS[0]
    assert found[-1].trouble == "the gzip file ends too early; what came before was read"


def test_a_broken_gzip_gives_what_came_before_the_damage_and_is_named() -> None:
    packed = bytearray(gzip.compress(b"\n".join(RECORDS * 200)))
    packed[-6] ^= 0xFF
    found = pieces("broken.gz", bytes(packed))
    assert [piece.content for piece in found[:-1]] == RECORDS * 200
    assert "the gzip file is broken" in found[-1].trouble


def test_a_small_gzip_that_unpacks_to_very_much_is_read_in_steps() -> None:
    found = pieces("bomb.gz", gzip.compress(b"x" * 100_000_000 + b"\n" + RECORDS[0], 1))
    assert [piece.content for piece in found if not piece.trouble] == [RECORDS[0]]


def test_a_line_above_the_limit_is_cut_and_named_and_the_next_one_is_read() -> None:
    content = b'{"a":1}\n{"b":"' + b"x" * (3 * LIMIT) + b'"}\n{"c":1}'
    found = pieces("long.jsonl", content)
    assert [piece.content for piece in found if not piece.trouble] == [b'{"a":1}', b'{"c":1}']
    assert found[1].trouble == f"longer than {LIMIT} bytes" and len(found[1].content) == LIMIT


def test_memory_stays_bounded_on_an_endless_line() -> None:
    class Endless(io.RawIOBase):
        left = 200

        def read1(self, size: int) -> bytes:
            self.left -= 1
            return b"x" * 2**20 if self.left else b""

    found = list(read_stream(Endless(), "endless.log", LIMIT))  # type: ignore[arg-type]
    assert len(found) == 1 and len(found[0].content) == LIMIT


def test_deep_nesting_is_named_and_does_not_crash() -> None:
    found = pieces("deep.json", b"[" + b"[" * 200_000 + b"]" * 200_000 + b"]")
    assert [piece.trouble for piece in found] == ["nested too deeply"]


def test_a_protobuf_file_is_one_record_whatever_bytes_it_holds() -> None:
    content = b"\n\x00\xff\xfe{\r\n"
    assert [piece.content for piece in pieces("spans.binpb", content)] == [content]
    assert [piece.content for piece in pieces("spans.binpb.gz", gzip.compress(content))] == [content]


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\x00\x00", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0), b"[]"]
)
def test_an_empty_file_holds_no_records(content: bytes) -> None:
    assert pieces("empty.json", content) == []


def test_a_first_line_that_is_broken_does_not_hide_the_lines_after_it() -> None:
    found = pieces("broken.jsonl", b'{"a": \n' + b"\n".join(RECORDS))
    assert [piece.content for piece in found[1:]] == RECORDS


@given(st.binary(max_size=400), st.sampled_from(["x.jsonl", "x.json", "x.gz", "x.binpb", "x.yaml"]))
def test_no_bytes_make_reading_fail(content: bytes, name: str) -> None:
    assert all(len(piece.content) <= 100 for piece in read_stream(io.BytesIO(content), name, 100))


@given(st.lists(st.sampled_from([b'{"a":1}', b"[", b"]", b"{", b"}", b",", b'"Records":', b"\n", b"\xff"])))
def test_no_scraps_of_json_make_reading_fail(scraps: list[bytes]) -> None:
    list(read_stream(io.BytesIO(b"".join(scraps)), "x.json", 100))


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    assert next(read(tmp_path, LIMIT)).trouble.startswith("cannot be read: ")


def known(record: bytes) -> str | None:
    return "ours" if b"eventID" in record else None


def test_folders_are_walked_in_order_and_hidden_files_left_out(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "b/1.jsonl", "a.jsonl", ".git/x.jsonl", ".hidden.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"{}")
    found = [str(path.relative_to(tmp_path)) for path in files([str(tmp_path)])]
    assert found == ["a.jsonl", "b/1.jsonl", "b/2.jsonl"]


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="There is no file or folder"):
        list(files([str(tmp_path / "missing")]))


def test_files_that_hold_no_records_are_named_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# About\nwords\n")
    (tmp_path / "truth.json").write_text('[{"case": 1}]')
    passed_over: list[str] = []
    reader = Reader(known, LIMIT, on_passed_over=passed_over.append)
    assert [r for path in files([str(tmp_path)]) for r in reader.read(path, named=False)] == []
    assert [Path(name).name for name in passed_over] == ["README.md", "truth.json"]


def test_a_record_that_no_source_knows_goes_with_its_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(b"rubbish\n" + RECORDS[0] + b'\n{"half')
    found = [(source, piece.content) for source, piece in Reader(known, LIMIT).read(path)]
    assert found == [("ours", b"rubbish"), ("ours", RECORDS[0]), ("ours", b'{"half')]


def test_a_hint_is_believed_of_a_named_file_and_of_files_in_which_some_source_knows_a_record(
    tmp_path: Path,
) -> None:
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "log.jsonl").write_bytes(RECORDS[0])
    reader = Reader(known, LIMIT, hint="theirs")
    walked = [source for path in files([str(tmp_path)]) for source, _ in reader.read(path, named=False)]
    assert walked == ["theirs"]
    assert [source for source, _ in reader.read(tmp_path / "README.md", named=True)] == ["theirs"]


def test_a_bomb_ends_where_it_is_told_to_be_one_and_what_came_before_was_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    line = b'{"a":"' + b"a" * 991 + b'"}\n'
    path.write_bytes(gzip.compress(line * 48_000, 9))
    *before, last = read(path, LIMIT, DEFAULTS._replace(expansion=40))
    # The last one was cut.
    assert 0.9 < (len(before) - 1) * len(line) / EXPANSION_FREE <= 1
    assert not any(piece.trouble for piece in before[:-1])
    said = "the gzip file unpacks to more than 40 times its size (file_expansion_limit); what came before"
    assert last.trouble == f"{said} was read"


def test_a_file_ends_at_so_many_records_and_at_so_much_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"{}\n" * 50)
    *before, last = read(path, LIMIT, DEFAULTS._replace(records=10))
    assert len(before) == 10 and "more than 10 records (file_records_limit)" in last.trouble
    ticks = iter(range(1_000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))
    *before, last = read(path, LIMIT, DEFAULTS._replace(time=timedelta(seconds=5)))
    assert len(before) == 5 and "more than 5 s of reading (file_time_limit)" in last.trouble
    assert len(list(read(path, LIMIT, DEFAULTS))) == 50


def test_the_limits_of_files_are_settings(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path, file_expansion_limit=7, file_records_limit=8, file_document_limit=2_000
    )
    assert limits_of(settings) == DEFAULTS._replace(expansion=7, records=8, document=2_000)
    document = b"[" + b",\n".join([b"{}"] * 2_000) + b"]"
    path = tmp_path / "one.json"
    path.write_bytes(document)
    (piece,) = read(path, LIMIT, limits_of(settings))
    assert "(file_document_limit)" in piece.trouble
