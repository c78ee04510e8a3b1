"""HTTP receivers: who may send, what bounds hold, and what is said while Kafka is away."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.receivers import addresses
from streams.receivers.handover import Handover
from streams.receivers.http.access import Access, of_receiver
from streams.receivers.http.kubernetes import WebhookReception
from streams.receivers.http.serving import Bounds, HttpReceiver
from streams.receivers.http.unpack import TooLargeError, Unpacker
from streams.site import stage as stage_module
from streams.site.errors import SettingsError
from streams.site.settings import Settings
from tests.support.certificates import Authority
from tests.support.receiving import (
    Answer,
    OwnBroker,
    bodies,
    connect,
    free_address,
    peak_memory,
    post,
    receiving,
)
from tests.support.topic import Tail
from tests.support.waiting import wait_for

EVENTS = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}}
TOKEN = "correct-horse-battery"


def events(*ids: str, padding: int = 0) -> bytes:
    items = [{"auditID": uid, "stage": "ResponseComplete", "pad": "x" * padding} for uid in ids]
    return json.dumps(EVENTS | {"items": items}).encode()


def audit_ids(settings: Settings, wanted: set[str]) -> list[str]:
    """Those in raw.kubernetes once all wanted are there."""
    tail = Tail(settings, "raw.kubernetes")

    def ids() -> list[str]:
        return [e["auditID"] for m in tail.messages for e in json.loads(m.value() or b"")["items"]]

    tail.until(lambda _: wanted <= set(ids()), "all events")
    tail.close()
    return ids()


@pytest.fixture(scope="module")
def webhook(shared_site: Settings) -> Iterator[Settings]:
    settings = shared_site.model_copy(
        update={"receive_kubernetes": free_address(), "receive_body_limit": 2**20}
    )
    with receiving(settings, "receive_kubernetes"):
        yield settings


def send(settings: Settings, body: bytes, **headers: Any) -> Answer:
    assert settings.receive_kubernetes is not None
    return post(settings.receive_kubernetes, "/audit?timeout=30s", body, **headers)


@contextlib.contextmanager
def serving(
    settings: Settings,
    patience: float = 8.0,
    closed: Callable[[], str | None] = lambda: None,
    **bounds: float,
) -> Iterator[str]:
    """A webhook receiver with bounds of the test's own; gives its address."""
    handover = Handover(settings, "receive_kubernetes", patience)
    reception = WebhookReception(handover, handover.topic("kubernetes", None), settings.record_limit)
    given = replace(Bounds(2**20, 2**22, 100, patience=patience), **bounds)  # type: ignore[arg-type]
    listener = addresses.listen(addresses.parse("127.0.0.1:0", "test"), "test")
    stopping = threading.Event()

    async def serve() -> None:
        await HttpReceiver(reception, handover, Access(), given, closed).serve(listener, stopping.is_set)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        thread.join(20)
        handover.close()


def test_events_posted_to_the_webhook_are_in_kafka_when_it_says_ok(site: Settings) -> None:
    settings = site.model_copy(
        update={"receive_kubernetes": free_address(), "receive_kubernetes_instance": "c1"}
    )
    with receiving(settings, "receive_kubernetes"):
        assert send(settings, events("a", "b")).status == 200
        assert send(settings, json.dumps(EVENTS | {"items": []}).encode()).status == 200
    assert bodies(settings, "raw.kubernetes.c1", 1) == [events("a", "b")]


def test_a_list_larger_than_a_record_is_cut_and_an_event_too_large_is_a_reject(site: Settings) -> None:
    settings = site.model_copy(update={"receive_kubernetes": free_address(), "record_limit": 2_000})
    with receiving(settings, "receive_kubernetes"):
        body = json.loads(events(*map(str, range(30)), padding=100))
        body["items"].append({"auditID": "huge", "pad": "x" * 3_000})
        assert send(settings, json.dumps(body).encode()).status == 200
    ids = audit_ids(settings, set(map(str, range(30))))
    assert sorted(ids, key=int) == list(map(str, range(30)))
    assert all(len(body) <= 2_000 for body in bodies(settings, "raw.kubernetes", 3))
    assert json.loads(bodies(settings, "rejects", 1)[0])["reason"].startswith("larger than 2000 bytes")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","items":[{}]}',
        b'{"kind":"EventList","apiVersion":"v1","items":[{}]}',
        b'{"kind":["EventList"],"apiVersion":"audit.k8s.io/v1","items":[{}]}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":{}}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{]}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_what_is_no_event_list_is_400_and_never_asked_for_again(webhook: Settings, body: bytes) -> None:
    answer = send(webhook, body)
    assert answer.status == 400 and "retry-after" not in answer.headers
    assert answer.body.startswith(b"not a list of audit events: ")


