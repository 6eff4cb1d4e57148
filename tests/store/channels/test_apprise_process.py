"""The process that speaks for Apprise: what it may reach and read."""

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
