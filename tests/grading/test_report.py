"""The pages for the teacher and the students show what was found, do nothing, and tell nobody of anybody else."""

import re
from html.parser import HTMLParser

import pytest

from optimlab.grading import report
from optimlab.grading.gradebook import Gradebook
from optimlab.grading.grader import Grade
from optimlab.grading.marks import LatePolicy
from optimlab.labs.question import Outcome

EVIL = "<script>alert(1)</script>"
PASS = Outcome("pass", 2, 2)
SEEN = Outcome("wrong", 0, 3, f"two steps, step 2: it raised {EVIL}", "two steps", 2, "[1, 2]", f"'{EVIL}'")
HIDDEN = Outcome("wrong", 0, 3, "on a hidden case its answer is not right", "a hidden case")


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def pages(tmp_path, suite):
    grades = [
        Grade("ada", "wrong", {"double": PASS, "walk": SEEN}, "a" * 64),
        Grade(EVIL, "wrong", {"double": PASS, "walk": HIDDEN}, "b" * 64, f"code cell 3 was left out: {EVIL}"),
        Grade("../zoë", "grader-error", {"double": PASS, "walk": Outcome("grader-error", 0, 3, "oops")}, "c" * 64),
    ]
    with Gradebook(tmp_path / "out", suite) as book:
        for grade in grades:
            book.record(grade)
        book.set_class([(grade.student, grade.submission_sha256, "2026-12-02T00:00:00+00:00") for grade in grades])
        book.set_late_policy(LatePolicy("2026-12-01T12:00:00+00:00", 10))
        book.override("ada", "walk", 1, f"nearly {EVIL}")
        (tmp_path / "out" / "feedback").mkdir()
        (tmp_path / "out" / "feedback" / "left.html").write_text("someone who has left")
        report.write_all(tmp_path / "out", book, book.marks())
    return {path.relative_to(tmp_path / "out").as_posix(): path.read_text() for path in (tmp_path / "out").rglob("*.html")}


def test_each_student_has_a_page_with_a_safe_name(pages):
    assert sorted(pages) == [
        "feedback/%2E.%2Fzoë.html",
        "feedback/%3Cscript%3Ealert%281%29%3C%2Fscript%3E.html",
        "feedback/ada.html",
        "report.html",
    ]


def test_nothing_a_student_wrote_does_anything(pages):
    for text in pages.values():
        tags = Tags(text).tags
        assert not [tag for tag, _ in tags if tag in ("script", "iframe", "object", "img", "form")]
        assert not [key for _, attributes in tags for key in attributes if key.startswith("on")]
        assert "default-src 'none'" in text
    assert "&lt;script&gt;" in pages["report.html"] and "&lt;script&gt;" in pages["feedback/ada.html"]


def test_the_page_says_what_failed_where_and_what_was_decided(pages):
    text = "".join(Tags(pages["feedback/ada.html"]).text)
    for said in ("2.7 of 5 points", "1 day late: 0.3 of 3 points were taken off", "first differing step", "[1, 2]", "nearly"):
        assert said in text
    assert "not graded yet" in pages["feedback/%2E.%2Fzoë.html"]


def test_a_page_shows_no_hidden_case_and_nobody_else(pages):
    hidden = pages["feedback/%3Cscript%3Ealert%281%29%3C%2Fscript%3E.html"]
    assert "on a hidden case its answer is not right" in hidden and "<samp>" not in hidden
    for name, text in pages.items():
        if name.startswith("feedback/"):
            others = [other for other in ("ada", "zoë", "alert") if other not in name and other in text]
            assert others in ([], ["alert"])  # Ada's own answer holds that word


def test_the_report_links_to_every_page(pages):
    links = [a["href"] for tag, a in Tags(pages["report.html"]).tags if tag == "a"]
    from urllib.parse import unquote

    assert sorted(map(unquote, links)) == sorted(name for name in pages if name != "report.html")


def test_names_of_files_tell_students_apart():
    students = ["a/b", "a%2Fb", "a b", ".a", "%2Ea", "..", "a:b", "ä", "名前", "con"]
    names = [report.file_name(student) for student in students]
    assert len(set(names)) == len(names) and not [name for name in names if re.search(r'[/\\:*?"<>|]|^\.', name)]
