"""Words people and agents write: what every store can hold, and how two of them are compared."""

import unicodedata

from quarterdeck.kernel.errors import Invalid

_KEPT_JOINERS = frozenset("\u200c\u200d")  # Persian spelling and joined emoji need them


def a_line(text: str, what: str, longest: int, *, shortest: int = 1) -> str:
    """One line, composed (NFC), outer and repeated white space gone.

    Raises Invalid when it is shorter or longer (in characters), or holds a control character or a lone surrogate.
    """
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    if not shortest <= len(line) <= longest:
        raise Invalid(f"{what} must have {shortest} to {longest} characters; this has {len(line)}.", field=what)
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in line):
        raise Invalid(f"{what} holds a control character or half of a surrogate pair.", field=what)
    return line


def a_name(text: str, what: str, longest: int) -> str:
    """A line that somebody is known by, so nothing may hide in it.

    Raises Invalid as :func:`a_line` does, and for invisible marks and marks that turn the reading direction.
    """
    name = a_line(text, what, longest)
    if any(unicodedata.category(letter) == "Cf" and letter not in _KEPT_JOINERS for letter in name):
        raise Invalid(f"{what} holds an invisible mark; write it without.", field=what)
    if not comparable(name):
        raise Invalid(f"{what} shows nothing; write it with letters.", field=what)
    return name


def a_text(text: str, what: str, longest: int) -> str:
    """Many lines, kept as they were written.

    Raises Invalid when it is longer (in characters) or holds NUL or a lone surrogate, which no store can keep.
    """
    if len(text) > longest:
        raise Invalid(f"{what} may have {longest} characters; this has {len(text)}.", field=what)
    if not storable(text):
        raise Invalid(f"{what} holds a NUL or half of a surrogate pair; send it as well-formed Unicode.", field=what)
    return text


def storable(text: str) -> bool:
    """Whether every store can hold it: no NUL, no lone surrogate."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def comparable(text: str) -> str:
    """What two writings of one name share: compatibility forms, case, spaces and invisible marks are levelled."""
    folded = searchable(text)
    return " ".join("".join(c for c in folded if unicodedata.category(c) not in {"Cf", "Cc", "Cs"}).split())


def searchable(text: str) -> str:
    """A text as searches see it: compatibility forms and case levelled, the same on every store."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
