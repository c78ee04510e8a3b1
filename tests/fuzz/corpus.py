"""Seeds: the golden records of every source, the sample logs, and (where they are) the data beside the
project."""

from __future__ import annotations

import base64
import gzip
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from google.protobuf.json_format import ParseDict, ParseError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from schemas.sources import DECLARATION, detect, sources

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "tests" / "golden", ROOT / "tests" / "fuzz" / "seeds", ROOT / "infra" / "samples")
BESIDE = ROOT.parent / "shared" / "data"
PER_FILE = 60
SEED_BYTES_MAX = 12_000
"""Larger seeds make slower mutants, not better ones."""

Corpus = dict[str, list[bytes]]


def corpus(beside: bool = False) -> Corpus:
    """As ``seeds``; raises where a source has none."""
    found = seeds(beside)
    missing = sources().keys() - found.keys()
    if missing:
        raise ValueError(f"no seed for {', '.join(sorted(missing))}: add a golden pair")
    return found


def seeds(beside: bool = False) -> Corpus:
    """Seeds by their source. ``beside``: also of the data that lies beside the project."""
    found: defaultdict[str, set[bytes]] = defaultdict(set)
    for folder in (*FOLDERS, BESIDE) if beside and BESIDE.is_dir() else FOLDERS:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.endswith((".out.json", ".md", ".txt", ".py", ".toml")):
                for record in _records(path):
                    if record and len(record) <= SEED_BYTES_MAX:
                        found[_kind(record)].add(record)
    for record in list(found["otel"]):
        found["otel"].update(_as_protobuf(record))
    return {name: sorted(found[name]) for name in sorted(found)}


def _kind(record: bytes) -> str:
    """The source that a record is for; a declaration among records is nobody's, as a seed the inventory's."""
    found = detect(record) or "none"
    return "inventory" if found == DECLARATION else found


def _records(path: Path) -> Iterator[bytes]:
    body = path.read_bytes()
    if path.suffix == ".gz":
        body = gzip.decompress(body)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        yield from body.splitlines()[:PER_FILE] if b".json" in path.name.encode() else [body]
        return
    if isinstance(document, list):
        yield from (orjson.dumps(one) for one in document[:PER_FILE])
    else:
        yield orjson.dumps(document)


def _as_protobuf(record: bytes) -> Iterator[bytes]:
    """The same export as protobuf, where it is one."""
    try:
        document = _in_base64(orjson.loads(record))
    except (orjson.JSONDecodeError, ValueError):
        return
    for kind in (ExportTraceServiceRequest, ExportLogsServiceRequest):
        try:
            yield ParseDict(document, kind()).SerializeToString()
        except ParseError:
            continue


def _in_base64(value: Any, name: str = "") -> Any:
    """Ids as protobuf's own JSON has them."""
    if isinstance(value, dict):
        return {key: _in_base64(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_in_base64(inner) for inner in value]
    if name in ("traceId", "spanId", "parentSpanId") and isinstance(value, str):
        return base64.b64encode(bytes.fromhex(value)).decode()
    return value
