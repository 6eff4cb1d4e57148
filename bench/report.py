"""The report: figures as tables in markdown."""

from dataclasses import dataclass, field
from typing import Any

from scenarios import Results, Rounds, features


@dataclass
class Report:
    """All that was measured; `missing` says which servers were not, and why."""

    machine: str
    names: list[str]
    missing: dict[str, str]
    scenarios: dict[str, Results] = field(default_factory=dict)
    ingest: dict[str, float] = field(default_factory=dict)

    def of(self, scenario: str, name: str) -> Rounds:
        return self.scenarios.get(scenario, {}).get(name, Rounds())

    def markdown(self) -> str:
        parts = [f"Measured on {self.machine}. Medians of alternating rounds, least and most in brackets.\n"]
        parts += [f"{name} was not measured: {why}.\n" for name, why in self.missing.items()]
        parts += [self._small(), self._features(), self._big(), self._streams(), self._ingest()]
        return "\n".join(part for part in parts if part)

    def _small(self) -> str:
        if "small" not in self.scenarios:
            return ""
        head = [
            "server",
            "requests/s, 16 connections",
            "of nginx's",
            "of nginx's, by CPU",
            "CPU s per 1,000",
            "core busy",
            "p50 ms, 1 connection",
            "added p50 ms",
            "added p99 ms",
            "RSS MiB",
            "errors",
        ]
        nginx = self.of("small", "nginx")
        rows = []
        for name in self.names:
            many, one = self.of("small", name), self.of("one", name)
            served = name != "direct"
            rows.append(
                [
                    name,
                    _spread(many, "rps", 0),
                    _share(many, nginx, "rps"),
                    _share(nginx, many, "cpu_ms"),
                    _one(many, "cpu_ms", 3),
                    f"{many['busy']:.0%}" if "busy" in many else "–",
                    _spread(one, "p50", 3),
                    _spread(one, "added_p50", 3) if served else "–",
                    _spread(one, "added_p99", 3) if served else "–",
                    _one(many, "rss", 0) if served else "–",
                    str(many.total("errors")) if "errors" in many else "–",
                ]
            )
        return _table("Small bodies (1 KB)", head, rows)

    def _features(self) -> str:
        if "features" not in self.scenarios:
            return ""
        rows = []
        for each in features():
            found, against = self.of("features", each.name), self.of("features", each.against or "")
            goal = f"≥ {each.goal:g} of {each.against}" if each.goal is not None else "–"
            share = [_share(found, against, "rps"), _share(against, found, "cpu_ms")] if each.against else ["–", "–"]
            rows.append(
                [
                    each.name,
                    _spread(found, "rps", 0),
                    _one(found, "cpu_ms", 3),
                    *share,
                    goal,
                    str(found.total("errors")),
                ]
            )
        head = [
            "Quarterdeck, 16 connections",
            "requests/s",
            "CPU s per 1,000",
            "of it",
            "of it, by CPU",
            "goal",
            "errors",
        ]
        return _table("Features", head, rows)

    def _big(self) -> str:
        if "big" not in self.scenarios:
            return ""
        head = [
            "server",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "added p50 ms",
            "added p99 ms",
            "CPU s per 1,000",
            "RSS MiB",
            "errors",
        ]
        rows = []
        for name in self.names:
            rounds, served = self.of("big", name), name != "direct"
            rows.append(
                [
                    name,
                    _one(rounds, "rps", 0),
                    _spread(rounds, "p50", 2),
                    _spread(rounds, "p99", 2),
                    _spread(rounds, "added_p50", 2) if served else "–",
                    _spread(rounds, "added_p99", 2) if served else "–",
                    _one(rounds, "cpu_ms", 2),
                    _one(rounds, "rss", 0) if served else "–",
                    str(rounds.total("errors")),
                ]
            )
        return _table("Bodies of 300 KB, 300 a second", head, rows)

    def _streams(self) -> str:
        if "paced" not in self.scenarios:
            return ""
        head = [
            "server",
            "held / lost / stalled, 250 at a time",
            "first byte p50 ms",
            "longest gap p99 ms",
            "CPU µs per chunk",
            "held / lost / stalled, 1,000 open",
            "RSS MiB before",
            "RSS MiB, 1,000 open",
        ]
        rows = []
        for name in self.names:
            few, many = self.of("paced", name), self.of("many", name)
            served = name != "direct"
            rows.append(
                [
                    name,
                    _counts(few),
                    _one(few, "first", 1),
                    _one(few, "gap", 1),
                    _one(few, "chunk_us", 0),
                    _counts(many),
                    _one(many, "rss_before", 0) if served else "–",
                    _one(many, "rss", 0) if served else "–",
                ]
            )
        return _table("Streams (64 chunks, 20 ms apart; a thousand at 100 ms)", head, rows)

    def _ingest(self) -> str:
        if not self.ingest:
            return ""
        got = self.ingest
        return (
            "### Ingest\n\n"
            f"While the gateway served {got['calls_per_s']:,.0f} calls/s, control (idle priority, on the core of load "
            f"and mock) wrote {got['under_load_per_s']:,.0f} calls/s to the database; "
            f"{got['backlog']:,.0f} records waited when the load ended, and then "
            f"{got['drain_per_s']:,.0f} calls/s drained ({got['left']:,.0f} left after 12 s).\n"
        )

    def data(self) -> dict[str, Any]:
        """The same for programs: every round."""
        return {
            "machine": self.machine,
            "missing": self.missing,
            "ingest": self.ingest,
            "scenarios": {
                scenario: {name: rounds.values for name, rounds in results.items()}
                for scenario, results in self.scenarios.items()
            },
        }


def _one(rounds: Rounds, name: str, digits: int) -> str:
    return f"{rounds[name]:,.{digits}f}" if name in rounds else "–"


def _spread(rounds: Rounds, name: str, digits: int) -> str:
    if name not in rounds:
        return "–"
    middle, least, most = (f"{value:,.{digits}f}" for value in rounds.spread(name))
    return f"{middle} ({least}–{most})"


def _share(part: Rounds, whole: Rounds, name: str) -> str:
    return f"{part[name] / whole[name]:.2f}" if name in part and name in whole and whole[name] else "–"


def _counts(rounds: Rounds) -> str:
    if "held" not in rounds:
        return "–"
    return " / ".join(str(rounds.total(name)) for name in ("held", "lost", "stalled"))


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return f"### {title}\n\n" + "\n".join(text) + "\n"
