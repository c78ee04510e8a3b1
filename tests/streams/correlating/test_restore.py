"""Stored dossiers come back whole, however many rows each has and however small the pages are."""

from __future__ import annotations

import pytest

from correlators.kernel.knowledge.join import join
from schemas.dossier import Address, Dossier
from schemas.stored import UNREAD_MARK, encode
from streams.correlating.restore import Row, dossiers, rows
from streams.site.errors import NotRunning, Stop


def dossier(number: int) -> Dossier:
    return Dossier(addresses={f"home/{number}": Address(since=number)})


def row(key: str, version: int, number: int | None) -> Row:
    return Row(key, version, "" if number is None else encode(dossier(number)).decode())


TABLE = [
    row("a", 3, 1),
    row("a", 7, 2),
    *(row("b", version, version) for version in range(1, 12)),
    row("gone", 1, 1),
    row("gone", 2, None),
    row("reborn", 1, 1),
    row("reborn", 2, None),
    row("reborn", 3, 3),
]


class Table:
    """Answers as the table would; refuses answers above a number of rows."""

    def __init__(self, most: int = 10**6) -> None:
        self.most = most

    def __call__(self, sql: str, parameters: dict[str, str]) -> bytes:
        last, limit = (parameters["key"], int(parameters["version"])), int(parameters["rows"])
        if limit > self.most:
            raise Stop("Limit for result exceeded")
        found = [r for r in TABLE if (r.key, r.version) > last][:limit]
        import msgspec

        # ClickHouse writes 64-bit numbers as text in JSON.
        return b"\n".join(
            msgspec.json.encode({"key": r.key, "version": str(r.version), "body": r.body}) for r in found
        )


@pytest.mark.parametrize("page", [1, 2, 3, 5, 1000])
def test_every_row_is_read_once_whatever_the_page(page: int) -> None:
    assert list(rows(Table(), page)) == TABLE


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones() -> None:
    assert list(rows(Table(most=4), 100)) == TABLE


def test_an_endpoint_that_is_away_is_said_so() -> None:
    def ask(sql: str, parameters: dict[str, str]) -> bytes:
        raise NotRunning("nobody there")

    with pytest.raises(NotRunning, match="nobody there"):
        list(rows(ask))


def test_all_rows_of_a_key_are_joined_and_deleted_ones_stay_away() -> None:
    found = dict(dossiers(TABLE))
    assert found.keys() == {"a", "b", "reborn"}
    assert found["a"] == join(dossier(1), dossier(2))
    assert len(found["b"].addresses) == 11
    assert found["reborn"] == dossier(3)


def test_a_row_that_cannot_be_read_is_sent_with_the_others() -> None:
    found = dict(dossiers([row("a", 1, 1), Row("a", 2, "{"), row("a", 3, 2)]))
    known = join(dossier(1), dossier(2))
    assert found["a"].addresses == known.addresses
    assert (found["a"].unread, found["a"].marks) == ("{", (UNREAD_MARK,))
