"""A ClickHouse server with users and TLS: the writer, the readers and the commands reach it by the same
settings, and a wrong password, a stranger's certificate and an unknown authority are said in words."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.clickhouse import query
from streams.clickhouse.engine import Certificates
from streams.clickhouse.migrations import migrate
from streams.clickhouse.sink import Sink, UnavailableError
from streams.delivering.deliver import open_engine
from streams.site.errors import NotRunning, SettingsError
from streams.site.settings import Settings
from tests.support.certificates import Authority
from tests.support.clickhouse import activity, finding, lines, one
from tests.support.clickhouse_server import Server, server_over

USER, PASSWORD = "gapwatch", "a password: of ClickHouse/é"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Server]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.file)
    tls.load_cert_chain(*authority.issue("clickhouse"))
    tls.verify_mode = ssl.CERT_OPTIONAL
    folder = tmp_path_factory.mktemp("server") / "clickhouse"
    with server_over(folder, {USER: PASSWORD}, frozenset({USER}), tls) as served:
        yield served


@pytest.fixture
def settings(server: Server, authority: Authority, tmp_path: Path) -> Settings:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    return Settings(
        data=tmp_path,
        clickhouse=f"https://127.0.0.1:{server.port}",
        clickhouse_user=USER,
        clickhouse_password_file=tmp_path / "password",
        clickhouse_ca_file=authority.file,
    )


def by_certificate(settings: Settings, authority: Authority) -> Settings:
    certificate, key = authority.issue(USER)
    named = {"clickhouse_certificate": certificate, "clickhouse_key": key, "clickhouse_password_file": None}
    return settings.model_copy(update=named)


@pytest.mark.parametrize("way", ["password", "certificate", "both"])
def test_what_is_written_is_read_by_either_way_in(
    way: str, settings: Settings, authority: Authority, server: Server
) -> None:
    with_certificate = by_certificate(settings, authority)
    if way == "certificate":
        settings = with_certificate
    elif way == "both":
        kept = {"clickhouse_password_file": settings.clickhouse_password_file}
        settings = with_certificate.model_copy(update=kept)
    engine = open_engine(settings)
    try:
        migrate(engine)
        sink = Sink(engine)
        number = {"password": 1, "certificate": 2, "both": 3}[way]
        assert sink.write("activities", [lines("activities", activity(number))]) == 0
        assert sink.write("findings", [one("findings", finding(f"f{number}"), number)]) == 0
        rows = query.rows(
            settings, "SELECT uid FROM activities WHERE uid = {uid:String}", {"uid": f"event-{number}"}
        )
        assert rows == [{"uid": f"event-{number}"}]
        assert query.rows(settings, "SELECT count() AS n FROM findings FINAL")
    finally:
        engine.close()
    assert server.users_seen >= {USER}


def test_who_shows_the_wrong_thing_is_told_what(
    settings: Settings, authority: Authority, tmp_path: Path
) -> None:
    wrong = settings.model_copy(
        update={"clickhouse_password_file": None, "clickhouse_password": SecretStr("hush, wrong")}
    )
    with pytest.raises(NotRunning, match="does not answer as gapwatch") as stopped:
        open_engine(wrong)
    assert "hush" not in str(stopped.value)
    other = Authority(tmp_path, "other")
    with pytest.raises(NotRunning):
        open_engine(settings.model_copy(update={"clickhouse_ca_file": other.file}))
    with pytest.raises(NotRunning, match="does not answer"):
        query.rows(settings.model_copy(update={"clickhouse_ca_file": other.file}), "SELECT 1")
    stranger, key = authority.issue("stranger")
    as_other = {"clickhouse_certificate": stranger, "clickhouse_key": key, "clickhouse_password_file": None}
    with pytest.raises(NotRunning):
        open_engine(settings.model_copy(update=as_other))
    with pytest.raises(SettingsError, match="clickhouse_ca_file"):
        query.rows(settings.model_copy(update={"clickhouse_ca_file": tmp_path / "none"}), "SELECT 1")
    with pytest.raises(SettingsError, match="clickhouse_password_file"):
        open_engine(settings.model_copy(update={"clickhouse_password_file": tmp_path / "none"}))


def test_a_certificate_beside_a_password_is_only_what_tls_asks_for() -> None:
    from streams.clickhouse.engine import server_options

    own = Certificates(own=Path("certificate"))
    assert server_options("https://h", "u", "p", own)["tls_mode"] == "strict"
    assert "tls_mode" not in server_options("https://h", "u", "", own)


def test_an_insert_that_was_half_done_refused_slow_or_too_large_is_offered_again_and_each_row_is_one(
    settings: Settings, server: Server
) -> None:
    engine = open_engine(settings)
    try:
        migrate(engine)
        sink, faults = Sink(engine), server.faults
        blocks = [lines("activities", *(activity(number) for number in range(100, 140)))]
        faults.half = True
        with pytest.raises(UnavailableError):
            sink.write("activities", blocks)
        faults.half, faults.refuse = False, True
        with pytest.raises(UnavailableError):
            sink.write("activities", blocks)
        faults.refuse, faults.slow = False, 0.3
        assert sink.write("activities", blocks) == 0
        faults.slow = 0.0
        faults.most = 3_000
        assert sink.write("activities", [lines("activities", *(activity(n) for n in range(140, 160)))]) == 0
        faults.most = 0
        sql = (
            "SELECT count() AS n, uniqExact(uid) AS u FROM activities FINAL WHERE offset BETWEEN 100 AND 159"
        )
        assert query.rows(settings, sql) == [{"n": 60, "u": 60}]
        assert faults.halved and faults.refused
    finally:
        server.faults.half = server.faults.refuse = False
        server.faults.slow = server.faults.most = 0
        engine.close()
