"""Reads one ClickHouse-over-HTTP request: query, parameters, settings, format; and spells its answer's
headers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

from starlette.requests import Request

from streams.clickhouse import codings, compressed_blocks
from streams.clickhouse.allowed import FORMATS

DEFAULT_FORMAT = "TabSeparated"

MAX_BODY_BYTES = 2**20
"""Four times the engine's own limit for a query, so that parameters fit as well."""

TRANSPORT = {
    *("add_http_cors_header", "buffer_size", "cancel_http_readonly_queries_on_client_close"),
    *("client_protocol_version", "compress", "database", "decompress", "default_format"),
    *("enable_http_compression", "http_headers_progress_interval_ms", "network_compression_method"),
    *("password", "query", "query_id", "quota_key", "role"),
    *("send_progress_in_http_headers", "session_check", "session_id", "session_timeout", "stacktrace"),
    *("user", "wait_end_of_query"),
}
"""URL parameters that are not settings. Sessions hold nothing here (no SET, no temporary tables)."""
QUERY_ID = re.compile(r"[\w.:-]{1,100}\Z", re.ASCII)
"""It comes back in a header of the answer, where a line break would begin another one."""
PROTOCOL_MAX = 999_999
"""Highest version of the protocol that is taken for one; they have five digits."""
_INSERT = re.compile(r"\s*insert\b", re.IGNORECASE)

NOT_FOUND_CODES = frozenset({46, 47, 50, 60, 63, 73, 81, 115, 390})
MALFORMED_CODES = frozenset(
    {6, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 69, 70, 72, 131, 167, 168, 182, 215, 386, 456, 457}
)
STATUS = {159: 408, 160: 408, 164: 403, 202: 503, 241: 413, 396: 413, 497: 403}

CONTENT_TYPES = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "Arrow": "application/octet-stream",
    "ArrowStream": "application/octet-stream",
}


class InvalidRequestError(Exception):
    """A request that is not worth asking the engine about: HTTP status and ClickHouse's code for it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class HttpQuery:
    """`parameters`: {name:Type} values without `param_`, as they came; `settings`: what else the URL asks
    for.

    How the answer goes out: `protocol`, the version of Native blocks; `blocks`, the method of ClickHouse's
    own compressed framing, 0 for none; `coding`, the content coding of HTTP, empty for none; `progress`,
    whether a header is to say how much was read.
    """

    text: str
    parameters: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    database: str = ""
    format: str = DEFAULT_FORMAT
    query_id: str = ""
    protocol: int = 0
    blocks: int = 0
    coding: str = ""
    progress: bool = False


async def read_query(request: Request) -> HttpQuery:
    """Raises InvalidRequestError for what is too large, damaged or not UTF-8."""
    given = dict(request.query_params)
    body = _plain(request, await _body(request), given)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        given |= _form(request.headers["content-type"], body)
        body = b""
    try:
        text = "\n".join(part for part in (given.get("query", ""), body.decode()) if part)
    except UnicodeDecodeError:
        if _INSERT.match(given.get("query", "")):
            raise InvalidRequestError(403, 164, "Cannot execute query in readonly mode (READONLY)") from None
        raise InvalidRequestError(400, 62, "the query is not UTF-8 (SYNTAX_ERROR)") from None
    query = HttpQuery(text, query_id=given.get("query_id", ""))
    if query.query_id and not QUERY_ID.match(query.query_id):
        raise InvalidRequestError(400, 36, "a query_id has letters, digits and ._:- only (BAD_ARGUMENTS)")
    query.database = given.get("database", request.headers.get("x-clickhouse-database", ""))
    query.format = given.get("default_format", request.headers.get("x-clickhouse-format", DEFAULT_FORMAT))
    _sort(given, query)
    _answer_in(given, request.headers.get("accept-encoding", ""), query)
    return query


def _plain(request: Request, body: bytes, given: dict[str, str]) -> bytes:
    """The body as it was before it was packed."""
    try:
        if coding := request.headers.get("content-encoding", ""):
            body = codings.decoded(coding, body, MAX_BODY_BYTES)
        if _is_on(given, "decompress"):
            body = compressed_blocks.unpacked(body, MAX_BODY_BYTES)
    except ValueError as error:
        raise InvalidRequestError(400, 271, f"{error} (CANNOT_DECOMPRESS)") from None
    return body


def _answer_in(given: dict[str, str], accepted: str, query: HttpQuery) -> None:
    version = given.get("client_protocol_version", "") or "0"
    if not (version.isascii() and version.isdigit() and int(version) <= PROTOCOL_MAX):
        raise InvalidRequestError(400, 36, "client_protocol_version is a number (BAD_ARGUMENTS)")
    query.protocol = int(version)
    query.progress = _is_on(given, "send_progress_in_http_headers")
    if _is_on(given, "compress"):
        method = given.get("network_compression_method", "").upper()
        if method not in compressed_blocks.METHODS:
            known = ", ".join(filter(None, compressed_blocks.METHODS))
            raise InvalidRequestError(
                400, 36, f"network_compression_method is one of {known} (BAD_ARGUMENTS)"
            )
        query.blocks = compressed_blocks.METHODS[method]
    elif _is_on(given, "enable_http_compression"):
        query.coding = codings.chosen(accepted)


def _is_on(given: dict[str, str], name: str) -> bool:
    return given.get(name, "0").lower() not in ("0", "", "false")


def _sort(given: dict[str, str], query: HttpQuery) -> None:
    if query.format not in FORMATS:
        raise InvalidRequestError(400, 73, f"Unknown format {query.format[:40]!r} (UNKNOWN_FORMAT)")
    for name, value in given.items():
        if name.startswith("param_"):
            query.parameters[name.removeprefix("param_")] = value
        elif name not in TRANSPORT:
            query.settings[name] = value


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise InvalidRequestError(
                413, 62, f"a request of more than {MAX_BODY_BYTES} bytes (SYNTAX_ERROR)"
            )
        parts.append(part)
    return b"".join(parts)


def _form(content_type: str, body: bytes) -> dict[str, str]:
    """Plain fields of multipart/form-data, in which clickhouse-connect sends large parameters."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(_class=EmailMessage, policy=HTTP).parsebytes(head + body)
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            if part.get_filename() is not None:
                raise InvalidRequestError(501, 48, "external tables are not supported here (NOT_IMPLEMENTED)")
            fields[name] = content.decode("utf-8", "replace")
    return fields


def content_type(name: str) -> str:
    """Returns the media type of ClickHouse's format of this name."""
    return CONTENT_TYPES.get(name, "text/plain; charset=UTF-8")


def status_of(code: int) -> int:
    """Returns the HTTP status that goes with an engine's error; 500 as on a server where nothing fits
    better."""
    if code in NOT_FOUND_CODES:
        return 404
    return 400 if code in MALFORMED_CODES else STATUS.get(code, 500)
