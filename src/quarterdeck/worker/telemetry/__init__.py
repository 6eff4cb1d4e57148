"""Calls as OpenTelemetry spans and metrics, made from their records after they were stored: a call pays nothing."""
