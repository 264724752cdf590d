"""A stage ends with the run that it belongs to, however that ended.

`repro` starts DVC, which starts the stages. Killed, it can tell neither; a stage whose run is gone
interrupts itself, and DVC stops at the failure of its stage.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

PARENT = "CHURN_PARENT"  # the variable with the process id of the run
SECONDS = 1.0  # between two looks
GRACE = 15.0  # seconds for a kernel to end


def end_with_parent() -> None:
    """Interrupt this process as soon as the run that started it is gone, if there is one."""
    number = os.environ.get(PARENT, "")
    if number.isdigit():
        threading.Thread(target=_watch, args=(int(number),), daemon=True).start()


def _watch(parent: int) -> None:
    while _is_alive(parent):
        time.sleep(SECONDS)
    print("the run that started this stage is gone: stopping", file=sys.stderr)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(GRACE)
    os._exit(1)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
