"""What stands between a finished run and done: a small language, kept as the text it is written in."""

import re
from typing import ClassVar

from quarterdeck.access.actors import Role
from quarterdeck.kernel.errors import Invalid

MAX_APPROVALS = 20
PATTERN = r"none|one|member:mem_[0-9a-z]{1,40}|role:(owner|admin|operator|reviewer)|n:([1-9]|1[0-9]|20)"
_RANK = (Role.REVIEWER, Role.OPERATOR, Role.ADMIN, Role.OWNER)


class ReviewPolicy(str):
    """`none`, `one`, `member:<id>`, `role:<role>` (that or a higher one), `n:<k>` (k different members).

    Raises Invalid for any other text.
    """

    __slots__ = ()
    NONE: ClassVar["ReviewPolicy"]
    ONE: ClassVar["ReviewPolicy"]

    def __new__(cls, text: str) -> "ReviewPolicy":
        if re.fullmatch(PATTERN, text) is None:
            raise Invalid("review is none, one, member:<id>, role:<role> or n:<number>.", field="review")
        return super().__new__(cls, text)

    @property
    def value(self) -> str:
        return str(self)

    @property
    def member_id(self) -> str | None:
        """The only member whose approval counts."""
        return self.removeprefix("member:") if self.startswith("member:") else None

    @property
    def role(self) -> Role | None:
        """The least role whose approval counts."""
        return Role(self.removeprefix("role:")) if self.startswith("role:") else None

    @property
    def approvals(self) -> int:
        """How many different members have to approve."""
        if self == ReviewPolicy.NONE:
            return 0
        return int(self.removeprefix("n:")) if self.startswith("n:") else 1

    def counts(self, member_id: str, role: Role) -> bool:
        """Whether an approval of this member is one that the policy asks for."""
        if self.member_id is not None:
            return member_id == self.member_id
        if self.role is not None:
            return role in _RANK and _RANK.index(role) >= _RANK.index(self.role)
        return True


ReviewPolicy.NONE = ReviewPolicy("none")
ReviewPolicy.ONE = ReviewPolicy("one")
"""One person looks at it."""
