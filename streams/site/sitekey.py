"""The site's key, under which secret credential ids are HMAC'd, and what binds it to the data made with it.

Under another key an end and the use after it no longer meet, and nothing would say so. So a check value, from
which the key cannot be told, stays with the data: in the data folder, and in ClickHouse for sites of several
machines.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from streams.site.errors import SettingsError
from streams.site.settings import Settings

KEY_BYTES = 32
"""As long as the HMAC's hash (SHA-256); more adds nothing (RFC 2104, section 3)."""

KEY_FILE = "hmac.key"
"""Its name in the data folder."""

FORMER_FILE = "hmac.keys-before"
"""Beside it, those that it took the place of, oldest first."""

VARIETY = 8
"""A key of fewer different characters is a word or a row of one letter, not chance."""

_LABEL = b"gapwatch: check value of a site's key, version 1"


def site_key(settings: Settings) -> bytes:
    """Returns the key of this site: the setting, else the file `hmac.key` of the data folder, made at first
    start.

    Raises SettingsError for a key that is lost, weak, linked, another one's, readable by others, or not the
    one that the data were made with.
    """
    check = settings.data / "hmac.check"
    if settings.hmac_key is not None:
        key = settings.hmac_key.get_secret_value().encode()
        if len(set(key)) < VARIETY:
            raise SettingsError(
                f"The setting hmac_key has fewer than {VARIETY} different characters: whoever guesses it "
                "tells masked ids.\nMake one with: openssl rand -hex 32"
            )
    else:
        key = _in_file(settings.data / KEY_FILE, lost=check.exists())
    _bind(check, key, former_keys(settings))
    return key


def former_keys(settings: Settings) -> tuple[bytes, ...]:
    """Returns the keys that this site had before, newest first. Raises SettingsError for a file of them that
    is linked, another one's or readable by others."""
    if settings.hmac_key is not None:
        return tuple(key.encode() for key in settings.hmac_keys_before.get_secret_value().split())
    path = settings.data / FORMER_FILE
    if not os.path.lexists(path):
        return ()
    _guard(path)
    return tuple(reversed(path.read_bytes().split()))


def rotate(settings: Settings) -> None:
    """Gives the data folder a new key and keeps the old one beside it. At every moment in between the folder
    can be started with. Raises SettingsError where the key is a setting, or cannot be used."""
    if settings.hmac_key is not None:
        raise SettingsError(
            "The site's key is the setting hmac_key. Put what it is now in front of hmac_keys_before, and\n"
            "a new one (openssl rand -hex 32) in its place, on every machine of the site."
        )
    if not os.path.lexists(settings.data / KEY_FILE):
        raise SettingsError(
            f"There is no key to rotate: {settings.data / KEY_FILE} is made by the first run."
        )
    old = site_key(settings)
    former = settings.data / FORMER_FILE
    if old not in former_keys(settings):
        kept = former.read_bytes() if os.path.lexists(former) else b""
        _replace(former, kept + old + b"\n")
    _replace(settings.data / KEY_FILE, secrets.token_hex(KEY_BYTES).encode() + b"\n")
    site_key(settings)


def check_value(key: bytes) -> str:
    """Returns what tells this key from another one without telling the key."""
    return hmac.new(key, _LABEL, hashlib.sha256).hexdigest()[:32]


def another_key(where: str) -> SettingsError:
    """Returns what is said where the data were made with another key."""
    return SettingsError(
        f"The site's key is not the one that {where} was made with: ids masked under the two never meet.\n"
        "Set hmac_key (or put back hmac.key) as it was. To begin anew, use another data folder and database."
    )


def _replace(path: Path, content: bytes) -> None:
    """The file is the old one or the new one whole, whenever it is looked at."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, path)


def _bind(check: Path, key: bytes, former: tuple[bytes, ...]) -> None:
    wanted = check_value(key)
    try:
        found = check.read_text().strip()
    except FileNotFoundError:
        if check.parent.is_dir():
            descriptor = os.open(check, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(wanted + "\n")
        return
    if found in map(check_value, former):
        _replace(check, f"{wanted}\n".encode())
    elif not hmac.compare_digest(found, wanted):
        raise another_key(f"the data folder {check.parent}")


def _in_file(path: Path, lost: bool) -> bytes:
    if not os.path.lexists(path):
        if lost:
            raise SettingsError(
                f"The site's key {path} is lost, and the data in {path.parent} were made with it.\n"
                "Put it back from a backup, or set hmac_key to what it was. To begin anew, use another one."
            )
        _make(path)
    _guard(path)
    key = path.read_bytes().strip()
    if len(key) < KEY_BYTES or len(set(key)) < VARIETY:
        raise SettingsError(
            f"The site's key {path} is cut short or no chance at all. Put it back from a backup."
        )
    return key


def _guard(path: Path) -> None:
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        raise SettingsError(f"The site's key {path} is a link or no file at all: put a plain file there.")
    if about.st_uid != os.geteuid():
        raise SettingsError(f"The site's key {path} belongs to somebody else, who can change it: chown it.")
    if about.st_mode & 0o077:
        raise SettingsError(
            f"The site's key {path} can be read by others than its owner"
            f" (mode {about.st_mode & 0o777:04o}).\n"
            f"If nobody has read it: chmod 600 {path}. Else replace it; ids made with the old key will not "
            f"meet new ones."
        )


def _make(path: Path) -> None:
    """Made beside its place and linked into it, so that two processes at their first start agree on one
    key.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(secrets.token_hex(KEY_BYTES).encode() + b"\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
