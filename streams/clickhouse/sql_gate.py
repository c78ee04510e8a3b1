"""What the read-only endpoint lets through to the embedded engine.

`readonly=1` and the reader's role refuse writes, DDL, settings and table functions. Neither stops what the
embedded engine does as its own client (several statements at once, INTO OUTFILE, SET ROLE, KILL QUERY of its
own user) nor the functions it lends to anybody: `file('/etc/passwd')` reads any file, with every role.

So a query is first read by the engine's own parser (formatQuery takes one statement and spells it without
comments, heredocs or escapes), this canonical text is checked, and it, not what came in, is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from clickhouse_connect.driver.client import Client

READONLY = 164
ACCESS_DENIED = 497

STATEMENTS = ("SELECT", "WITH", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN")
"""First words of what may run; canonical text begins with one of them."""

# Strings and quoted names are told apart in one pass: each may hold the other's quote.
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|`((?:[^`\\]|\\.)*)`", re.DOTALL)
_ELSEWHERE = re.compile(r"\b(INTO OUTFILE|PARALLEL WITH|EXECUTE AS)\b", re.IGNORECASE)
# Wherever it stands (file('…'), APPLY(file), arrayMap(file, …)) the embedded engine asks no right for it.
# Python(…) looks for variables of this process, eval(…) hides a query in a string, ai…(…) sends data to a
# model, and in system.processes stands what others ask.
_UNGUARDED = re.compile(
    r"(?i:\b(?:file|python|arrowstream|eval|processes|processlist)\b)|\b(?:ai|AI)[A-Z]\w*\b"
)
_FORMAT = re.compile(r"\bFORMAT (\w+)(?: SETTINGS .*)?\Z", re.DOTALL)
_IDENTIFIER = re.compile(r"\{\s*(\w+)\s*:\s*Identifier\s*\}")
_PARAMETER = re.compile(r"\{\s*(\w+)\s*:")


class RefusedError(Exception):
    """The gate's own refusal, with ClickHouse's number and name for it."""

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message} ({name})")
        self.code = code


def canonical(client: Client, query: str) -> str:
    """The one statement in `query` as the engine spells it; raises the engine's syntax error for any
    other."""
    answer = client.query("SELECT formatQuerySingleLine({query:String})", parameters={"query": query})
    return str(answer.result_rows[0][0])


def admit(text: str, parameters: Mapping[str, str]) -> None:
    """Raises RefusedError unless this canonical text, with these parameters, only reads."""
    bare, quoted = _bare(text)
    first = bare.lstrip("( ").partition(" ")[0]
    if first not in STATEMENTS:
        only = ", ".join(STATEMENTS)
        raise RefusedError(READONLY, "READONLY", f"Cannot execute query in readonly mode, only {only}.")
    if found := _ELSEWHERE.search(bare):
        raise RefusedError(READONLY, "READONLY", f"{found[1].upper()} is not allowed in readonly mode.")
    identifiers = [parameters[name] for name in _IDENTIFIER.findall(bare) if name in parameters]
    for name in (bare, *quoted, *identifiers):
        if found := _UNGUARDED.search(name):
            message = f"Not enough privileges: {found[0]} reaches beyond the database, it cannot be named."
            raise RefusedError(ACCESS_DENIED, "ACCESS_DENIED", message)


def format_of(text: str) -> str | None:
    """The FORMAT that this canonical text asks for, None where it leaves that to the request."""
    found = _FORMAT.search(_bare(text)[0])
    return found[1] if found else None


def parameters_of(text: str) -> set[str]:
    """Names of the {name:Type} parameters of this canonical text."""
    return set(_PARAMETER.findall(_bare(text)[0]))


def _bare(text: str) -> tuple[str, list[str]]:
    """Canonical text with empty strings and quoted names, and what stood in the quoted names."""
    quoted = [name for name in _LITERAL.findall(text) if name]
    return _LITERAL.sub(lambda literal: literal[0][0] * 2, text), quoted
