"""What needs a server that is no Debian and no PyPI package runs by itself: `make test-s3`."""

import os

collect_ignore = [] if os.environ.get("RINGI_TEST_S3") else ["test_bucket.py"]
