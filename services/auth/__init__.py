"""Who somebody is and what they may do: users, sessions, signing keys and the audit log of all services."""
