"""How a process reaches the servers that it builds on where those ask for TLS, a certificate or a sign-in: PostgreSQL,
Kafka, Temporal, Redis and the collector of traces. Each has settings of its own, all of one shape."""
