"""Prometheus' text format: few lines, so that the model path's plain numbers need no library's objects."""

from collections.abc import Iterable, Iterator, Sequence

Labels = Sequence[tuple[str, str]]
Sample = tuple[Labels, float]


def text(values: Iterable[tuple[str, str, str, float]]) -> str:
    """Metrics without labels: name, kind (counter, gauge), what it is, value."""
    return "".join(f"{line}\n" for each in values for line in single(*each))


def family(name: str, kind: str, text: str, samples: Iterable[Sample]) -> Iterator[str]:
    """The lines of one metric."""
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        yield f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"


def single(name: str, kind: str, text: str, value: float) -> Iterator[str]:
    """The lines of a metric without labels."""
    return family(name, kind, text, [((), value)])


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
