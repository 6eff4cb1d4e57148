"""What all parts of applying a file share: the transaction, and the lists of what changes and what is wrong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from quarterdeck.access.vault import Vault
from quarterdeck.control.declared.fields import Problems
from quarterdeck.control.declared.model import WARNING, Change
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid, QuarterdeckError
from quarterdeck.kernel.toml import Where


@dataclass(frozen=True, slots=True)
class Applying:
    """One file on its way into one workspace."""

    tx: Transaction
    vault: Vault
    workspace_id: str
    problems: Problems
    environ: Mapping[str, str]
    only_diff: bool
    changes: list[Change] = field(default_factory=list)

    def note(self, verb: str, what: str, detail: str = "", *, secret: str | None = None) -> None:
        self.changes.append(Change(verb, what, detail, None if self.only_diff else secret))

    def warn(self, what: str, why: str) -> None:
        """Say what is applied all the same and does not work yet."""
        self.changes.append(Change(WARNING, what, why))

    @contextmanager
    def at(self, where: Where) -> Iterator[None]:
        """What a verb refuses in this block is wrong with the file, there; the next part is tried all the same."""
        try:
            yield
        except QuarterdeckError as error:
            inner = error.extra.get("field")
            self.problems.add((*where, inner) if isinstance(inner, str) else where, error.message)

    def secret_at(self, reference: str) -> str:
        """The text that `env:NAME` or `file:PATH` stands for. Raises Invalid when there is none."""
        source, _, name = reference.partition(":")
        if source == "env":
            if not self.environ.get(name):
                raise Invalid(f"the environment variable {name} is not set")
            return self.environ[name].strip()
        try:
            return Path(name).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise Invalid(f"the file {name} cannot be read") from None
