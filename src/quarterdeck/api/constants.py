"""Numbers and lists that a program on the outside would otherwise repeat: told in the document as `x-constants`."""

from typing import Any

from quarterdeck.control.calls.exporting import MOST
from quarterdeck.control.deliverables.model import MAX_FILE_BYTES
from quarterdeck.control.schedules.model import DEFAULT_PAUSE_AFTER, MAX_PAUSE_AFTER
from quarterdeck.control.signals.model import MAY_STOP, Kind
from quarterdeck.control.signals.policy import usual_response
from quarterdeck.control.signals.rules import SILENT_FLOOR, STUCK_FLOOR
from quarterdeck.control.templates.model import BUILT_IN, HOLE
from quarterdeck.kernel.clock import SECOND


def constants() -> dict[str, Any]:
    """What no schema says, by name. Lengths of texts and the like stand where they belong, in the schemas."""
    return {
        "export_calls": MOST,
        "file_bytes": MAX_FILE_BYTES,
        "schedule_pause_after": {"usual": DEFAULT_PAUSE_AFTER, "most": MAX_PAUSE_AFTER},
        "signals": [
            {"kind": kind.value, "may_stop": kind in MAY_STOP, "usual_response": usual_response(kind).value}
            for kind in Kind
        ],
        "signal_floors_s": {
            Kind.STUCK.value: STUCK_FLOOR // SECOND,
            Kind.SILENT.value: SILENT_FLOOR // SECOND,
        },
        "template_built_in": sorted(BUILT_IN),
        "template_hole": HOLE.pattern,
    }
