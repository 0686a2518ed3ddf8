"""Notifications: made from events, read and streamed by the person they are for."""
