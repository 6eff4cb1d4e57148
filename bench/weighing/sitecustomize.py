"""First on the path of a gateway under bench/instructions.py: it runs inside of callgrind, which waits to be told."""

import os
import sys

if "gateway" in sys.orig_argv and "BENCH_INSTRUCTIONS" in os.environ:
    out = os.environ.pop("BENCH_INSTRUCTIONS")
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
    os.execvp("valgrind", [*command, sys.executable, *sys.orig_argv[1:]])
