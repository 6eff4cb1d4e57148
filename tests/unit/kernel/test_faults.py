import errno
import socket
import ssl

import pytest

from quarterdeck.kernel import faults


def test_a_refused_connection_is_told_by_what_to_look_at_and_without_the_systems_number() -> None:
    said = faults.why(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))
    assert said == "nothing listens there; is it running, and are address and port right?"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no way leads there"),
        (TimeoutError(), "no answer in time"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "there is no such name"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "the name server does not answer"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "it broke the connection off"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device."),
        (ssl.SSLError(), "the handshake failed."),
        (OSError(), "it failed."),
    ],
)
def test_each_failure_has_words_and_no_number(error: OSError, words: str) -> None:
    said = faults.why(error)
    assert said.startswith(words)
    assert said.endswith((".", "?"))
    assert "Errno" not in said


def test_what_a_library_says_with_a_number_in_it_is_told_by_what_the_number_means() -> None:
    apprise = (
        "Socket Exception: HTTPConnectionPool(host='127.0.0.1', port=9): Max retries exceeded with url: /x "
        "(Caused by NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused'))"
    )
    assert faults.in_words(apprise) == "Nothing listens there; is it running, and are address and port right?"
    assert faults.in_words("[Errno -2] Name or service not known") == "There is no such name; look how it is written."
    assert faults.in_words("It answered 503.") == "It answered 503."
    assert faults.in_words("[Errno 9999] Odd") == "[Errno 9999] Odd"
