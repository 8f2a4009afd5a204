"""Each export says to its system what that system reads: the columns and keys are those of its own files and source."""

import base64
import csv
import io
import json

import pytest

from optimlab.grading import Refused, platforms, roster
from optimlab.grading.grader import Grade
from optimlab.grading.marks import LatePolicy, Override, mark
from optimlab.labs.question import Outcome

ASKED = {"double": 2, "walk": 3}
PASS, HALF = Outcome("pass", 2, 2), Outcome("wrong", 1.5, 3, "two steps, step 2: it gave 3, expected 4")
FAILED = Outcome("grader-error", 0, 3, "oops")

# What Canvas exports from its gradebook, and Moodle as its grading worksheet: columns as each writes them.
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Lab 0 (4711),Homework (12),Final Score
    Points Possible,,,,,5.0,10.0,(read only)
"Lovelace, Ada",12,u1,ada,A,,7,70
"Noether, Emmy",13,u2,emmy,A,,8,80
"Student, Test",99,,t,A,,,
"""
MOODLE = """Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 12","Ada Lovelace",ada@x.org,"Submitted for grading",,5.00,Yes,"Tuesday, 1 December 2026, 1:00 PM",-,
"Participant 13","Ada Lovelace",other@x.org,"No submission",,5.00,Yes,-,-,
"""


def given(student, walk=HALF, **options):
    status = "grader-error" if walk is FAILED else "wrong"
    return mark(Grade(student, status, {"double": PASS, "walk": walk}, "a" * 64), ASKED, options.pop("set", {}), **options)


def source(tmp_path, *marks, text=None, **options):
    (tmp_path / "roster.csv").write_text(text or "student\nada\n", encoding="utf-8")
    return platforms.Source("lab00_tiny", list(marks), roster.read(tmp_path / "roster.csv"), **options)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_canvas_gradebook_goes_out_and_comes_back(tmp_path):
    known = source(tmp_path, given("Lovelace, Ada"), given("Noether, Emmy", FAILED), text=CANVAS, column="Lab 0")
    back = rows(platforms.canvas(known))
    assert list(back[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lab 0 (4711)"]
    assert back[0]["Student"].strip() == "Points Possible" and back[0]["Lab 0 (4711)"] == "5"
    assert [(row["ID"], row["SIS User ID"], row["Lab 0 (4711)"]) for row in back[1:]] == [
        ("12", "u1", "3.5"),
        ("13", "u2", ""),
        ("99", "", ""),
    ]
    again = tmp_path / "again.csv"
    again.write_text(platforms.canvas(known), encoding="utf-8")
    assert {name: entry.lms_id for name, entry in roster.read(again).items()} == {
        "Lovelace, Ada": "12",
        "Noether, Emmy": "13",
        "Student, Test": "99",
    }


def test_an_assignment_that_canvas_does_not_know_is_a_new_column_and_the_teacher_is_told(tmp_path):
    strange = source(tmp_path, given("Lovelace, Ada"), text=CANVAS)
    assert "lab00_tiny" in rows(platforms.canvas(strange))[0]
    assert "lab00_tiny is no assignment in the roster" in "".join(platforms.remarks("canvas", strange))
    assert not list(platforms.remarks("canvas", strange._replace(column="Lab 0")))


def test_the_moodle_worksheet_comes_back_with_grades_and_comments(tmp_path):
    known = source(tmp_path, given("Ada Lovelace 12"), text=MOODLE)
    ada, other = rows(platforms.moodle(known))
    before, untouched = rows(MOODLE)
    assert ada["Grade"] == "3.5" and other == untouched
    assert ada["Feedback comments"] == "double: 2 of 2.\nwalk: 1.5 of 3. two steps, step 2: it gave 3, expected 4"
    assert {**ada, "Grade": "", "Feedback comments": ""} == before


def test_the_table_is_nbgraders(tmp_path):
    late = given("ada", policy=LatePolicy("2026-12-01T12:00:00+00:00", 10), handed_in="2026-12-01T13:00:00+00:00")
    text = platforms.nbgrader(source(tmp_path, late, given("emmy", FAILED), due="2026-12-01T12:00:00+00:00"))
    assert text.splitlines()[0] == (  # nbgrader/plugins/export.py, CsvExportPlugin
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score"
    )
    ada, emmy = rows(text)
    assert (ada["raw_score"], ada["late_submission_penalty"], ada["score"], ada["max_score"]) == ("3.5", "0.35", "3.15", "5")
    assert (emmy["raw_score"], emmy["late_submission_penalty"], emmy["score"]) == ("", "", "")


def test_gradescope_gets_a_score_and_a_test_a_question(tmp_path):
    said = json.loads(platforms.gradescope(source(tmp_path, given("ada", set={"walk": Override(3, "seen by hand")}))))
    assert said["score"] == 5 and said["visibility"] == "visible" and said["output_format"] == "text"
    assert [(t["name"], t["score"], t["max_score"], t["status"], t["output"]) for t in said["tests"]] == [
        ("double", 2, 2, "passed", "right"),
        ("walk", 3, 3, "passed", "seen by hand"),
    ]


def test_gradescope_is_told_no_score_where_there_is_none(tmp_path):
    said = json.loads(platforms.gradescope(source(tmp_path, given("ada", FAILED))))
    assert "score" not in said and "tests" not in said  # it would add up the tests


def test_the_classroom_reporter_adds_up_to_the_score(tmp_path):
    late = given("ada", policy=LatePolicy("2026-12-01T12:00:00+00:00", 10), handed_in="2026-12-01T13:00:00+00:00")
    for each, score in ((given("ada"), 3.5), (late, 3.15), (given("ada", set={"": Override(4, "ill")}), 4)):
        said = json.loads(base64.b64decode(platforms.classroom(source(tmp_path, each))))
        # src/notify-classroom.js of the reporter: the points are the sum of the tests', out of max_score
        assert sum(test["score"] for test in said["tests"]) == pytest.approx(score) and said["max_score"] == 5
        assert said["status"] in ("pass", "fail", "error") and said["version"] == 1
    with pytest.raises(Refused, match="ada has no score: the grader failed"):
        platforms.classroom(source(tmp_path, given("ada", FAILED)))


def test_what_cannot_be_handed_on_is_refused(tmp_path):
    with pytest.raises(Refused, match="needs --roster FILE, the CSV that Canvas exports its gradebook"):
        platforms.canvas(source(tmp_path, given("ada")))
    with pytest.raises(Refused, match="needs --roster FILE"):
        platforms.moodle(platforms.Source("lab00_tiny", [given("ada")]))
    with pytest.raises(Refused, match="ada cannot be found in the roster; grade with the same --roster"):
        platforms.canvas(source(tmp_path, given("ada"), text=CANVAS))
    with pytest.raises(Refused, match="gradescope takes one student at a time"):
        platforms.gradescope(source(tmp_path, given("ada"), given("emmy")))


def test_no_export_holds_a_formula(tmp_path):
    evil = Outcome("wrong", 0, 3, "=HYPERLINK(1)")
    text = MOODLE.replace("Ada Lovelace", "=cmd")
    (ada, _) = rows(platforms.moodle(source(tmp_path, given("=cmd 12", evil, set={"double": Override(1, "-x")}), text=text)))
    assert ada["Full name"] == "'=cmd" and not ada["Feedback comments"].startswith(("=", "+", "-", "@"))
