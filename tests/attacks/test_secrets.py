"""A secret of every kind is planted in every field of every source, and looked for in all that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import orjson
import pytest

from correlators.driver.normaliser import Batch, Normaliser, Record
from schemas.authority import INVENTORY
from schemas.frozen import encoded
from schemas.gate import IDS
from schemas.provider import NAMES
from schemas.providers import BY_WORD, name_of, word_of
from schemas.sources import Context, sources
from tests.fuzz.corpus import Corpus, corpus
from tests.support.planted import KINDS, SHAPELESS, Maker, leaves, planted
from tests.support.plants import documents, putting, some, variants

TRUST = Context(unsigned_allowed=True)


@pytest.fixture(scope="module")
def seeds() -> Corpus:
    return corpus()


def kept(batch: Batch) -> bytes:
    """All that leaves the normaliser."""
    return b"\n".join((*batch.activities, encoded(batch.facts), encoded(batch.rejects)))


def read(source: str, document: Any) -> Batch:
    normaliser = Normaliser(b"the key of a site", trust=TRUST)
    normaliser.take(Record(orjson.dumps(document), source, arrived=1_795_400_000_000_000))
    return normaliser.drain()


@pytest.mark.parametrize("source", sorted(sources()))
def test_no_secret_leaves_the_normaliser(
    source: str, seeds: Corpus, record_property: Callable[[str, object], None]
) -> None:
    maker, kinds = Maker(7), cycle(KINDS)
    found, tried, events = [], 0, 0
    for document in documents(source, seeds):
        for where, secret, record in variants(document, maker, kinds):
            batch = read(source, record)
            tried += 1
            events += len(batch.activities)
            if secret.encode() in kept(batch):
                found.append(where)
    record_property("tried", tried)
    # An inventory with one word that is none of its own is refused as a whole.
    assert tried > 40 and events > (0 if source == INVENTORY else tried / 3)
    assert not found, f"{len(found)} of {tried} secrets stayed in clear: {found[:20]}"


@pytest.mark.parametrize("source", sorted(sources()))
def test_what_looks_like_nothing_is_no_credentials_id_and_no_rejects_field(
    source: str, seeds: Corpus
) -> None:
    maker = Maker(8)
    found = []
    for document in documents(source, seeds):
        for path in some(leaves(document)):
            secret = SHAPELESS(maker)
            batch = read(source, planted(document, path, putting(secret)))
            ids = {id_of(text) for row in batch.activities for text in texts(orjson.loads(row))}
            if any(secret in one for one in ids) or secret.encode() in encoded(batch.rejects):
                found.append(path)
    assert not found


def id_of(key: str) -> str:
    """What a key tells of a credential beside its account and beside names that people gave it."""
    page, name = BY_WORD.get(word_of(key)), name_of(key)
    if ":" not in key or page is None:
        return ""
    forms = zip(page.ids.items(), IDS[word_of(key)], strict=True)
    match = next(
        ((form, under, start) for (start, form), (_, _, under) in forms if name.startswith(start)), None
    )
    if match is None or match[0] is NAMES:
        return ""
    rest = name.removeprefix(match[2])
    before = match[1].match(rest)
    return rest[before.end() :] if before else rest


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value.startswith(("[", "{")):
            yield from texts(orjson.loads(value))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def test_what_an_authenticator_calls_a_credential_is_masked_and_what_kubernetes_calls_one_is_not() -> None:
    event = orjson.loads(
        b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","stage":"ResponseComplete",'
        b'"auditID":"e1","verb":"get","requestURI":"/api/v1/namespaces/ops/configmaps/c",'
        b'"sourceIPs":["198.51.100.7"],"requestReceivedTimestamp":"2026-11-22T20:35:27.351445Z",'
        b'"stageTimestamp":"2026-11-22T20:35:27.353448Z","responseStatus":{"code":200},'
        b'"objectRef":{"resource":"configmaps","namespace":"ops","name":"c","apiVersion":"v1"}}'
    )
    for shown, clear in (
        ("aws_secret_access_key=uh80tpBMqETofmAf38AS0oSP", False),
        ("TOKEN=correct-horse", False),
        ("JTI=0fac6416-10d3-4be4-b4ec-99b14e63b967", True),
    ):
        extra = {"authentication.kubernetes.io/credential-id": [shown]}
        batch = read("kubernetes", event | {"user": {"username": "alice", "extra": extra}})
        assert len(batch.activities) == 1
        assert (shown.partition("=")[2].encode() in kept(batch)) is clear
        assert (b'"credential":"k8s:default:other/hmac-' in kept(batch)) is not clear, kept(batch)


LOGIN = "https://svc:q1w2e3r4t5y6u7i8@db.example.com/x"


@pytest.mark.parametrize(
    ("source", "where", "clue", "secret"),
    [
        ("caep", ("iss",), LOGIN, "q1w2e3r4t5y6u7i8"),
        ("cloudtrail", ("userIdentity", "arn"), LOGIN, "q1w2e3r4t5y6u7i8"),
        ("cloudtrail", ("userIdentity", "arn"), "postgres://app:q1w2e3r4t5@10.0.0.7:5432/s", "q1w2e3r4t5"),
        ("azure", ("properties", "requestUri"), "X-Api-Key: q1w2e3r4t5y6u7i8p9", "q1w2e3r4t5y6u7i8p9"),
    ],
)
def test_no_part_of_a_text_reaches_the_gate_without_what_tells_the_secret_in_it(
    source: str, where: tuple[str, ...], clue: str, secret: str, seeds: Corpus
) -> None:
    tried = 0
    for document in documents(source, seeds):
        if where in set(leaves(document)):
            tried += 1
            batch = read(source, planted(document, where, putting(clue)))
            assert secret.encode() not in kept(batch), kept(batch)
    assert tried


@pytest.mark.long
@pytest.mark.parametrize("source", sorted(sources()))
def test_no_secret_of_any_kind_in_any_field_leaves_the_normaliser(source: str, seeds: Corpus) -> None:
    """Every kind in every field, where the tests of every day let kinds take turns."""
    maker, found = Maker(5), []
    for document in documents(source, seeds):
        for path in some(leaves(document)):
            for kind, make in KINDS.items():
                text, secret = make(maker)
                if secret.encode() in kept(read(source, planted(document, path, putting(text)))):
                    found.append((kind, path))
    assert not found
