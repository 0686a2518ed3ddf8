"""Webhooks: events of a documented list, told to the firm's own programs by the Standard Webhooks scheme (ADR 0048)."""
