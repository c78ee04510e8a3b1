"""A failure of our own code over something that was read, in words that quote nothing of it."""

from __future__ import annotations

from pathlib import PurePath


def where(error: BaseException) -> str:
    """Returns the kind of an exception and where it was raised. Its text is left out: it may quote a secret
    from the record."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} at {PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
