"""What providers said of their own limits, by provider and model, for everybody who calls them."""

from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.limits.holds import Hold
from quarterdeck.gateway.limits.learned import Learned
from quarterdeck.gateway.limits.rates import now_us
from quarterdeck.gateway.targets import Target

_KEPT = 4_096


class Heard(dict[tuple[str, str, str], Learned]):
    """By workspace, provider and model."""

    def of(self, workspace_id: str, target: Target) -> Learned | None:
        return self.get((workspace_id, target.provider.name, target.model)) if self else None

    def hear(self, draft: Draft) -> None:
        """A provider's word is kept from its first 429 on, or where it has limits."""
        workspace, target = draft.workspace, draft.target
        if workspace is None or target is None or draft.upstream_status is None:
            return
        learned = self.of(workspace.id, target)
        if learned is None:
            hold = draft.hold
            if draft.upstream_status != 429 and not (isinstance(hold, Hold) and hold.turns):
                return
            while len(self) >= _KEPT:
                self.pop(next(iter(self)))
            learned = self[workspace.id, target.provider.name, target.model] = Learned()
        learned.heard(now_us(), draft.upstream_status, draft.answer_headers)
