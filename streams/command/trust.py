"""Trust: who is believed about what, as `gapwatch doctor` and docs/trust.md show it; made from the pages of
the providers."""

from __future__ import annotations

from schemas.authority import FINDERS, INVENTORY, ISSUERS, LAKES
from schemas.providers import BY_SOURCE, PROVIDERS
from schemas.sources import sources

BEGIN, END = "<!-- table -->", "<!-- /table -->"
"""Around the table in docs/trust.md."""

ROWS_MAX = 1_000
"""Rows that a look at what was said reads out of ClickHouse."""

BEYOND = f"""SELECT voice, uniqExact(key) AS things
FROM (SELECT key, arrayJoin(JSONExtractKeys(body, 'heard')) AS voice
      FROM {{internal}}.dossiers FINAL WHERE body != '')
GROUP BY voice ORDER BY things DESC, voice LIMIT {ROWS_MAX}"""
"""Per voice of how many things it spoke that are another's."""


def _marked(mark: str) -> str:
    return f"""SELECT DISTINCT key FROM {{internal}}.dossiers FINAL
WHERE has(JSONExtract(body, 'marks', 'Array(String)'), '{mark}')
  AND JSONHas(body, 'addresses') ORDER BY key LIMIT {ROWS_MAX}"""


CIRCLES = _marked("aliases in a circle")
"""Identities that are aliases of each other."""

SHARED = _marked("alias of two identities")
"""Aliases that records give to several identities."""


def table() -> list[tuple[str, str]]:
    """Returns each source, and in words what is its own."""
    return [(source, _own(source)) for source in sorted(sources())]


def page(text: str) -> str:
    """Returns the text of docs/trust.md with the table as it is now."""
    head, _, rest = text.partition(BEGIN)
    rows = "".join(f"| `{source}` | {own} |\n" for source, own in table())
    return f"{head}{BEGIN}\n| source | speaks for |\n|---|---|\n{rows}{END}{rest.partition(END)[2]}"


def _own(source: str) -> str:
    if source == INVENTORY:
        return "everything: it declares"
    own = [f"{word}:…" for page in BY_SOURCE.get(source, ()) for word in page.words]
    said = ", ".join(own) or "nothing"
    if source in ISSUERS:
        pages = ", ".join(
            sorted(word for page in PROVIDERS.values() if source in page.sources for word in page.words)
        )
        said = (
            f"the subjects of the issuer that signed it ({pages}:<issuer>:…, entra:<tenant>:… of its tenant)"
        )
    if source in LAKES:
        said += "; everything of a provider whose own log is not collected"
    if source in FINDERS:
        said += "; that any credential was found exposed, and that its holder calls it revoked"
    return said
