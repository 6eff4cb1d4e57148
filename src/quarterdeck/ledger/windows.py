"""How many tokens models can read, as the price table says."""

from functools import cache


class ContextWindows:
    """Looks up context windows by model alone: a model's name says whose it is. The first look-up loads the table."""

    def __init__(self) -> None:
        self._found: dict[str, int | None] = {}

    def of(self, _provider: str | None, model: str | None) -> int | None:
        """Tokens; None when nobody says. A dated or otherwise longer name has its model's window."""
        if model is None:
            return None
        if model not in self._found:
            self._found[model] = _look_up(model)
        return self._found[model]


def _look_up(model: str) -> int | None:
    table = _table()
    name = model.rpartition("/")[2]
    if name in table:
        return table[name]
    longest = max((each for each in table if name.startswith(each)), key=len, default=None)
    return None if longest is None else table[longest]


@cache
def _table() -> dict[str, int]:
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - 180 ms that a start need not wait for

    found: dict[str, int] = {}
    for provider in get_snapshot().providers:
        for model in provider.models:
            if model.context_window:
                found.setdefault(model.id, model.context_window)
    return found
