"""Every client connects with its defaults, reads what is there and writes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import clickhouse_connect
import pytest

from tests.clients.fetch import CLIENTS, place

HERE = Path(__file__).parent
PATIENCE = 180


def fetched(name: str) -> Path:
    folder = place(name)
    if not folder.is_dir():
        pytest.skip(f"{name} is not there: `make clients` fetches it, for which it needs {CLIENTS[name][0]}")
    return folder


def said(*command: str, **environment: str) -> list[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not on the path")
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False, env=os.environ | environment
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout.splitlines()


def test_clickhouse_go(address: str) -> None:
    lines = said(str(fetched("go") / "main"), address)
    methods = ("none", "lz4", "zstd", "gzip", "deflate", "br")
    assert lines == [*(f"{method} 10000 <nil>" for method in methods), "sql 0 <nil>", "written false"]


def test_the_jdbc_driver(address: str) -> None:
    folder = fetched("jdbc")
    lines = said(
        "java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{folder}:{folder}/*", "Main", address
    )
    assert lines == ["driver 10000 5 true", "written false"] * 4


def test_the_javascript_client(address: str) -> None:
    lines = said("node", str(HERE / "js" / "main.mjs"), f"http://{address}", str(fetched("js")))
    row = [["it's\t\\", ["it's", "\\"], {"k'": 1}, ["a'", 2]]]
    assert [json.loads(line) for line in lines[1::4]] == [row, row]
    assert [lines[0], *lines[2:4]] == [lines[4], *lines[6:]] == ["true", "20000", "refused"]


def test_sqlalchemy(address: str) -> None:
    lines = said(sys.executable, str(HERE / "alchemy.py"), address, PYTHONPATH=str(fetched("sqlalchemy")))
    assert lines == ["0", "True", "it's"]


def test_clickhouse_connect_in_every_compression(address: str) -> None:
    host, _, port = address.partition(":")
    for compress in (True, False, "gzip", "zstd", "lz4"):
        client = clickhouse_connect.get_client(host=host, port=int(port), compress=compress)
        # It spells a dict as JSON unless told otherwise, which no server reads as a Map.
        asked = "SELECT {a:Array(String)}, {t:Tuple(String, UInt8)}, {s:String}"
        values = {"a": ["it's", "\\"], "t": ("a'", 2), "s": "it's\t\\"}
        assert client.query(asked, parameters=values).result_rows == [tuple(values.values())]
        assert client.query("SELECT 1 SETTINGS max_result_rows = 10").result_rows == [(1,)]
        client.close()


@pytest.mark.parametrize("options", [(), ("--compressed",)])
def test_curl(address: str, options: tuple[str, ...]) -> None:
    url = f"http://{address}/?enable_http_compression=1"
    assert said("curl", "-sS", *options, url, "-d", "SELECT 40 + 2 FORMAT Values") == ["(42)"]
