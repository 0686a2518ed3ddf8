"""The admin micro frontend: what auditors and administrators look after that belongs to no other service."""
