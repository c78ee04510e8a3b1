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

VARIETY = 8
"""A key of fewer different characters is a word or a row of one letter, not chance."""

_LABEL = b"gapwatch: check value of a site's key, version 1"


def site_key(settings: Settings) -> bytes:
    """The key of this site: the setting, else the file `hmac.key` of the data folder, made at first start.

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
    _bind(check, key)
    return key


def check_value(key: bytes) -> str:
    """What tells this key from another one without telling the key."""
    return hmac.new(key, _LABEL, hashlib.sha256).hexdigest()[:32]


def another_key(where: str) -> SettingsError:
    """What is said where the data were made with another key."""
    return SettingsError(
        f"The site's key is not the one that {where} was made with: ids masked under the two never meet.\n"
        "Set hmac_key (or put back hmac.key) as it was. To begin anew, use another data folder and database."
    )


def _bind(check: Path, key: bytes) -> None:
    wanted = check_value(key)
    try:
        found = check.read_text().strip()
    except FileNotFoundError:
        if check.parent.is_dir():
            descriptor = os.open(check, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(wanted + "\n")
        return
    if not hmac.compare_digest(found, wanted):
        raise another_key(f"the data folder {check.parent}")


def _in_file(path: Path, lost: bool) -> bytes:
    if not os.path.lexists(path):
        if lost:
            raise SettingsError(
                f"The site's key {path} is lost, and the data in {path.parent} were made with it.\n"
                "Put it back from a backup, or set hmac_key to what it was. To begin anew, use another one."
            )
        _make(path)
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
    key = path.read_bytes().strip()
    if len(key) < KEY_BYTES or len(set(key)) < VARIETY:
        raise SettingsError(
            f"The site's key {path} is cut short or no chance at all. Put it back from a backup."
        )
    return key


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
