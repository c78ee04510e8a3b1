"""Shutting in: from some point on a process reaches the folders that it needs, and no other file.

The kernel holds it (Landlock, Linux 5.13 and later; landlock(7)): the process gives up rights for itself and
for all that it starts, and nothing gives them back. Where the kernel has none, that is said and nothing else
changes.
"""

from __future__ import annotations

import ctypes
import os
import platform
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

CREATE, ADD, RESTRICT = 444, 445, 446
"""Numbers of the system calls, the same on all architectures that Linux got since 2019, x86-64 and ARM64
among them."""
VERSION_FLAG = 1
PATH_BENEATH = 1
NO_NEW_PRIVILEGES = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
RIGHTS_OF = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights each version of the interface knows; later ones add other kinds than files."""

READ = READ_FILE | READ_DIR | EXECUTE
SYSTEM = ("/etc/localtime", "/usr/share/zoneinfo", "/dev/null", "/dev/urandom", "/dev/zero", "/etc/ssl")
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
MACHINE = ("/proc/self/maps", "/proc/stat", "/proc/meminfo", "/sys/devices/system/cpu", "/sys/fs/cgroup")
"""What the C library reads of a thread's stack, and the engine of this machine's memory and processors."""
NAMES = ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf")
"""What resolving the name of a broker reads."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """Returns which version of Landlock this kernel offers, 0 for none."""
    if not sys.platform.startswith("linux"):
        return 0
    found: int = _syscall(CREATE, None, 0, VERSION_FLAG)
    return max(0, found)


def shut_in(writable: Iterable[Path], readable: Iterable[Path] = ()) -> bool:
    """Gives up every right to files but these, Python's own and the system's libraries, for this thread and
    whatever it starts from now on. Returns False where the kernel cannot.

    To be called before other threads are there: those keep their rights. Raises OSError where the kernel
    offers it and refuses.
    """
    known = version()
    if not known:
        return False
    every = (1 << RIGHTS_OF.get(known, 16)) - 1
    ruleset = _checked(_syscall(CREATE, ctypes.byref(_Ruleset(every)), ctypes.sizeof(_Ruleset), 0))
    try:
        for path in writable:
            _allow(ruleset, path, every)
        for path in (*readable, *_own()):
            _allow(ruleset, path, every & READ)
        _checked(ctypes.CDLL(None, use_errno=True).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _checked(_syscall(RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)
    return True


def said() -> str:
    """Returns in words for people what holds the process in, or why nothing does."""
    known = version()
    if known:
        return f"held in by Landlock (version {known})"
    return f"not held in: this kernel ({platform.system()} {platform.release()}) offers no Landlock"


def _own() -> Iterable[Path]:
    prefixes = {sys.prefix, sys.base_prefix, *site.getsitepackages(), sysconfig.get_path("stdlib")}
    code = Path(__file__).resolve().parents[2]
    ours = (code / name for name in ("streams", "schemas", "correlators", "infra"))
    return (*map(Path, sorted(prefixes)), *map(Path, (*LIBRARIES, *SYSTEM, *MACHINE, *NAMES)), *ours)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """A path that is not there is passed over: nothing can be reached through it."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not path.is_dir():
            rights &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
        rule = _Beneath(rights, descriptor)
        _checked(_syscall(ADD, ruleset, PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(descriptor)


def _syscall(number: int, *arguments: object) -> int:
    result: int = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    return result


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
