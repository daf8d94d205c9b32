"""The shipped outlines and the place function, measured where outlines to measure against are at hand."""

import math

import pytest

from schemas.policy.load import load_policy
from tests.rules.accuracy import COVERED, POLICY, REFERENCE, measure, read_truth, seed_of_today

RIGHT_COUNTRY = 0.98
OF_EACH_AREA = 0.90
IOU = 0.84


@pytest.mark.skipif(not REFERENCE.exists(), reason="the outlines to measure against are not part of the project")
def test_random_points_near_the_border_are_placed_right(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 5,000 random points within 25 km of the border nearly all get the right country and covered area.

    ``PLACES_SEED`` chooses other points. A small area has some 80 of them: two standard errors are left to chance;
    ``test_outlines`` measures the same by ground, without any.
    """
    report = measure(load_policy(POLICY), read_truth(), seed_of_today())
    with capsys.disabled():
        print("", *report.lines(), sep="\n")
    assert report.country_share() >= RIGHT_COUNTRY
    for area in COVERED:
        chance = 2 * math.sqrt(OF_EACH_AREA * (1 - OF_EACH_AREA) / report.inside[area])
        assert report.recall(area) >= OF_EACH_AREA - chance, area
        assert report.precision(area) >= OF_EACH_AREA - chance, area
    assert {area: iou for area, iou in report.iou.items() if iou < IOU} == {}
