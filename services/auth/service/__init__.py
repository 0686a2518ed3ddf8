"""Auth's rules; each function runs in the transaction that it is given."""
