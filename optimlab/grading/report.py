"""The class as a teacher reads it, OUT/report.html, and a page of feedback for each student, OUT/feedback/<student>.html.

Every text goes through Jinja's escaping: what a student wrote can be read and does nothing. A feedback page shows what
its student handed in did on the visible cases; of the hidden ones and of the others in the class it shows nothing.
"""

from collections import Counter
from functools import cache
from pathlib import Path
from statistics import mean, median
from urllib.parse import quote

import jinja2

from . import exports
from .summary import commonest

BINS = 10
NEXT = {  # what to do, where the diagnosis itself does not say
    "missing": "Write the function under the very name the lab gives it, in a cell that is not tagged experiment.",
    "syntax": "Run the cell: Python points at the place it cannot read.",
    "exception": "Call the function yourself with the case above, and read the last line of the traceback.",
    "timeout": "Look for a loop that does not end, or one over single numbers where NumPy could work on the whole array.",
    "memory": "Look for an array that is larger than the input asks for, or a list that keeps growing.",
    "exited": "Take out exit(), quit(), os._exit and the like, and whatever starts other processes.",
    "unreadable": "Open the file in Jupyter, restart the kernel and run all, save, and hand that file in.",
    "wrong": "Work the case above by hand, one step at a time, and print what the function has at each step.",
    "grader-error": "Nothing is asked of you: the grader failed, and it will be run again.",
}


def write_all(out, book, marks):
    """Write the report and every feedback page; a page of someone who has left the class goes."""
    folder = Path(out) / "feedback"
    folder.mkdir(exist_ok=True)
    pages = {f"{file_name(mark.student)}.html": mark for mark in marks}
    for name, mark in pages.items():
        exports.write(folder / name, feedback(book.lab, mark))
    for path in folder.glob("*.html"):
        if path.name not in pages:
            path.unlink()
    exports.write(Path(out) / "report.html", report(book, marks))


def feedback(lab, mark):
    """The page of one student."""
    return _template("feedback.html").render(lab=lab, mark=mark, next=NEXT)


def report(book, marks):
    """The page of the class."""
    scores = sorted(mark.score for mark in marks if mark.score is not None)
    most = sum(book.asked.values())
    return _template("report.html").render(
        lab=book.lab,
        marks=marks,
        most=most,
        scores=scores,
        mean=mean(scores) if scores else None,
        median=median(scores) if scores else None,
        histogram=histogram(scores, most),
        questions=[_question(name, points, marks) for name, points in book.asked.items()],
        statuses=Counter(mark.status for mark in marks).most_common(),
        diagnoses=commonest([mark.grade for mark in marks]),
        policy=book.late_policy(),
        file_name=file_name,
    )


def histogram(scores, most):
    """(from, to, how many) for each of ten equal parts of the range of scores; the last one holds full marks, too.

    >>> histogram([0, 1.9, 2, 20], 20)[:2], histogram([0, 1.9, 2, 20], 20)[-1]
    ([(0.0, 2.0, 2), (2.0, 4.0, 1)], (18.0, 20.0, 1))
    """
    counts = Counter(min(int(score / most * BINS), BINS - 1) for score in scores)
    return [(most * i / BINS, most * (i + 1) / BINS, counts[i]) for i in range(BINS)]


def file_name(student):
    """A name of a file for a student, a different one for each: letters of any alphabet stay as they are.

    >>> file_name("Ada Lovelace_12"), file_name("../zoë")
    ('Ada Lovelace_12', '%2E.%2Fzoë')
    """
    safe = "".join(c if c.isalnum() or c in " _-.,@+" else quote(c, safe="") for c in student)
    return f"%2E{safe[1:]}" if safe.startswith(".") else safe


def _question(name, points, marks):
    """What the report says of a question: its mean, as points and as a share, and how many did how well."""
    got = [mark.points[name] for mark in marks if mark.points[name] is not None]
    average = mean(got) if got else None
    counts = {"full": sum(each == points for each in got), "none": sum(each == 0 for each in got)}
    return {"name": name, "points": points, "mean": average, "share": (average or 0) / points, **counts}


@cache
def _template(name):
    loader = jinja2.PackageLoader("optimlab.grading")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["points"] = lambda points: "–" if points is None else f"{points:.4g}"
    return environment.get_template(name)
