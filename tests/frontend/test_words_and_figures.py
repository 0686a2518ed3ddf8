"""Texts, figures and charts as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from frontend.opportunity.deciding import Ticket
from frontend.opportunity.drafts import RequestDraft
from frontend.ui import charts, formats
from frontend.ui.amounts import AmountRefused, parse_amount
from frontend.ui.gateway import GatewayProblem
from frontend.ui.i18n import gettext, preferred_locale, use_locale
from frontend.ui.messages import conflicts, missing
from frontend.ui.time_zone import office_now


@pytest.fixture(autouse=True)
def japanese() -> Iterator[None]:
    use_locale("ja")
    yield
    use_locale("ja")


def test_every_text_has_its_japanese_and_only_one() -> None:
    assert missing() == []
    assert conflicts() == []


@pytest.mark.parametrize(
    ("header", "locale"),
    [(None, "ja"), ("", "ja"), ("fr", "ja"), ("en-GB,en;q=0.9", "en"), ("ja-JP", "ja"), ("de, en;q=0.5", "en")],
)
def test_the_browsers_language_is_respected_and_japanese_is_the_default(header: str | None, locale: str) -> None:
    assert preferred_locale(header) == locale


def test_yen_have_the_narrow_sign_and_nothing_is_a_dash() -> None:
    assert formats.money(128_000_000) == "¥128,000,000"
    assert formats.money(None) == "—"
    assert formats.money(0) == "¥0"
    assert formats.percent(None) == "—"
    assert formats.percent(0.1234) == "12.3%"


@pytest.mark.parametrize(
    ("value", "in_japanese", "in_english"),
    [
        (0, "0", "0"),
        (2.5, "2.5", "2.5"),
        (7500, "7,500", "7,500"),
        (12_500, "1.25万", "12.5K"),
        (250_000_000, "2.5億", "250M"),
        (9_000_000_000_000, "9兆", "9T"),
    ],
)
def test_figures_on_an_axis_fit_its_margin(value: float, in_japanese: str, in_english: str) -> None:
    assert formats.axis_number(value) == in_japanese
    use_locale("en")
    assert formats.axis_number(value) == in_english


def test_deadlines_read_as_people_say_them() -> None:
    now = office_now().replace(hour=12, minute=0)
    assert formats.due(now.replace(hour=17)) == "本日 17:00"
    assert formats.due(now + timedelta(days=1)) == "明日"
    assert formats.is_pressing(now)
    assert not formats.is_pressing(now + timedelta(days=2))
    use_locale("en")
    assert formats.due(now.replace(hour=17)) == "Today 17:00"


def test_a_day_in_a_plan_has_its_day_of_the_week() -> None:
    assert formats.plan_day("2026-11-26").endswith("11/26 (木)")
    use_locale("en")
    assert formats.plan_day("2026-11-26").startswith("Thu 26 Nov")


def test_durations_show_the_two_largest_units() -> None:
    assert formats.duration(15_120) == "4時間12分"
    assert formats.duration(90_061) == "1日1時間"
    assert formats.duration(3) == "1分未満"
    use_locale("en")
    assert formats.duration(3_660) == "1 hour 1 minute"


def test_times_are_those_of_the_office() -> None:
    assert formats.timestamp(datetime(office_now().year, 11, 22, 0, 20, tzinfo=UTC)) == "11/22 09:20"


@pytest.mark.parametrize(
    ("values", "top"), [([18, 22, 31], 40), ([0, 0], 1), ([None], 1), ([1], 1), ([97], 100), ([0.31, 0.4], 0.4)]
)
def test_an_axis_ends_at_a_round_figure_above_all_values(values: list[float | None], top: float) -> None:
    scale = charts.scale(values)
    assert scale.top == pytest.approx(top)
    assert scale.ticks[0] == 0
    assert scale.ticks[-1] == pytest.approx(top)


def test_stacked_parts_stay_inside_the_plot_and_do_not_overlap() -> None:
    [column] = charts.stack(["w"], [[30], [10]], left=0, top=0, width=100, height=100)
    lower, upper = column.parts
    assert lower.y + lower.height == pytest.approx(100)
    assert upper.y + upper.height <= lower.y
    assert charts.stack([], [[], []], left=0, top=0, width=1, height=1) == []


def test_a_ring_adds_up_to_the_whole() -> None:
    assert sum(arc.length for arc in charts.ring([1, 2, 3])) == pytest.approx(100, abs=0.1)
    assert [arc.length for arc in charts.ring([0, 0])] == [0, 0]


@pytest.mark.parametrize("text", ["", "a", "a/1", "a/x/1", "a/1/2/3", "a/-1/2", "a/²/1", "a/" + "1" * 5000 + "/1"])
def test_a_ticket_that_is_none_is_refused(text: str) -> None:
    assert Ticket.parse(text) is None


def test_a_ticket_names_the_request_as_it_was_seen() -> None:
    assert Ticket.parse("id/3/1") == Ticket("id", 3, 1)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("2,500,000", 2_500_000),
        ("¥2500000", 2_500_000),
        ("￥1,200,000", 1_200_000),
        ("1,200,000円", 1_200_000),
        ("１，２００，０００ 円", 1_200_000),
        ("２５０００００", 2_500_000),
        ("120万円", 1_200_000),
        ("１２０万", 1_200_000),
        ("1.2億", 120_000_000),
        ("1億2,000万円", 120_000_000),
        ("3千万円", 30_000_000),
        ("2百万", 2_000_000),
        ("12.0", 12),
        ("JPY 1,000", 1_000),
        ("0", 0),
    ],
)
def test_amounts_are_understood_as_they_are_typed(typed: str, amount: int) -> None:
    draft = RequestDraft(inputs={"title": ("x",), "amount": (typed,)})
    assert draft.check()
    assert draft.change({"amount"})["amount"] == amount


@pytest.mark.parametrize(
    "typed",
    ["-5", "1.5", "百万", "1e6", "²", "9" * 5000, "1.00005万", "1万2億", "5 千 3 万 万", "万", "円", "1 200円円", "٣"],
)
def test_an_amount_that_is_no_whole_yen_is_explained(typed: str) -> None:
    draft = RequestDraft(inputs={"title": ("x",), "amount": (typed,)})
    assert not draft.check()
    assert draft.problems["amount"] == gettext("Enter whole yen, for example 1,200,000 or 120万.")


@pytest.mark.parametrize("typed", ["12,00", "1,2345", "1200,000", ",100", "1,,000", "1,000,", "1,00万"])
def test_commas_in_the_wrong_place_are_asked_about_instead_of_guessed(typed: str) -> None:
    with pytest.raises(AmountRefused, match="カンマ"):
        parse_amount(typed)


def test_an_amount_in_another_currency_keeps_it_and_is_no_yen() -> None:
    assert parse_amount("900,000 USD", "USD") == 900_000
    assert parse_amount("90万", "USD") == 900_000
    assert formats.money(900_000, "USD") == "USD 900,000.00"
    for yen in ("¥900,000", "900,000円", "JPY 900,000"):
        with pytest.raises(AmountRefused, match="USD"):
            parse_amount(yen, "USD")


@pytest.mark.parametrize(
    ("typed", "currency", "amount", "shown"),
    [
        ("1,250.50", "USD", "1250.5", "USD 1,250.50"),
        ("１，２５０．５０", "USD", "1250.5", "USD 1,250.50"),
        ("USD 0.05", "USD", "0.05", "USD 0.05"),
        ("1,250.00", "USD", 1_250, "USD 1,250.00"),
        ("12.505万", "USD", 125_050, "USD 125,050.00"),
        ("1,250.505", "KWD", "1250.505", "KWD 1,250.505"),
        ("0.10", "EUR", "0.1", "EUR 0.10"),
        ("1,250.0", "KRW", 1_250, "KRW 1,250"),
        ("100000000000000.01", "USD", "100000000000000.01", "USD 100,000,000,000,000.01"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(typed: str, currency: str, amount: int | str, shown: str) -> None:
    meant = parse_amount(typed, currency)
    assert (meant, type(meant)) == (amount, type(amount))
    assert formats.money(meant, currency) == shown
    assert parse_amount(formats.figures(meant, currency), currency) == amount, "as the input shows it again"


@pytest.mark.parametrize(
    ("typed", "currency", "example"),
    [("1.505", "USD", "1,250.50"), ("0.0001", "KWD", "1,250.500"), ("1.5", "KRW", "1,200,000")],
)
def test_decimals_that_the_currency_has_not_are_refused_and_never_rounded(
    typed: str, currency: str, example: str
) -> None:
    with pytest.raises(AmountRefused, match=example):
        parse_amount(typed, currency)


def test_what_has_more_decimals_than_its_currency_is_shown_whole() -> None:
    """A later version may know more of a currency than this one."""
    assert formats.money("1.2345", "USD") == "USD 1.2345"
    assert formats.money("1.5") == "¥1.5"


def test_a_problem_tells_its_fields_by_name() -> None:
    problem = GatewayProblem(422, {"errors": [{"pointer": "/profile/email", "message": "x"}, {"pointer": "/amount"}]})
    assert set(problem.field_errors) == {"email", "amount"}
