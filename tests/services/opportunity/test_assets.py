"""The share of the assets that a card states holds for whatever the customer has within the band."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.states import MoneyBand
from services.opportunity.assets import BANDS_YEN, Share, share
from services.opportunity.schemas.fields import MAX_AMOUNT

AMOUNTS = st.integers(min_value=0, max_value=MAX_AMOUNT)
BANDS = st.sampled_from(list(MoneyBand))


@st.composite
def assets_in_bands(draw: st.DrawFn) -> tuple[MoneyBand, int]:
    band = draw(BANDS)
    least, below = BANDS_YEN[band]
    most = 10**16 if below is None else below - 1
    return band, draw(st.one_of(st.integers(max(least, 1), most), st.sampled_from([max(least, 1), most])))


@given(amount=AMOUNTS, held=assets_in_bands())
def test_whatever_the_customer_has_within_the_band_the_amount_is_within_the_share(
    amount: int, held: tuple[MoneyBand, int]
) -> None:
    band, assets = held
    found = share(amount, "JPY", band)
    assert found is not None
    exact = Fraction(100 * amount, assets)
    assert found.low <= exact
    assert found.high is None or exact <= found.high


@given(amount=AMOUNTS, band=BANDS)
def test_no_narrower_share_in_whole_percent_would_be_true(amount: int, band: MoneyBand) -> None:
    found = share(amount, "JPY", band)
    assert found is not None
    least, below = BANDS_YEN[band]
    assert found.low == 0 if below is None else Fraction(100 * amount, below) < found.low + 1
    if found.high is not None and found.high > 0:
        assert Fraction(100 * amount, least) > found.high - 1


@given(amount=AMOUNTS, band=BANDS, currency=st.sampled_from(["USD", "EUR"]))
def test_nothing_is_compared_across_currencies(amount: int, band: MoneyBand, currency: str) -> None:
    assert share(amount, currency, band) is None


def test_the_bands_follow_upon_one_another_without_gap() -> None:
    bounds = [BANDS_YEN[band] for band in MoneyBand]
    assert [below for _, below in bounds] == [least for least, _ in bounds[1:]] + [None]
    assert bounds[0][0] == 0


@pytest.mark.parametrize(
    ("amount", "band", "expected"),
    [
        (30_000_000, MoneyBand.M30_50, Share(60, 100)),
        (3_000_000, MoneyBand.UNDER_5M, Share(60, None)),
        (10_000_000, MoneyBand.OVER_500M, Share(0, 2)),
        (1, MoneyBand.M30_50, Share(0, 1)),
        (0, MoneyBand.M30_50, Share(0, 0)),
        (None, MoneyBand.M30_50, None),
        (30_000_000, None, None),
    ],
)
def test_figures_that_an_approver_would_reckon(amount: int | None, band: MoneyBand | None, expected: Share) -> None:
    assert share(amount, "JPY", band) == expected
