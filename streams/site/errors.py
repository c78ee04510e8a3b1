"""Errors that people see: what happened, where, and what to do next, in one or two lines."""

from __future__ import annotations

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
