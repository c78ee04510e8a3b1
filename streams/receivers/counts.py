"""What receivers count."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from streams.site.metrics import HELD_NAME

RECEIVED = Counter("gapwatch_received", "Records that a receiver handed over and Kafka took.", ["receiver"])
RECEIVED_BYTES = Counter("gapwatch_received_bytes", "Bytes of those records.", ["receiver"])
REFUSED = Counter("gapwatch_refused", "Requests and connections that were refused.", ["receiver", "reason"])
UNFIT = Counter("gapwatch_unfit", "Received records that could only become a reject.", ["receiver"])
HELD = Gauge(HELD_NAME, "1 while a receiver waits for Kafka.", ["receiver"], multiprocess_mode="max")
