"""Portkey's own paths, answered with our data in its shapes: /v1/feedback, /v1/logs, /v1/configs and their kind."""
