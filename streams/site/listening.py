"""One rule for all that listens: on loopback; or with a token and TLS; or the start is refused, and says by
which setting that is mended.

What asks for no token itself (the SQL endpoint, the metrics) listens on loopback, behind a proxy that does.
"""

from __future__ import annotations

from ipaddress import ip_address

from streams.site.errors import SettingsError


def is_loopback(host: str) -> bool:
    """Says whether only this machine reaches it."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def only_here(host: str, setting: str, what: str) -> None:
    """Raises SettingsError where others than this machine could reach what asks for no token."""
    if not is_loopback(host):
        raise SettingsError(
            f"Setting {setting}: {what} asks for no token, and whoever reaches {host} could read it.\n"
            f"Set {setting} to 127.0.0.1, and put a proxy before it that does TLS and asks for one."
        )
