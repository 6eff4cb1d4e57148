"""Words people and agents write: what every store can hold, and how two of them are compared."""

import re
import unicodedata
from collections.abc import Iterator

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


def tokens(text: str, *, most: int = 20_000) -> list[list[str]]:
    """The words of a text in order, each as the terms under which every store finds it alike.

    A term is plain ASCII letters and digits, whatever script it was written in, so that no store's tokenizer and no
    locale has a say; accents are levelled; scripts without spaces and emoji give one term per character, to be found
    side by side. Stops after `most` terms.
    """
    words: list[list[str]] = []
    count = 0
    for word in _WORD.findall(_plain(text)):
        terms = ["w" + _ascii(part) for part in _ALONE.split(word) if part and part != "_"]
        if terms:
            words.append(terms)
            count += len(terms)
            if count >= most:
                break
    return words


def terms(text: str) -> list[str]:
    """All terms of a text in order, as `tokens` has them: for long texts."""
    if text.isascii():
        return ["w" + word[:_TERM_LENGTH] for word in _ASCII_WORD.findall(text.lower())]
    return [term for word in tokens(text, most=len(text) + 1) for term in word]


def placed_terms(text: str) -> Iterator[tuple[str, int, int]]:
    """The terms of a text and where in it each begins and ends; some that are written together end together."""
    for found in _SPAN.finditer(text):
        for term in terms(found[0]):
            yield term, found.start(), found.end()


_SYMBOLS = "\u2190-\u2bff\U0001f000-\U0001ffff"
_WORD = re.compile(rf"\w+|[{_SYMBOLS}]+")
_UNSPACED = (
    # Symbols, Thai to Burmese, Khmer, Han, kana, Yi, half-width kana: nobody puts spaces between these.
    f"{_SYMBOLS}\u0e00-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_ALONE = re.compile(f"([{_UNSPACED}])|_")
_SPAN = re.compile(rf"[{_UNSPACED}]|[^\x00-/:-@\[-`{{-\x7f\s{_UNSPACED}]+")
"""What `tokens` sees as a word, with the marks that it levels."""
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_TERM_LENGTH = 40
_UNMARKED = {"Mn", "Mc", "Me", "Cf"}


def _plain(text: str) -> str:
    found = searchable(text)
    if found.isascii():
        return found
    return "".join(c for c in unicodedata.normalize("NFKD", found) if unicodedata.category(c) not in _UNMARKED)


def _ascii(part: str) -> str:
    # Character by character, so that the beginning of a word stays the beginning of its term.
    return "".join(c if c.isascii() else f"z{ord(c):x}z" for c in part[:_TERM_LENGTH])
