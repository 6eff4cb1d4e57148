"""Processes that do not outlive the demo."""

import signal


def end_with_parent() -> None:
    """On Linux a child can ask to be ended with its parent, however that ends."""
    try:
        import ctypes  # noqa: PLC0415 - only in the child

        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGTERM)
    except OSError:
        pass
