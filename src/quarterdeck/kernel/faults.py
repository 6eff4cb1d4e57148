"""What a failure of the network or of the system means, in words that say what to look at."""

import errno
import re
import socket
import ssl

_AWAY = "nothing listens there; is it running, and are address and port right?"
_SLOW = "no answer in time; is it up, and does a firewall let us through?"
_NO_WAY = "no way leads there from this machine; look at its network and firewall"
_BROKE = "it broke the connection off; look whether it is well, and try again"
_FORBIDDEN = "this machine does not allow the connection; look at its firewall"

_OF_NUMBER = {
    errno.ECONNREFUSED: _AWAY,
    errno.ENOENT: _AWAY,
    errno.ECONNRESET: _BROKE,
    errno.ECONNABORTED: _BROKE,
    errno.EPIPE: _BROKE,
    errno.ETIMEDOUT: _SLOW,
    errno.EHOSTUNREACH: _NO_WAY,
    errno.EHOSTDOWN: _NO_WAY,
    errno.ENETUNREACH: _NO_WAY,
    errno.ENETDOWN: _NO_WAY,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EADDRNOTAVAIL: "this machine has no free port left for it; try again later",
    errno.EMFILE: "too many connections are open here; raise the limit of open files",
    errno.ENFILE: "too many connections are open on this machine",
}
_NO_NAME = "there is no such name; look how it is written"
_OF_NAME = {
    socket.EAI_NONAME: _NO_NAME,
    socket.EAI_AGAIN: "the name server does not answer; look at this machine's network, and try again",
}
_NUMBERED = re.compile(r"\[Errno (-?[0-9]+)\][^'\")\]]*")


def why(error: BaseException) -> str:
    """The end of a sentence, with its stop: never a number of the system or the name of a class."""
    said = _said(error)
    return said if said.endswith(("?", ".")) else f"{said}."


def _said(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return _OF_NAME.get(error.errno or 0, _NO_NAME)
    if isinstance(error, ssl.SSLError):
        return _of_tls(error)
    if isinstance(error, TimeoutError):
        return _SLOW
    if isinstance(error, OSError):
        return _OF_NUMBER.get(error.errno or 0) or error.strerror or "it failed"
    return str(error) or "it failed"


def _of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    # An error that Python raises by itself has none.
    reason = getattr(error, "reason", None)
    if reason == "WRONG_VERSION_NUMBER":
        return "it does not speak TLS at this port; is http meant?"
    return str(reason or "the handshake failed").replace("_", " ").lower()


def in_words(text: str) -> str:
    """A text of somebody else's with the system's numbers in it: what they mean alone, where it is known."""
    for found in _NUMBERED.finditer(text):
        number = int(found[1])
        said = _OF_NUMBER.get(number) or _OF_NAME.get(number)
        if said is not None:
            return f"{said[0].upper()}{said[1:]}{'' if said.endswith('?') else '.'}"
    return text
