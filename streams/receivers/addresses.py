"""Where a receiver listens: `host:port` or `unix:/path`."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from streams.site.errors import SettingsError
from streams.site.listening import is_loopback

BACKLOG = 128
SOCKET_MODE = 0o660
"""Of a unix socket: the sender's user is in our group, or the socket's folder is theirs alone."""


@dataclass(frozen=True)
class Address:
    """`path` for a unix socket, else host and port (0: any free one)."""

    host: str = ""
    port: int = 0
    path: Path | None = None

    @property
    def private(self) -> bool:
        """Whether only this machine can reach it."""
        return self.path is not None or is_loopback(self.host)

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str, setting: str, unix: bool = False) -> Address:
    """Returns the address that a text names. `unix`: whether a unix socket will do. Raises SettingsError."""
    if unix and text.startswith("unix:") and text.removeprefix("unix:"):
        return Address(path=Path(text.removeprefix("unix:")))
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        forms = "host:port or unix:/path" if unix else "host:port"
        raise SettingsError(f"Setting {setting} is not usable: write {forms}, e.g. 127.0.0.1:4318.")
    return Address(host.strip("[]"), int(port))


def listen(address: Address, setting: str) -> socket.socket:
    """Returns a listening socket. Raises SettingsError where the address cannot be had: no restart helps
    then."""
    try:
        if address.path is not None:
            return _listen_at(address.path)
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        # create_server says the address once more in what it raises.
        reason = os.strerror(error.errno) if error.errno else error
        raise SettingsError(
            f"Cannot listen on {address}: {reason}. Choose another address with {setting}."
        ) from None


def _listen_at(path: Path) -> socket.socket:
    _remove_left_over(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        os.chmod(path, SOCKET_MODE)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _remove_left_over(path: Path) -> None:
    """A socket that nobody listens on is what a killed receiver left; any other file is not ours."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            return
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
