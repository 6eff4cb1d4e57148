"""Where a call goes, if it may go anywhere."""

import asyncio
import contextlib
from dataclasses import replace

from quarterdeck.access.snapshot import Snapshot, WorkspaceEntry
from quarterdeck.gateway import errors, targets
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.resilience.health import HealthBook
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.snapshot import SnapshotHolder
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.transport import Origin
from quarterdeck.kernel.errors import Invalid


class Chooser:
    """Finds targets for models as callers write them, and remembers them until the snapshot changes."""

    def __init__(self, holder: SnapshotHolder, settler: Settler, book: HealthBook) -> None:
        self._holder = holder
        self._settler = settler
        self.book = book
        self._private: dict[str, set[str]] = {}
        """host:port of a private address that an admin allowed → the workspaces it was allowed for."""
        self._targets: dict[tuple[str, str, str], Target] = {}
        holder.on_swap(self._swapped)

    async def target(self, workspace: WorkspaceEntry, dialect: str, asked: str) -> Target:
        """The target for a model as the caller wrote it. Raises Refusal when nothing serves it."""
        target = self._targets.get((workspace.id, dialect, asked))
        if target is None:
            target = await asyncio.to_thread(targets.pick, workspace, dialect, asked, self._settler.prices.knows)
            target = self.watched(workspace, target)
            if workspace is self._holder.current.workspaces.get(workspace.id):
                self._targets[workspace.id, dialect, asked] = target
        return target

    def watched(self, workspace: WorkspaceEntry, target: Target) -> Target:
        """The same, with its health to be kept."""
        return replace(target, health=self.book.of(workspace.id, target.provider.name, target.model))

    def may_reach(self, workspace: WorkspaceEntry, place: str) -> bool:
        """Whether a workspace's caller may name this address: not a private one that another workspace was allowed."""
        whose = self._private.get(place)
        return whose is None or workspace.id in whose

    def _swapped(self, snapshot: Snapshot) -> None:
        self._targets.clear()
        self._private.clear()
        for workspace in snapshot.workspaces.values():
            for provider in workspace.providers:
                if provider.allow_private:
                    # A base URL that cannot be is its own provider's trouble, told when it is called.
                    with contextlib.suppress(Invalid):
                        place = Origin.parse(provider.base_url)[0].place
                        self._private.setdefault(place, set()).add(workspace.id)
        self.book.keep({(space.id, each.name) for space in snapshot.workspaces.values() for each in space.providers})


def check_recordable(settler: Settler) -> None:
    """Raises Refusal when no record of the call could be kept."""
    if settler.journal_full:
        raise errors.journal_full()


def check_usable(draft: Draft, target: Target) -> None:
    """Raises Refusal when this key may not use the target, or nobody can."""
    assert draft.key is not None
    targets.check_allowed(draft.key, target, draft.request_body)
    if target.provider.problem is not None:
        raise errors.provider_unset(target.provider.name, target.provider.problem)
