"""Parts of records whose names an export wrote in another case."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

import schemas.sources
from schemas.sources.vault.wire import Line
from schemas.wire import RENAMED_MAX, pick


def test_a_name_is_found_in_whatever_case_an_export_wrote_it() -> None:
    part = {"Request_Parameters": {"USERNAME": "ci"}}
    assert pick(part, "requestParameters", "userName") == "ci"
    assert pick(part, "requestParameters", "accessKeyId") is None


def test_in_a_part_wider_than_any_vendors_only_the_name_itself_is_looked_for() -> None:
    wide = {f"f{n}": n for n in range(RENAMED_MAX)} | {"UserName": "ci"}
    assert pick(wide, "UserName") == "ci"
    assert pick(wide, "userName") is None


def test_every_model_of_a_source_stands_on_one_of_the_two_bases() -> None:
    """A source does not begin a third way: docs/decisions/0013-two-bases-of-wire-models.md."""
    folder = Path(schemas.sources.__file__).parent
    own = [path.name for path in folder.rglob("*.py") if "BaseModel" in path.read_text()]
    assert own == []
    exact = {path.parent.name for path in folder.rglob("*.py") if "(Exact)" in path.read_text()}
    assert exact == {"vault", "kubernetes"}, "measure first, and say so in the decision"


def test_an_exact_model_passes_over_what_is_new_and_says_where_a_type_is_wrong() -> None:
    line = Line.model_validate_json(b'{"time":"t","type":"response","request":{"id":5,"new":1}}')
    assert line.request.id == "5"
    with pytest.raises(ValidationError) as error:
        Line.model_validate_json(b'{"time":"t","type":"response","request":{"namespace":"text"}}')
    assert error.value.errors()[0]["loc"] == ("request", "namespace")
