"""Asking: queries on their way to the readers, each with somebody who waits for it.

Who has gone has asked nothing: what waits is dropped, what runs is ended in the engine. Waiting has a
deadline. While all readers are busy a query is first tried for a moment on a reader of its own, so that a
short one never waits behind long ones.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.clickhouse.engine import Engine
from streams.clickhouse.http_query import HttpQuery
from streams.clickhouse.readers import QUERY_WAS_CANCELLED, Answer, Readers, Ticket
from streams.clickhouse.sql_gate import RefusedError

READERS = 2
"""Queries at once: as many as small machines have cores; ingest keeps its share."""
WAITING_MAX = 32
"""Requests that may wait for a reader; more are told to come back."""
WAIT_SECONDS = 30.0
"""How long one waits for a reader, until it is told to come back."""
SHORT = timedelta(seconds=0.25)
"""What the reader for short queries gives to one."""
SHORT_SHARE = 8
"""Part of the memory of all queries that a short one may take."""
KILL_SECONDS = 0.1
"""Between two tries to end a query: one that is only just beginning is not listed yet."""
TIMEOUT_EXCEEDED = 159
TOO_MANY_QUERIES = 202

log = logging.getLogger("gapwatch.sql")


Submit = Callable[[Callable[[], Answer]], "Future[Answer]"]


class GoneError(Exception):
    """Nobody waits for the answer."""


class NewestFirst:
    """A thread that takes what came last first: who asks now is not behind a crowd that may have gone."""

    def __init__(self, name: str) -> None:
        self._waiting: queue.LifoQueue[tuple[Future[Answer], Callable[[], Answer]] | None] = queue.LifoQueue()
        self._over = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def submit(self, call: Callable[[], Answer]) -> Future[Answer]:
        """Queues a call, to be made before those that wait already; the future gives its answer or error."""
        future: Future[Answer] = Future()
        self._waiting.put((future, call))
        if self._over:
            self._drop()
        return future

    def end(self) -> None:
        """Ends the thread after the call that it is at, and cancels the futures of all that wait."""
        self._over = True
        self._waiting.put(None)
        self._drop()

    def _drop(self) -> None:
        left = []
        while True:
            try:
                left.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        for item in left:
            if item is None:
                self._waiting.put(None)
            else:
                item[0].cancel()

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            future, call = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except Exception as error:
                future.set_exception(error)


class Asking:
    """Runs queries in threads of its own. All memory limits together stay within the engine's."""

    def __init__(self, engine: Engine) -> None:
        whole = engine.limits
        self._engine = engine
        self._readers = Readers(engine, READERS, replace(whole, memory=whole.memory // READERS))
        brief = replace(whole, time=min(SHORT, whole.time), memory=whole.memory // SHORT_SHARE)
        self._brief = Readers(engine, 1, brief, whole=True)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="sql")
        self._brief_thread = NewestFirst("sql-short")
        self._killing = threading.Lock()
        self._open = 0

    @property
    def busy(self) -> bool:
        """Whether a query runs."""
        return self._readers.busy or self._brief.busy

    async def ask(self, query: HttpQuery, gone: Callable[[], Awaitable[None]]) -> Answer:
        """Runs one query, as long as `gone` does not return.

        Raises GoneError, RefusedError, ClickHouseError.
        """
        if self._open >= READERS + WAITING_MAX:
            raise _come_back("Too many simultaneous queries, try again")
        self._open += 1
        left = asyncio.ensure_future(gone())
        try:
            if self._open > READERS:
                try:
                    return await self._run(query, left, self._brief, self._brief_thread.submit)
                except ClickHouseError as error:
                    if getattr(error, "code", None) != TIMEOUT_EXCEEDED:
                        raise
            answer = await self._run(query, left, self._readers, self._threads.submit)
            if answer.rest is not None:
                # Its reader is not free before its last part has gone out.
                self._open += 1
                answer.rest.on_close = self._closed
            return answer
        finally:
            left.cancel()
            self._open -= 1

    def _closed(self) -> None:
        self._open -= 1

    async def _run(
        self, query: HttpQuery, left: asyncio.Future[None], readers: Readers, submit: Submit
    ) -> Answer:
        ticket = Ticket()
        try:
            asked = submit(partial(readers.ask, query, ticket))
            answer = asyncio.wrap_future(asked)
        except RuntimeError as error:
            raise _stopping() from error
        done, _ = await asyncio.wait(
            (answer, left), timeout=WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if not done and ticket.begun:
            # Its own time limit ends it from here on.
            await asyncio.wait((answer, left), return_when=asyncio.FIRST_COMPLETED)
        if answer.cancelled():
            raise _stopping()
        if answer.done():
            return answer.result()
        ticket.gone = True
        asked.add_done_callback(_drop)
        if not answer.cancel() or ticket.begun:
            await asyncio.to_thread(self._end, ticket)
        if left.done():
            raise GoneError
        raise _come_back(f"No reader was free within {WAIT_SECONDS:.0f} s, try again")

    def _end(self, ticket: Ticket) -> None:
        """Ends it in the engine; returns when its thread is free again."""
        with self._killing:
            killer = self._engine.writer()
            try:
                while ticket.begun and not ticket.ended.wait(KILL_SECONDS):
                    killer.command(f"KILL QUERY WHERE startsWith(query, '{ticket.mark}') ASYNC")
            except ClickHouseError:
                log.warning("a query that nobody waits for could not be ended", exc_info=True)
            finally:
                self._engine.discard(killer)

    async def cut(self, ticket: Ticket) -> None:
        """Ends a query of which part of the answer has gone out, and whose next part nobody waits for."""

        def kill() -> None:
            killer = self._engine.writer()
            try:
                killer.command(f"KILL QUERY WHERE startsWith(query, '{ticket.mark}') ASYNC")
            except ClickHouseError:
                log.warning("a query that nobody waits for could not be ended", exc_info=True)
            finally:
                self._engine.discard(killer)

        await asyncio.to_thread(kill)

    def stop(self, seconds: float) -> None:
        """Ends all that runs: an engine cannot be closed under a query."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._brief_thread.end()
        killer = self._engine.writer()
        waited = threading.Event()
        for _ in range(int(seconds / KILL_SECONDS)):
            if not self.busy:
                break
            killer.command("KILL QUERY WHERE query_kind IN ('Select', 'Show', 'Explain', 'Describe') ASYNC")
            waited.wait(KILL_SECONDS)
        self._engine.discard(killer)


def _drop(asked: Future[Answer]) -> None:
    """What was answered after all has nobody to go to."""
    if not asked.cancelled() and asked.exception() is None and (rest := asked.result().rest):
        rest.close()


def _stopping() -> RefusedError:
    return RefusedError(QUERY_WAS_CANCELLED, "QUERY_WAS_CANCELLED", "gapwatch is being stopped.")


def _come_back(words: str) -> RefusedError:
    return RefusedError(TOO_MANY_QUERIES, "TOO_MANY_SIMULTANEOUS_QUERIES", words)
