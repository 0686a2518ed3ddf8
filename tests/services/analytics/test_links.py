"""A figure whose link leads to a refusal, or to the wrong list, explains nothing."""

import importlib
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest

from services.analytics.reports.figures import Counts
from services.analytics.reports.links import API, Links
from services.analytics.reports.period import Period
from services.analytics.reports.registry import REPORTS, Report
from services.analytics.reports.sql import By
from tests.support.http import settings_for

OWNER = {
    "/meetings": "sales_activity",
    "/tasks": "sales_activity",
    "/customers": "customer",
    "/approvals": "opportunity",
}
KEYS = [None, uuid4()]


def parameters(path: str) -> dict[str, Any]:
    """What the list endpoint takes, by name."""
    service = OWNER["/" + path.split("/")[1]]
    app = importlib.import_module(f"services.{service}.app").create_app(settings_for(service, "postgresql://nowhere/x"))
    return {item["name"]: item["schema"] for item in app.openapi()["paths"][path]["get"]["parameters"]}


@pytest.mark.parametrize("key", KEYS, ids=["whole", "rep"])
@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_every_link_is_a_question_that_its_list_understands(report: Report, key: Any) -> None:
    links = Links(Period.of(date(2026, 7, 1), date(2026, 8, 1), "Asia/Tokyo").whole(), By.REP, key)
    found = {figure.link for figure in report.assemble(Counts({}), links).values() if figure.link}
    assert found
    for link in found:
        parts = urlsplit(link)
        asked, known = dict(parse_qsl(parts.query)), parameters(parts.path.removeprefix(API))
        assert asked.keys() <= known.keys(), link
        assert (str(key) in asked.values()) == (key is not None)
        for name, value in asked.items():
            if name.endswith(("After", "Before")):
                assert datetime.fromisoformat(value) in (
                    datetime(2026, 6, 30, 15, tzinfo=UTC),
                    datetime(2026, 7, 31, 15, tzinfo=UTC),
                )
