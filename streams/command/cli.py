"""The command line. Commands are thin: each imports what it needs when it runs, so that the program starts
fast.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from streams.site.errors import Stop


class Commands(TyperGroup):
    """Whoever stops reading (`gapwatch findings | head`) has what he wanted: no error."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was typed. A reader that closes the pipe early ends it without a
        complaint."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
            return answer
        except BrokenPipeError:
            # Python would complain once more when it flushes stdout at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None


app = typer.Typer(
    name="gapwatch",
    cls=Commands,
    help="Finds non-human identities that go on working after the records say they ended.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[Path | None, typer.Option(help="Data folder of the run.", metavar="DIR", show_default=False)]
Config = Annotated[
    Path | None,
    typer.Option(help="Settings file (TOML).", metavar="FILE", show_default=False, dir_okay=False),
]
LIMIT = 100_000
"""Findings that a list has at most."""
Csv = Annotated[bool, typer.Option("--csv", help="CSV with a header, for spreadsheets.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")]


def _settings(config: Path | None, data: Path | None, **more: Any) -> Any:
    from streams.site.loading import load

    return load(config, data=data, **more)


@app.command(short_help="Start everything and show findings as they appear.")
def run(
    config: Config = None,
    data: Data = None,
    only: Annotated[
        str,
        typer.Option(
            help="Stages to run here: broker, deliver, correlate, normalise, and the receivers that are set "
            "(docs/receivers.md).",
            metavar="STAGE,…",
        ),
    ] = "",
    demo: Annotated[
        bool, typer.Option("--demo", help="Send the bundled sample logs at a visible pace.")
    ] = False,
    settings: Annotated[bool, typer.Option("--settings", help="List all settings and end.")] = False,
) -> None:
    """Start everything, show findings as they appear, stop all of it on Ctrl-C.

    Without settings the broker and the ClickHouse engine are embedded. With GAPWATCH_BROKER and
    GAPWATCH_CLICKHOUSE set (or in the file) an external Kafka and a ClickHouse server are used.

    \b
    Example:  gapwatch run --data ./site
    Example:  GAPWATCH_BROKER=kafka:9092 gapwatch run --only correlate
    """
    if settings:
        _print_settings()
        return
    from streams.supervision.run import run as start

    start(_settings(config, data), [name.strip() for name in only.split(",") if name.strip()], demo)


def _print_settings() -> None:
    import textwrap

    from streams.site.settings import describe

    for row in describe():
        default = f" [{row['default']}]" if row["default"] else ""
        typer.echo(f"{row['key']}{default}   {row['variable']}")
        typer.echo(textwrap.indent(textwrap.fill(row["description"], 96), "    "))


@app.command()
def send(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders, .gz, or - for stdin.")],
    source: Annotated[
        str | None, typer.Option(help="Read every record as one of this source.", metavar="NAME")
    ] = None,
    instance: Annotated[
        str | None, typer.Option(help="Installation of the records, e.g. a cluster.", metavar="NAME")
    ] = None,
    speed: Annotated[float | None, typer.Option(help="Records per second.", metavar="N", min=0.001)] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Send raw log files into a run.

    Reads JSON lines, JSON arrays, CloudTrail files, pretty-printed JSON and OTLP protobuf (.binpb). The
    content of each record says its source. Files without records are skipped, and their names are shown.

    \b
    Example:  gapwatch send --speed 100 /var/log/vault/audit.log cloudtrail/
    Example:  kubectl logs audit | gapwatch send --source vault --instance prod -
    """
    from streams.command.send import send as send_paths

    counts = send_paths(_settings(config, data), paths, source, instance, speed)
    counted = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    typer.echo(f"Sent {counts.total():,} records: {counted}.", err=True)


@app.command(short_help="Tell a run what should be: owners, status, approved tools.")
def declare(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Inventory files, folders (YAML, JSON), or - for stdin."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the files, say what changes, and send nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Also where findings of high or above close by it; asks nobody.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take back what the files do not mention, exceptions too.")
    ] = False,
    example: Annotated[bool, typer.Option("--example", help="Print a commented example and end.")] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Tell a run what should be: owners, aliases, status, windows, approved tools (docs/inventory.md).

    All files are checked first; nothing is sent if one of them is wrong. Before it sends, the command says
    what will change: fields, and findings that open, close or are suppressed. A record changes only the
    fields that it mentions; null takes a field back.

    \b
    Example:  gapwatch declare --example > inventory.yaml
    Example:  gapwatch declare inventory.yaml
    """
    from streams.command.declaring import EXAMPLE
    from streams.command.declaring import declare as declare_paths

    if example:
        typer.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)
        return
    if not paths:
        raise Stop("Name an inventory file, or a folder of them. --example prints one.", code=2)
    ask = typer.confirm if sys.stdin.isatty() and "-" not in paths else None
    declare_paths(_settings(config, data), paths, dry_run, yes, replace, ask)


@app.command(short_help="List exceptions, what they suppress, when they end.")
def exceptions(
    withdraw: Annotated[
        str | None, typer.Option(help="Withdraw the exception of this id.", metavar="ID")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it is withdrawn.", metavar="TEXT")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what a withdrawal changes.")] = False,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """List the exceptions that were declared: what each suppresses now, until when it holds, who answers.

    \b
    Example:  gapwatch exceptions
    Example:  gapwatch exceptions --withdraw ex-1a2b3c4d --reason "the migration is over"
    """
    from streams.command.exceptions import LISTED, withdrawn
    from streams.command.tabled import show

    settings = _settings(config, data)
    if withdraw is None:
        columns = (
            "id",
            "state",
            "control",
            "identity",
            "place",
            "action",
            "owner",
            "until",
            "suppresses",
            "reason",
        )
        show(settings, LISTED, {}, columns, json, csv, "No exception was declared.")
        return
    if not reason.strip():
        raise Stop("Say why: --reason TEXT.", code=2)
    from streams.command.declaring import declare_messages

    declare_messages(settings, [withdrawn(settings, withdraw, reason)], dry_run, yes=True)


@app.command(short_help="Draft an inventory of what was seen, for a person to edit.")
def learn(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH",
            help="Log files to learn from. Without any, the draft is made from what a run knows.",
        ),
    ] = None,
    instance: Annotated[
        str | None, typer.Option(help="Installation of the files.", metavar="NAME", show_default=False)
    ] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Draft an inventory of what was seen: places, tools, scopes, secrets and images of each identity that no
    record declares, and, as comments, how often each source speaks.

    The draft approves nothing. Every entry has a line `review: …`, and `declare` refuses the entry until a
    person has removed that line.

    \b
    Example:  gapwatch learn > draft.yaml
    """
    from streams.command.learn import learn as write

    write(_settings(config, data), paths or [], instance)


@app.command()
def findings(
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing new findings until Ctrl-C.")
    ] = False,
    open_: Annotated[bool, typer.Option("--open", help="Only open findings, acknowledged ones too.")] = False,
    severity: Annotated[
        str | None,
        typer.Option(help="Only findings of this severity; high+: high and above.", metavar="WORD"),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only findings with evidence since then: 24h, yesterday, a time.", metavar="TIME"),
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Only findings about identities of this owner.", metavar="NAME")
    ] = None,
    control: Annotated[
        str | None, typer.Option(help="Only findings of this control.", metavar="NAME")
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(help="Only findings about identities whose key contains this.", metavar="TEXT"),
    ] = None,
    below: Annotated[
        bool, typer.Option("--below", help="Also findings that stand below a story (one finding for many).")
    ] = False,
    limit: Annotated[
        int, typer.Option(help="At most so many findings.", metavar="N", min=1, max=LIMIT)
    ] = LIMIT,
    sort: Annotated[str, typer.Option(help="severity, time, changed or owner.", metavar="WORD")] = "severity",
    table: Annotated[bool, typer.Option("--table", help="As a table, with states and notes.")] = False,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show the findings of a run, the worst first. With --json all of them, whole.

    \b
    Example:  gapwatch findings --follow --control revoked_credential_used
    Example:  gapwatch findings --open --severity high+ --since 24h --csv
    """
    from streams.command.listing import Wanted, check_control, show_findings
    from streams.command.worklist import Asked, show_worklist

    if json and csv:
        raise Stop("One of --json and --csv.", code=2)
    settings = _settings(config, data)
    every = below or json or csv or table
    # Of a list without a limit those below a story are counted, so they are asked for as well.
    asked = Asked(open_, severity, since, owner, control, identity, every or limit == LIMIT, limit, sort)
    if csv or table:
        check_control(control)
        show_worklist(settings, asked, csv)
        return
    show_findings(settings, follow, Wanted(control, identity, every), json, asked)


