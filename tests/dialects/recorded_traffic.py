"""The recorded traffic: real requests and answers of providers, one exchange a row."""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


def corpus_dir() -> Path:
    if named := os.environ.get("QUARTERDECK_CORPUS"):
        return Path(named)
    repository = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
    return repository.parent / "shared" / "corpus"


@dataclass(frozen=True)
class Row:
    id: str
    path: str
    request: Any
    status: int
    kind: str
    answer: Any
    """Parsed JSON, or the text of a stream, or base64 of a binary one."""

    def __repr__(self) -> str:
        return self.id


@cache
def rows(name: str) -> tuple[Row, ...]:
    """The rows of one file such as `openai.json`; none when the corpus is not on this machine."""
    file = corpus_dir() / "provider_traffic" / f"{name}.jsonl"
    if not file.exists():
        return ()
    found = []
    for line in file.read_text().splitlines():
        row = json.loads(line)
        found.append(
            Row(str(row["id"]), row["path"], row["request"], row["status"], row["response_kind"], row["response"])
        )
    return tuple(found)
