"""What each kind of request asks for: read from the API, filled in, shown as a table and compared."""
