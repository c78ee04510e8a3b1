"""Free ports for what listens: the broker, the SQL endpoint, the metrics."""

from __future__ import annotations

import socket

from streams.site.errors import Stop

BROKER = 19092
SQL = 18123
METRICS = 19100
"""Above the usual ports of Kafka, ClickHouse and node exporters by 10000, so that they can stand beside
those.
"""


def choose(wanted: int | None, preferred: int, setting: str, host: str = "127.0.0.1") -> int:
    """Returns the port to listen on. None: the preferred one, else any free one. Raises Stop where a named
    one is taken."""
    if wanted:
        if not _free(host, wanted):
            raise Stop(
                f"Port {wanted} on {host} ({setting}) is taken. Choose another one, or leave it unset."
            )
        return wanted
    if wanted is None and _free(host, preferred):
        return preferred
    with socket.socket() as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


def _free(host: str, port: int) -> bool:
    with socket.socket() as listener:
        # Without it a port whose last connections are in TIME_WAIT would look taken after a restart.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
        return True
