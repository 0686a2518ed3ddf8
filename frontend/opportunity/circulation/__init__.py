"""Circulation: what was shown to somebody to read, to review after the decision, or for their opinion."""
