"""One decision on many requests: choosing them, and following what becomes of each."""
