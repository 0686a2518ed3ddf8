"""Amounts of different currencies beside each other: exact, and never laxer by rounding or by a missing rate."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.states import ApprovalKind
from services.opportunity import exchange
from services.opportunity.exchange import NO_RATES, Rate, Rates
from services.opportunity.matching import Asked, Candidate, Choice, choose, reaches_yen

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
AMOUNTS = st.decimals(0, 10**15, places=3)
PER_UNIT = st.decimals(Decimal("0.00000001"), Decimal("9999999"), places=8)
CURRENCIES = st.sampled_from(["JPY", "USD", "KWD"])


def rate(currency: str, yen: str | Decimal) -> Rate:
    return Rate(UUID(int=7), currency, Decimal(yen), date(2026, 11, 1))


def rates(**yen: str | Decimal) -> Rates:
    return {currency: rate(currency, per_unit) for currency, per_unit in yen.items()}


def asked(amount: Decimal | int | None, currency: str) -> Asked:
    return Asked(ApprovalKind.OTHER, None if amount is None else Decimal(amount), currency, None, None)


def route(
    name: str, low: Decimal | int | None, high: Decimal | int | None, currency: str = "JPY", priority: int = 0
) -> Candidate:
    low, high = (None if limit is None else Decimal(limit) for limit in (low, high))
    return Candidate(UUID(int=len(name)), 1, name, None, low, high, currency, None, (), priority, YEAR, ())


def taken(choice: Choice) -> str | None:
    return None if choice.taken is None else choice.taken.candidate.name


@given(amount=AMOUNTS, per_unit=PER_UNIT)
def test_what_is_shown_and_compared_is_the_exact_worth_rounded_up(amount: Decimal, per_unit: Decimal) -> None:
    found = rates(USD=per_unit)
    assert exchange.worth(amount, "USD", found) == Fraction(per_unit) * Fraction(amount)
    assert exchange.in_yen(amount, "USD", found) == ceil(Fraction(per_unit) * Fraction(amount))


@given(amount=AMOUNTS, limit=AMOUNTS, of=CURRENCIES, by=CURRENCIES, usd=PER_UNIT, kwd=PER_UNIT)
def test_no_threshold_is_dodged_by_rounding_and_exactly_one_side_of_it_fits(
    amount: Decimal, limit: Decimal, of: str, by: str, usd: Decimal, kwd: Decimal
) -> None:
    found = rates(USD=usd, KWD=kwd)
    choice = choose([route("small", None, limit, by), route("large!", limit, None, by)], asked(amount, of), found)
    per_unit = {"JPY": Fraction(1), "USD": Fraction(usd), "KWD": Fraction(kwd)}
    reaches = Fraction(amount) * per_unit[of] >= Fraction(limit) * per_unit[by]
    assert [one.fits for one in choice.judged].count(True) == 1
    if reaches:
        assert taken(choice) == "large!"
    assert not any(one.beyond for one in choice.judged)


@given(amount=AMOUNTS, threshold=st.integers(0, 10**15), per_unit=PER_UNIT)
def test_the_built_in_policy_is_no_laxer(amount: Decimal, threshold: int, per_unit: Decimal) -> None:
    if Fraction(per_unit) * Fraction(amount) >= threshold:
        assert reaches_yen(asked(amount, "USD"), threshold, rates(USD=per_unit))
    assert reaches_yen(asked(amount, "USD"), threshold, NO_RATES)
    yen = amount.to_integral_value()
    assert reaches_yen(asked(yen, "JPY"), threshold, NO_RATES) is (yen >= threshold)
    assert not reaches_yen(asked(None, "USD"), threshold, NO_RATES)


def test_without_a_rate_the_strictest_route_is_taken_and_with_one_the_right_one() -> None:
    routes = [route("small", None, 1_000_000, priority=1), route("large!", 1_000_000, None)]
    assert taken(choose(routes, asked(10, "USD"), NO_RATES)) == "large!"
    assert taken(choose(routes, asked(10, "USD"), rates(USD="150"))) == "small"
    assert taken(choose(routes, asked(6_667, "USD"), rates(USD="150"))) == "large!"
    assert taken(choose(routes, asked(10, "USD"), rates(KWD="490"))) == "large!"
    own = [route("dollars", None, 100, "USD"), *routes]
    assert taken(choose(own, asked(10, "USD"), NO_RATES)) == "dollars", "its own currency goes before what is beyond"
    assert taken(choose(own, asked(10, "USD"), rates(USD="150"))) == "small", "both can be measured: priority decides"


def test_a_limit_in_a_currency_without_a_rate_is_exceeded_by_every_other_amount() -> None:
    [judged] = choose([route("dollars", None, 10**6, "USD")], asked(1, "JPY"), rates(KWD="490")).judged
    assert (judged.beyond, judged.fits) == (True, False)


def test_the_rates_that_were_used_are_kept_and_no_others() -> None:
    found = rates(USD="150", KWD="490", EUR="170")
    routes = [route("yen", 1, None), route("dollars", 5, None, "USD"), route("all", None, None, "EUR")]
    assert [one.currency for one in choose(routes, asked(1, "KWD"), found).rates] == ["KWD", "USD"]
    assert [one.currency for one in choose(routes, asked(1, "JPY"), found).rates] == ["USD"]
    assert choose(routes, asked(None, "KWD"), found).rates == ()


@pytest.mark.parametrize("per_unit", ["150", "150.00", "0.00930000"])
def test_a_rate_comes_back_as_it_was_kept(per_unit: str) -> None:
    [back] = exchange.from_json(exchange.to_json([rate("USD", per_unit)]))
    assert back == rate("USD", per_unit)
    assert str(back.yen_per_unit) == per_unit
