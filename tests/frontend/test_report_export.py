"""A report that somebody downloads: their words at its head, and everything else as the API wrote it."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from frontend.analytics import words
from frontend.analytics.export import heading, in_words
from frontend.ui.i18n import LOCALES, use_locale
from services.analytics.reports.export import as_csv
from services.analytics.reports.figures import Counts
from services.analytics.reports.links import Asked, Links
from services.analytics.reports.period import Period
from services.analytics.reports.registry import REPORTS
from tests.services.analytics.test_export import EVIL

SPAN = {"from": "2026-07-01", "to": "2026-08-01"}
FIGURES = {
    "funnelMeeting": {"value": 3},
    "requestsApprovedAmount": {"value": 500, "amounts": {"JPY": 500, "USD": 1_000_000}},
    "medianDecisionSeconds": {"value": None},
}


def made(name: str, figures: dict[str, Any] = FIGURES) -> bytes:
    group = {"key": {"id": "019f", "name": name}, "period": SPAN, "figures": figures}
    return as_csv({"period": SPAN, "asOf": "2026-08-01T00:00:00Z", "figures": figures, "groups": [group]})


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def figure_names() -> list[str]:
    """Of all reports, also where there is nothing to count."""
    july = Period.of(date(2026, 7, 1), date(2026, 8, 1), "Asia/Tokyo").whole()
    links = Links(july, None, None, Asked(UUID(int=1), None, None), july.end_at)
    return sorted({name for report in REPORTS for name in report.assemble(Counts({}), links)})


def test_the_head_says_in_the_persons_language_what_each_column_is() -> None:
    use_locale("ja")
    assert read(in_words(made("佐藤")))[0] == [
        *("期間開始", "期間終了(含まない)", "担当・チーム", "ファネル: 面談済みの顧客"),
        *("承認金額(JPY)", "承認金額(USD)", "決裁時間（中央値）(秒)", "集計時点"),
    ]
    use_locale("en")
    assert read(in_words(made("佐藤")))[0] == [
        *("From", "To (exclusive)", "Rep or team", "Funnel: Customers with a held meeting"),
        *("Amount approved (JPY)", "Amount approved (USD)", "Median time to decision (s)", "As of"),
    ]


def test_the_line_of_everybody_is_called_so_and_the_figures_stay() -> None:
    use_locale("ja")
    mine, whole = read(in_words(made("佐藤")))[1:]
    assert mine == ["2026-07-01", "2026-08-01", "佐藤", "3", "500", "1000000", "", "2026-08-01T00:00:00Z"]
    assert whole == ["2026-07-01", "2026-08-01", "合計", *mine[3:]]


@pytest.mark.parametrize("name", [*EVIL, "A=B", 'a"b,c', "line\r\nbreak"])
def test_a_name_and_the_byte_order_mark_are_what_the_api_wrote(name: str) -> None:
    content = made(name)
    worded = in_words(content)
    assert worded.startswith(b"\xef\xbb\xbf")
    assert worded.splitlines(keepends=True)[1:-1] == content.splitlines(keepends=True)[1:-1]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", figure_names())
def test_every_figure_has_words_and_none_that_a_spreadsheet_evaluates(locale: str, name: str) -> None:
    use_locale(locale)
    assert name in words.figures()
    assert heading(name) != name
    assert not heading(name).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


def test_a_column_of_a_later_api_keeps_its_name() -> None:
    use_locale("ja")
    assert heading("unheardOf") == "unheardOf"