@app.command(short_help="What an identity did, and what was done to it.")
def timeline(
    identity: Annotated[str, typer.Argument(metavar="IDENTITY", help="Its key, as findings show it.")],
    since: Annotated[
        str | None, typer.Option(help="Only since then: 24h, yesterday, a time.", metavar="TIME")
    ] = None,
    limit: Annotated[int, typer.Option(help="The latest so many.", metavar="N", min=1, max=100_000)] = 1_000,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show what an identity did and what was done to it, across sources, under all its keys and credentials,
    with what was told of it; the latest first.

    \b
    Example:  gapwatch timeline aws:111122223333:user/payments --since 7d
    """
    from streams.command.timeline import timeline as tell

    tell(_settings(config, data), identity, since, limit, json, csv)


@app.command(short_help="What became of findings since a time.")
def changes(
    since: Annotated[str, typer.Option(help="24h, yesterday, a time.", metavar="TIME")] = "yesterday",
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show which findings opened, closed, opened again, got worse or were suppressed; the newest first.

    \b
    Example:  gapwatch changes --since yesterday
    """
    from streams.command.worklist import changes as tell

    tell(_settings(config, data), since, json, csv)


@app.command(short_help="How much is open, and what could not be verified.")
def summary(json: Json = False, csv: Csv = False, config: Config = None, data: Data = None) -> None:
    """Show how many findings are open, acknowledged, closed, suppressed and resolved, by severity; and what
    could not be verified.

    \b
    Example:  gapwatch summary
    """
    from streams.command.worklist import summary as tell

    tell(_settings(config, data), json, csv)


Id = Annotated[str, typer.Argument(metavar="FINDING", help="Id of a finding, or how it begins.")]
Reason = Annotated[str, typer.Option(help="Why.", metavar="TEXT")]
By = Annotated[str | None, typer.Option(help="Who says so; else who is logged in.", metavar="NAME")]
Until = Annotated[str | None, typer.Option(help="Until when it holds: 7d, a time.", metavar="TIME")]


@app.command(short_help="Acknowledge a finding.")
def ack(
    finding: Id,
    reason: Reason = "",
    until: Until = None,
    by: By = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Note that somebody knows of a finding; it stays open.

    \b
    Example:  gapwatch ack 3f2a9c --reason "looking into it"
    """
    from streams.command.noting import note

    note(_settings(config, data), "ack", finding, reason, by, until=until)


@app.command(short_help="Say who looks into a finding.")
def assign(
    finding: Id,
    assignee: Annotated[str, typer.Argument(metavar="WHO")],
    reason: Reason = "",
    by: By = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Note who looks into a finding.

    \b
    Example:  gapwatch assign 3f2a9c ada
    """
    from streams.command.noting import note

    note(_settings(config, data), "assign", finding, reason, by, assignee)


@app.command(short_help="Write something beside a finding.")
def comment(
    finding: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    by: By = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Write something beside a finding.

    \b
    Example:  gapwatch comment 3f2a9c "the owner is on leave until Monday"
    """
    from streams.command.noting import note

    note(_settings(config, data), "comment", finding, text, by)


@app.command(short_help="Close a finding as an analyst.")
def close(
    finding: Id,
    reason: Reason = "",
    until: Until = None,
    by: By = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Take a finding off the list of what is open, as far as it is known now: evidence that comes later opens
    it again. What the evidence says of it stays as it is.

    \b
    Example:  gapwatch close 3f2a9c --reason "the key was ours, see T-4711"
    """
    from streams.command.noting import note

    note(_settings(config, data), "close", finding, reason, by, until=until)


@app.command(short_help="Take a close or an acknowledgement back.")
def reopen(finding: Id, reason: Reason = "", by: By = None, config: Config = None, data: Data = None) -> None:
    """Take back that a finding was closed or acknowledged.

    \b
    Example:  gapwatch reopen 3f2a9c --reason "it was another key"
    """
    from streams.command.noting import note

    note(_settings(config, data), "reopen", finding, reason, by)


@app.command(short_help="Expect what a finding is about, until a time.")
def suppress(
    finding: Id,
    until: Annotated[str, typer.Option(help="Until when: 7d, a time.", metavar="TIME")],
    reason: Reason = "",
    by: By = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would suppress.")] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Declare an exception for the control and the identity of a finding, and say what it suppresses.

    \b
    Example:  gapwatch suppress 3f2a9c --until 14d --reason "migrated by then"
    """
    from streams.command.noting import suppress as tell

    ask = typer.confirm if sys.stdin.isatty() else None
    tell(_settings(config, data), finding, reason, until, by, dry_run, ask)


@app.command(short_help="Show the evidence behind a finding, and what to do.")
def explain(
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="Id of a finding, or how it begins.")],
    json: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show the evidence behind a finding: which credentials were issued to whom, when they ended, and who has
    used them since.

    Shows the lineage of the credentials (which are still alive, and until when), the timeline, the number of
    uses since the end, and what to do next.

    \b
    Example:  gapwatch explain 3f2a9c
    """
    from streams.command.explain import explain as tell

    tell(_settings(config, data), finding, json)


@app.command()
def tools(
    agent: Annotated[
        str, typer.Argument(metavar="AGENT", help="The agent's key: agent:<service.name>/<name>.")
    ],
    json: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show what an agent may call, what it was offered and what it called, tool by tool.

    Also shows which definition the tool's server showed last, since when the definition has been another
    than the approved one, and which tools were offered or carried out though no record approves them.

    \b
    Example:  gapwatch tools agent:desk/triage
    """
    from streams.command.tools import tools as tell

    tell(_settings(config, data), agent, json)


@app.command(short_help="Show what a release brought, and what is proven again since.")
def release(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="The release's id in the inventory, or a workload's key.")
    ],
    json: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show the proof run of a release: what its workload used before the release and has used since, element
    by element (images, networks, tools, access, secrets), and which controls have been proven again since.

    \b
    Example:  gapwatch release shop-1.4.2
    """
    from streams.command.release import release as tell

    tell(_settings(config, data), name, json)


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="ClickHouse SQL, or - to read it from stdin.")
    ],
    json: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Ask ClickHouse. On the embedded engine queries can only read.

    \b
    Example:  gapwatch sql "SELECT control, count() FROM findings_current GROUP BY control"
    """
    from streams.clickhouse.query import ask
    from streams.screen.answer import show_answer

    form = "JSONEachRow" if json else "PrettyCompact" if sys.stdout.isatty() else "TSVWithNames"
    text = sys.stdin.read() if query == "-" else query
    if not text.strip():
        raise Stop("The query is empty. Try: gapwatch sql 'SHOW TABLES'", code=2)
    show_answer(ask(_settings(config, data), text, form), json, sys.stdout)


@app.command()
def controls(json: Json = False) -> None:
    """List the controls: what each one fires on, and what it maps to.

    With --json it shows the whole rule text: what fires the control, what proves it, how it is evaded, what
    is benign, and what to do.

    \b
    Example:  gapwatch controls --json
    """
    from streams.command.listing import show_controls

    show_controls(json)


@app.command()
def sources(json: Json = False) -> None:
    """List the sources whose records gapwatch can read.

    \b
    Example:  gapwatch sources
    """
    from streams.command.listing import show_sources

    show_sources(json)


@app.command(short_help="Check settings, broker, engine and lag; say what to do.")
def doctor(json: Json = False, config: Config = None, data: Data = None) -> None:
    """Check settings, broker, topics, engine and lag, and say what to do.

    Exit code 0: all is well; 1: something is wrong; 2: a setting is wrong; 3: nothing runs.

    \b
    Example:  gapwatch doctor --data ./site
    """
    from streams.command.doctor import doctor as examine

    raise typer.Exit(examine(_settings(config, data), json))


@app.command(short_help="Judge log files without a broker, by the same code.")
def replay(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders, .gz, or - for stdin.")],
    inventory: Annotated[
        list[str] | None, typer.Option(help="Inventory file; may be given again.", metavar="PATH")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Read every record as one of this source.", metavar="NAME")
    ] = None,
    instance: Annotated[
        str | None, typer.Option(help="Installation of the records.", metavar="NAME", show_default=False)
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Judge as of this time (RFC 3339); default: after the latest event.", metavar="TIME"
        ),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(help="Write to this file what could not be read, with its place.", metavar="FILE"),
    ] = None,
    assurance: Annotated[
        Path | None, typer.Option(help="Write every verdict to this file (OCSF 2003).", metavar="FILE")
    ] = None,
    activities: Annotated[
        Path | None, typer.Option(help="Write every activity to this file.", metavar="FILE")
    ] = None,
    credentials: Annotated[
        Path | None, typer.Option(help="Write one object per credential to this file.", metavar="FILE")
    ] = None,
    withdrawn: Annotated[
        bool, typer.Option("--withdrawn", help="Print findings that were withdrawn as well.")
    ] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Judge log files without a broker, by the code of the pipeline, and print the final findings as JSON
    lines.

    Several files are one stream of evidence, in any order. The output depends on the input alone. Secrets
    are masked under the key of the folder that --data names; without --data, under a key of this replay.

    \b
    Example:  gapwatch replay --inventory inventory.yaml audit.jsonl cloudtrail/ > findings.jsonl
    """
    from streams.command.replaying import Request, replay_paths

    replay_paths(
        _settings(config, data),
        Request(
            paths=paths,
            inventories=inventory or [],
            source=source,
            instance=instance,
            as_of=as_of,
            rejects=rejects,
            assurance=assurance,
            activities=activities,
            credentials=credentials,
            withdrawn=withdrawn,
        ),
    )


key = typer.Typer(help="The site's key, under which secrets are masked.", no_args_is_help=True)
app.add_typer(key, name="key", short_help="Rotate the site's key.")


@key.command("rotate", short_help="Give the data folder a new key, and keep the old one to read with.")
def rotate_key(config: Config = None, data: Data = None) -> None:
    """Make a new key, and keep the old key to read with: an end that was recorded under the old key still
    meets a use that is recorded under the new one. Stop the run first.

    \b
    Example:  gapwatch key rotate --data ./site
    """
    from streams.site import datafolder
    from streams.site.sitekey import rotate

    settings = _settings(config, data)
    datafolder.make_folders(settings)
    with datafolder.held(settings):
        rotate(settings)
    typer.echo(
        f"{settings.data} has a new key. The former ones stay in hmac.keys-before: back up both files."
    )


def main() -> None:
    """Runs the command line; errors that people can act on are one or two lines without a traceback."""
    # Without it the clients' own log lines would stand between the answers; a run and its stages log to
    # files.
    logging.getLogger("gapwatch").addHandler(logging.NullHandler())
    try:
        app()
    except Stop as stop:
        typer.echo(str(stop), err=True)
        sys.exit(stop.code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
