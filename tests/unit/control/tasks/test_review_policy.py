"""The small language of review policies."""

import pytest

from quarterdeck.access.actors import Role
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.kernel.errors import Invalid


def test_k_of_those_named_are_counted() -> None:
    policy = ReviewPolicy("of:2:mem_a,mem_b,mem_c")
    assert (policy.approvals, policy.named) == (2, ("mem_a", "mem_b", "mem_c"))
    assert policy.counts("mem_b", Role.VIEWER)
    assert not policy.counts("mem_x", Role.OWNER)


def test_an_agent_may_look_first_and_people_after_it() -> None:
    policy = ReviewPolicy("agent:agt_1+role:admin")
    assert (policy.agent_id, policy.role, policy.approvals) == ("agt_1", Role.ADMIN, 1)
    alone = ReviewPolicy("agent:agt_1+none")
    assert (alone.agent_id, alone.approvals) == ("agt_1", 0)


@pytest.mark.parametrize(
    "text", ["", "agent:agt_1", "agent:agt_1+", "of:3:mem_a,mem_b", "of:0:mem_a", "of:1:", "n:0", "n:21", "one ", "ONE"]
)
def test_what_says_nothing_or_can_never_be_met_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        ReviewPolicy(text)


@pytest.mark.parametrize(
    ("before", "after", "lowers"),
    [
        ("one", "none", True),
        ("none", "one", False),
        ("n:2", "one", True),
        ("one", "n:2", False),
        ("role:admin", "one", True),
        ("role:admin", "role:owner", False),
        ("role:admin", "role:reviewer", True),
        ("role:admin", "member:mem_a", False),
        ("member:mem_a", "one", True),
        ("member:mem_a", "member:mem_b", True),
        ("of:1:mem_a,mem_b", "member:mem_a", False),
        ("member:mem_a", "of:1:mem_a,mem_b", True),
        ("agent:agt_1+one", "one", True),
        ("one", "agent:agt_1+one", False),
        ("agent:agt_1+one", "agent:agt_2+one", True),
        ("agent:agt_1+one", "agent:agt_1+none", True),
        ("one", "one", False),
    ],
)
def test_a_policy_is_lowered_by_less_or_by_other_people(before: str, after: str, lowers: bool) -> None:
    assert ReviewPolicy(after).lowers(ReviewPolicy(before)) is lowers
