"""What the processes say of themselves: an event's name and its values, never a secret, never a body.

A message is written as `log.info("call_retried attempt=%d call=%s", …)`; as JSON its values keep their names and kinds.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

_VALUE = re.compile(r"(\w+)=%(?:[-+ #0]*\d*(?:\.\d+)?[srdfgix])")
_EVENT = re.compile(r"[a-z][a-z0-9_]*")


def configure(role: str, level: str, form: str) -> None:
    """Log to standard error, as `text` or `json`. Once per process; `role` is gateway or control.

    The level is for what we write ourselves. Libraries speak only of trouble: at debug they would tell rows and bodies.
    """
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter(f"%(asctime)s {role} %(levelname)s %(message)s")
    handler.setFormatter(JsonLines(role) if form == "json" else text)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("quarterdeck").setLevel(level.upper())


class JsonLines(logging.Formatter):
    """One object a line: at, level, role, logger, event, the event's values, and the traceback of an exception."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "role": self._role,
            "logger": record.name,
            **_told(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def _told(record: logging.LogRecord) -> dict[str, Any]:
    """Event and values when the message is written our way, else the message."""
    template = str(record.msg)
    event = _EVENT.match(template)
    names = _VALUE.findall(template)
    values = record.args if isinstance(record.args, tuple) else ()
    if event is None or len(names) != len(values) or template.count("%") != len(names):
        return {"message": record.getMessage()}
    return {"event": event[0], **dict(zip(names, values, strict=True))}
