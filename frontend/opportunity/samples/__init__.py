"""Audit samples: drawn, worked through, closed and printed."""
