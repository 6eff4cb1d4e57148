"""Prometheus' text format: few lines, so that the model path's plain numbers need no library's objects."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

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


def together(texts: Mapping[str, str], label: str) -> str:
    """What several processes count as one text: each sample says in one more label whose it is."""
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for whose, text in sorted(texts.items()):
        mark = f'{label}="{_escaped(whose)}"'
        name = ""
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name = line.split(" ", 3)[2]
                heads.setdefault(name, [])
            if line.startswith("#"):
                if len(heads[name]) < 2:
                    heads[name].append(line)
            elif line:
                samples.setdefault(name, []).append(_marked(line, mark))
    return "".join(f"{line}\n" for name, head in heads.items() for line in (*head, *samples.get(name, [])))


def _marked(sample: str, mark: str) -> str:
    name, _, value = sample.partition(" ")
    before, brace, _ = name.partition("{")
    if not brace:
        return f"{name}{{{mark}}} {value}"
    rest = sample[len(before) + 1 :]
    return f"{before}{{{mark}{'' if rest.startswith('}') else ','}{rest}"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
