"""The one table of a task's moves, held against what the glossary says."""

from quarterdeck.control.tasks.model import (
    BOARD,
    CLOSED,
    MOVES,
    Criterion,
    Mover,
    TaskState,
    allowed_moves,
    clean_labels,
    criteria,
    may_move,
)

B, R, P, V, D, C = TaskState


def test_every_state_is_in_the_table_and_moves_only_to_others() -> None:
    assert set(MOVES) == set(TaskState)
    assert all(frm not in further for frm, further in MOVES.items())


def test_a_task_goes_from_the_backlog_to_done_one_step_at_a_time() -> None:
    assert may_move(B, R, Mover.PERSON)
    assert may_move(R, P, Mover.WORK)
    assert may_move(P, V, Mover.WORK)
    assert may_move(V, D, Mover.PERSON)
    for skipped in [(B, P), (B, V), (B, D), (R, V), (R, D)]:
        assert not any(may_move(*skipped, mover) for mover in Mover)


def test_only_work_begins_work_and_no_person_hands_in_over_the_head_of_a_run() -> None:
    assert not may_move(R, P, Mover.PERSON)
    assert not may_move(P, V, Mover.PERSON_STOPPING)
    assert not may_move(P, D, Mover.PERSON)


def test_requested_changes_send_a_task_back_to_work() -> None:
    assert may_move(V, P, Mover.PERSON)


def test_every_open_state_can_be_cancelled_and_nothing_leaves_a_closed_one() -> None:
    for state in TaskState:
        assert may_move(state, C, Mover.PERSON) == (state not in CLOSED)
        assert (MOVES[state] == {}) == (state in CLOSED)


def test_what_a_member_may_do_is_listed_in_the_order_of_the_board() -> None:
    assert allowed_moves(P, run_open=False) == (B, R, V, C)
    assert allowed_moves(P, run_open=True) == (B, R, C)
    assert allowed_moves(D, run_open=False) == ()
    assert BOARD == (B, R, P, V, D)


def test_labels_are_kept_once_however_they_are_written() -> None:
    assert clean_labels((" Docs ", "docs", "ＤＯＣＳ", "Q4")) == ("Docs", "Q4")


def test_criteria_keep_their_order_and_lose_their_outer_space() -> None:
    assert criteria((Criterion(" b \n", True), Criterion("a\nb"))) == (Criterion("b", True), Criterion("a\nb"))
