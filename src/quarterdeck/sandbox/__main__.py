"""`python -m quarterdeck.sandbox`: the sandbox on a port, by itself."""

import argparse
import sys
from pathlib import Path

from quarterdeck.sandbox.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="quarterdeck.sandbox", description="A model server that plays scripts.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001, help="0 takes a free one")
    parser.add_argument("--speed", type=float, default=1.0, help="divides every wait")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=int, default=1000, help="how many requests to remember; 0 for none")
    parser.add_argument("--corpus", type=Path, help="directory of recorded traffic that replays may read")
    given = parser.parse_args()
    if not given.speed > 0:
        parser.error("--speed must be above zero")
    serve(
        given.host,
        given.port,
        speed=given.speed,
        seed=given.seed,
        keep=given.keep,
        corpus=given.corpus,
        ready=lambda url: print(url, file=sys.stdout, flush=True),  # noqa: T201 - a program says where it listens
    )


if __name__ == "__main__":
    main()
