"""What the supervisor starts: `python -m quarterdeck.cli.process control LIFELINE` or `… gateway LIFELINE NAME FD`."""

import os
import shutil
import socket
import sys
from pathlib import Path

from quarterdeck.bootstrap import standing
from quarterdeck.cli.lifeline import Lifeline
from quarterdeck.cli.supervisor import CONFIG_ERROR
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.settings import Settings, load


def main(arguments: list[str]) -> int:
    """Run one role until told to stop; returns the exit status."""
    standing.begin()
    role, held, *more = arguments
    runtime = Path(os.environ["QUARTERDECK_RUNTIME"])
    lifeline = Lifeline(int(held))
    lifeline.hold()
    try:
        settings = load({}, os.environ)
        if role == "gateway":
            _gateway(settings, runtime, more[0], socket.socket(fileno=int(more[1])))
        else:
            _control(settings, runtime)
    except QuarterdeckError as error:
        print(f"quarterdeck: {error.message}", file=sys.stderr)
        return CONFIG_ERROR
    finally:
        if lifeline.cut:  # nobody else is left to do it
            shutil.rmtree(runtime, ignore_errors=True)
    return 0


def _gateway(settings: Settings, runtime: Path, gateway_id: str, sock: socket.socket) -> None:
    # Imported here, so that neither process loads the other's code: it is most of what starting takes.
    from quarterdeck.bootstrap import gateway  # noqa: PLC0415

    gateway.run(settings, runtime, gateway_id, sock)


def _control(settings: Settings, runtime: Path) -> None:
    from quarterdeck.bootstrap import control  # noqa: PLC0415

    control.run(settings, runtime)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
