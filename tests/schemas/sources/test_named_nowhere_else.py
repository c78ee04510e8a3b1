"""A source knows itself, and nothing else names it: what must know of all finds them in the folder."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from schemas.sources import sources

ROOT = Path(__file__).parents[3]
FORMATS = {"inventory", "ocsf"}
"""Also words of our own: what a site declares, and the format of findings."""
NAMES = re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(set(sources()) - FORMATS))})(?![a-z])", re.IGNORECASE)

NAMED = {
    "streams/receivers/files/cloudtrail.py": "a receiver of one source alone: the form of its objects",
    "streams/receivers/files/objects.py": "a part of that receiver",
    "streams/receivers/http/kubernetes.py": "a receiver of one source alone: its webhook",
    "streams/receivers/http/otlp.py": "a receiver of one source alone: its protocol",
    "streams/receivers/vault.py": "a receiver of one source alone: its socket device",
    "streams/site/receivers.py": "the settings of those receivers",
    "streams/supervision/stages.py": "the stages of those receivers",
    "streams/site/settings.py": "whose security event tokens a site believes is a setting of that source",
    "streams/site/context.py": "as above",
    "streams/site/reaching.py": "an example in a description: where a token file may come from",
    "streams/command/sources_page.py": "the words around the table, which is made from the folder",
    "correlators/leaked_credential_live.py": "a function of a provider's page, which has that name too",
    "correlators/revocation_undone.py": "its cases, records as a vendor writes them",
    "infra/clickhouse/002_activities.sql": "an example in a comment",
    "infra/clickhouse/012_spans.sql": "as it was released; 017 finds spans whatever their source",
}


def _strings(tree: ast.Module) -> Iterator[str]:
    """Texts, names and imports; what is only said about the code (docstrings) may name a source."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_nothing_outside_schemas_names_a_source_without_a_reason() -> None:
    found = set()
    for folder in ("correlators", "streams", "infra"):
        for path in (ROOT / folder).rglob("*"):
            name = str(path.relative_to(ROOT))
            if name.startswith(("infra/samples", "infra/simulator")):
                continue  # Samples are of sources.
            if path.suffix == ".py":
                named = any(map(NAMES.search, _strings(ast.parse(path.read_text(encoding="utf-8")))))
            else:
                named = path.suffix == ".sql" and bool(NAMES.search(path.read_text(encoding="utf-8")))
            if named:
                found.add(name)
    assert found == set(NAMED)
