"""What a process beside another keeps to: it leaves Ctrl-C to its parent, and ends with it."""

import os
import signal
import threading
import time


def belong_to(parent: int) -> None:
    """Ignore Ctrl-C in this process from now on, and end it within a second of the process `parent`, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
