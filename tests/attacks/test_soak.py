"""A thousand submissions in a row, a hundred of them hostile: nobody pays for another, and the grader does not grow."""

import sys

import pytest

from . import soak

COUNT = 1000


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where the jail is")
def test_a_thousand_submissions_get_a_thousand_right_grades():
    taken = soak.soak(COUNT)
    assert list(soak.faults(COUNT, taken)) == []
    assert taken["megabytes"][1] < taken["megabytes"][0] + 100
