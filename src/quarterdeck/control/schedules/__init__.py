"""Rules that create tasks: by the clock, by a webhook, by the API."""
