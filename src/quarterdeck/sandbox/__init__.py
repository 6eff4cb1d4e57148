"""A model server that plays scripts: for demos, tests and benches. It costs nothing and fails on request."""

from quarterdeck.sandbox.scripts import BadScript, Script, script_from, script_from_json
from quarterdeck.sandbox.server import Server, running, serve

__all__ = ["BadScript", "Script", "Server", "running", "script_from", "script_from_json", "serve"]
