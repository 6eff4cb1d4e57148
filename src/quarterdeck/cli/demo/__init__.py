"""`quarterdeck demo`: five real agent processes at work over HTTP, against the built-in sandbox provider."""
