"""What each window of each budget has spent and holds, and which budgets a call falls under."""

from collections import deque
from collections.abc import Callable, Iterator

from quarterdeck.access.budgets.model import BudgetEntry, Window
from quarterdeck.access.budgets.windows import bounds
from quarterdeck.access.scopes import Facts, counted_under

MEMO = 8_192
FOREVER = 1 << 62
Key = tuple[str, str, str]
"""Budget, value it is counted for, window."""
Line = tuple[BudgetEntry, "Counter"]
Within = tuple[int, int, list[Line]]
"""Lines, and from when until when calls that begin fall under them, in microseconds since the epoch."""


class Counter:
    """One window of one budget, in nano-dollars."""

    __slots__ = ("askers", "base", "claim", "held", "key", "others", "tail", "waiters", "workspace_id")

    def __init__(self, workspace_id: str, key: Key, base: int) -> None:
        self.workspace_id = workspace_id
        self.key = key
        self.base = base
        """What the account says."""
        self.tail = 0
        """What was settled here and the account did not include yet."""
        self.held = 0
        """What calls in flight may still cost."""
        self.claim: int | None = None
        """Of a budget that other gateways use too: how much of it this one may use behind the account's word."""
        self.others = 0
        """What those have settled behind it, when last heard."""
        self.askers = 0
        """Calls that wait for a larger claim: they hold nothing yet, and will hold it here."""
        self.waiters: deque[Callable[[], None]] = deque()
        """Calls that wait for others to let go of what they hold, first come, first served."""

    @property
    def spent(self) -> int:
        return self.base + self.tail

    def left(self, cap: int) -> int:
        """What may still be held here."""
        room = cap - self.base - self.tail - self.held
        return room if self.claim is None else min(room, self.claim - self.tail - self.held)

    def wake(self) -> None:
        """Let the first who waits look again. Whoever is woken wakes the next when it is done looking."""
        if self.waiters:
            self.waiters.popleft()()


class Counters:
    """All counters of a gateway. They come into being when a call first falls under them."""

    def __init__(self) -> None:
        self.shared = False
        """Whether other gateways use the same budgets."""
        self._rules: dict[str, tuple[BudgetEntry, ...]] = {}
        self.tagged: set[str] = set()
        """Workspaces with rules that look at tags."""
        self._found: dict[Key, Counter] = {}
        self._bases: dict[Key, int] = {}
        self._lines: dict[tuple[str, Facts], Within] = {}
        self._windows: dict[str, tuple[int, int, str]] = {}
        self.forgot: Callable[[], None] = _nobody_asks
        """Called when lines that were handed out may not be used again."""

    def __iter__(self) -> Iterator[Counter]:
        return iter(self._found.values())

    def rules(self, workspace_id: str) -> tuple[BudgetEntry, ...]:
        return self._rules.get(workspace_id, ())

    def set_rules(self, rules: dict[str, tuple[BudgetEntry, ...]]) -> list[tuple[str, BudgetEntry]]:
        """Put other budgets in force; returns those that were not there before, with their workspaces."""
        known = {entry.id for some in self._rules.values() for entry in some}
        self._rules = {workspace_id: some for workspace_id, some in rules.items() if some}
        self.tagged = {
            workspace_id for workspace_id, some in rules.items() if any(each.scope.kind == "tag" for each in some)
        }
        self._forget_lines()
        kept = {entry.id for some in rules.values() for entry in some}
        self._found = {key: counter for key, counter in self._found.items() if key[0] in kept}
        return [(workspace_id, each) for workspace_id, some in rules.items() for each in some if each.id not in known]

    def set_bases(self, bases: dict[Key, int]) -> None:
        """Take the account's word. What nothing is spent, held or known of is forgotten."""
        self._bases = bases
        for key, counter in list(self._found.items()):
            counter.base = bases.get(key, 0)
            used = counter.base or counter.tail or counter.held or counter.claim
            if not (used or counter.waiters or counter.askers):
                del self._found[key]
                self._forget_lines()

    def lines(self, workspace_id: str, facts: Facts, started: int) -> list[Line]:
        """The budgets a call falls under, each with the counter of the window the call began in. Not to be changed."""
        return self.within(workspace_id, facts, started)[2]

    def within(self, workspace_id: str, facts: Facts, started: int) -> Within:
        """The same, and until when it is so."""
        known = self._lines.get((workspace_id, facts))
        if known is not None and known[0] <= started < known[1]:
            return known
        return self._find(workspace_id, facts, started)

    def line(self, workspace_id: str, entry: BudgetEntry, facts: Facts, started: int) -> Line | None:
        """The same for one budget."""
        value = counted_under(entry.scope, facts)
        window = self._window(entry.window, started, facts.run_id)
        if value is None or window is None:
            return None
        return entry, self.counter(workspace_id, (entry.id, value, window))

    def counter(self, workspace_id: str, key: Key) -> Counter:
        counter = self._found.get(key)
        if counter is None:
            counter = self._found[key] = Counter(workspace_id, key, self._bases.get(key, 0))
            if self.shared:
                counter.claim = 0
        return counter

    def _forget_lines(self) -> None:
        self._lines.clear()
        self.forgot()

    def _find(self, workspace_id: str, facts: Facts, started: int) -> Within:
        if len(self._lines) >= MEMO:
            self._lines.clear()
        begin, end = 0, FOREVER
        found: list[Line] = []
        for entry in self.rules(workspace_id):
            line = self.line(workspace_id, entry, facts, started)
            if line is not None:
                found.append(line)
                if entry.window != Window.RUN:
                    known = self._windows[entry.window]
                    begin, end = max(begin, known[0]), min(end, known[1])
        within = self._lines[workspace_id, facts] = begin, end, found
        return within

    def _window(self, window: str, started: int, run_id: str | None) -> str | None:
        if window == Window.RUN:
            return run_id
        known = self._windows.get(window)
        if known is None or not known[0] <= started < known[1]:
            begin, end = bounds(window, started)
            known = self._windows[window] = (begin, end if end is not None else FOREVER, str(begin))
        return known[2]


def _nobody_asks() -> None:
    return
