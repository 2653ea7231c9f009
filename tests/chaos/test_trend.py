"""The verdict of run_soak, on series that are known."""

import random

from chaos.trend import FALLING, FLAT, GROWING, TOO_FEW, trend


def minutes(values):
    return [(60.0 * number, value) for number, value in enumerate(values)]


def noise(count, seed=1):
    chance = random.Random(seed)
    return [chance.uniform(-5, 5) for _ in range(count)]


def test_what_stays_is_flat_however_noisy():
    assert trend(minutes([100 + one for one in noise(120)])).verdict == FLAT
    assert trend(minutes([0.0] * 60)).verdict == FLAT


def test_a_leak_is_seen_through_the_noise():
    found = trend(minutes([100 + 0.2 * number + one for number, one in enumerate(noise(120))]))
    assert found.verdict == GROWING
    assert 9 < found.per_hour < 15


def test_what_gets_slower_falls():
    assert trend(minutes([1000 - 3 * number + one for number, one in enumerate(noise(60))])).verdict == FALLING


def test_a_saw_and_a_single_outlier_go_nowhere():
    assert trend(minutes([100 + 40 * (number % 10) / 10 for number in range(120)])).verdict == FLAT
    assert trend(minutes([100.0] * 30 + [10_000.0] + [100.0] * 30)).verdict == FLAT


def test_what_is_below_the_floor_or_too_short_is_not_judged():
    assert trend(minutes([float(number) for number in range(60)]), floor=100).verdict == FLAT
    assert trend(minutes([1.0, 2.0, 3.0])).verdict == TOO_FEW
