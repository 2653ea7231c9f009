"""Whether a series of samples goes anywhere. Pure functions; test_trend.py shows that each answer can come."""

import statistics
from dataclasses import dataclass

GROWS_FROM = 0.10  # of its middle, over the whole series
ORDERED_FROM = 0.30  # of all pairs, more must point that way than the other (Kendall's tau)
SAMPLES_MIN = 6

FLAT, GROWING, FALLING, TOO_FEW = "flat", "growing", "falling", "too few samples"


@dataclass(frozen=True)
class Trend:
    verdict: str
    middle: float
    per_hour: float  # by how much it changes, in its own unit


def trend(points, floor=0.0):
    """`points`: (seconds, value). The slope is the median of the slopes between all pairs (Theil and Sen), so a vacuum
    or a checkpoint in one sample does not make a trend. What moves by less than `floor` in all stays flat."""
    middle = statistics.median(value for _, value in points) if points else 0.0
    if len(points) < SAMPLES_MIN:
        return Trend(TOO_FEW, middle, 0.0)
    pairs = [(a, b) for number, a in enumerate(points) for b in points[number + 1 :]]
    slope = statistics.median((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs)
    tau = sum((b[1] > a[1]) - (b[1] < a[1]) for a, b in pairs) / len(pairs)
    moved = slope * (points[-1][0] - points[0][0])
    verdict = FLAT
    if abs(moved) > max(floor, GROWS_FROM * abs(middle)) and abs(tau) >= ORDERED_FROM:
        verdict = GROWING if moved > 0 else FALLING
    return Trend(verdict, middle, slope * 3600)
