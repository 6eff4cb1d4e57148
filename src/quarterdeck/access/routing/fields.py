"""Read the members of one object of a config: each mistake is noted with its path and what was expected."""

import difflib
from collections.abc import Callable
from typing import Any

import msgspec

from quarterdeck.kernel.errors import Invalid


class BadRoute(Invalid):
    """A config that cannot be used; `problems` has (path, words) of everything that is wrong with it."""

    code = "invalid_config"

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        lines = [f"{path}: {words}" for path, words in problems]
        super().__init__("The config cannot be used. " + "; ".join(lines), problems=lines)


class Problems:
    """Collects what is wrong with one config."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def __call__(self, path: str, words: str) -> None:
        self.found.append((path, words))

    def raise_if_any(self) -> None:
        if self.found:
            raise BadRoute(self.found[:50])


class Members:
    """One object. Members are asked for by name, in any of their spellings; `done` reports those nobody asked for."""

    def __init__(self, values: dict[str, Any], path: str, wrong: Problems) -> None:
        self.path = path
        self.wrong = wrong
        self._values = values
        self._asked: set[str] = set()

    def has(self, *names: str) -> bool:
        return any(self._values.get(name) is not None for name in names)

    def at(self, name: str) -> str:
        return f"{self.path}.{name}"

    def names(self) -> list[str]:
        return list(self._values)

    def anything(self, *names: str) -> Any:
        """The value of the first spelling that is there; None when none is."""
        self._asked.update(names)
        return next((self._values[name] for name in names if self._values.get(name) is not None), None)

    def text(self, *names: str) -> str | None:
        value: str | None = self._take(names, lambda value: isinstance(value, str) and bool(value.strip()), "a text")
        return value

    def number(self, *names: str, least: float, most: float) -> float | None:
        def fits(value: Any) -> bool:
            return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most

        value = self._take(names, fits, f"a number from {least:g} to {most:g}")
        return None if value is None else float(value)

    def whole(self, *names: str, least: int, most: int) -> int | None:
        def fits(value: Any) -> bool:
            return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

        value: int | None = self._take(names, fits, f"a whole number from {least} to {most}")
        return value

    def yes_or_no(self, *names: str) -> bool | None:
        value: bool | None = self._take(names, lambda value: isinstance(value, bool), "true or false")
        return value

    def texts(self, *names: str) -> tuple[str, ...] | None:
        def fits(value: Any) -> bool:
            return isinstance(value, list) and all(isinstance(each, str) and each for each in value)

        value = self._take(names, fits, "a list of texts")
        return None if value is None else tuple(value)

    def statuses(self, *names: str) -> frozenset[int] | None:
        def fits(value: Any) -> bool:
            return isinstance(value, list) and all(type(code) is int and 100 <= code <= 599 for code in value)

        value = self._take(names, fits, "a list of statuses from 100 to 599")
        return None if value is None else frozenset(value)

    def inner(self, *names: str) -> "Members | None":
        """An object."""
        name = next((name for name in names if self._values.get(name) is not None), names[0])
        value = self._take(names, lambda value: isinstance(value, dict), "an object")
        return None if value is None else Members(value, self.at(name), self.wrong)

    def values_of(self, *names: str) -> tuple[tuple[str, bytes], ...] | None:
        """The members of an object as JSON, by name."""
        value = self._take(names, lambda value: isinstance(value, dict), "an object of parameters")
        return None if value is None else tuple((name, msgspec.json.encode(each)) for name, each in value.items())

    def refuse(self, words: str, *names: str) -> None:
        """Note that these may not be here."""
        for name in names:
            self._asked.add(name)
            if self._values.get(name) is not None:
                self.wrong(self.at(name), words)

    def done(self) -> None:
        for name in self._values:
            if name not in self._asked:
                near = difflib.get_close_matches(name, sorted(self._asked), 1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(self._asked))}"
                self.wrong(self.at(name), f"is not a key that belongs here{hint}")

    def _take(self, names: tuple[str, ...], fits: Callable[[Any], bool], expected: str) -> Any:
        self._asked.update(names)
        for name in names:
            value = self._values.get(name)
            if value is None:
                continue
            if fits(value):
                return value
            self.wrong(self.at(name), f"expected {expected}, not {_short(value)}")
            return None
        return None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
