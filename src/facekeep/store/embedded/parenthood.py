"""On Linux a child can ask the kernel to be signalled when its parent dies, so that kill -9 of the supervisor
leaks nothing."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def dies_with_parent(with_signal: signal.Signals) -> Callable[[], None] | None:
    """A function for subprocess's `preexec_fn`, or None where the platform has no such thing.

    subprocess calls it after changing the user, which matters: a change of user clears the wish. The wish is
    bound to the parent's thread, so it is for a parent of a single thread.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel
