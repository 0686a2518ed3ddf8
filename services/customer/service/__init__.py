"""Rules of the customer service, one subject a module. Nothing here commits."""
