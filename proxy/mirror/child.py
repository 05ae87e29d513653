"""Run a program as the mirror's user, and see to it that it dies with its parent.  A script, not a module.

    python child.py PARENT_PID USER_ID GROUP_ID NEEDS_SEARCH SIGNAL PROGRAM ARGUMENT...

PostgreSQL refuses to run as root, so as root it runs as somebody who owns nothing.  That somebody may have to
pass through folders that are root's alone (a virtual environment or a data folder under /root): then, and
only then, the program keeps CAP_DAC_READ_SEARCH and no other capability.  A process of its own and not a
preexec_fn, because Python code between fork and exec can deadlock in a program that has threads. USER_ID -1
keeps the user.

Source: capabilities(7), prctl(2).
"""

import contextlib
import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_GET_SECUREBITS, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 27, 28, 1 << 2
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522


def main() -> None:
    parent, user, group, needs_search, signal = map(int, sys.argv[1:6])
    libc = ctypes.CDLL(None, use_errno=True)
    if user >= 0:
        if needs_search:
            libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
            # PostgreSQL looks for its own program with access(2), which else leaves a user's capabilities out.
            bits = libc.prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)
            libc.prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        if needs_search:
            # Where the kernel or a container says no, the program runs without and says what it cannot read.
            with contextlib.suppress(OSError):
                _keep_search_capability(libc)
    # After the change of user, which clears it.
    libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("the parent has gone")
    os.execv(sys.argv[6], sys.argv[6:])


def _keep_search_capability(libc: ctypes.CDLL) -> None:
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    bit = 1 << CAP_DAC_READ_SEARCH
    # Effective, permitted, inheritable; the capabilities from 32 on are the second triple.
    data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0)


if __name__ == "__main__":
    main()
