"""What the read-only endpoint lets through to the embedded engine.

`readonly=1` and the reader's role refuse writes, DDL, settings and table functions. Neither stops what the
embedded engine does as its own client (several statements at once, INTO OUTFILE, SET ROLE, KILL QUERY of its
own user) nor the functions it lends to anybody: `file('/etc/passwd')` reads any file, with every role, also
from a string that the engine takes as code (`values('a String ALIAS file(…)', …)`).

So a query is first read by the engine's own parser (formatQuery takes one statement and spells it without
comments, heredocs or escapes), this canonical text is checked, and it, not what came in, is run. What is
allowed is written down (`streams.clickhouse.allowed`): a name in front of a parenthesis must be there, and a
name that stands alone must be none of the engine's other functions, since `arrayMap(file, …)` calls one too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from clickhouse_connect.driver.client import Client

from streams.clickhouse.allowed import FORMATS, STATEMENTS, lent

READONLY = 164
ACCESS_DENIED = 497
UNKNOWN_FORMAT = 73
NOT_IMPLEMENTED = 48

KEYWORDS = frozenset(
    {
        *(
            "ALL",
            "AND",
            "ANY",
            "APPLY",
            "ARRAY",
            "AS",
            "BETWEEN",
            "BY",
            "CASE",
            "COLUMNS",
            "CUBE",
            "DISTINCT",
            "ELSE",
        ),
        *(
            "EXCEPT",
            "EXISTS",
            "FILL",
            "FILTER",
            "FROM",
            "GROUP",
            "HAVING",
            "ILIKE",
            "IN",
            "INTERPOLATE",
            "INTERSECT",
        ),
        *("INTERVAL", "JOIN", "LIKE", "LIMIT", "MATERIALIZED", "NOT", "OFFSET", "ON", "OR", "ORDER", "OVER"),
        *(
            "PREWHERE",
            "QUALIFY",
            "REPLACE",
            "ROLLUP",
            "SELECT",
            "SETS",
            "STEP",
            "STRICT",
            "THEN",
            "TO",
            "TABLE",
        ),
        *("UNION", "USING", "WHEN", "WHERE", "WITH", "FIRST"),
    }
)
"""What canonical text writes in front of a parenthesis beside names of functions, always in capitals."""

# Strings and quoted names are told apart in one pass: each may hold the other's quote.
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|`((?:[^`\\]|\\.)*)`", re.DOTALL)
_ELSEWHERE = re.compile(r"\b(INTO OUTFILE|PARALLEL WITH|EXECUTE AS)\b", re.IGNORECASE)
_HIDDEN = re.compile(r"(?i:\b(?:processes|processlist)\b)")
"""What others ask stands in system.processes."""
_CALL = re.compile(r"(\w+|``)\s*\(")
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*\b(?!\s*[(.])")
_APPLIED = re.compile(r"\bAPPLY (\w+)(?! ->)")
_FORMAT = re.compile(r"\bFORMAT (\w+|``)((?: SETTINGS [^`]*)?)\Z", re.DOTALL)
"""A format that is a word of the language as well (Null, Values) stands quoted in canonical text."""
_SETTING = re.compile(r"(\w+) = ([0-9.]+)")
_SETTINGS = re.compile(r" SETTINGS (\w+ = [0-9.]+(?:, \w+ = [0-9.]+)*)(?: FORMAT (?:\w+|``))?\Z")
_PARAMETER = re.compile(r"\{\s*(\w+)\s*:\s*([^}]*)\}")
_PLAIN_IDENTIFIER = re.compile(r"\w+(?:\.\w+)*\Z")


class RefusedError(Exception):
    """The gate's own refusal, with ClickHouse's number and name for it."""

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message} ({name})")
        self.code = code


class Gate:
    """Says what may run. ``columns`` and ``views``: names of the database's own; ``others``: the engine's
    functions that are not lent, each with whether it may be written in any case."""

    def __init__(self, columns: Collection[str], views: Collection[str], others: Mapping[str, bool]) -> None:
        self._views = frozenset(views)
        own = {name.lower() for name in columns}
        others = {name: any_case for name, any_case in others.items() if name.lower() not in own}
        self._exact = frozenset(name for name, any_case in others.items() if not any_case)
        self._any_case = frozenset(name.lower() for name, any_case in others.items() if any_case)

    @classmethod
    def of(cls, client: Client, databases: Sequence[str]) -> Gate:
        """Returns the gate for the tables that are there now in these databases, as the engine behind
        `client` names its functions."""

        def rows(query: str) -> list[tuple[str, int]]:
            found = client.query(query, parameters={"d": list(databases)}).result_rows
            return [(str(name), int(number)) for name, number in found]

        columns = rows("SELECT DISTINCT name, 0 FROM system.columns WHERE database IN {d:Array(String)}")
        views = rows(
            "SELECT name, 0 FROM system.tables WHERE database IN {d:Array(String)} AND engine = 'View'"
        )
        functions = rows(
            "SELECT name, case_insensitive FROM system.functions UNION ALL SELECT name, 0 FROM"
            " system.table_functions"
        )
        return cls(
            columns=[name for name, _ in columns],
            views=[name for name, _ in views],
            others={name: bool(any_case) for name, any_case in functions if not lent(name)},
        )

    def admit(self, text: str, parameters: Mapping[str, str | None]) -> None:
        """Raises RefusedError unless this canonical text, with these parameters as they are bound, only
        reads what is lent."""
        bare, quoted = _bare(text)
        if (asked := format_of(text)) and asked not in FORMATS:
            raise RefusedError(UNKNOWN_FORMAT, "UNKNOWN_FORMAT", f"The format {asked} is not served here.")
        if asked and quoted[-1:] == [asked]:
            # No name: it may be that of a function.
            quoted.pop()
        if not any(re.match(rf"\(*{statement}\b", bare) for statement in STATEMENTS):
            raise _readonly(f"Cannot execute query in readonly mode, only {', '.join(STATEMENTS)}.")
        if found := _ELSEWHERE.search(bare):
            raise _readonly(f"{found[1].upper()} is not allowed in readonly mode.")
        identifiers = [
            _identifier(parameters, name) for name, kind in _parameters(bare) if kind == "Identifier"
        ]
        self._calls(_PARAMETER.sub("0", bare))
        for part in (bare, *quoted, *identifiers):
            if found := _HIDDEN.search(part):
                raise _denied(found[0], "shows what others ask")
        for name in (*quoted, *identifiers):
            self._alone(name)

    def _calls(self, bare: str) -> None:
        for name in (*_CALL.findall(bare), *_APPLIED.findall(bare)):
            if name not in KEYWORDS and not lent(name) and name not in self._views:
                raise _denied(name, "is no function that is lent here")
        for name in _NAME.findall(bare):
            self._alone(name)

    def _alone(self, name: str) -> None:
        if name in self._exact or name.lower() in self._any_case:
            raise _denied(name, "is a function of the engine that is not lent here; use another alias")


def canonical(client: Client, query: str) -> str:
    """Returns the one statement in `query` as the engine spells it; raises the engine's syntax error for any
    other."""
    answer = client.query("SELECT formatQuerySingleLine({query:String})", parameters={"query": query})
    return str(answer.result_rows[0][0])


def format_of(text: str) -> str | None:
    """Returns the FORMAT that this canonical text asks for, None where it leaves that to the request."""
    bare, quoted = _bare(text)
    found = _FORMAT.search(bare)
    if not found:
        return None
    return found[1] if found[1] != "``" else quoted[-1]


def without_format(text: str) -> str:
    """Returns this canonical text without the FORMAT at its end."""
    form = format_of(text)
    bare = text.removesuffix(f" FORMAT {form}")
    if form and bare == text:
        raise RefusedError(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", f"SETTINGS stand before FORMAT {form} here.")
    return bare


def settings_in(text: str) -> dict[str, str]:
    """Returns the settings with numbers at the end of this canonical text, as it spells them."""
    found = _SETTINGS.search(_bare(text)[0])
    return dict(_SETTING.findall(found[1])) if found else {}


def parameters_of(text: str) -> set[str]:
    """Returns the names of the {name:Type} parameters of this canonical text."""
    return {name for name, _ in _parameters(_bare(text)[0])}


def _parameters(bare: str) -> list[tuple[str, str]]:
    return [(name, kind.strip()) for name, kind in _PARAMETER.findall(bare)]


def _identifier(parameters: Mapping[str, str | None], name: str) -> str:
    """The name that is bound here; only plain ones are taken."""
    bound = parameters.get(name) or ""
    if not _PLAIN_IDENTIFIER.match(bound):
        raise _denied(name, "is bound to no plain name")
    return bound


def _readonly(message: str) -> RefusedError:
    return RefusedError(READONLY, "READONLY", message)


def _denied(name: str, why: str) -> RefusedError:
    return RefusedError(ACCESS_DENIED, "ACCESS_DENIED", f"Not enough privileges: {name} {why}.")


def _bare(text: str) -> tuple[str, list[str]]:
    """Canonical text with empty strings and quoted names, and what stood in the quoted names."""
    quoted = [name for name in _LITERAL.findall(text) if name]
    return _LITERAL.sub(lambda literal: literal[0][0] * 2, text), quoted
