"""Canaries of saved routes, told to others and kept for the next start: a verdict holds for all gateways."""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

import msgspec

from quarterdeck.access.routing.canary import Arm, Trial, Verdict
from quarterdeck.access.routing.config import Branch, Node
from quarterdeck.access.wire import ArmState, TrialState
from quarterdeck.gateway.routing.compiled import CompiledRoute, RouteBook
from quarterdeck.kernel import files

EVERY_S = 5.0
log = logging.getLogger(__name__)


class Trials:
    """Of one gateway. Routes resume theirs when they are first used."""

    def __init__(self, book: RouteBook, kept: Path | None = None) -> None:
        """`kept` is the file in which they outlive this process."""
        self._book = book
        self._kept = kept
        self._written: list[TrialState] = []
        self._before: dict[tuple[str, str, str], dict[str, TrialState]] = {}
        """By workspace, route and config; then by place."""
        book.resume = self._resume
        self._load()

    def states(self) -> list[TrialState]:
        """Those in use."""
        return [
            state
            for (workspace_id, name), route in self._book.saved_routes().items()
            for state in _states(workspace_id, name, route)
        ]

    def decided(self, trials: Iterable[TrialState]) -> None:
        """Others have decided these."""
        for state in trials:
            self._remember(state)
            route = self._book.saved_routes().get((state.workspace_id, state.route))
            if route is not None and route.identity.hex() == state.identity and state.path in route.trials:
                route.trials[state.path].took(Verdict(state.verdict), state.why, state.since)

    async def run(self) -> None:
        """Keep the file up to date until cancelled, and then for the last time."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                self._save()
        finally:
            self._save()

    def _remember(self, state: TrialState) -> None:
        self._before.setdefault((state.workspace_id, state.route, state.identity), {})[state.path] = state

    def _resume(self, workspace_id: str, name: str, route: CompiledRoute) -> None:
        before = self._before.get((workspace_id, name, route.identity.hex()), {})
        for path, state in before.items():
            branch = _at(route.route.root, path)
            if branch is not None:
                trial = route.trials[path] = Trial(branch.canary)
                trial.stable, trial.newcomer = _arm(state.stable), _arm(state.newcomer)
                if state.verdict != Verdict.UNDECIDED.value:
                    trial.took(Verdict(state.verdict), state.why, state.since)

    def _load(self) -> None:
        if self._kept is None:
            return
        try:
            states = msgspec.msgpack.decode(self._kept.read_bytes(), type=list[TrialState])
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError) as error:
            log.warning("canaries_not_read path=%s error=%s", self._kept, error)
            return
        for state in states:
            self._remember(state)

    def _save(self) -> None:
        for state in self.states():
            self._remember(state)
        # Of a route one config is in force; what was seen of another one is of no use any more.
        current = {key: route.identity.hex() for key, route in self._book.saved_routes().items()}
        self._before = {key: each for key, each in self._before.items() if current.get(key[:2], key[2]) == key[2]}
        states = [state for each in self._before.values() for state in each.values()]
        if self._kept is None or states == self._written:
            return
        try:
            files.put(self._kept, msgspec.msgpack.encode(states))
            self._written = states
        except OSError as error:
            log.warning("canaries_not_kept path=%s error=%s", self._kept, error)


def _states(workspace_id: str, name: str, route: CompiledRoute) -> Iterable[TrialState]:
    for path, trial in route.trials.items():
        stable, newcomer = (
            ArmState(arm.answered, arm.failed, arm.latency_ms) for arm in (trial.stable, trial.newcomer)
        )
        identity, verdict = route.identity.hex(), trial.verdict.value
        yield TrialState(workspace_id, name, identity, path, verdict, trial.why, stable, newcomer, trial.since)


def _arm(state: ArmState) -> Arm:
    arm = Arm()
    arm.answered, arm.failed, arm.latency_ms = state.answered, state.failed, state.latency_ms
    return arm


def _at(node: Node, path: str) -> Branch | None:
    """The canary that stands there."""
    if isinstance(node, Branch):
        if node.path == path:
            return node if node.mode == "canary" else None
        for child in node.children:
            if (found := _at(child, path)) is not None:
                return found
    return None
