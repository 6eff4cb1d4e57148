"""A loop as a finding: plain words, evidence, figures."""

from quarterdeck.control.signals.loops import CONFIDENCE, Loop, Shape
from quarterdeck.control.signals.model import Finding, Kind
from quarterdeck.kernel.money import money_words


def finding_of(loop: Loop, subject: str, *, agent_id: str | None, run_id: str | None, task_id: str | None) -> Finding:
    """What is told of a loop: `looping: 7 near-identical requests, $0.42`."""
    cost = sum(step.cost or 0 for step in loop.steps)
    figures = {
        "shape": loop.shape.value,
        "requests": len(loop.steps),
        "different": loop.length,
        "tool": loop.tool,
        "cost_nano": cost,
        "unpriced_calls": sum(step.cost is None for step in loop.steps),
    }
    return Finding(
        Kind.LOOPING,
        subject,
        f"looping: {_what(loop)}, {money_words(cost)}",
        loop.steps[0].began,
        CONFIDENCE[loop.shape],
        tuple(step.call_id for step in loop.steps),
        agent_id,
        run_id,
        task_id,
        figures,
    )


def _what(loop: Loop) -> str:
    count, tool = len(loop.steps), loop.tool or "a tool"
    if loop.shape is Shape.CYCLE:
        return f"round the same {loop.length} turns {count // loop.length} times, {count} requests"
    return {
        Shape.IDENTICAL: f"{count} identical requests",
        Shape.NEAR: f"{count} near-identical requests",
        Shape.SAME_CALL: f"{count} times {tool} with the same arguments and result",
        Shape.POLLING: f"{count} times {tool} with no change",
        Shape.SAME_RESULT: f"{count} times {tool} in other words with the same result",
    }[loop.shape]
