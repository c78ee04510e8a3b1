"""One rule for all that listens: on loopback; or with a token and TLS; or the start is refused, and says by
which setting that is mended.

What asks for no token itself (the SQL endpoint, the metrics) listens on loopback, behind a proxy that does. A
browser is a way to reach it for any page that is open in it, also under a name of that page's own which leads
here, so a request whose Host, Origin or fetch site is not the listener's own is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def asked_from_here(headers: Mapping[str, str], listens_on: str) -> bool:
    """Says whether a request's headers name this listener, and no page of another site sent it. The names of
    headers are in small letters."""
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return (
        name.strip("[]").lower() in {listens_on.lower(), "localhost", "127.0.0.1", "::1"}
        and headers.get("origin") in (None, f"http://{host}")
        and headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    )
