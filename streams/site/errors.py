"""Errors that people see: what happened, where, and what to do next, in one or two lines."""

from __future__ import annotations

from pathlib import PurePath

from streams.site.foreign import shown_lines


class Stop(Exception):
    """Ends a command with this message on stderr and this exit code, without a traceback.

    Exit codes: 1 the work failed, 2 bad input or settings (as the shell's own usage errors), 3 what is
    needed is not running.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(shown_lines(message))
        self.code = code


class SettingsError(Stop):
    """A setting is unknown or unusable; the message names the key and where it was set."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=2)


class NotRunning(Stop):
    """The broker, the SQL endpoint or the whole instance is not there."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=3)


def where(error: BaseException) -> str:
    """The kind of an exception and where it was raised. Its text is left out: it may quote what somebody
    sent."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} at {PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
