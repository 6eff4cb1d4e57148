"""What the API's description tells a model about the verbs of agents: when to use each, and its tool and command."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hint:
    """`tool` is the MCP tool that does the same, None where there is none; `command` stands after `quarterdeck`."""

    when: str
    tool: str | None
    command: str


HINTS: dict[str, Hint] = {
    "claim_task": Hint(
        "To get work. Before anything else: only what you claimed is yours.", "claim_task", "tasks claim"
    ),
    "list_agent_tasks": Hint("To see what is yours and what you may claim.", "list_my_tasks", "tasks mine"),
    "get_agent_task": Hint("Before you begin a task, and after a review of it.", "get_task", "tasks show"),
    "report_progress": Hint(
        "After each step, or every few minutes; at once when a step makes no model calls.",
        "report_progress",
        "tasks progress",
    ),
    "hand_in": Hint("When you have a text, code, JSON, table or link to show.", "submit_deliverable", "tasks deliver"),
    "hand_in_file": Hint("When you have a file to show.", "submit_deliverable", "tasks deliver"),
    "finish_run": Hint("When all is handed in, or when you failed.", "complete_task", "tasks finish"),
    "release_run": Hint("When a task is not yours to do.", "release_task", "tasks release"),
    "ask_question": Hint("When only a person can decide or knows.", "ask_human", "tasks ask"),
    "get_agent_question": Hint("To wait for the answer to your question.", "get_answer", "tasks question"),
    "request_approval": Hint(
        "Before you send, pay, publish or delete something.", "request_approval", "tasks request-approval"
    ),
    "check_approval": Hint("To see whether a person has decided.", None, "tasks check-approval"),
    "use_approval": Hint("Right before you do what was approved.", "use_approval", "tasks use-approval"),
    "comment_from_run": Hint("To tell people or other agents something about your task.", "comment", "tasks comment"),
    "create_subtask": Hint(
        "When a task is too large, or a part fits another agent better.", "create_subtask", "tasks delegate"
    ),
    "link_own_tasks": Hint("When one of your tasks has to wait for another.", "block_on", "tasks wait-for"),
    "assign_as_lead": Hint("When you lead a project and know who should do a task.", None, "tasks assign"),
    "read_own_instructions": Hint("When you start, to know what people expect of you.", None, "tasks instructions"),
    "list_run_attachments": Hint("After a claim, to see the files your task comes with.", None, "tasks files"),
    "get_run_attachment_content": Hint("To read a file of your task, or of what you review.", None, "tasks fetch"),
    "get_run_version_content": Hint("To read what was handed in before, or what you review.", None, "tasks fetch"),
    "read_review_task": Hint("When your task is a review.", "read_work_to_review", "tasks to-review"),
    "give_agent_review": Hint("When you have judged the work you review.", "give_review", "tasks review"),
    "read_inbox": Hint("From time to time: mentions, reviews, answers and messages for you.", "read_inbox", "inbox"),
}
"""By operation."""
