"""Who is in the demo, how each talks to models, and what there is to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """One demo agent. `dialect` is chat, responses or messages; `turns` is how many calls a task takes it."""

    name: str
    owner: str
    description: str
    dialect: str
    model: str
    turns: int
    says: str


TEAM = (
    Member(
        "research",
        "ana@example.com",
        "Finds sources and facts",
        "chat",
        "gpt-4o-mini",
        6,
        "I searched further and noted the new figures.",
    ),
    Member(
        "drafting",
        "sam@example.com",
        "Writes the first version",
        "messages",
        "claude-sonnet-4-5",
        4,
        "Here is the next section.",
    ),
    Member(
        "qa",
        "sam@example.com",
        "Checks claims against sources",
        "responses",
        "gpt-4o",
        3,
        "Two claims need a source; the rest holds.",
    ),
    Member(
        "summarisation",
        "ana@example.com",
        "Makes it short",
        "messages",
        "claude-haiku-4-5",
        2,
        "The summary now fits one page.",
    ),
    Member(
        "delivery",
        "sam@example.com",
        "Sends what was approved",
        "chat",
        "gpt-4o-mini",
        2,
        "The mail is ready to go out.",
    ),
)

WORK: tuple[tuple[str, str, str, str], ...] = (
    (
        "research",
        "high",
        "EU tariff background",
        "Collect the 2026 tariff changes that touch our product lines, with sources.",
    ),
    (
        "drafting",
        "urgent",
        "Q3 market report",
        "Draft the report: market size, movers, outlook. Four sections, plain words.",
    ),
    ("qa", "normal", "Check the Q3 report", "Check every figure against its source and list what cannot be confirmed."),
    ("summarisation", "normal", "Weekly digest", "One page from this week's notes, for people who read nothing else."),
    ("delivery", "normal", "Send the partner mail", "Prepare the mail to partners with the approved report attached."),
    ("research", "normal", "Competitor pricing", "Find list prices of the five nearest competitors, with dates."),
    (
        "summarisation",
        "low",
        "Summarise the support backlog",
        "Group open tickets by cause; name the three that cost most.",
    ),
)
"""(agent, priority, title, brief) of the tasks that come round again and again."""
