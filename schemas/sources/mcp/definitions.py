"""Tool definitions: which tools a server offers, and a digest of each by which a change is noticed.

The digest is ``sha256:`` and the SHA-256, in hex, of the definition as JSON (UTF-8) without what does not
change its meaning: no blanks between values, fields sorted by name, ``required`` sorted, runs of white
space in titles and descriptions as one blank. Of the definition it holds ``name``, ``title``,
``description``, ``inputSchema``, ``outputSchema`` and ``annotations``, those that are there; pictures and
``_meta`` say nothing to a model.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from schemas.span import bounded

MEANT = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
PROSE = frozenset({"title", "description"})
SETS = frozenset({"required"})
DEPTH_MAX = 64
"""A schema is never nested so deep; of one that is, no two are the same."""
UNREADABLE = "unreadable"
"""Stands for the digest of such a one: it is no approved definition, whoever wrote it."""

TOOLS_MAX = 1_000


def offered_by(tools: list[Any]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Returns the names of the tools offered, sorted, and the digest of each; None for a list longer than
    any real one (a part of it would make the rest look refused). A name that is listed with two definitions
    is there twice: a model is shown both."""
    named = [(bounded(name), tool) for tool in tools if isinstance(tool, dict) and (name := _name(tool))]
    if len(named) > TOOLS_MAX:
        return None
    found = sorted({(name, digest_of(tool)) for name, tool in named})
    return tuple(name for name, _ in found), tuple(digest for _, digest in found)


def digest_of(tool: dict[str, Any]) -> str:
    """Returns the digest of a definition; ``UNREADABLE`` for one that is no sane JSON."""
    try:
        meant = _canonical({key: tool[key] for key in MEANT if key in tool}, "", DEPTH_MAX)
        body = orjson.dumps(meant, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError):
        return UNREADABLE
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _canonical(value: Any, name: str, left: int) -> Any:
    if not left:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {key: _canonical(inner, key, left - 1) for key, inner in value.items()}
    if isinstance(value, list):
        many = [_canonical(inner, "", left - 1) for inner in value]
        return sorted(many, key=str) if name in SETS else many
    return " ".join(value.split()) if isinstance(value, str) and name in PROSE else value


def _name(tool: dict[str, Any]) -> str:
    name = tool.get("name")
    return name if isinstance(name, str) else ""
