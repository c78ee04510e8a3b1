"""What an HTTP receiver takes in and how it answers, apart from the serving."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from starlette.responses import Response

from streams.receivers.handover import Message


class Refusal(Exception):
    """A request that is not taken: HTTP status, words for people, seconds to come back in (0: do not)."""

    def __init__(self, status: int, words: str, retry_after: int = 0) -> None:
        super().__init__(words)
        self.status = status
        self.retry_after = retry_after


class Body(NamedTuple):
    """An unpacked body; `media` is its type without parameters, in lower case; `services`: those that its
    sender may speak for, or how they begin, before a `*`."""

    content: bytes
    media: str
    services: tuple[str, ...] = ("*",)


class Parcel(NamedTuple):
    """What goes to Kafka of one request, with the rejects of the `unfit` items that are too large for it."""

    messages: list[Message]
    unfit: int = 0


class Reception(Protocol):
    """What one kind of sender sends, and what it expects to hear."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the URL at which records are taken."""

    @property
    def media(self) -> tuple[str, ...]:
        """The media types that are taken."""

    def parcel(self, path: str, body: Body) -> Parcel:
        """Raises Refusal for what does not belong here. Runs in a thread, one at a time."""
        ...

    def accepted(self, path: str, media: str, unfit: int) -> Response:
        """Returns the answer to a request that was taken, of which ``unfit`` records were not fit for a
        topic."""

    def refused(self, media: str, refusal: Refusal) -> Response:
        """Returns the answer to a request that is not taken, in the form that its sender understands."""
