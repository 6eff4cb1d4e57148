"""The neutral forms of embeddings and reranking, into which each dialect is parsed and from which it is emitted."""

from dataclasses import dataclass, field
from typing import Any, Literal

from quarterdeck.ledger.record import Usage

Task = Literal["query", "document", "similarity", "classification", "clustering"]
"""What the vectors are for: some models embed a question and a document differently."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """Texts to be turned into vectors."""

    inputs: tuple[str, ...]
    dimensions: int | None = None
    task: Task | None = None
    base64: bool = False
    """The caller wants little-endian 32-bit floats in base64 rather than JSON numbers."""
    single: bool = False
    """The caller's dialect has an answer of its own for one text."""
    rest: dict[str, Any] = field(default_factory=dict)
    """Members nothing here stands for, in the caller's spelling."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """One vector a text, in the order of the texts."""

    vectors: tuple[list[float], ...]
    model: str | None
    usage: Usage | None
    asked: Embedding = Embedding(())
    """What was asked, for dialects whose answers repeat it."""


@dataclass(frozen=True, slots=True)
class Reranking:
    """Documents to be put in the order of their bearing on a query."""

    query: str
    documents: tuple[str, ...]
    top: int | None = None
    """How many to return; None: all."""
    rest: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ranking:
    """(index of the document, its score), best first."""

    results: tuple[tuple[int, float], ...]
    model: str | None
    usage: Usage | None
