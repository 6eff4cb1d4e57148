"""Tasks from a CSV file, as spreadsheets write it: turned into a document, then imported like any other."""

import csv
import io
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from quarterdeck.control.transfer.document import MAX_TASKS, Document, GoalDoc, ProjectDoc, TaskDoc
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.money import usd_to_nano

COLUMNS = frozenset(
    {
        "key", "title", "brief", "acceptance", "state", "priority", "labels", "project", "parent", "goal", "waits_for",
        "agent", "squad", "accountable", "watchers", "due_at", "review", "attempt_limit", "budget_usd", "note",
    }
)  # fmt: skip
_LISTS = ("labels", "waits_for", "watchers")
_MAX_PROBLEMS = 50


def document_of(text: str) -> Document:
    """The document that a CSV text says. Its first line names the columns; `title` is the only one it must have.

    Commas, semicolons or tabs; several values in one cell are separated by `;` or line ends. Raises Invalid with the
    line and column of everything that cannot be.
    """
    rows = _rows(text.removeprefix("\ufeff"))
    problems: list[str] = []
    tasks: list[TaskDoc] = []
    names: dict[str, None] = {}
    aims: dict[str, None] = {}
    for line, row in rows:
        try:
            doc = TaskDoc.model_validate(_fields(line, row))
        except ValidationError as error:
            problems += [
                f"line {line}, {each['loc'][0] if each['loc'] else ''}: {each['msg']}" for each in error.errors()
            ]
            continue
        except Invalid as error:
            problems.append(f"line {line}, {error.extra['field']}: {error.message}")
            continue
        tasks.append(doc)
        if doc.project is not None:
            names.setdefault(doc.project)
        if doc.goal is not None:
            aims.setdefault(doc.goal)
    if problems:
        shown = problems[:_MAX_PROBLEMS]
        raise Invalid("The file cannot be read: " + "; ".join(shown), field="body", problems=shown)
    return Document(
        quarterdeck_export=1,
        projects=[ProjectDoc(name=name) for name in names],
        goals=[GoalDoc(name=name) for name in aims],
        tasks=tasks,
    )


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in next(reader, [])]
        if "title" not in columns or len(set(columns)) < len(columns):
            raise Invalid(
                f"The first line names the columns, each once, and title among them: {', '.join(sorted(COLUMNS))}.",
                field="body",
            )
        unknown = [name for name in columns if name not in COLUMNS]
        if unknown:
            raise Invalid(
                f"There is no column {', '.join(unknown)}; there is {', '.join(sorted(COLUMNS))}.", field="body"
            )
        found = []
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(columns):
                    raise Invalid(f"line {reader.line_num} has more cells than there are columns.", field="body")
                found.append((reader.line_num, dict(zip(columns, cells, strict=False))))
            if len(found) > MAX_TASKS:
                raise Invalid(f"A file has at most {MAX_TASKS} tasks; import it in parts.", field="body")
    except csv.Error as error:
        raise Invalid(f"line {reader.line_num} is no CSV: {error}.", field="body") from None
    return found


def _fields(line: int, row: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: cell.strip() for name, cell in row.items() if cell.strip()}
    fields.setdefault("key", f"line {line}")
    for name in _LISTS:
        if name in fields:
            fields[name] = _several(fields[name])
    if "acceptance" in fields:
        fields["acceptance"] = [{"text": text} for text in _several(fields["acceptance"])]
    for name in ("state", "priority"):
        if name in fields:
            fields[name] = fields[name].lower().replace(" ", "_")
    if "budget_usd" in fields:
        fields["budget_nano"] = _budget(fields.pop("budget_usd"))
    return fields


def _several(cell: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;\n]", cell) if part.strip()]


def _budget(text: str) -> int:
    try:
        amount = Decimal(text.lstrip("$").replace(",", ""))
        if amount.is_finite() and 0 <= amount < 10**6:
            return usd_to_nano(amount)
    except (InvalidOperation, ValueError):
        pass
    raise Invalid("is dollars, such as 2.50", field="budget_usd")
