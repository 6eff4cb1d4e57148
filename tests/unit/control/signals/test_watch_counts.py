"""What a run has spent since something last came of it."""

from quarterdeck.control.signals.rules import Ended
from quarterdeck.control.signals.watch import Row, Track
from quarterdeck.kernel.clock import SECOND


def _call(number: int, ended: int) -> Row:
    call = Ended(f"call_{number}", ended, "ok", 200, None, "openai", "gpt-4o", 10, 5 * number, False)
    return Row("ws_1", ended - SECOND, "agt_1", "run_1", "tsk_1", None, call, None)


def test_progress_that_is_heard_of_late_leaves_the_calls_after_it_counted() -> None:
    track = Track("ws_1", "agt_1", "run_1", "tsk_1")
    for number in (1, 2, 3):
        track.take(_call(number, number * 10 * SECOND))
    track.progressed(15 * SECOND)
    assert (track.calls_since, track.cost_since, list(track.ids_since)) == (2, 25, ["call_2", "call_3"])
    track.progressed(40 * SECOND)
    assert (track.calls_since, track.cost_since, list(track.ids_since)) == (0, 0, [])
