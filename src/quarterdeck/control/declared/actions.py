"""Applying quarterdeck.toml: all of it in one transaction, and the second time nothing."""

import os
from collections.abc import Mapping
from pathlib import Path

from quarterdeck.access import members
from quarterdeck.access.vault import Vault
from quarterdeck.control.declared import caps, channels, people, schedules, upstreams
from quarterdeck.control.declared.applying import Applying
from quarterdeck.control.declared.fields import BadConfig, Problems
from quarterdeck.control.declared.model import Change, Declared
from quarterdeck.control.declared.reader import read_declared
from quarterdeck.db import Database
from quarterdeck.kernel import toml
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.toml import Document

__all__ = ["BadConfig", "Change", "apply", "apply_file"]


class _OnlyLooking(Exception):
    """Undoes the transaction of a diff."""


async def apply_file(
    db: Database,
    vault: Vault,
    workspace_id: str,
    path: Path,
    *,
    only_diff: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> list[Change]:
    """Make the workspace as the file says and return what that changed; with `only_diff`, what it would change.

    A change's `secret` is a key that was made just now: show it, nobody can later. Raises BadConfig with everything
    that is wrong, each with its line; then nothing was applied.
    """
    return await apply(db, vault, workspace_id, toml.read(path), only_diff=only_diff, environ=environ)


async def apply(
    db: Database,
    vault: Vault,
    workspace_id: str,
    document: Document,
    *,
    only_diff: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> list[Change]:
    """The same from a document that was read already. A diff is an application that is undone, so it never lies."""
    problems = Problems(document)
    declared = read_declared(document, problems)
    owners = _owners(declared, problems)
    problems.raise_if_any()
    changes: list[Change] = []
    try:
        async with db.transaction() as tx:
            on = Applying(tx, vault, workspace_id, problems, environ, only_diff, changes)
            await people.apply_workspace(on, declared.workspace)
            await people.apply_members(on, declared.members, owners)
            await upstreams.apply_providers(on, declared.providers)
            await upstreams.apply_routes(on, declared.routes)
            await people.apply_agents(on, declared.agents)
            await upstreams.apply_prices(on, declared.prices)
            await channels.apply_channels(on, declared.channels)
            await caps.apply_budgets(on, declared.budgets)
            await caps.apply_limits(on, declared.limits)
            await schedules.apply_schedules(on, declared.schedules)
            await upstreams.tell_settings(on)
            problems.raise_if_any()
            if only_diff:
                raise _OnlyLooking
    except _OnlyLooking:
        pass
    return changes


def _owners(declared: Declared, problems: Problems) -> list[str]:
    """The owners' e-mails; those of members and owners that are none are added to `problems`."""
    found = []
    for member in declared.members:
        _email(member.email, (*member.where, "email"), problems)
    for agent in declared.agents:
        email = _email(agent.owner, (*agent.where, "owner"), problems)
        if email is not None:
            found.append(email)
    return found


def _email(text: str, where: toml.Where, problems: Problems) -> str | None:
    if not text:
        return None  # that it is missing has been said
    try:
        return members.normal_email(text)
    except Invalid as error:
        problems.add(where, error.message)
        return None
