"""What counts is the grader's finding, the teacher's decision in its place, and less for what came late; all is kept."""

import sqlite3

import pytest

from optimlab.grading import Refused, grader
from optimlab.grading.gradebook import Gradebook
from optimlab.grading.grader import Grade
from optimlab.grading.marks import LatePolicy, mark, moment
from optimlab.labs.question import Outcome

from .conftest import TINY

PASS, HALF, WRONG = Outcome("pass", 2, 2), Outcome("wrong", 1.5, 3, "nearly"), Outcome("wrong", 0, 3, "no")
FAILED = Outcome("grader-error", 0, 3, "oops")
ASKED = {"double": 2, "walk": 3}
ADA = Grade("ada", "wrong", {"double": PASS, "walk": HALF}, "a" * 64)
POLICY = LatePolicy("2026-12-01T12:00:00+00:00", 10)


@pytest.fixture
def out(tmp_path, suite):
    with Gradebook(tmp_path / "out", suite) as book:
        book.record(ADA)
        book.set_class([("ada", "a" * 64, "2026-12-02T13:00:00+00:00")])
    return tmp_path / "out"


@pytest.fixture
def book(out):
    with Gradebook(out) as book:
        yield book


def test_without_a_decision_the_graders_points_count():
    assert mark(ADA, ASKED, {})[:7] == ("ada", "wrong", 3.5, 5, {"double": 2, "walk": 1.5}, 3.5, 0)


@pytest.mark.parametrize(
    ("handed_in", "days", "score"),
    [
        ("2026-12-01T11:59:59+00:00", 0, 3.5),
        ("2026-12-01T12:00:00+00:00", 0, 3.5),
        ("2026-12-01T12:00:01+00:00", 1, 3.15),
        ("2026-12-01T13:30:00+01:00", 1, 3.15),
        ("2026-12-02T12:00:01+00:00", 2, 2.8),
        ("2027-12-01T12:00:00+00:00", 365, 0),
    ],
)
def test_what_is_late_loses_a_share_for_each_day_begun(handed_in, days, score):
    given = mark(ADA, ASKED, {}, POLICY, handed_in)
    assert (given.late_days, given.score, given.raw) == (days, score, 3.5)
    assert given.penalty == pytest.approx(3.5 - score)


def test_grace_costs_nothing_and_the_cap_holds():
    assert POLICY._replace(grace=2).share("2026-12-01T14:00:00+00:00") == 0
    assert POLICY._replace(grace=2).share("2026-12-01T14:00:01+00:00") == 0.1
    assert POLICY._replace(cap=25).share("2027-01-01T00:00:00+00:00") == 0.25


def test_a_failed_grader_leaves_a_blank_until_somebody_decides(suite, tmp_path):
    with Gradebook(tmp_path / "out", suite) as book:
        book.record(ADA._replace(status="grader-error", outcomes={"double": PASS, "walk": FAILED}))
        book.set_class([("ada", "a" * 64, None)])
        assert book.marks()[0].score is None and book.marks()[0].points == {"double": 2, "walk": None}
        book.override("ada", "walk", 3, "seen by hand")
        assert book.marks()[0].score == 5


def test_an_override_of_a_question_takes_its_place_and_one_of_the_whole_is_final(book):
    book.set_late_policy(POLICY)
    book.override("ada", "walk", 3, "the idea is right")
    (ada,) = book.marks()
    assert (ada.raw, ada.score, ada.grade) == (5, 4, ADA)
    book.override("ada", "", 4.5, "was ill")
    (ada,) = book.marks()
    assert (ada.score, ada.penalty) == (4.5, 0)
    book.override("ada", "", None, "was not")
    assert book.marks()[0].score == 4


