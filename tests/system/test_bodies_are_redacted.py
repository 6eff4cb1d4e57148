"""What a workspace wants taken out of bodies is gone from the store, in a whole installation."""

import json
import urllib.request
from pathlib import Path

from system_world import CONFIG, KEY, opened, running

REDACTING = (
    CONFIG
    + """
[workspace]
bodies = "redacted"
[workspace.redaction]
patterns = ["PROJECT-[0-9]+"]
"""
)
SECRET = "sk-abcdefghijklmnopqrstuvwx"


def test_secrets_and_own_patterns_are_taken_out_before_storing(tmp_path: Path) -> None:
    with running(tmp_path / "data", config=REDACTING) as system:
        ask = [{"role": "user", "content": f"The key is {SECRET}, for PROJECT-77."}]
        request = urllib.request.Request(
            f"{system.url}/v1/chat/completions",
            data=json.dumps({"model": "gpt-4o-mini", "messages": ask}).encode(),
            headers={"authorization": f"Bearer {KEY}", "content-type": "application/json"},
        )
        with opened(request) as answer:
            call = answer.headers["x-quarterdeck-call-id"]
        system.wait_until(lambda: system.get("/api/v1/calls")["items"])
        assert system.get(f"/api/v1/calls/{call}")["body_mode"] == "redacted"
        shown = json.dumps(system.get(f"/api/v1/calls/{call}/request"))
        assert "The key is" in shown
        assert SECRET not in shown
        assert "PROJECT-77" not in shown
    # The journal's open segment still holds what came; it goes when it is sealed and ingested.
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and "journal" not in path.parts]
    stored = b"".join(path.read_bytes() for path in kept)
    assert SECRET.encode() not in stored
