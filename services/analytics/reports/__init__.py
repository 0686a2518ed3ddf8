"""The four reports and the daily metrics, computed from the read models."""
