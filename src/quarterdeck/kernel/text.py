"""Words people and agents write: what every store can hold, and how two of them are compared."""

import re
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


_SYMBOLS = "\u2190-\u2bff\U0001f000-\U0001ffff"
_WORD = re.compile(rf"\w+|[{_SYMBOLS}]+")
_ALONE = re.compile(
    # Symbols, Thai to Burmese, Khmer, Han, kana, Yi, half-width kana: nobody puts spaces between these.
    rf"([{_SYMBOLS}]|[\u0e00-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff])|_"
)
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
