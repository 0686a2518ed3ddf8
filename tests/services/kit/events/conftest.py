"""What needs Apache Kafka itself belongs to `make test-kafka`."""

import os

from tests.support.broker import CHOICE

collect_ignore = [] if os.environ.get(CHOICE) == "kafka" else ["test_signing_in_to_kafka.py"]
