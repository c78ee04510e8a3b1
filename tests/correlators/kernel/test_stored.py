"""What another version stored: understood as far as it goes, marked, never a crash, never made poorer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by
from schemas.dossier import Dossier
from schemas.fact import decode_envelope, facts_of
from schemas.stored import UNREAD_MARK, decode, encode, read_envelope
from tests.support.make import KEY, USER, kill, use
from tests.support.scenario import clock_after, run

STATE = Path(__file__).parents[2] / "state"
"""One file per version that was ever released: dossiers as it stored them."""
GAP = [use("before", 0), kill("kill", 100), use("after", 5_000)]


def golden() -> list[tuple[str, str]]:
    rows = [orjson.loads(line) for path in sorted(STATE.glob("*.jsonl")) for line in path.open("rb")]
    return [(row["key"], row["body"]) for row in rows]


@pytest.mark.parametrize(("key", "body"), golden())
def test_every_dossier_that_a_version_stored_is_wholly_understood(key: str, body: str) -> None:
    known = known_by(body)
    assert not known.unread and UNREAD_MARK not in known.marks
    old = {name: part for name, part in orjson.loads(body).items() if name != "watched"}
    assert holds(orjson.loads(encode(known)), old)
    assert known_by(encode(known)) == known


def holds(new: object, old: object) -> bool:
    """Whether all that was stored is there still; rows may have become longer."""
    if isinstance(new, dict) and isinstance(old, dict):
        return all(name in new and holds(new[name], part) for name, part in old.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(new) >= len(old) and all(map(holds, new, old))
    return new == old


def stored() -> dict[str, Any]:
    """The dossier of the identity of ``GAP``, as it is stored."""
    body: dict[str, Any] = orjson.loads(run(GAP).stores[0][USER])
    return body


def newer(change: str) -> bytes:
    """The same, as a later version might have stored it."""
    body = stored()
    if change == "field":
        body["of_tomorrow"] = {"k": 1}
    elif change == "value":
        body["credentials"][KEY]["turns"][0][4] = "evaporated"
    elif change == "inner field":
        body["credentials"][KEY]["of_tomorrow"] = 1
    elif change == "version":
        body["version"] = 99
    elif change == "longer row":
        body["credentials"][KEY]["known"] += ["", "", "", "", [], "", 7, 8, 9]
    else:
        return b"\xff no JSON at all"
    return orjson.dumps(body)


CHANGES = ("field", "value", "inner field", "version", "longer row", "nothing of ours")


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_known_is_marked_kept_and_written_back(change: str) -> None:
    body = newer(change)
    store = {USER: body}
    correlator = Correlator(controls(), store.get)
    correlator.take(facts_of(use("tomorrow", 9_000)))
    settled = correlator.settle(clock_after(GAP, hours=9))
    assert UNREAD_MARK in settled.marks
    back = settled.dossiers[USER]
    assert back is not None and decode(back).unread == body.decode("utf-8", "backslashreplace")
    again = known_by(back)
    assert b"tomorrow" in encode(again) and UNREAD_MARK in again.marks
    assert [r for r in settled.reports if r.detail] == [], "nothing is taken back"


def test_without_such_a_text_the_same_dossier_bears_no_mark() -> None:
    correlator = Correlator(controls(), {USER: orjson.dumps(stored())}.get)
    correlator.take(facts_of(use("tomorrow", 9_000)))
    assert UNREAD_MARK not in correlator.settle(clock_after(GAP, hours=9)).marks


@pytest.mark.parametrize("change", ["field", "inner field", "version"])
def test_what_is_understood_beside_it_is_judged(change: str) -> None:
    assert (
        known_by(newer(change)).credentials[KEY].turns
        == decode(orjson.dumps(stored())).credentials[KEY].turns
    )


def test_a_text_that_a_version_understands_again_is_taken_up_and_the_mark_goes() -> None:
    whole = orjson.dumps(stored())
    poor = Dossier(unread=whole.decode(), marks=(UNREAD_MARK, "turns full"))
    known = known_by(encode(poor))
    assert not known.unread and known.marks == ("turns full",)
    assert known.credentials == decode(whole).credentials


def test_a_text_that_is_not_understood_survives_a_join_and_the_cap_on_bytes() -> None:
    text = newer("field").decode()
    many = run([use(f"u{n}", n, credential=f"aws:key/{n}") for n in range(300)])
    rich = join(known_by(many.stores[0][USER]), Dossier(unread=text))
    correlator = Correlator(controls(), {USER: encode(rich)}.get, bytes_max=len(text) + 4_000)
    correlator.dossier(USER)
    body = correlator.settle(clock_after(GAP)).dossiers[USER]
    assert body is not None and known_by(body).unread == text
    assert len(body) < 3 * (len(text) + 4_000)


def test_a_fact_of_another_version_in_an_envelope_is_not_lost() -> None:
    body = b'{"facts":[["%b",%b],["%b",%b]]}' % (
        USER.encode(), newer("field"), KEY.encode(), encode(Dossier(marks=("m",))),
    )  # fmt: skip
    with pytest.raises(Exception, match="unknown field"):
        decode_envelope(body)
    (_, first), (_, second) = read_envelope(body).facts
    assert first.unread and first.credentials and second == Dossier(marks=("m",))
