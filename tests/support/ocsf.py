"""Validation against the published OCSF schema, of everything the suite renders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from schemas.finding import OCSF_VERSION

rendered: set[bytes] = set()
"""Every finding and assurance row that a scenario or a replay of the suite has rendered."""

CLASSES = {2004: "detection_finding", 2003: "compliance_finding"}
BY_VALUE = {
    "pattern",
    "enum",
    "const",
    "maxLength",
    "minLength",
    "minimum",
    "maximum",
    "multipleOf",
    "format",
}
"""What a schema asks of a value, beyond its type."""


@cache
def validator(class_name: str) -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(OCSF_VERSION)).get_class_schema(class_name)
    return Draft202012Validator(schema)


def faults(body: bytes) -> list[str]:
    """What the published schema has against it. Documents of one shape are looked at once."""
    document: dict[str, Any] = orjson.loads(body)
    name = CLASSES[document["class_uid"]]
    if _is_valid(name, orjson.dumps(_shape(document, valued()), option=orjson.OPT_SORT_KEYS)):
        return []
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(document)]


@cache
def _is_valid(class_name: str, shape: bytes) -> bool:
    return bool(validator(class_name).is_valid(orjson.loads(shape)))


@cache
def valued() -> frozenset[str]:
    """The names of all fields of which the schema asks more than a type."""
    return frozenset(found for name in CLASSES.values() for found in _names(validator(name).schema))


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            parts = [field, field.get("items", {}), *field.get("anyOf", ()), *field.get("oneOf", ())]
            if any(BY_VALUE & part.keys() for part in parts):
                yield name
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _names(part)


def _shape(value: Any, kept: frozenset[str], name: str = "") -> Any:
    """A document with one text in place of all, and one number, but in fields that are kept; of a list the
    different ones."""
    if isinstance(value, dict):
        return {key: _shape(each, kept, key) for key, each in value.items()}
    if isinstance(value, list):
        shapes = {orjson.dumps(shape): shape for shape in (_shape(each, kept, name) for each in value)}
        return list(shapes.values())
    if name in kept or not isinstance(value, str | int | float) or isinstance(value, bool):
        return value
    return type(value)(0) if not isinstance(value, str) else "text" if value else ""
