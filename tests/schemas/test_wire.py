"""Parts of records whose names an export wrote in another case."""

from __future__ import annotations

from schemas.wire import RENAMED_MAX, pick


def test_a_name_is_found_in_whatever_case_an_export_wrote_it() -> None:
    part = {"Request_Parameters": {"USERNAME": "ci"}}
    assert pick(part, "requestParameters", "userName") == "ci"
    assert pick(part, "requestParameters", "accessKeyId") is None


def test_in_a_part_wider_than_any_vendors_only_the_name_itself_is_looked_for() -> None:
    wide = {f"f{n}": n for n in range(RENAMED_MAX)} | {"UserName": "ci"}
    assert pick(wide, "UserName") == "ci"
    assert pick(wide, "userName") is None
