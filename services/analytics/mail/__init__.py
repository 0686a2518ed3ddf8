"""Notifications by mail: planned, composed, sent, and taken back when they bounce (ADR 0047)."""
