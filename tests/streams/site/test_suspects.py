"""A message over which two careful processes died is set aside; other kills set nothing aside."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from streams.site import suspects
from streams.site.stage import Stage
from streams.site.suspects import Place, Suspects

AT = ("raw.vault", 2, 17)
NEXT = ("raw.vault", 2, 18)


def process(folder: Path, broker: str = "b") -> Suspects:
    """What a new process of the stage knows."""
    return Suspects(Stage("normalise", broker_id=broker, run_folder=folder))


def die_over(careful: Suspects, place: Place) -> None:
    """Nobody is left to say that the work is done."""
    careful.over(place).__enter__()


@pytest.mark.parametrize("innocent", [asyncio.CancelledError, ConnectionError])
def test_who_is_cancelled_or_has_to_wait_did_not_die_of_the_message(
    tmp_path: Path, innocent: type[BaseException]
) -> None:
    for _ in range(2):
        process(tmp_path)
    for _ in range(3):
        with pytest.raises(innocent), process(tmp_path).over(AT, ConnectionError):
            raise innocent
    assert not process(tmp_path).set_aside(AT)
    for _ in range(2):
        with pytest.raises(ValueError), process(tmp_path).over(AT, ConnectionError):
            raise ValueError
    assert process(tmp_path).set_aside(AT), "the process ends by any other error"


def test_two_deaths_over_one_message_set_it_aside(tmp_path: Path) -> None:
    assert not process(tmp_path).careful and not process(tmp_path).careful, "one death is anybody's"
    for _ in range(2):
        careful = process(tmp_path)
        assert careful.careful and not careful.set_aside(AT)
        die_over(careful, AT)
    after = process(tmp_path)
    assert after.set_aside(AT) and not after.set_aside(NEXT)
    with after.over(NEXT):
        pass
    assert process(tmp_path).set_aside(AT), "it stays set aside, for its offset may not be committed yet"


def test_deaths_between_messages_and_over_different_ones_set_nothing_aside(tmp_path: Path) -> None:
    for _ in range(2):
        process(tmp_path)
    for place in (AT, NEXT):
        careful = process(tmp_path)
        die_over(careful, place)
    for _ in range(5):
        idle = process(tmp_path)
    assert not idle.set_aside(AT) and not idle.set_aside(NEXT)


def test_an_orderly_end_another_broker_and_time_end_the_care(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        process(tmp_path)
    last = process(tmp_path)
    assert last.careful
    last.end()
    assert not process(tmp_path).careful
    assert not process(tmp_path).careful
    assert not process(tmp_path, "another").careful, "its offsets are others"
    for _ in range(2):
        last = process(tmp_path, "another")
    assert [last.careful] == [True]
    with monkeypatch.context() as later:
        later.setattr(suspects, "CAREFUL_SECONDS", 0.0)
        assert [last.careful] == [False]
    assert not process(tmp_path, "another").careful, "it lived on: the row begins anew"


def test_a_file_that_is_no_state_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "suspects-normalise-0.json").write_bytes(b"{")
    assert not process(tmp_path).careful
