"""A report as a file: what people called themselves is text to a spreadsheet and never a formula."""

import csv
import io

import pytest

from services.analytics.reports.export import as_csv

EVIL = ["=cmd|' /C calc'!A0", "+81", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(A1)"]
"""OWASP, "CSV Injection", full-width forms included."""


def exported(name: str) -> list[list[str]]:
    period = {"from": "2026-07-01", "to": "2026-08-01"}
    figures = {"meetingsHeld": {"value": -3}}
    group = {"key": {"id": "019f", "name": name}, "period": period, "figures": figures}
    document = {"period": period, "asOf": "2026-08-01T00:00:00Z", "figures": figures, "groups": [group]}
    return list(csv.reader(io.StringIO(as_csv(document).decode("utf-8-sig"), newline="")))


def test_each_currency_has_a_column_of_its_own_and_what_a_rep_has_not_is_zero() -> None:
    period = {"from": "2026-07-01", "to": "2026-08-01"}
    figures = {"requestsApprovedAmount": {"value": 500, "amounts": {"JPY": 500, "USD": "1000000.5"}}}
    mine = {"requestsApprovedAmount": {"value": 500, "amounts": {"JPY": 500}}}
    group = {"key": {"id": "019f", "name": "佐藤"}, "period": period, "figures": mine}
    document = {"period": period, "asOf": "2026-08-01T00:00:00Z", "figures": figures, "groups": [group]}
    rows = list(csv.reader(io.StringIO(as_csv(document).decode("utf-8-sig"), newline="")))
    assert [row[3:5] for row in rows] == [
        ["requestsApprovedAmount.JPY", "requestsApprovedAmount.USD"],
        ["500", "0"],
        ["500", "1000000.5"],
    ]


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_begins_like_a_formula_is_marked_as_text(name: str) -> None:
    assert exported(name)[1][2] == f"'{name}"


@pytest.mark.parametrize("name", ["山田 太郎", "A=B", "O'Brien", 'a"b,c'])
def test_any_other_name_stays_as_it_is_and_a_number_a_number(name: str) -> None:
    row = exported(name)[1]
    assert (row[2], row[3]) == (name, "-3")
