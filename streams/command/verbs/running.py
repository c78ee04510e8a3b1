"""The commands that run, feed and check gapwatch: `run`, `send`, `replay`, `doctor`, `key`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from streams.command.app import app
from streams.command.options import Config, Csv, Data, Files, Instance, Json, Source, settings_of
from streams.site.errors import Stop

HEADING = "Run it"


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
    """Start everything and show findings as they appear. Ctrl-C stops everything.

    Without settings the broker and the ClickHouse engine are embedded. With GAPWATCH_BROKER and
    GAPWATCH_CLICKHOUSE set (or in the file) an external Kafka and a ClickHouse server are used.

    \b
    Example:  gapwatch run --data ./site
    Example:  GAPWATCH_BROKER=kafka:9092 gapwatch run --only correlate
    """
    if settings:
        _print_settings()
        return
    if sys.stdout.isatty():
        # What is imported now takes seconds on a machine that has not read it before.
        typer.echo("gapwatch starts …")
    from streams.supervision.run import run as start

    start(settings_of(config, data), [name.strip() for name in only.split(",") if name.strip()], demo)


def _print_settings() -> None:
    import textwrap

    from streams.site.settings import describe

    for row in describe():
        default = f" [{row['default']}]" if row["default"] else ""
        typer.echo(f"{row['key']}{default}   {row['variable']}")
        typer.echo(textwrap.indent(textwrap.fill(row["description"], 96), "    "))


@app.command()
def send(
    paths: Files,
    source: Source = None,
    instance: Instance = None,
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

    counts = send_paths(settings_of(config, data), paths, source, instance, speed)
    counted = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    typer.echo(f"Sent {counts.total():,} records: {counted}.", err=True)


@app.command(short_help="Print the findings of log files, without a broker.")
def replay(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Files, folders, .gz, or - for stdin.")
    ] = None,
    from_clickhouse: Annotated[
        bool,
        typer.Option(
            "--from-clickhouse",
            help="Judge what is stored, by the controls and thresholds of now, and print what would be new, "
            "gone or different.",
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(help="With --from-clickhouse: only what arrived since then.", metavar="TIME"),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="With --from-clickhouse: only what arrived before.", metavar="TIME"),
    ] = None,
    control: Annotated[
        str | None, typer.Option(help="With --from-clickhouse: only this control.", metavar="NAME")
    ] = None,
    json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="With --from-clickhouse: a table for a review.")
    ] = False,
    inventory: Annotated[
        list[str] | None, typer.Option(help="Inventory file; may be given again.", metavar="PATH")
    ] = None,
    source: Source = None,
    instance: Instance = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Judge as of this time (RFC 3339); default: just after the latest event.", metavar="TIME"
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
    With --from-clickhouse it judges again what a run has stored, by the controls and thresholds of now (try
    others by --config or by variables), and prints what would be new, gone or different. Nothing is sent.

    
    Example:  gapwatch replay --inventory inventory.yaml audit.jsonl cloudtrail/ > findings.jsonl
    Example:  GAPWATCH_DORMANT=60d gapwatch replay --from-clickhouse --control dormant_identity_wakes
    """
    if from_clickhouse:
        from streams.command.again import judged_again_with_bar

        judged_again_with_bar(settings_of(config, data), since, until, control, json, markdown)
        return
    if not paths:
        raise Stop("Name log files, or judge what is stored: --from-clickhouse.", code=2)
    if since or until or control or json or markdown:
        raise Stop("--since, --until, --control, --json and --markdown go with --from-clickhouse.", code=2)
    from streams.command.replaying import Request, replay_paths

    replay_paths(
        settings_of(config, data),
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


@app.command(short_help="Check settings, broker, engine and lag; say what to do.")
def doctor(json: Json = False, csv: Csv = False, config: Config = None, data: Data = None) -> None:
    """Check settings, broker, topics, engine and lag, and say what to do.

    Exit code 0: all is well; 1: something is wrong; 2: a setting is wrong; 3: nothing runs.

    \b
    Example:  gapwatch doctor --data ./site
    """
    from streams.command.doctor import doctor as examine

    raise typer.Exit(examine(settings_of(config, data), json, csv))


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

    settings = settings_of(config, data)
    datafolder.make_folders(settings)
    with datafolder.held(settings):
        rotate(settings)
    typer.echo(
        f"{settings.data} has a new key. The former ones stay in hmac.keys-before: back up both files."
    )
