"""Shifts the clock that one process reads, while it runs: Python imports this first where its folder is on PYTHONPATH.

``CHAOS_CLOCK`` names a folder; as long as it holds a file named like the process's ``BORDERLANDS_INSTANCE``, every
reading of the wall clock in that process is off by the seconds in the file. The monotonic clock stays true, as it
does where somebody sets a machine's clock.
"""

import ctypes
import datetime
import gc
import os
import time
from typing import Any

_LOOK_EVERY_S = 0.05


class _Shift:
    """The seconds in ``path``, looked up a few times a second."""

    def __init__(self, path: str) -> None:
        self._path, self._seconds, self._looked_s = path, 0.0, -1.0

    def __call__(self) -> float:
        now_s = time.monotonic()
        if now_s - self._looked_s > _LOOK_EVERY_S:
            self._looked_s = now_s
            try:
                with open(self._path, encoding="ascii") as file:
                    self._seconds = float(file.read() or 0)
            except (OSError, ValueError):
                self._seconds = 0.0
        return self._seconds


def _install(shift: _Shift) -> None:
    true_time, true_time_ns, true_now = time.time, time.time_ns, datetime.datetime.now

    def now(kind: Any, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return true_now(tz) + datetime.timedelta(seconds=shift())

    time.time = lambda: true_time() + shift()
    time.time_ns = lambda: true_time_ns() + int(shift() * 1e9)
    # datetime is written in C and takes no new attributes; its dictionary does, and every name for it sees them.
    methods: dict[str, Any] = gc.get_referents(datetime.datetime.__dict__)[0]
    methods["now"] = classmethod(now)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))


_folder, _instance = os.environ.get("CHAOS_CLOCK"), os.environ.get("BORDERLANDS_INSTANCE")
if _folder and _instance:
    _install(_Shift(os.path.join(_folder, _instance)))
