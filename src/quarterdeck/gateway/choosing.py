"""Where a call goes, if it may go anywhere."""

import asyncio

from quarterdeck.access.snapshot import Snapshot, WorkspaceEntry
from quarterdeck.gateway import errors, targets
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.snapshot import SnapshotHolder
from quarterdeck.gateway.targets import Target


class Chooser:
    """Finds targets for models as callers write them, and remembers them until the snapshot changes."""

    def __init__(self, holder: SnapshotHolder, settler: Settler) -> None:
        self._holder = holder
        self._settler = settler
        self._targets: dict[tuple[str, str, str], Target] = {}
        holder.on_swap(self._forget)

    async def target(self, workspace: WorkspaceEntry, dialect: str, asked: str) -> Target:
        """The target for a model as the caller wrote it. Raises Refusal when nothing serves it."""
        target = self._targets.get((workspace.id, dialect, asked))
        if target is None:
            target = await asyncio.to_thread(targets.pick, workspace, dialect, asked, self._settler.prices.knows)
            if workspace is self._holder.current.workspaces.get(workspace.id):
                self._targets[workspace.id, dialect, asked] = target
        return target

    def _forget(self, _snapshot: Snapshot) -> None:
        self._targets.clear()


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
