"""SQL over HTTP for the commands: the same against the embedded endpoint and a ClickHouse server.

Plain HTTP from the standard library, because a ClickHouse client takes longer to import than a query to
answer.
"""

from __future__ import annotations

import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from streams.kafka.feed import Finding
from streams.site import datafolder
from streams.site.errors import NotRunning, SettingsError, Stop
from streams.site.settings import Settings

EXTRA_SECONDS = 5.0
"""The server cuts a query off by itself; this much later the client no longer waits for it to say so."""
SHOWN_AT_MOST = 100_000
"""Findings that one command prints; who wants more of them asks in SQL."""
_EXPECTED = re.compile(r" (Expected one of: |: In scope SELECT formatQuery).*(?= \([A-Z_]+\) \(version )")


def endpoint(settings: Settings) -> str:
    """Returns the URL of the ClickHouse server, else of the running instance. Raises NotRunning where there
    is neither."""
    if settings.clickhouse is not None:
        return settings.clickhouse
    instance = datafolder.running(settings)
    if instance is None or instance.sql is None:
        raise NotRunning(
            f"Nothing runs over {settings.data}, so nobody can answer. Start `gapwatch run` there, name "
            f"another "
            "folder with --data, or set GAPWATCH_CLICKHOUSE to a server."
        )
    return instance.sql


def ask(
    settings: Settings, sql: str, form: str, parameters: Mapping[str, str] | None = None
) -> Iterator[bytes]:
    """Yields the answer in ClickHouse's format `form`, in chunks as they come.

    `parameters` fill `{name:Type}` in the query. Raises Stop with ClickHouse's own words, NotRunning without
    an answer.
    """
    url = endpoint(settings)
    query = {"database": settings.clickhouse_database, "default_format": form}
    query |= {f"param_{key}": _escaped(value) for key, value in (parameters or {}).items()}
    request = urllib.request.Request(
        f"{url}/?{urllib.parse.urlencode(query)}", data=sql.encode(), headers=_headers(settings)
    )
    wait = settings.sql_time_limit.total_seconds() + EXTRA_SECONDS
    try:
        with urllib.request.urlopen(request, timeout=wait, context=_tls(settings, url)) as answer:
            while chunk := answer.read(2**16):
                yield chunk
    except urllib.error.HTTPError as error:
        said = error.read().decode(errors="replace").strip()
        raise Stop(_brief(said) if said else f"The SQL endpoint answered {error.code}.") from None
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", error)
        raise NotRunning(
            f"ClickHouse at {url} does not answer: {reason}. Is it up, and the address right?"
        ) from None


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})


def _escaped(value: str) -> str:
    """A parameter as ClickHouse reads it: as a field of tab-separated text. Keys hold tabs."""
    return value.translate(_ESCAPES)


def placed(settings: Settings, sql: str) -> str:
    """Returns a query of ours with the name of the second database in the place of `{internal}`."""
    return sql.replace("{internal}", settings.internal_database)


def rows(settings: Settings, sql: str, parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Returns the answer as one dict per row; `{internal}` in the query is the second database."""
    answer = b"".join(ask(settings, placed(settings, sql), "JSONEachRow", parameters))
    return [orjson.loads(line) for line in answer.splitlines() if line]


def findings(settings: Settings, where: str, parameters: Mapping[str, str], order: str) -> list[Finding]:
    """Returns the current state of the findings in the view `worklist` of which a condition holds, in an
    order (and up to a limit) of its columns."""
    sql = (
        "SELECT told.ocsf AS ocsf FROM (SELECT * FROM worklist WHERE " + where + ") AS listed "
        "INNER JOIN (SELECT uid, ocsf FROM findings FINAL) AS told ON told.uid = listed.uid "
        f"ORDER BY {order}"
    )
    return [orjson.loads(row["ocsf"]) for row in rows(settings, sql, parameters)]


def open_findings(settings: Settings, limit: int) -> list[Finding]:
    """Returns the gravest findings that are not resolved, of these the newest; the oldest evidence first.
    What stands below a story comes after all that does not."""
    sql = (
        "SELECT ocsf FROM (SELECT ocsf, end_time, uid FROM findings FINAL WHERE status_id != 4 "
        f"ORDER BY story != '', severity_id DESC, end_time DESC, uid LIMIT {limit}) ORDER BY end_time, uid"
    )
    return [orjson.loads(row["ocsf"]) for row in rows(settings, sql)]


def _brief(said: str) -> str:
    """The first line of an error, without the hundreds of words that the parser would have taken instead,
    and how the endpoint asked the parser.
    """
    return _EXPECTED.sub("", said.splitlines()[0])


def _headers(settings: Settings) -> dict[str, str]:
    headers = {"X-ClickHouse-User": settings.clickhouse_user}
    if password := settings.clickhouse_secret:
        headers["X-ClickHouse-Key"] = password
    elif settings.clickhouse_certificate:
        headers["X-ClickHouse-SSL-Certificate-Auth"] = "on"
    return headers


def _tls(settings: Settings, url: str) -> ssl.SSLContext | None:
    if not url.startswith("https:"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.clickhouse_ca_file)
        if settings.clickhouse_certificate:
            context.load_cert_chain(settings.clickhouse_certificate, settings.clickhouse_key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            "The certificates towards ClickHouse (clickhouse_ca_file, clickhouse_certificate, "
            f"clickhouse_key) cannot be used: {error.strerror or error}."
        ) from None
    return context