def test_a_get_is_405_and_text_is_415(webhook: Settings) -> None:
    assert webhook.receive_kubernetes is not None
    with connect(webhook.receive_kubernetes) as sender:
        sender.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sender.recv(12) == b"HTTP/1.1 405"
    assert post(webhook.receive_kubernetes, "/", events("a"), "text/plain").status == 415


def test_a_page_in_a_browser_cannot_send(webhook: Settings) -> None:
    assert send(webhook, events("a"), Origin="https://elsewhere.example").status == 403


def test_a_body_larger_than_the_limit_is_413_however_it_comes(webhook: Settings) -> None:
    assert send(webhook, b"x" * (2**20 + 1)).status == 413
    assert webhook.receive_kubernetes is not None
    with connect(webhook.receive_kubernetes) as sender:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        sender.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(20):
            sender.sendall(b"10000\r\n" + b"x" * 2**16 + b"\r\n")
        sender.sendall(b"0\r\n\r\n")
        assert sender.recv(12) == b"HTTP/1.1 413"


def test_a_hundred_megabytes_and_a_gzip_bomb_are_413_within_bounded_memory(webhook: Settings) -> None:
    bomb = gzip.compress(gzip.compress(bytes(200 * 2**20)) * 3)
    hundred = bytes(100 * 2**20)
    packed = gzip.compress(bytes(200 * 2**20), 1)
    # Warm, so that only what the requests take is counted.
    assert send(webhook, hundred).status == 413
    with peak_memory() as grown:
        assert send(webhook, packed, content_encoding="gzip").status == 413
        assert send(webhook, bomb, content_encoding="gzip").status in (400, 413)
        assert send(webhook, hundred).status == 413
    assert grown() < 16 * 2**20


def test_unpacking_stops_at_the_limit() -> None:
    unpacker = Unpacker("gzip", 1000)
    with pytest.raises(TooLargeError):
        unpacker.feed(gzip.compress(bytes(10_000)))


def test_gzip_members_after_each_other_are_one_body_byte_by_byte_too() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    whole, split = Unpacker("gzip", 1000), Unpacker("gzip", 1000)
    whole.feed(packed)
    for byte in packed:
        split.feed(bytes([byte]))
    assert whole.content() == split.content() == b"one two"


def test_a_body_that_dribbles_is_408(site: Settings) -> None:
    with serving(site, body_seconds=0.3) as address, connect(address) as sender:
        sender.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        assert sender.recv(12) == b"HTTP/1.1 408"


