"""The tools, put together into a server. Importing this loads the protocol's SDK."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from starlette.datastructures import State

from quarterdeck.api.mcp.reviewing import Reviewing
from quarterdeck.api.mcp.talk import Talk
from quarterdeck.api.mcp.tools import Tools
from quarterdeck.kernel.errors import QuarterdeckError

INSTRUCTIONS = """\
Quarterdeck holds your tasks. Call list_my_tasks to see what is yours or free to take, claim_task to begin one, and \
use the run_key it answers as API key for the model calls of that task. While you work, report_progress now and then; \
submit_deliverable hands in what you made; ask_human when only a person can decide, then get_answer until it is \
there; block_on when another task has to be done first. End every task you claimed by complete_task, fail_task or \
release_task. When an answer says stop: true, make no further model call."""
_NEXT = {
    "not_claimed": "Call claim_task first.",
    "lease_lost": "Your run is over: stop working on it, and call claim_task again if the task is still yours.",
    "not_claimable": "Call list_my_tasks for another one, or try again later.",
    "not_approved": "Do not do it. If it is pending, wait and call use_approval again.",
    "dependency_cycle": "Finish this task without waiting, or ask_human how to go on.",
}


def build(state: State) -> MCPServer[Any]:
    """A server whose tools act through the application's shared objects, as whoever the request's key says."""
    about = state.about
    server: MCPServer[Any] = MCPServer(
        "quarterdeck",
        title="Quarterdeck",
        description="Your tasks: claim, report, hand in, ask, wait for another, finish.",
        instructions=INSTRUCTIONS,
        version=about.version,
        website_url=about.gateway_url,
        subscriptions=False,
        log_level="WARNING",
    )
    tools, talk, reviewing = Tools(state), Talk(state), Reviewing(state)
    for tool, title, read_only in (
        (tools.list_my_tasks, "List my tasks", True),
        (tools.get_task, "Get a task", True),
        (tools.claim_task, "Claim a task", False),
        (tools.heartbeat, "Say that I am alive", False),
        (tools.report_progress, "Report progress", False),
        (tools.submit_deliverable, "Submit a deliverable", False),
        (talk.comment, "Comment on a task", False),
        (talk.ask_human, "Ask a person", False),
        (talk.get_answer, "Get the answer to a question", False),
        (talk.request_approval, "Ask for an approval", False),
        (talk.use_approval, "Use an approval", False),
        (tools.block_on, "Wait for another task", False),
        (tools.create_subtask, "Create a subtask", False),
        (tools.complete_task, "Complete a task", False),
        (tools.fail_task, "Report a task as failed", False),
        (tools.release_task, "Give a task back", False),
        (reviewing.read_work_to_review, "Read the work to review", True),
        (reviewing.give_review, "Give a review", False),
        (talk.read_inbox, "Read my inbox", False),
    ):
        annotations = ToolAnnotations(
            title=title,
            read_only_hint=read_only,
            destructive_hint=False,
            # A second subtask is a second task, and an approval is used once.
            idempotent_hint=tool.__name__ not in ("create_subtask", "use_approval"),
            open_world_hint=False,
        )
        server.add_tool(_told(tool), title=title, annotations=annotations)
    return server


def _told(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Our errors become the tool's answer, with what to do next; what nobody expected stays a crash."""

    @wraps(tool)
    async def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return await tool(*args, **kwargs)
        except QuarterdeckError as error:
            further = _NEXT.get(error.code, "")
            raise ToolError(f"{error.code}: {error.message} {further}".strip()) from None

    return called