def test_all_that_was_decided_is_in_the_history_and_cannot_be_changed(book):
    book.override("ada", "walk", 3, "the idea is right")
    book.override("ada", "walk", 2, "on second thoughts")
    book.override("ada", "walk", None, "no")
    book.set_late_policy(POLICY)
    book.set_late_policy(POLICY)
    book.record(ADA._replace(outcomes={"double": PASS, "walk": WRONG}))
    assert [(event.what, event.student, event.question, event.detail) for event in book.history()[1:]] == [
        ("graded", "ada", "", "3.5, wrong"),
        ("override", "ada", "walk", "3: the idea is right"),
        ("override", "ada", "walk", "2: on second thoughts"),
        ("override withdrawn", "ada", "walk", "no"),
        ("late policy", "", "", "10 % off for each day begun after 2026-12-01 12:00:00+00:00"),
        ("graded again", "ada", "", "3.5 -> 2, wrong"),
    ]
    assert [event.what for event in book.history("ada")][0] == "graded" and book.history("emmy") == []
    for forgery in ("UPDATE history SET who = 'x'", "DELETE FROM history"):
        with pytest.raises(sqlite3.IntegrityError, match="history stays"):
            book.db.execute(forgery)


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        (("adda", "walk", 3, "x"), "there is no student 'adda' in .*; did you mean 'ada'"),
        (("ada", "wlak", 3, "x"), "lab00_tiny has no question 'wlak'; did you mean 'walk'"),
        (("ada", "walk", 4, "x"), "walk is worth 0 to 3 points, not 4"),
        (("ada", "", -1, "x"), "lab00_tiny is worth 0 to 5 points, not -1"),
        (("ada", "", float("nan"), "x"), "is worth 0 to 5 points, not nan"),
        (("ada", "walk", 3, " "), "an override needs a reason"),
        (("ada", "walk", None, "x"), "nothing was overridden for ada in walk"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_and_changes_nothing(book, decision, sentence):
    before = book.history()
    with pytest.raises(Refused, match=sentence):
        book.override(*decision)
    assert book.history() == before and book.marks()[0].score == 3.5


def test_a_time_is_read_as_the_machine_would_or_refused():
    assert moment("2026-12-01T23:59+01:00", "--due")[:10] in ("2026-12-01", "2026-12-02", "2026-11-30")
    with pytest.raises(Refused, match="--due is 'tomorrow'; write a time like 2026-12-01T23:59"):
        moment("tomorrow", "--due")


def changed(points, seed=1):
    """The small lab after a question was mended: ``walk`` is worth something else."""
    double, walk = TINY.questions
    return grader.make_suite(TINY._replace(questions=(double, walk._replace(points=points))), seed)


def test_a_question_that_was_mended_is_asked_again_and_the_others_are_kept(out):
    with pytest.raises(Refused, match="holds grades with another seed or other questions"):
        Gradebook(out, changed(4)).__enter__()
    with pytest.raises(Refused, match="double changed as well; ask all of them again"):
        Gradebook(out, changed(4, seed=2), again=["walk"]).__enter__()
    with Gradebook(out, changed(4), again=["walk"]) as again:
        assert again.known() == frozenset() and again.asked == {"double": 2, "walk": 4}
        assert again.kept() == {("ada", "a" * 64): {"double": PASS}}
        assert again.marks()[0].score == 3.5  # until the class is graded to the end
        again.record(ADA._replace(outcomes={"double": PASS, "walk": WRONG._replace(max_score=4)}))
        again.set_class([("ada", "a" * 64, None)])
        assert again.marks()[0].score == 2 and again.marks()[0].max_score == 6
    with Gradebook(out, changed(4)) as again:
        assert again.known() == {("ada", "a" * 64)} and again.kept() == {}
    with pytest.raises(Refused, match="another seed or other questions"):
        Gradebook(out, grader.make_suite(TINY, 1)).__enter__()


def test_a_student_can_be_graded_again_alone(book):
    assert book.known() == {("ada", "a" * 64)} and book.known(again=["ada"]) == frozenset()
    assert book.kept(again=["ada"]) == {}


def test_of_what_the_grader_failed_at_the_rest_is_kept(tmp_path, suite):
    with Gradebook(tmp_path / "out", suite) as book:
        book.record(ADA._replace(status="grader-error", outcomes={"double": PASS, "walk": FAILED}))
        assert book.kept() == {("ada", "a" * 64): {"double": PASS}}


def test_a_gradebook_is_opened_without_its_suite_only_if_it_is_there(tmp_path, out, suite):
    with Gradebook(out) as alone:
        assert (alone.lab, alone.sha256, alone.asked) == ("lab00_tiny", suite.sha256, {"double": 2.0, "walk": 3.0})
    (tmp_path / "empty").mkdir()
    for folder, sentence in (("empty", "holds no gradebook"), ("none", "cannot be opened")):
        with pytest.raises(Refused, match=sentence):
            Gradebook(tmp_path / folder).__enter__()
    assert not (tmp_path / "none").exists()
