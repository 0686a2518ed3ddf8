"""The drawing of a sample: anybody who has population and seed draws the same."""

import hashlib
import subprocess
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.opportunity import drawing

NUMBERS = st.sets(st.integers(0, 999_999).map("RNG-2026-{:06}".format), min_size=1, max_size=60)
SEEDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


@given(NUMBERS, SEEDS, st.integers(1, 80))
def test_the_same_seed_draws_the_same_from_the_same_population_in_whatever_order_it_comes(
    numbers: set[str], seed: str, count: int
) -> None:
    drawn = drawing.draw(seed, sorted(numbers), count)
    assert drawn == drawing.draw(seed, sorted(numbers, reverse=True), count)
    assert len(drawn) == len(set(drawn)) == min(count, len(numbers))
    assert set(drawn) <= numbers
    assert drawing.draw(seed, numbers, count + 1)[:count] == drawn, "a larger sample begins with the smaller one"


@given(NUMBERS, SEEDS, st.integers(1, 20))
def test_what_is_not_drawn_does_not_change_what_is(numbers: set[str], seed: str, count: int) -> None:
    drawn = drawing.draw(seed, numbers, count)
    assert drawing.draw(seed, set(drawn), count) == drawn


@given(NUMBERS)
def test_a_population_is_read_back_from_its_list(numbers: set[str]) -> None:
    listed = drawing.listing(numbers)
    assert drawing.numbers_of(listed) == sorted(numbers)
    assert drawing.digest(listed) == hashlib.sha256(listed).hexdigest()


@pytest.mark.parametrize("listed", [b"B\nA\n", b"A\nA\n", b"A\nB", b"A\n\nB\n", b"\n", b"A\r\nB\r\n\n"])
def test_a_list_that_is_not_ours_is_refused(listed: bytes) -> None:
    with pytest.raises(ValueError, match=r"sorted list"):
        drawing.numbers_of(listed)


def test_every_request_is_drawn_about_as_often_as_any_other() -> None:
    numbers = [f"RNG-2026-{number:06}" for number in range(20)]
    often = Counter(number for seed in range(2_000) for number in drawing.draw(str(seed), numbers, 5))
    # 500 each are expected, with a standard deviation of about 19.
    assert all(400 < often[number] < 600 for number in numbers)


def test_a_shell_draws_the_same_as_the_guide_tells() -> None:
    numbers = [f"RNG-2026-{number:06}" for number in range(30)]
    script = (
        'while read -r n; do printf "%s %s\\n" "$(printf "%s\\n%s" "$0" "$n" | sha256sum | cut -c1-64)" "$n"; done'
        " | sort | head -n 7 | cut -d' ' -f2"
    )
    shell = ["bash", "-c", script, "2026-Q3 監査"]
    done = subprocess.run(shell, input=drawing.listing(numbers), capture_output=True, check=True)
    assert done.stdout.decode().split() == drawing.draw("2026-Q3 監査", numbers, 7)


def test_a_seed_that_nobody_gave_is_another_one_each_time() -> None:
    assert len({drawing.new_seed() for _ in range(100)}) == 100
