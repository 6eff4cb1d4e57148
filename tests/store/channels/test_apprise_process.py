"""The process that speaks for Apprise: what it may reach and read."""

import asyncio
from pathlib import Path

import pytest
from webhook_receiver import Receiver

from quarterdeck.control.channels import apprise_process
from quarterdeck.kernel.errors import Invalid


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0.0.0.0"])
async def test_it_reaches_no_private_address(host: str) -> None:
    async with Receiver().listening() as receiver:
        url = f"json://{host}:{receiver.port}/x"
        refused = await apprise_process.send(url, "T", "B", allow_private=False)
        assert receiver.got == []
    assert (refused.ok, refused.final) == (False, True)
    assert "not a public address" in (refused.error or "")


async def test_allowed_is_its_own_host_and_not_where_that_sends_it() -> None:
    async with Receiver().listening() as other, Receiver(status=307).listening() as moved:
        moved.location = f"http://127.0.0.1:{other.port}/"
        sent = await apprise_process.send(f"json://localhost:{moved.port}/x", "T", "B", allow_private=True)
        assert other.got == []
    assert not sent.ok


async def test_it_reads_no_file_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "secret.json"
    file.write_text("{}")
    url = f"discord://webhookid12345/tokentoken123?template={file}"
    refused = await apprise_process.send(url, "T", "B", allow_private=True)
    assert refused.error == "refused: a notification reads no file"


async def test_a_receiver_that_hangs_is_left() -> None:
    async with Receiver(status=None).listening() as receiver:
        url = f"json://localhost:{receiver.port}/secret-path"
        late = await apprise_process.send(url, "T", "B", allow_private=True, timeout_s=4.0)
    assert not late.ok
    assert "secret-path" not in (late.error or "")


async def test_what_it_cannot_make_anything_of_is_refused() -> None:
    assert (await apprise_process.check("ntfy://topic")).name == "ntfy"
    with pytest.raises(Invalid):
        await apprise_process.check("nosuch://x")


class Mailbox:
    """Just enough of a mail server to take a message."""

    def __init__(self) -> None:
        self.mails: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode():
            if line.upper().startswith("DATA"):
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"221 bye\r\n" if line.upper().startswith("QUIT") else b"250 fine\r\n")
            await writer.drain()
        writer.close()


async def test_a_mail_is_sent() -> None:
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"mailto://localhost:{port}/?from=deck@example.com&to=sam@example.com&format=text"
    closed = await apprise_process.send(url, "T-1 waits", "See it", allow_private=False)
    sent = await apprise_process.send(url, "T-1 waits", "See it", allow_private=True)
    server.close()
    assert (closed.ok, sent.ok, sent.error) == (False, True, None)
    (mail,) = mailbox.mails
    assert "Subject: T-1 waits" in mail
    assert "To: sam@example.com" in mail
