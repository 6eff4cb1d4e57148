"""Which field may be meant by one that a request's body has and we do not know."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from fastapi.routing import APIRoute
from pydantic import BaseModel


def known_beside(route: object, location: Sequence[int | str]) -> list[str]:
    """The fields there are where the unknown one stands, of `("body", …, its name)`; empty when that is not clear."""
    if not isinstance(route, APIRoute) or route.body_field is None:
        return []
    here: list[Any] = list(_models(route.body_field.field_info.annotation))
    for part in location[1:-1]:
        if isinstance(part, str):
            within = [model.model_fields[part].annotation for model in here if part in model.model_fields]
            # A part that names no field says which of several models was tried.
            here = [model for each in within for model in _models(each)] or here
    return sorted({name for model in here for name in model.model_fields})


def words(name: str, known: Sequence[str]) -> str:
    """What is wrong with an unknown field, and what to do."""
    near = difflib.get_close_matches(name, known, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    there = f" Known here: {', '.join(known)}." if known else ""
    return f"There is no such field.{meant}{there}"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a value of this type may be, or hold as an item."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)
