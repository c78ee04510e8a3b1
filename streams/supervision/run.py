"""`gapwatch run`: one run over one data folder, from the first check to the last process."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from streams.site import datafolder
from streams.site.datafolder import Instance
from streams.site.errors import SettingsError
from streams.site.listening import only_here
from streams.site.settings import Settings
from streams.site.sitekey import site_key
from streams.supervision import ports, stages

FOUND_BEFORE = 100
"""Findings of earlier runs that a start shows: a screenful or two; `gapwatch findings` shows all."""


def run(settings: Settings, only: Sequence[str] = (), demo: bool = False) -> None:
    """Runs the stages until a signal ends them; returns after an orderly stop.

    Raises Stop where the data folder is held by another run, a port is taken, or a stage cannot be kept
    alive.
    """
    names = _names(settings, only)
    # What any process of this run makes is for its owner alone, however it makes it.
    os.umask(0o077)
    datafolder.make_folders(settings)
    site_key(settings)
    with datafolder.held(settings) as lock:
        settings = _with_ports(settings, names)
        stages.log_to_file(settings, "run")
        folder = datafolder.fresh_metrics_folder(settings)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        _run(settings, names, lock, folder, demo)


def _names(settings: Settings, only: Sequence[str]) -> list[str]:
    """The stages of this run in their order. Raises SettingsError for one that does not exist or cannot
    work.
    """
    for name in only:
        if name not in stages.ORDER:
            raise SettingsError(f"There is no stage {name}. The stages are {', '.join(stages.ORDER)}.")
        if name not in stages.of_run(settings):
            raise SettingsError(f"The stage {name} is off: the setting {name} says what it receives.")
    if settings.broker is not None:
        if "broker" in only:
            raise SettingsError(
                f"The stage broker is the embedded one, but the setting broker names {settings.broker}. "
                "Leave out one of the two."
            )
        return [name for name in stages.of_run(settings) if name != "broker" and (not only or name in only)]
    if only and "broker" not in only:
        raise SettingsError(
            f"--only {','.join(only)} needs a broker: set GAPWATCH_BROKER=host:port, or add broker to --only."
        )
    return [name for name in stages.of_run(settings) if not only or name in only]


def _with_ports(settings: Settings, names: list[str]) -> Settings:
    """Raises SettingsError where strangers could reach what is served, or a port is taken."""
    only_here(settings.metrics_host, "metrics_host", "the page of metrics")
    if "deliver" in names and settings.embedded_engine:
        only_here(settings.sql_host, "sql_host", "the SQL endpoint")
    chosen: dict[str, object] = {
        "metrics_port": ports.choose(
            settings.metrics_port, ports.METRICS, "metrics_port", settings.metrics_host
        )
    }
    if "broker" in names:
        port = ports.choose(settings.broker_port, ports.BROKER, "broker_port")
        chosen |= {"broker_port": port, "broker": f"127.0.0.1:{port}"}
    if "deliver" in names and settings.embedded_engine:
        chosen["sql_port"] = ports.choose(settings.sql_port, ports.SQL, "sql_port", settings.sql_host)
    return settings.model_copy(update=chosen)


def _run(settings: Settings, names: list[str], lock: int, metrics_folder: Path, demo: bool) -> None:
    # Imported here, since the metrics read the folder's variable when they are made.
    from schemas.sources import sources
    from streams.site import metrics
    from streams.site.metrics_server import MetricsServer
    from streams.supervision.again import say_again
    from streams.supervision.live import View
    from streams.supervision.supervisor import Plan, Supervisor

    instance = _instance(settings, names)
    datafolder.write_instance(settings, instance)
    server = MetricsServer(settings.metrics_host, settings.metrics_port or 0, metrics.registry())
    view = View(
        instance, metrics.registry(), program=program(), data=data_option(settings), folder=settings.data
    )
    plan = Plan(names, settings, metrics_folder, lock, sorted(sources()), demo)
    stored = settings.model_copy(update={"clickhouse": instance.sql})
    supervisor = Supervisor(plan, view, lambda: _show_findings(view, plan), lambda: say_again(stored))
    view.start()
    try:
        view.status("Starting …")
        supervisor.run()
    finally:
        view.stop()
        if view.feed:
            view.feed.close()
        server.shutdown()
        server.server_close()
        (datafolder.run_folder(settings) / "instance.json").unlink(missing_ok=True)
    view.console.print(_stopped(settings, names, supervisor.unstored), soft_wrap=True)


def _stopped(settings: Settings, names: Sequence[str], unstored: set[str]) -> str:
    """What is said at the end: where what was stored is, and what became of the rest. Of an embedded broker
    what was not worked off is gone with it; a Kafka keeps it."""
    where = settings.data if settings.embedded_engine else f"ClickHouse at {settings.clickhouse}"
    if unstored:
        return (
            f"Stopped before all was worked off ({', '.join(sorted(unstored))}): what the embedded broker "
            f"still held is gone, send it again. What was stored stays in {where}."
        )
    if "broker" not in names:
        return f"Stopped. What waits on Kafka is read at the next start; what was stored stays in {where}."
    if "deliver" not in names:
        return "Stopped. Nothing was stored here: this run had no stage deliver."
    return f"Stopped. All that came was worked off; what was stored stays in {where}."


def program() -> str:
    """Returns how to call this program from where it was called: by its path until that is on the search
    path."""
    called = Path(sys.argv[0])
    if called.name != "gapwatch" or shutil.which("gapwatch"):
        return "gapwatch"
    return quote(os.path.relpath(called))


def data_option(settings: Settings) -> str:
    """Returns what other commands need to find this run, empty where they find it by themselves."""
    default = Settings.model_fields["data"].default
    return "" if settings.data == default else f" --data {quote(str(settings.data))}"


def _instance(settings: Settings, names: list[str]) -> Instance:
    sql = settings.clickhouse
    if "deliver" in names and settings.embedded_engine:
        sql = f"http://{settings.sql_host}:{settings.sql_port}"
    return Instance(
        pid=os.getpid(),
        broker=settings.broker or "",
        embedded_broker="broker" in names,
        sql=sql,
        metrics=f"http://{settings.metrics_host}:{settings.metrics_port}/metrics",
        topic_prefix=settings.topic_prefix,
        stages=names,
    )


def _show_findings(view: object, plan: object) -> None:
    """Everything is up: what was found before, where things are, and from now on what comes."""
    from streams.kafka.feed import Feed
    from streams.supervision.live import View
    from streams.supervision.supervisor import Plan

    assert isinstance(view, View)
    assert isinstance(plan, Plan)
    if view.feed is None:
        for finding in _found_before(plan.settings, view.instance):
            view.show(finding)
        view.say_where()
    feed, before = Feed(plan.settings, from_start=plan.embedded_broker), view.feed
    view.status(f"Running: {', '.join(plan.names)}. Ctrl-C stops it.")
    view.feed = feed
    if before is not None:
        before.close()


def _found_before(settings: Settings, instance: Instance) -> list[dict[str, object]]:
    from streams.clickhouse.query import open_findings
    from streams.site.errors import Stop

    if instance.sql is None or "deliver" not in instance.stages:
        return []
    try:
        return open_findings(settings.model_copy(update={"clickhouse": instance.sql}), limit=FOUND_BEFORE)
    except Stop:
        return []
