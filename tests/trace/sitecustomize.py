"""Loaded by every Python that has this folder on its path: notes each file opened for reading."""

import os
import sys

if "CHURN_TRACE" in os.environ:
    _record = os.open(
        os.path.join(os.environ["CHURN_TRACE"], f"{os.getppid()}-{os.getpid()}"),
        os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    )
    _root = os.getcwd() + os.sep

    def _note(event, arguments):
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path, mode = os.path.abspath(os.fsdecode(arguments[0])), arguments[1]
            writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
            if path.startswith(_root) and not writes and os.path.isfile(path):
                os.write(_record, (path[len(_root) :] + "\n").encode())

    os.write(_record, (" ".join(sys.orig_argv) + "\n").encode())
    sys.addaudithook(_note)
