"""A desktop that a browser shows its notifications on: a bus of its own, and the service that desktops have there."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import DBusConnection, open_dbus_connection

CLICK_S = 5.0
SERVICE = "org.freedesktop.Notifications"
_OURS = DBusAddress("/org/freedesktop/Notifications", bus_name=SERVICE, interface=SERVICE)


@dataclass(frozen=True)
class Shown:
    """A notification as a person sees it."""

    id: int
    title: str
    body: str


class Desktop:
    """What was shown and is not closed yet."""

    def __init__(self, connection: DBusConnection, address: str) -> None:
        self._connection = connection
        self.address = address
        """Of its bus: what programs find in DBUS_SESSION_BUS_ADDRESS."""
        self.shown: dict[int, Shown] = {}
        self._changed = asyncio.Condition()

    async def until_shown(self, text: str) -> Shown:
        """The first notification that has the text, once it is there."""
        async with self._changed:
            await self._changed.wait_for(lambda: any(text in each.title + each.body for each in self.shown.values()))
        return next(each for each in self.shown.values() if text in each.title + each.body)

    async def click(self, notification: Shown) -> None:
        """Until it is closed: a person whose click is not heard clicks again."""
        while notification.id in self.shown:
            await self._connection.send(new_signal(_OURS, "ActionInvoked", "us", (notification.id, "default")))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLICK_S), self._changed:
                    await self._changed.wait_for(lambda: notification.id not in self.shown)

    async def serve(self) -> None:
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                message = await self._connection.receive()
                if message.header.message_type is MessageType.method_call:
                    await self._connection.send(new_method_return(message, *await self._answer(message)))
                    # Only now does the browser know by which id a click names it.
                    async with self._changed:
                        self._changed.notify_all()

    async def _answer(self, message: Message) -> tuple[Any, ...]:
        match message.header.fields[HeaderFields.member]:
            case "GetCapabilities":
                return "as", (["actions", "body"],)
            case "GetServerInformation":
                return "ssss", ("desktop", "tests", "1", "1.2")
            case "Notify":
                made = Shown(message.header.serial, message.body[3], message.body[4])
                self.shown[made.id] = made
                return "u", (made.id,)
            case "CloseNotification":
                if self.shown.pop(message.body[0], None):
                    await self._connection.send(new_signal(_OURS, "NotificationClosed", "uu", (message.body[0], 3)))
        return ()


@contextlib.asynccontextmanager
async def desktop() -> AsyncIterator[Desktop]:
    program = shutil.which("dbus-daemon")
    assert program, "the test of notifications needs a bus: apt-get install dbus-daemon"
    options = ("--session", "--nofork", "--nopidfile", "--print-address=1")
    bus = await asyncio.create_subprocess_exec(
        program, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert bus.stdout is not None
    try:
        address = (await bus.stdout.readline()).decode().strip()
        async with await open_dbus_connection(address) as connection:
            await connection.send(message_bus.RequestName(SERVICE))
            made = Desktop(connection, address)
            served = asyncio.create_task(made.serve())
            yield made
            served.cancel()
            await asyncio.gather(served, return_exceptions=True)
    finally:
        bus.terminate()
        await bus.wait()
