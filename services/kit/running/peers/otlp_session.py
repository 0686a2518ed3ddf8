"""The HTTP session of the exporter of traces."""

from typing import Any

import requests


class OtlpSession(requests.Session):
    """Trusts whom the settings name. Left to itself, requests prefers REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE, which are
    there for other programs of the machine."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> dict[str, Any]:
        named = self.verify if verify is None and isinstance(self.verify, str) else verify
        return super().merge_environment_settings(url, proxies, stream, named, cert)
