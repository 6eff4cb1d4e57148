"""Who is in the demo, how each talks to models, and what there is to do."""

from dataclasses import dataclass
from enum import StrEnum


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


class Beat(StrEnum):
    """How an attempt at a task goes."""

    WORKS = "works"
    LOOPS = "loops"
    """The same search again and again, with the same result."""
    STALLS = "stalls"
    """Two drafts, then call after call and nothing new."""


@dataclass(frozen=True, slots=True)
class Job:
    """A task of the demo. `first` is how its first attempt goes; `after` is the title of the job that comes first."""

    agent: str
    priority: str
    title: str
    brief: str
    hands_in: str
    first: Beat = Beat.WORKS
    after: str | None = None
    asks: str | None = None
    """What its worker asks a person on the way."""


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

STORY: tuple[Job, ...] = (
    Job(
        "research",
        "high",
        "EU tariff background",
        "Collect the 2026 tariff changes that touch our product lines, with sources.",
        "tariff background",
        first=Beat.LOOPS,
    ),
    Job(
        "drafting",
        "urgent",
        "Q3 market report",
        "Draft the report: market size, movers, outlook. Four sections, plain words.",
        "Q3 report",
        first=Beat.STALLS,
    ),
    Job(
        "qa",
        "high",
        "Check the Q3 report",
        "Check every figure against its source and list what cannot be confirmed.",
        "findings",
        after="Q3 market report",
    ),
    Job(
        "delivery",
        "high",
        "Send the Q3 report",
        "Prepare the mail to partners with the approved report attached.",
        "partner mail",
        after="Check the Q3 report",
    ),
)
"""What goes wrong: research loops, drafting stops producing, QA waits for drafting, delivery waits for QA."""

EVERYDAY: tuple[Job, ...] = (
    Job(
        "summarisation",
        "normal",
        "Weekly digest",
        "One page from this week's notes, for people who read nothing else.",
        "digest",
        asks="Who reads it: the team, or the whole company?",
    ),
    Job(
        "research",
        "normal",
        "Competitor pricing",
        "Find list prices of the five nearest competitors, with dates.",
        "price list",
    ),
    Job(
        "summarisation",
        "low",
        "Summarise the support backlog",
        "Group open tickets by cause; name the three that cost most.",
        "support summary",
    ),
    Job("drafting", "normal", "Release notes", "Say what changed in this release, for customers.", "release notes"),
    Job("qa", "normal", "Check the price list", "Check that every price has a source and a date.", "price findings"),
)
"""Tasks that come round again and again."""

JOBS = {job.title: job for job in (*STORY, *EVERYDAY)}


def member_named(name: str) -> Member:
    return next(each for each in TEAM if each.name == name)
