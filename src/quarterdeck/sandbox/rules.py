"""Server-wide scripts: which requests one is for."""

from typing import Any, Self

import msgspec

from quarterdeck.sandbox.scripts import BadScript, Script, script_from


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is given must fit."""

    model: str | None = None
    """The model asked for, exactly."""
    contains: str | None = None
    """A text somewhere in the body."""
    path: str | None = None
    """How the path begins."""

    def fits(self, model: str | None, target: str, body: bytes) -> bool:
        return (
            (self.model is None or self.model == model)
            and (self.contains is None or self.contains.encode() in body)
            and (self.path is None or target.startswith(self.path))
        )


class Rule(msgspec.Struct, frozen=True):
    when: When
    script: Script

    @classmethod
    def several(cls, value: object) -> tuple[Self, ...]:
        """From decoded JSON. Raises BadScript, which names the field."""
        if not isinstance(value, dict) or "rules" not in value:
            return (cls(When(), script_from(value)),)
        listed = value["rules"]
        if not isinstance(listed, list) or len(value) > 1:
            raise BadScript("`rules` is a list, and nothing stands beside it")
        return tuple(cls._one(f"rules[{index}]", item) for index, item in enumerate(listed))

    @classmethod
    def _one(cls, place: str, value: Any) -> Self:
        if not isinstance(value, dict) or not value.keys() <= {"when", "script"} or "script" not in value:
            raise BadScript(f"{place}: a rule has a `script`, may have a `when`, and nothing else")
        try:
            when = msgspec.convert(value.get("when", {}), When)
            return cls(when, script_from(value["script"]))
        except msgspec.ValidationError as error:
            raise BadScript(f"{place}.when: {error}") from error
        except BadScript as error:
            raise BadScript(f"{place}.script: {error}") from error


def rules_from_json(text: bytes) -> tuple[Rule, ...]:
    """One script, for every request, or `{"rules": [{"when": {…}, "script": {…}}]}`.

    Raises BadScript, which names the field.
    """
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise BadScript(f"a script is JSON, and this is not: {error}") from error
    return Rule.several(value)
