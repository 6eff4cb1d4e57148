"""The verb of settings: change what the workspace is called, which bodies are kept, and for how long."""

from typing import Any

from quarterdeck.access import members
from quarterdeck.access.members import Workspace
from quarterdeck.control.settings.model import DECLARED, SettingsChange
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed
from quarterdeck.kernel.events import Event


async def change(
    tx: Transaction, workspace_id: str, change: SettingsChange, *, expected: int | None, actor: str
) -> Workspace:
    """Write what differs and tell `settings.changed`; the same again changes nothing.

    Raises Changed when the workspace is not at version `expected`, and `declared` for what the configuration file says.
    """
    workspace = await members.workspace(tx, workspace_id)
    if expected is not None and expected != workspace.version:
        raise Changed("The settings were changed meanwhile; load them again.", version=workspace.version)
    values = _differing(workspace, change)
    if not values:
        return workspace
    touched = {"retention" if name == "settings" else name for name in values}
    for name in sorted(touched.intersection(workspace.settings.get(DECLARED) or ())):
        said = f"`{name}` of the workspace is declared in the configuration file; change it there."
        raise Changed(said, code="declared")
    await members.change_workspace(tx, workspace, values)
    await tx.emit(Event(workspace_id, "settings.changed", workspace_id, {"changed": sorted(values)}, actor))
    return await members.workspace(tx, workspace_id)


def _differing(workspace: Workspace, change: SettingsChange) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if change.name is not None and change.name != workspace.name:
        values["name"] = change.name
    if change.body_mode is not None and change.body_mode != workspace.body_mode:
        values["body_mode"] = change.body_mode
    kept: dict[str, Any] = workspace.settings.get("retention") or {}
    wanted = {name: days for name, days in {**kept, **change.retention}.items() if days is not None}
    if wanted != kept:
        values["settings"] = workspace.settings | {"retention": wanted}
    return values
