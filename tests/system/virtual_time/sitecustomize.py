"""Lets a program's wall clock stand as far ahead as a file says; Python imports this first where it is on its path.

`VIRTUAL_TIME` names the file: eight bytes, nanoseconds. All processes that share it see the same time, and time jumps
for all at once when a test writes to it. What counts durations (time-outs, pauses) is the monotonic clock, left alone.
"""

import mmap
import os
import struct
import time

if "VIRTUAL_TIME" in os.environ:
    with open(os.environ["VIRTUAL_TIME"], "rb") as file:  # noqa: PTH123 - pathlib would be imported for every program
        _ahead = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    _read = struct.Struct("<q").unpack_from
    _real_ns = time.time_ns
    time.time_ns = lambda: _real_ns() + _read(_ahead)[0]
    time.time = lambda: time.time_ns() / 1e9
