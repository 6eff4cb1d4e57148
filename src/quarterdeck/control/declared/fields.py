"""Reading a TOML table field by field: a mistake is noted with its line and what was expected, then reading goes on."""

from collections.abc import Callable, Collection
from typing import Any

from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.toml import Document, Where


class BadConfig(Invalid):
    """All that is wrong with a file, a line each; nothing of it was applied."""

    code = "config"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems), problems=problems)


class Problems:
    """Collects what is wrong with one file."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found: list[tuple[int, str]] = []

    def add(self, where: Where, words: str) -> None:
        line = self.document.line_of(where) or 0
        self._found.append((line, f"{self.document.at(where)}: {words}"))

    def raise_if_any(self) -> None:
        """Raises BadConfig with the problems in the order of their lines."""
        if self._found:
            ordered = sorted(self._found, key=lambda each: each[0])
            raise BadConfig(list(dict.fromkeys(words for _, words in ordered)))


class Table:
    """One table of the file. Fields are asked for by name; `done` reports those nobody asked for."""

    def __init__(self, values: dict[str, Any], where: Where, problems: Problems) -> None:
        self.where = where
        self.problems = problems
        self._values = values
        self._asked: set[str] = set()

    def text(self, name: str) -> str | None:
        found: str | None = self._take(name, lambda value: isinstance(value, str) and bool(value.strip()), "a text")
        return found

    def required(self, name: str) -> str:
        """The text, or an empty one after noting that it is missing."""
        if name not in self._values:
            self._asked.add(name)
            self.problems.add(self.where, f"needs {name} = a text")
            return ""
        return self.text(name) or ""

    def one_of(self, name: str, choices: Collection[str]) -> str | None:
        expected = "one of " + ", ".join(f'"{choice}"' for choice in choices)
        found: str | None = self._take(name, lambda value: isinstance(value, str) and value in choices, expected)
        return found

    def whole(self, name: str, least: int, most: int) -> int | None:
        def fits(value: Any) -> bool:
            return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

        found: int | None = self._take(name, fits, f"a whole number from {least} to {most}")
        return found

    def yes_or_no(self, name: str) -> bool | None:
        found: bool | None = self._take(name, lambda value: isinstance(value, bool), "true or false")
        return found

    def texts(self, name: str) -> list[str] | None:
        def fits(value: Any) -> bool:
            return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each for each in value)

        found: list[str] | None = self._take(name, fits, "a list of texts")
        return found

    def text_map(self, name: str) -> dict[str, str]:
        def fits(value: Any) -> bool:
            return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())

        return self._take(name, fits, "a table of texts") or {}

    def anything(self, name: str) -> Any:
        self._asked.add(name)
        return self._values.get(name)

    def table(self, name: str) -> "Table | None":
        found = self._take(name, lambda value: isinstance(value, dict), f"a table, written [{name}]")
        return None if found is None else Table(found, (*self.where, name), self.problems)

    def tables(self, name: str) -> "list[Table]":
        def fits(value: Any) -> bool:
            return isinstance(value, list) and all(isinstance(each, dict) for each in value)

        found = self._take(name, fits, f"tables, each written [[{name}]]") or []
        return [Table(each, (*self.where, name, index), self.problems) for index, each in enumerate(found)]

    def names(self) -> list[str]:
        return list(self._values)

    def wrong(self, name: str, words: str) -> None:
        self.problems.add((*self.where, name), words)

    def done(self) -> None:
        for name in self._values:
            if name not in self._asked:
                self.wrong(name, f"is not a key that belongs here; there are {', '.join(sorted(self._asked))}")

    def _take(self, name: str, fits: Callable[[Any], bool], expected: str) -> Any:
        self._asked.add(name)
        value = self._values.get(name)
        if value is None or fits(value):
            return value
        self.wrong(name, f"expected {expected}, not {_short(value)}")
        return None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
