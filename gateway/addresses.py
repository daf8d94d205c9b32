"""Where the provider calls: the paths behind the gateway's public address."""

STATUS_PATH = "/twilio/status"
"""Reports on texts; what each is about stands in the query."""

INBOUND_PATH = "/twilio/inbound"
"""Texts that came in."""
