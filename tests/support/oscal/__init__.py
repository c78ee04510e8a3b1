"""NIST's schema of OSCAL 1.2.3, and what holds a document to it and to the references inside it.

The file is `oscal_complete_schema.json` of NIST's release 1.2.3
(https://github.com/usnistgov/OSCAL/releases/tag/v1.2.3), compressed and otherwise unchanged. NIST's work is
in the public domain (17 U.S.C. 105).
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import orjson

SCHEMA = Path(__file__).with_name("oscal_complete_schema-1.2.3.json.gz")
SHA256 = "384324105c7a817af0f65b120a963146caa0e0d55d969cf0daf60e063b87a206"
"""Of the file as NIST released it."""

_UNICODE = {r"\p{L}": r"[^\W\d_]", r"\p{N}": r"\d"}
"""Python's expressions have other words for Unicode's classes."""


@cache
def validator() -> Any:
    text = gzip.decompress(SCHEMA.read_bytes())
    assert hashlib.sha256(text).hexdigest() == SHA256
    return jsonschema.Draft7Validator(_in_python(orjson.loads(text)))


def _in_python(schema: Any) -> Any:
    """The schema with patterns that Python reads, and without the `$id` of each definition, which names no
    document."""
    if isinstance(schema, list):
        return [_in_python(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _in_python(part) for name, part in schema.items() if name != "$id"}
    if isinstance(pattern := made.get("pattern"), str):
        for unicode, python in _UNICODE.items():
            pattern = pattern.replace(unicode, python)
        made["pattern"] = pattern
    return made


def faults(document: dict[str, Any]) -> list[str]:
    """What of a document is not OSCAL: by the schema, and references that lead nowhere, which it does not
    see."""
    found = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in validator().iter_errors(document)
    ]
    results = document["assessment-results"]
    ids = _ids(results)
    found += [f"two things are called {uuid}" for uuid in {uuid for uuid in ids if ids.count(uuid) > 1}]
    named = [results["import-ap"]["href"].removeprefix("#")]
    for result in results["results"]:
        named += [s["subject-uuid"] for o in result["observations"] for s in o.get("subjects", ())]
        named += [
            r["observation-uuid"] for f in result.get("findings", ()) for r in f["related-observations"]
        ]
        selected = {
            c["control-id"]
            for s in result["reviewed-controls"]["control-selections"]
            for c in s["include-controls"]
        }
        targets = {f["target"]["target-id"].removesuffix("_obj") for f in result.get("findings", ())}
        found += [f"{target} was not reviewed" for target in targets - selected]
    return found + [f"nothing is called {uuid}" for uuid in set(named) - set(ids)]


def _ids(part: Any) -> list[str]:
    if isinstance(part, list):
        return [uuid for one in part for uuid in _ids(one)]
    if not isinstance(part, dict):
        return []
    own = [part["uuid"]] if "uuid" in part else []
    return own + [uuid for one in part.values() for uuid in _ids(one)]
