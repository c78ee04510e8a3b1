"""Validation against the published OCSF schema, of everything the suite renders."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from schemas.finding import OCSF_VERSION

rendered: set[bytes] = set()
"""Every finding and assurance row that a scenario or a replay of the suite has rendered."""


@cache
def validator(class_name: str) -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(OCSF_VERSION)).get_class_schema(class_name)
    return Draft202012Validator(schema)


def faults(body: bytes) -> list[str]:
    """What the published schema has against it."""
    document: dict[str, Any] = orjson.loads(body)
    name = {2004: "detection_finding", 2003: "compliance_finding"}[document["class_uid"]]
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(document)]
