"""Templates of requests: the list, and what keeps one."""
