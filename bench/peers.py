"""Other gateways, installed into scratch environments: Portkey's from npm, LiteLLM's from PyPI."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import machine
from targets import KEY, PATH, NotThere, Target, free_port, ready

PORTKEY = {
    "private": True,
    "dependencies": {"@portkey-ai/gateway": "1.15.2"},
    # Newer ones that its range allows hand it headers that cannot be changed, and each of its streams fails.
    "overrides": {"@hono/node-server": "1.13.8"},
}
LITELLM = "litellm[proxy]==1.106.0"
LITELLM_CONFIG = """\
model_list:
  - model_name: gpt-4o-mini
    litellm_params:
      model: openai/gpt-4o-mini
      api_base: http://127.0.0.1:{mock}/v1
      api_key: sk-bench
litellm_settings:
  telemetry: false
"""


def portkey(mock: int, core: int, scratch: Path) -> Target:
    """Raises NotThere."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotThere("needs node and npm")
    place = scratch / "portkey"
    server = place / "node_modules/@portkey-ai/gateway/build/start-server.js"
    if not server.exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text(json.dumps(PORTKEY))
        _install([npm, "install", "--no-audit", "--no-fund", "--prefix", str(place)])
    port = free_port()
    process = subprocess.Popen(
        machine.on_core(core, node, server, f"--port={port}", "--headless"),
        env=os.environ | {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    headers = [
        "authorization: Bearer sk-bench",
        "x-portkey-provider: openai",
        f"x-portkey-custom-host: http://127.0.0.1:{mock}/v1",
    ]
    return ready(Target("Portkey gateway", f"http://127.0.0.1:{port}{PATH}", headers), process)


def litellm(mock: int, core: int, scratch: Path) -> Target:
    """Raises NotThere."""
    place = scratch / "litellm"
    program = place / "bin" / "litellm"
    if not program.exists():
        _install([sys.executable, "-m", "venv", str(place)])
        _install([str(place / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", LITELLM])
    port = free_port()
    config = place / "config.yaml"
    config.write_text(LITELLM_CONFIG.format(mock=mock))
    process = subprocess.Popen(
        machine.on_core(core, program, "--config", config, "--host", "127.0.0.1", "--port", port, "--num_workers", 1),
        env=os.environ
        | {
            "LITELLM_MASTER_KEY": f"sk-{KEY}",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "LITELLM_MODE": "PRODUCTION",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    target = Target("LiteLLM", f"http://127.0.0.1:{port}{PATH}", [f"authorization: Bearer sk-{KEY}"])
    return ready(target, process, patience_s=120)


def _install(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotThere(f"`{' '.join(command)}` failed: {done.stderr.strip()[-300:]}")