def test_a_head_that_is_not_finished_is_408(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.site.http_protocol.HEAD_SECONDS", 0.3)
    with serving(site) as address, connect(address) as sender:
        sender.sendall(b"POST / HTTP/1.1\r\nHost:")
        assert sender.recv(12) == b"HTTP/1.1 408"


def test_too_many_connections_are_told_to_come_back(site: Settings) -> None:
    with serving(site, connections=3) as address, contextlib.ExitStack() as opened:
        first = [opened.enter_context(connect(address)) for _ in range(3)]
        half = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nh"
        for connection in first[1:]:
            connection.sendall(half)
        more = opened.enter_context(connect(address))
        more.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert more.recv(12) == b"HTTP/1.1 405"
        assert b"503" in first[0].recv(1000), "the longest silent gives way"


def test_closed_intake_is_503_with_the_reason_and_a_later_time(site: Settings, tmp_path: Path) -> None:
    settings = site.model_copy(update={"receive_kubernetes": free_address()})
    stage_module.intake_file(tmp_path).write_bytes(
        orjson.dumps({"closed": "The embedded broker is full.", "level": "closed"})
    )
    with receiving(settings, "receive_kubernetes", tmp_path):
        answer = send(settings, events("a"))
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert answer.body == b"The embedded broker is full.\n"


def test_while_kafka_is_away_senders_are_told_to_come_back_and_lose_nothing(
    own_broker: OwnBroker, data: Path
) -> None:
    settings = Settings(data=data, broker=own_broker.address, topic_prefix="away.")
    with serving(settings, patience=0.5) as address:
        own_broker.freeze()
        answer = post(address, "/", events("a"))
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        own_broker.thaw()
        wait_for(lambda: post(address, "/", events("a")).status == 200, "Kafka to be taken up again")
    assert set(audit_ids(settings, {"a"})) == {"a"}


def test_a_short_outage_costs_a_sender_only_time(own_broker: OwnBroker, data: Path) -> None:
    settings = Settings(data=data, broker=own_broker.address, topic_prefix="short.")
    answers: list[int] = []
    with serving(settings) as address:
        own_broker.freeze()
        waiting = threading.Thread(target=lambda: answers.append(post(address, "/", events("a")).status))
        waiting.start()
        waiting.join(0.5)
        assert not answers
        own_broker.thaw()
        waiting.join(20)
    assert answers == [200]
    assert audit_ids(settings, {"a"}) == ["a"]


def test_what_all_requests_hold_together_is_bounded(own_broker: OwnBroker, data: Path) -> None:
    settings = Settings(data=data, broker=own_broker.address, topic_prefix="full.")
    with serving(settings, in_flight=300_000) as address:
        own_broker.freeze()
        statuses: list[int] = []
        senders = [
            threading.Thread(
                target=lambda n=n: statuses.append(post(address, "/", events(str(n), padding=100_000)).status)
            )
            for n in range(6)
        ]
        for sender in senders:
            sender.start()
        wait_for(lambda: statuses.count(429) >= 4, "those that are too many to be sent away")
        own_broker.thaw()
        for sender in senders:
            sender.join(20)
    assert sorted(statuses) == [200, 200, 429, 429, 429, 429]


def test_without_the_right_token_nothing_is_taken(site: Settings) -> None:
    settings = site.model_copy(
        update={"receive_kubernetes": free_address(), "receive_kubernetes_token": _secret(TOKEN)}
    )
    with receiving(settings, "receive_kubernetes"):
        for wrong in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Basic {TOKEN}"}):
            answer = send(settings, events("a"), **wrong)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert send(settings, events("a"), Authorization=f"Bearer {TOKEN}").status == 200


def _secret(text: str):  # type: ignore[no-untyped-def]
    from pydantic import SecretStr

    return SecretStr(text)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def test_only_who_shows_a_certificate_of_the_authority_may_send(
    site: Settings, authority: Authority, tmp_path: Path
) -> None:
    certificate, key = authority.issue("server")
    settings = site.model_copy(
        update={
            "receive_kubernetes": free_address(),
            "receive_kubernetes_certificate": certificate,
            "receive_kubernetes_key": key,
            "receive_kubernetes_client_ca": authority.file,
        }
    )
    known, nobody, stranger = (ssl.create_default_context(cafile=authority.file) for _ in range(3))
    known.load_cert_chain(*authority.issue("api-server"))
    other = Authority(tmp_path, "other")
    stranger.load_cert_chain(*other.issue("stranger"))
    with receiving(settings, "receive_kubernetes"):
        assert send(settings, events("a"), tls=known).status == 200
        for refused in (nobody, stranger):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                send(settings, events("b"), tls=refused)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            send(settings, events("b"))
    assert audit_ids(settings, {"a"}) == ["a"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "anybody could send to 0.0.0.0:4318"),
        ({"receive_otlp_token": _secret(TOKEN)}, "would pass 0.0.0.0:4318 in clear"),
        ({"receive_otlp_client_ca": Path("ca")}, "client_ca needs TLS"),
        (
            {"receive_otlp_certificate": Path("missing"), "receive_otlp_token": _secret(TOKEN)},
            "must be PEM files that belong together",
        ),
    ],
)
def test_a_receiver_open_to_strangers_or_without_usable_files_is_a_wrong_setting(
    given: dict[str, object], said: str
) -> None:
    address = addresses.parse("0.0.0.0:4318", "receive_otlp")
    with pytest.raises(SettingsError, match=said):
        of_receiver(Settings().model_copy(update=given), "receive_otlp", address)


def test_on_loopback_neither_is_needed() -> None:
    for text in ("127.0.0.1:0", "[::1]:0", "localhost:0"):
        assert of_receiver(Settings(), "receive_otlp", addresses.parse(text, "receive_otlp")) == Access()


@pytest.mark.parametrize("text", ["4318", "127.0.0.1", ":4318", "127.0.0.1:x", "127.0.0.1:70000", "unix:/a"])
def test_an_address_that_is_none_is_a_wrong_setting(text: str) -> None:
    with pytest.raises(SettingsError, match="Setting receive_otlp is not usable: write host:port"):
        addresses.parse(text, "receive_otlp")


def test_an_address_that_is_taken_is_a_wrong_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = addresses.parse(f"127.0.0.1:{other.getsockname()[1]}", "receive_otlp")
        with pytest.raises(
            SettingsError, match=r"Address already in use.*Choose another address with receive_otlp"
        ):
            addresses.listen(address, "receive_otlp")
