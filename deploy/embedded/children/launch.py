"""Become a child process of the supervisor: tie its life to the parent's, drop root where asked, then exec.

Run as a script with the standard library only (`python -I -S launch.py …`), because it stands between the supervisor
and every child at every start: it costs some 15 ms. A `preexec_fn` would run Python between fork and exec, which is not
safe once the parent has threads.

usage: launch.py [--parent PID] [--death-signal N] [--uid N --gid N [--search]] -- COMMAND…
"""

import argparse
import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def drop_privileges(uid: int, gid: int, *, search: bool) -> None:
    """Become `uid` for good. With `search` keep CAP_DAC_OVERRIDE, the one right that lets a server whose files lie
    below a private folder (`/root` is 0700) reach them without opening that folder to everybody."""
    libc = ctypes.CDLL(None, use_errno=True)
    if search:
        # Without this bit access(2) answers as if the capability were not there; PostgreSQL asks it about its files.
        _check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if search:
        mask = 1 << CAP_DAC_OVERRIDE
        header = _CapabilityHeader(LINUX_CAPABILITY_VERSION_3, 0)
        sets = (_CapabilitySets * 2)(_CapabilitySets(mask, mask, mask), _CapabilitySets(0, 0, 0))
        _check(libc.capset(ctypes.byref(header), ctypes.byref(sets)), "set capabilities")
        _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "keep capabilities over exec")


def die_with_parent(parent: int, signal_number: int) -> None:
    """Ask the kernel to signal this process when its parent dies (Linux). Set after `setuid`, which clears it."""
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "follow the parent")
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit(1)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int)
    parser.add_argument("--death-signal", type=int)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--search", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    if options.uid is not None:
        drop_privileges(options.uid, options.gid, search=options.search)
    if options.death_signal is not None and sys.platform == "linux":
        die_with_parent(options.parent, options.death_signal)
    os.execv(options.command[0], options.command)  # noqa: S606 - running the given command is what this is for


if __name__ == "__main__":
    main(sys.argv[1:])
