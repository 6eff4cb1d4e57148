"""What stands between a finished run and done: a small language, kept as the text it is written in."""

import re
from typing import ClassVar

from quarterdeck.access.actors import Role
from quarterdeck.kernel.errors import Invalid

MAX_APPROVALS = 20
MAX_NAMED = 20
_MEMBER = r"mem_[0-9a-z]{1,40}"
_PERSON = (
    rf"none|one|member:{_MEMBER}|role:(owner|admin|operator|reviewer)|n:([1-9]|1[0-9]|20)"
    rf"|of:([1-9]|1[0-9]|20):{_MEMBER}(,{_MEMBER}){{0,19}}"
)
PATTERN = rf"({_PERSON})|agent:agt_[0-9a-z]{{1,40}}\+({_PERSON})"
_RANK = (Role.REVIEWER, Role.OPERATOR, Role.ADMIN, Role.OWNER)


class ReviewPolicy(str):
    """Who has to approve: `none`, `one`, `member:<id>`, `role:<role>` (that or a higher one), `n:<k>` (k different
    members), `of:<k>:<id>,<id>,…` (k of those named). `agent:<id>+<any of these>`: that agent looks first.

    Raises Invalid for any other text.
    """

    __slots__ = ()
    NONE: ClassVar["ReviewPolicy"]
    ONE: ClassVar["ReviewPolicy"]

    def __new__(cls, text: str) -> "ReviewPolicy":
        if re.fullmatch(PATTERN, text) is None:
            raise Invalid(
                "review is none, one, member:<id>, role:<role>, n:<number> or of:<number>:<id>,<id>; "
                "with agent:<id>+ before it, an agent looks first.",
                field="review",
            )
        policy = super().__new__(cls, text)
        if 0 < len(policy.named) < policy.approvals:
            raise Invalid(
                f"{policy.approvals} of {len(policy.named)} members can never approve: ask for fewer, or name more.",
                field="review",
            )
        return policy

    @property
    def value(self) -> str:
        return str(self)

    @property
    def agent_id(self) -> str | None:
        """The agent that looks before any person is asked."""
        return self.removeprefix("agent:").partition("+")[0] if self.startswith("agent:") else None

    @property
    def persons(self) -> str:
        """The part about people."""
        return self.partition("+")[2] if self.startswith("agent:") else str(self)

    @property
    def member_id(self) -> str | None:
        """The only member whose approval counts."""
        return self.persons.removeprefix("member:") if self.persons.startswith("member:") else None

    @property
    def named(self) -> tuple[str, ...]:
        """The members whose approvals count; empty: not by name."""
        if self.member_id is not None:
            return (self.member_id,)
        if not self.persons.startswith("of:"):
            return ()
        return tuple(dict.fromkeys(self.persons.split(":", 2)[2].split(",")))

    @property
    def role(self) -> Role | None:
        """The least role whose approval counts."""
        return Role(self.persons.removeprefix("role:")) if self.persons.startswith("role:") else None

    @property
    def approvals(self) -> int:
        """How many different members have to approve."""
        if self.persons == "none":
            return 0
        return int(self.persons.split(":")[1]) if self.persons.startswith(("n:", "of:")) else 1

    @property
    def for_anyone(self) -> bool:
        """Whether any one member who reviews may approve, so that only who answers for the task is asked."""
        return self.persons in ("none", "one")

    def counts(self, member_id: str, role: Role) -> bool:
        """Whether an approval of this member is one that the policy asks for."""
        if self.named:
            return member_id in self.named
        if self.role is not None:
            return role in _RANK and _RANK.index(role) >= _RANK.index(self.role)
        return True

    def lowers(self, before: "ReviewPolicy") -> bool:
        """Whether it asks for less than the one before: fewer approvals, of more or of other people, or no agent."""
        if self.approvals < before.approvals or (before.agent_id is not None and self.agent_id != before.agent_id):
            return True
        if before.approvals == 0:
            return False
        if before.named:
            return not set(self.named) <= set(before.named) or not self.named
        if before.role is not None:
            return not self.named and (self.role is None or _RANK.index(self.role) < _RANK.index(before.role))
        return False


ReviewPolicy.NONE = ReviewPolicy("none")
ReviewPolicy.ONE = ReviewPolicy("one")
"""One person looks at it."""
