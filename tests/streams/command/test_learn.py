"""`gapwatch learn`: what was seen becomes a draft that nobody can declare unread, and that approves what was
seen once it was read."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from correlators.kernel.learning import EACH_MAX, REVIEW, draft_of
from correlators.kernel.views.view import View
from schemas.activity import Activity
from streams.command import cli
from streams.command.declare import entries_in, messages_of
from streams.command.learn import flat
from streams.site.errors import Stop
from tests.support.examples import EXAMPLES, Example
from tests.support.make import USER, use
from tests.support.replayed import replayed
from tests.support.scenario import run

NEW = ("secret_store_from_unexpected_network", "tools_beyond_approval", "tool_outside_catalog")


def logs(folder: Path, *examples: Example) -> list[Path]:
    """The logs of examples, a file for each installation, without what is declared."""
    for example in examples:
        for raw in (*example.broken, *example.mended):
            if raw.source != "inventory":
                with (folder / f"{raw.source}.jsonl").open("ab") as file:
                    file.write(orjson.dumps(orjson.loads(raw.moved(timedelta()))) + b"\n")
    return sorted(folder.glob("*.jsonl"))


def learnt(capsys: pytest.CaptureFixture[str], paths: list[Path], folder: Path) -> str:
    from streams.command.learn import learn
    from streams.site.settings import Settings

    learn(Settings(data=folder / "site"), [str(path) for path in paths], None)
    return capsys.readouterr().out


def reviewed(draft: str) -> str:
    return re.sub(rf"^  {REVIEW}: .*\n", "", draft, flags=re.MULTILINE)


def test_a_draft_is_refused_unread_and_approves_what_was_seen_once_it_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = logs(tmp_path, *EXAMPLES)
    draft = learnt(capsys, paths, tmp_path)
    file = tmp_path / "draft.yaml"
    file.write_text(draft)
    with pytest.raises(Stop, match="review: unknown field"):
        messages_of([str(file)])
    file.write_text(reviewed(draft))
    entries = {entry["id"]: entry for entry in yaml.safe_load(file.read_text())["identities"]}
    assert entries_in(messages_of([str(file)])) == len(entries) > 5
    agent = entries["agent:edge/concierge"]
    assert agent["kind"] == "agent" and {"search", "wipe"} <= {tool["name"] for tool in agent["tools"]}
    assert all(tool["digest"].startswith("sha256:") for tool in agent["tools"])
    reader = entries["aws:111122223333:user/integration"]
    assert reader["places"] == ["198.51.100.0/24", "203.0.113.0/24"] and reader["secrets"] == ["shop/db"]
    assert entries["k8s:default:shop/ledger"]["scopes"] == ["clusterrole/reader", "clusterrole/writer"]
    said = replayed(tmp_path, *paths, inventories=(str(file),)).findings
    assert said and not [f for f in said if f["finding_info"]["analytic"]["uid"] in NEW]


def test_images_are_drafted_since_they_were_told_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image: dict[str, Any] = {
        "kind": "Event", "auditID": "set", "stage": "ResponseComplete", "verb": "patch",
        "level": "RequestResponse",
        "user": {"username": "system:serviceaccount:ci:release"}, "responseStatus": {"code": 200},
        "apiVersion": "audit.k8s.io/v1", "stageTimestamp": "2026-11-22T10:00:00Z",
        "requestReceivedTimestamp": "2026-11-22T10:00:00Z", "requestURI": "/apis/apps/v1",
        "objectRef": {"resource": "deployments", "apiGroup": "apps", "namespace": "shop", "name": "web"},
        "requestObject": {"spec": {"template": {"spec": {"containers": [{"image": "r:5000/web:2"}]}}}},
    }  # fmt: skip
    file = tmp_path / "audit.jsonl"
    file.write_bytes(orjson.dumps(image) + b"\n")
    entries = {e["id"]: e for e in yaml.safe_load(learnt(capsys, [file], tmp_path))["identities"]}
    drafted = {"image": "r:5000/web", "released": "2", "from": "2026-11-22T10:00:00Z"}
    assert entries["k8s:default:shop/web"]["images"] == [drafted]


def drafted(many: list[Activity]) -> dict[str, Any] | None:
    return draft_of(View(USER, run(many).dossiers()[USER]))


def test_what_is_declared_is_not_drafted_again_and_a_crowd_is_cut_and_said() -> None:
    many = [use(f"u{n}", n, place=f"10.{n // 250}.{n % 250}.9") for n in range(20)]
    entry = drafted(many)
    assert entry is not None and len(entry["places"]) == 20
    reads = [
        use(f"r{n}", n, action="secret_read", resource=f"s{n}", operation="GetSecretValue")
        for n in range(EACH_MAX + 9)
    ]
    entry = drafted(reads)
    assert entry is not None and "more secrets than" in entry[REVIEW] and len(entry["secrets"]) <= EACH_MAX


def test_a_draft_as_rows_has_one_for_each_value() -> None:
    entry = {"id": "agent:a/b", "kind": "agent", "tools": [{"name": "x"}], "places": ["p", "q"]}
    assert [(row["field"], row["value"]) for row in flat(entry)][1:] == [
        *[("kind", "agent"), ("tools", '{"name":"x"}'), ("places", "p"), ("places", "q")],
    ]


def test_people_and_the_providers_own_are_not_drafted() -> None:
    person = use("p", 0, credential="aws:111122223333:password/ci")
    assert drafted([person]) is None


def test_names_that_others_wrote_stay_on_their_line() -> None:
    entry = drafted([use("x", 0, action="secret_read", resource="a\nreview: ok", operation="GetSecretValue")])
    assert entry is not None and "secrets" not in entry


def test_nothing_seen_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("{}\n")
    monkeypatch.setattr("sys.argv", ["gapwatch", "learn", f"--data={tmp_path / 'site'}", str(empty)])
    with pytest.raises(SystemExit):
        cli.main()
    assert "Nothing was seen" in capsys.readouterr().err
