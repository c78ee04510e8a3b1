"""The site's key is bound to the data: a lost, changed, weak, foreign or linked one stops the start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from schemas.activity import Activity, Exposed
from schemas.gate import Gate
from schemas.masking import Masks
from streams.clickhouse.migrations import bind_key
from streams.command.replay_key import replay_key
from streams.site import sitekey
from streams.site.errors import SettingsError
from streams.site.settings import Settings
from streams.site.sitekey import check_value, former_keys, rotate, site_key
from tests.support.clickhouse import engine_over
from tests.support.make import change, use
from tests.support.scenario import World, clock_after, taught

KEY = "0123456789abcdef-of-this-site"


def of(data: Path, key: str | None = None) -> bytes:
    return site_key(Settings(data=data, hmac_key=key))


def test_the_same_key_goes_on(data: Path) -> None:
    assert of(data) == of(data)
    assert (data / "hmac.check").read_text().strip() == check_value(of(data))
    assert of(data).decode() not in (data / "hmac.check").read_text()


def test_a_lost_key_is_not_made_anew(data: Path) -> None:
    of(data)
    (data / "hmac.key").unlink()
    with pytest.raises(SettingsError, match=r"is lost, and the data in .* were made with it\.\nPut it back"):
        of(data)
    assert not (data / "hmac.key").exists()


def test_another_key_is_not_taken(data: Path) -> None:
    of(data)
    with pytest.raises(SettingsError, match=r"is not the one that the data folder .* was made with"):
        of(data, KEY)
    (data / "hmac.key").write_text("f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2)
    with pytest.raises(SettingsError, match="is not the one"):
        of(data)


@pytest.mark.parametrize("weak", ["a" * 64, "ababababab" * 7, "short"])
def test_a_weak_key_is_not_taken(data: Path, weak: str) -> None:
    data.mkdir(exist_ok=True)
    (data / "hmac.key").touch(mode=0o600)
    (data / "hmac.key").write_text(weak)
    with pytest.raises(SettingsError, match="cut short or no chance"):
        of(data)
    if len(weak) >= 16:
        with pytest.raises(SettingsError, match="different characters"):
            of(data, weak)


def test_a_linked_or_foreign_key_is_not_taken(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.mkdir(exist_ok=True)
    other = tmp_path / "other"
    other.touch(mode=0o600)
    other.write_text("f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2)
    (data / "hmac.key").symlink_to(other)
    with pytest.raises(SettingsError, match="is a link or no file"):
        of(data)
    (data / "hmac.key").unlink()
    (data / "hmac.key").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="is a link or no file"):
        of(data)
    (data / "hmac.key").unlink()
    of(data)
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        of(data)


def test_a_database_made_with_another_key_is_not_written_to(tmp_path: Path) -> None:
    with engine_over(tmp_path / "clickhouse") as engine:
        bind_key(engine, check_value(b"one key"))
        bind_key(engine, check_value(b"one key"))
        with pytest.raises(SettingsError, match="the database gapwatch was made with"):
            bind_key(engine, check_value(b"another key"))


LINE = '{"number":7,"created_at":"2026-11-22T10:00:00Z","secret_type":"x","secret":"%s"}'


def key_of(data: Path | None, *paths: Path, **more: Any) -> bytes:
    fields: Any = more | ({"data": data} if data else {})
    return replay_key(Settings(**fields), [str(path) for path in paths])


def test_a_replay_masks_with_a_key_of_its_own_input(tmp_path: Path) -> None:
    one, other, again = tmp_path / "one", tmp_path / "other", tmp_path / "again"
    one.write_text(LINE % "a")
    other.write_text(LINE % "b")
    again.write_text(LINE % "a")
    assert key_of(None, one) == key_of(None, again) == key_of(None, one, again) != key_of(None, other)
    assert key_of(None, one, other) == key_of(None, other, again) and len(key_of(None, one)) == 32
    assert key_of(None, Path("-")) != key_of(None, Path("-"))


def test_a_replay_takes_the_key_of_the_folder_that_is_named(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LINE % "a")
    assert key_of(data, log) == key_of(None, log) and not (data / "hmac.key").exists()
    site = of(data)
    assert key_of(data, log) == site != key_of(None, log)
    assert key_of(None, log, hmac_key=KEY + "-another") == (KEY + "-another").encode()
    (data / "hmac.key").chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by others"):
        key_of(data, log)


def test_a_rotated_key_leaves_the_old_one_to_read_with(data: Path) -> None:
    with pytest.raises(SettingsError, match="no key to rotate"):
        rotate(Settings(data=data))
    keys = [of(data)]
    for _ in range(2):
        rotate(Settings(data=data))
        keys.append(of(data))
    assert len(set(keys)) == 3 and former_keys(Settings(data=data)) == (keys[1], keys[0])
    assert all((data / name).stat().st_mode & 0o077 == 0 for name in ("hmac.key", "hmac.keys-before"))
    assert (data / "hmac.check").read_text().strip() == check_value(keys[2])


@pytest.mark.parametrize("stopped_after", ["hmac.keys-before", "hmac.key"])
def test_a_rotation_that_was_cut_off_leaves_a_folder_that_starts(
    data: Path, monkeypatch: pytest.MonkeyPatch, stopped_after: str
) -> None:
    first = of(data)
    done = sitekey._replace

    def cut(path: Path, content: bytes) -> None:
        done(path, content)
        if path.name == stopped_after:
            raise KeyboardInterrupt

    monkeypatch.setattr(sitekey, "_replace", cut)
    with pytest.raises(KeyboardInterrupt):
        rotate(Settings(data=data))
    monkeypatch.undo()
    assert (of(data) == first) == (stopped_after == "hmac.keys-before")
    rotate(Settings(data=data))
    assert first in former_keys(Settings(data=data)) and of(data) != first


def test_former_keys_that_others_may_write_are_not_taken(data: Path) -> None:
    of(data)
    rotate(Settings(data=data))
    (data / "hmac.keys-before").chmod(0o622)
    with pytest.raises(SettingsError, match="can be read by others"):
        of(data)


def test_a_database_takes_the_key_that_came_after_its_own(tmp_path: Path) -> None:
    old, new = check_value(b"old"), check_value(b"new")
    with engine_over(tmp_path / "clickhouse") as engine:
        bind_key(engine, old)
        bind_key(engine, new, [old])
        bind_key(engine, new, [old])
        with pytest.raises(SettingsError):
            bind_key(engine, check_value(b"third"), [new])


def masks_of(old: bytes, new: bytes) -> Masks:
    return Masks(new, (old,))


SECRET = "ghp_" + "a1B2" * 9


def use_of(gate: Gate, masks: Masks) -> Activity:
    return gate.activity(
        use("e2", 10, "agent:desk/triage", f"secret:github/{masks.of(SECRET)}", source="mcp")
    )


def end_of(gate: Gate, masks: Masks, **more: Any) -> Activity:
    secret = f"secret:github/{masks.of(SECRET)}"
    return gate.activity(change("e1", 0, Exposed("GitHub a/b#7", secret), source="leaks", **more))


@pytest.mark.parametrize("end_first", [True, False])
def test_an_end_masked_under_the_old_key_meets_its_use_under_the_new(end_first: bool) -> None:
    before, after = Masks(b"old"), masks_of(b"old", b"new")
    if end_first:
        many = [end_of(Gate(before), before), use_of(Gate(after), after)]
    else:
        many = [use_of(Gate(before), before), end_of(Gate(after), after), use_of(Gate(after), after)]
    assert "agent:desk" in said(many)
    alone = Masks(b"new")
    assert "agent:desk" not in said([end_of(Gate(before), before), use_of(Gate(alone), alone)])


def said(activities: list[Activity]) -> str:
    """The findings of a leaked credential."""
    world = World(2, clock_after(activities))
    for activity in activities:
        world.take(taught(activity))
        world.settle()
    found = [r for r in world.last.values() if r.reported.control == "leaked_credential_live" and r.finding]
    return repr(found)
