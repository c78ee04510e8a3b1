"""Every command on a page is run, here or by the test that is named, or is listed with the reason why not.
Each command of gapwatch is parsed as it stands, so that none on a page asks for what there is not."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from streams.command import cli
from streams.command.demo import samples

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if page.name not in {"CHANGELOG.md", "score.md", "shift.md"}
)
"""docs/shift.md is run as a whole by `tests/scenarios/test_ten_examples.py`."""
PROGRAM = r"(?:[A-Z][A-Z_]+=\S+ )*(?:\.venv/bin/)?(?:gapwatch|make|python|cat|export|aws|vault|kubectl|pip) "
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(rf"^    ({PROGRAM}.*)$", re.MULTILINE)
QUOTED = re.compile(rf"`({PROGRAM}[^`\n]+)`")
COMMENT = re.compile(r"\s{2,}#.*$|\s+# .*$")

HERE = (
    r"gapwatch (controls|sources)\b.*",
    r"gapwatch run --settings",
    r"gapwatch --help",
    r"gapwatch declare --example.*",
    r"gapwatch replay (FILES|audit\.jsonl)\b.*",
)
"""Run below, as they stand, over a file of the samples."""

RUN_BY = {
    r"make (install|check|test)": (".ci/run", "make "),
    r"make golden .*": ("tests/docs/test_guides.py", "A source, step by step"),
    r"python -m (pytest|tests\.fuzz|tests\.bench --readers).*": ("tests/docs/test_guides.py", "step by step"),
    r"python -m streams\.command\.sources_page": ("tests/docs/test_guides.py", "A source, step by step"),
    r"cat tests/golden/acme/.*": ("tests/docs/test_guides.py", "A source, step by step"),
    r"python -m infra\.caps_table.*": ("tests/docs/test_caps.py", "page()"),
    r"python -m infra\.kafka\.acls.*": ("tests/docs/test_trust_page.py", "acls.rights("),
    r"python -m tests\.support\.life": ("tests/correlators/test_ordinary_life.py", "life"),
    r"\S* ?\S*python -m streams\.supervision\.stages .*": (
        "tests/streams/supervision/test_broker.py",
        "streams.supervision.stages",
    ),
    r"make test ARGS='tests/attacks tests/adversary'": (".ci/run", "make test"),
    r"(make run|gapwatch run --demo)": ("tests/streams/supervision/test_run.py", '"--demo"'),
    r"gapwatch run": ("tests/attacks/running.py", '"run"'),
    r"(\S+=\S+ )*gapwatch run --only .*": ("tests/streams/supervision/test_run.py", "one_stage_alone"),
    r"gapwatch send( --source vault /var.*| FOLDER)?": ("tests/streams/command/test_send.py", "send("),
    r"gapwatch declare( (--dry-run |--replace ?)?(inventory\.yaml|FILE)?)?": (
        "tests/streams/command/test_declaring.py",
        "replace",
    ),
    r"gapwatch (ack|close)": ("tests/streams/command/test_worklist.py", '"ack"'),
    r"gapwatch exceptions.*": ("tests/streams/command/test_declaring.py", "withdrawn"),
    r"gapwatch learn.*": ("tests/streams/command/test_learn.py", "learn"),
    r"gapwatch findings( --follow)?": ("tests/streams/supervision/test_live.py", "the_feed_gives_what_comes"),
    r"gapwatch explain \w+": ("tests/streams/command/test_explain.py", "Explain"),
    r"gapwatch tools AGENT": ("tests/streams/command/test_tools.py", "tools"),
    r"gapwatch release ID": ("tests/scenarios/test_ten_examples.py", "release"),
    r'gapwatch sql "(SELECT .*|…)"': ("tests/docs/test_cookbook.py", "TYPED"),
    r"gapwatch sql": ("tests/streams/command/test_cli.py", '"sql"'),
    r"gapwatch (ledger|blind-spots|safe-to-delete)( \w+)?": (
        "tests/streams/command/test_assurance.py",
        "safe-to-delete",
    ),
    r"gapwatch doctor": ("tests/streams/command/test_cli.py", "test_doctor_names_what_is_missing"),
    r"gapwatch replay( --inventory)?": ("tests/streams/command/test_declaring.py", "replay"),
    r"gapwatch explain \w+ --rederive": ("tests/streams/command/test_again.py", "rederive("),
    r"(\S+=\S+ )*gapwatch replay --from-clickhouse.*": (
        "tests/streams/command/test_again.py",
        "judged_again(",
    ),
    r"gapwatch rebuild": ("tests/streams/correlating/test_restore.py", "send_back("),
    r"gapwatch forget .*": ("tests/streams/clickhouse/test_retention.py", "forgetting.forget("),
    r"gapwatch evidence.*": ("tests/streams/evidence/test_pack.py", "write_pack("),
    r"gapwatch key rotate": ("tests/attacks/test_site_key.py", "rotate("),
}
"""The test that runs a command, or what the command calls, and a text that stands in it."""

NOT_RUN = {
    r"make format": "changes files; `make check`, which runs in CI, names what it would change",
    r"make (score|bench|attacks|chaos|audit)": "takes minutes or the network; run before a release",
    r"make lock": "asks a package registry",
    r"python -m tests\.bench\.views.*": "makes millions of rows; run before a release",
    r"make test ARGS=\"--hypothesis-profile search\"": "looks for new examples, so it has no fixed answer",
    r"python -m tests\.(fuzz|bench (--broker|--only) .*|bench\.flood.*)": "takes minutes, no fixed answer",
    r"python -m tests\.support\.golden_state .*": "writes a file of a release, which tests read ever after",
    r"export .*": "sets a variable of the reader's shell",
    r"(vault|aws) .*": "a program of another vendor, towards a server",
}


def commands(page: Path) -> list[str]:
    """The commands on a page, without comments; several on one line are several."""
    text = page.read_text(encoding="utf-8")
    lines = [line for kind, body in FENCED.findall(text) if kind == "sh" for line in body.splitlines()]
    rest = FENCED.sub("", text)
    lines += [*INDENTED.findall(rest), *QUOTED.findall(rest)]
    found = [part.strip() for line in lines for part in re.split(r";\s", COMMENT.sub("", line.strip()))]
    return [command for command in dict.fromkeys(found) if command]


EVERY = sorted({command for page in PAGES for command in commands(page)})


def places(command: str) -> list[str]:
    """Where a command is listed."""
    return [pattern for pattern in (*HERE, *RUN_BY, *NOT_RUN) if re.fullmatch(pattern, command)]


def test_every_command_on_a_page_is_run_or_is_listed_with_its_reason() -> None:
    assert len(EVERY) > 50
    assert [command for command in EVERY if not places(command)] == []
    used = {pattern for command in EVERY for pattern in places(command)}
    assert [pattern for pattern in (*HERE, *RUN_BY, *NOT_RUN) if pattern not in used] == []


@pytest.mark.parametrize("pattern", RUN_BY)
def test_the_test_that_is_named_is_there(pattern: str) -> None:
    path, text = RUN_BY[pattern]
    assert text in (ROOT / path).read_text(encoding="utf-8")


def words(command: str) -> list[str]:
    """The arguments of a command of gapwatch, without variables, and without where its output goes."""
    split = shlex.split(command.partition(" > ")[0].partition(" && ")[0])
    return split[split.index("gapwatch") + 1 :]


GAPWATCH = [command for command in EVERY if re.match(r"(?:\S+=\S+ )*gapwatch \w", command)]


@pytest.mark.parametrize("command", GAPWATCH)
def test_a_command_of_gapwatch_is_parsed_as_it_stands(command: str) -> None:
    arguments = words(command)
    group: Any = typer.main.get_command(cli.app)
    while hasattr(group, "commands"):
        group, arguments = group.commands[arguments[0]], arguments[1:]
    if not arguments or arguments == ["--inventory"]:
        asked = {option for parameter in group.params for option in parameter.opts}
        assert set(arguments) <= asked
        return
    with group.make_context(group.name, arguments):
        pass


@pytest.mark.parametrize("command", [c for c in EVERY if any(re.fullmatch(p, c) for p in HERE)])
def test_a_command_that_needs_no_run_does_what_the_page_says(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = samples() / "vault" / "audit.jsonl"
    (tmp_path / "audit.jsonl").write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:200]))
    monkeypatch.chdir(tmp_path)
    arguments = [word.replace("FILES", "audit.jsonl") for word in words(command)]
    if "inventory.yaml" in arguments:
        monkeypatch.setattr(sys, "argv", ["gapwatch", "declare", "--example"])
        cli.app(standalone_mode=False)
        (tmp_path / "inventory.yaml").write_text(capsys.readouterr().out)
    monkeypatch.setattr(sys, "argv", ["gapwatch", *arguments])
    cli.app(standalone_mode=False)
    said = capsys.readouterr().out
    assert said.strip() or arguments[0] == "replay"
    written = {word for word in arguments if word.endswith(".jsonl")} - {"audit.jsonl"}
    assert all((tmp_path / name).stat().st_size for name in written)
