"""The summary counts students, averages points and says the commonest diagnoses first."""

from optimlab.grading.grader import Grade
from optimlab.grading.marks import mark
from optimlab.grading.summary import summary
from optimlab.labs.question import Outcome


ASKED = {"double": 2, "walk": 3}


def given(student, status, double, walk):
    return mark(Grade(student, status, {"double": double, "walk": walk}), ASKED, {})


def lines(*marks):
    return summary("lab00_tiny", ASKED, list(marks)).splitlines()


PASS2, PASS3, WRONG = Outcome("pass", 2, 2), Outcome("pass", 3, 3), Outcome("wrong", 0, 2, "three times")
BLANK, LOST = (
    Outcome("grader-error", 0, 3, "oops"),
    [Outcome("unreadable", 0, points, "it is empty") for points in (2, 3)],
)


def test_a_class_is_summed_up():
    marks = [
        given("a", "pass", PASS2, PASS3),
        given("b", "wrong", WRONG, PASS3),
        given("c", "wrong", WRONG, PASS3),
        given("d", "unreadable", *LOST),
        given("e", "grader-error", PASS2, BLANK),
    ]
    assert lines(*marks) == [
        "lab00_tiny: 5 students, mean 2.8 of 5 points",
        "from 0 to 5 points: ▄     █  ▄",
        "",
        "    2  wrong",
        "    1  pass",
        "    1  unreadable",
        "    1  grader-error",
        "",
        "mean points by question, the hardest first",
        "  0.5  of 2  double",
        "  2.2  of 3  walk",
        "",
        "commonest diagnoses",
        "    2  double: three times",
        "    1  all: it is empty",
        "    1  walk: oops",
    ]


def test_a_class_of_one_without_a_fault_needs_few_words():
    assert lines(given("a", "pass", PASS2, PASS3)) == [
        "lab00_tiny: 1 student, mean 5.0 of 5 points",
        "",
        "    1  pass",
        "",
        "mean points by question, the hardest first",
        "  2.0  of 2  double",
        "  3.0  of 3  walk",
    ]


def test_a_class_without_scores_has_no_mean():
    assert lines(given("a", "grader-error", PASS2, BLANK))[0] == "lab00_tiny: 1 student, no scores"
