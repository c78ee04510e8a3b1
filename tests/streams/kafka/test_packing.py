"""Few messages, nothing lost, each fact in the partition of its key."""

from __future__ import annotations

import json

import pytest

from schemas.dossier import Address, Dossier
from schemas.fact import Tick, decode_envelope, partition_of
from streams.kafka import packing

FACTS = [
    (f"user/{n % 700}", Dossier(addresses={f"home/{n}": Address(since=n)}, marks=("x" * 40,)))
    for n in range(2_000)
]


def test_every_fact_arrives_in_the_partition_of_its_key_and_in_order() -> None:
    arrived = []
    for partition, body in packing.envelopes(FACTS, 3):
        envelope = decode_envelope(body)
        assert {partition_of(key, 3) for key, _ in envelope.facts} == {partition}
        arrived.extend(envelope.facts)
    assert len(arrived) == len(FACTS)
    for key in {key for key, _ in FACTS}:
        assert [f for k, f in arrived if k == key] == [f for k, f in FACTS if k == key]


def test_envelopes_are_few_and_bounded() -> None:
    sizes = [len(decode_envelope(body).facts) for _, body in packing.envelopes(FACTS, 2)]
    assert max(sizes) <= packing.FACTS_MAX
    assert len(sizes) <= len(FACTS) // packing.FACTS_MAX + 2


def test_large_facts_do_not_share_an_envelope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "BYTES_MAX", 200)
    bodies = [body for _, body in packing.envelopes(FACTS[:20], 1)]
    assert all(len(body) <= 200 + 20 or len(decode_envelope(body).facts) == 1 for body in bodies)
    assert sum(len(decode_envelope(body).facts) for body in bodies) == 20


def test_a_tick_is_an_envelope_without_facts() -> None:
    tick = Tick(7, {"raw.vault/0": 3})
    assert decode_envelope(packing.tick_envelope(tick)).tick == tick


def test_rows_become_blocks_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "BYTES_MAX", 50)
    rows = [json.dumps({"n": n}).encode() for n in range(20)]
    made = list(packing.blocks(rows))
    assert len(made) > 1 and all(block.endswith(b"\n") for block in made)
    assert b"".join(made).splitlines() == rows


def test_nothing_makes_no_message() -> None:
    assert not list(packing.envelopes([], 4)) and not list(packing.blocks([]))


def test_a_fact_beyond_a_message_is_cut_and_joins_again() -> None:
    """One OTLP request of 50,000 spans, or one user with as many sessions, is one fact of many MB."""
    addresses = {f"home/{n}": Address(since=n + 1) for n in range(60_000)}
    bodies = [body for _, body in packing.envelopes([("k" * 900, Dossier(addresses=addresses))], 4)]
    assert len(bodies) > 1 and max(map(len, bodies)) <= packing.BYTES_MAX + 20
    joined: dict[str, Address] = {}
    for body in bodies:
        for key, part in decode_envelope(body).facts:
            assert key == "k" * 900
            joined |= part.addresses
    assert joined == addresses
