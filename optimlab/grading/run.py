"""Grading a folder of notebooks from end to end: find them, question them, keep the grades, write the files."""

import contextlib
import os
from functools import partial
from pathlib import Path
from typing import NamedTuple

from .. import check, labs
from ..contract import nearest
from . import Refused, cluster, exports, grader, report, roster, seed, submission
from .gradebook import Gradebook
from .marks import moment_of
from .session import Broken, Zygote


class Again(NamedTuple):
    """What is to be asked again although it is known: all of some students, some questions of everyone."""

    students: tuple = ()
    questions: tuple = ()


class Graded(NamedTuple):
    """A class that was graded: the lab, what it asks for how many points, the Marks by student, and the roster."""

    lab: str
    asked: dict
    marks: list
    students: dict


def grade_folder(
    class_dir, lab, out, *, tier, limits, seed_file=None, roster_file=None, jobs=1, watch=None, late=None, again=Again(),
    dask=None,
):  # fmt: skip
    """Grade CLASS_DIR into OUT, and say how it went.

    ``watch(results, count)`` may wrap the results, as they come in, in a context that shows how far it is. ``late`` is
    a LatePolicy to put in force, ``dask`` the address of a cluster to grade on. Refused where the input is bad, before anything is graded; a submission that is bad
    is graded as such.
    """
    class_dir, out = Path(class_dir), Path(out)
    students = roster.read(roster_file) if roster_file else {}
    submissions = _submissions(class_dir, lab, students)
    _check_again(again, lab, {found.student for found in submissions})
    seed_file = Path(seed_file or seed.default_path())
    for inner, outer, why in [
        (out, class_dir, "where it would be taken for a student's folder"),
        (seed_file, out, "and must not go where the grades go"),
    ]:
        if _is_within(inner, outer):
            raise Refused(f"{inner} lies in {outer}, {why}; name a place outside")
    secret = seed.read_or_make(seed_file)
    suite = grader.make_suite(lab, secret)
    grade_class = partial(cluster.grade_class, seed=secret, address=dask) if dask else grader.grade_class
    with Gradebook(out, suite, again.questions) as book:
        grades = {grade.student: grade for grade in _grades(book, grade_class, submissions, suite, tier, limits, jobs, watch, again)}
        for student in sorted(students.keys() - grades.keys()):
            grades[student] = grader.absent(student, suite)
            book.record(grades[student])
        times = {found.student: _handed_in(found, students) for found in submissions}
        book.set_class([(name, grade.submission_sha256, times.get(name)) for name, grade in grades.items()])
        if late is not None:
            book.set_late_policy(late)
        marks = book.marks()
        write_files(out, book, marks)
    return Graded(book.lab, book.asked, marks, students)


def write_files(out, book, marks):
    """Bring the files of OUT up to the gradebook."""
    exports.write_csvs(out, book, marks)
    report.write_all(out, book, marks)


def check_file(path, lab, *, tier, limits):
    """What ``check`` would say of a notebook's functions, run in a process of its own: a Verdict each, and notes."""
    cases = {q.name: [case._replace(hidden=False) for case in q.cases(check.SEED)] for q in lab.questions}
    try:
        with contextlib.closing(Zygote(tier, limits)) as zygote:
            outcomes, sitting = grader.examine(submission.read(path), grader.Suite(lab, cases, "", {}), zygote)
    except submission.Unreadable as error:
        raise Refused(f"{path} is not a notebook to check: {error}") from None
    except Broken as error:
        raise Refused(str(error)) from None
    return [check.verdict(q, outcomes[q.name]) for q in lab.questions], sitting.notes


def _is_within(inner, outer):
    return Path(os.path.realpath(inner)).is_relative_to(os.path.realpath(outer))


def _submissions(class_dir, lab, students):
    if not class_dir.is_dir():
        raise Refused(f"CLASS_DIR {class_dir} is {'not a folder' if class_dir.exists() else 'not there'}")
    others = [name for name in labs.names() if name != lab.name]
    names = {entry.lms_id: student for student, entry in students.items() if entry.lms_id}
    try:
        submissions = submission.find(class_dir, lab.name, others, names)
    except OSError as error:
        raise Refused(f"CLASS_DIR {class_dir} cannot be read: {error.strerror}") from None
    if not any(found.path for found in submissions):
        names = f"<student>.ipynb or <student>/{lab.name}.ipynb"
        raise Refused(f"{class_dir} holds no notebook of {lab.name}; name them {names}")
    return submissions


def _handed_in(found, students):
    """When a submission was handed in: what the roster says, else the time of the file."""
    said = students[found.student].handed_in if found.student in students else ""
    try:
        return said or (found.path and moment_of(found.path.lstat().st_mtime))
    except OSError:
        return None


def _check_again(again, lab, students):
    """Refuse to ask again what is not asked, or someone who has handed in nothing."""
    asked = [question.name for question in lab.questions]
    for name in again.questions:
        if name not in asked:
            raise Refused(f"{lab.name} has no question {name!r} to ask again; {nearest(name, asked)}")
    for name in again.students:
        if name not in students:
            raise Refused(f"there is no notebook of {name!r} to grade again; {nearest(name, sorted(students))}")


def _grades(book, grade_class, submissions, suite, tier, limits, jobs, watch, again):
    """A grade for each submission, from the gradebook or given now and written there at once."""
    known, kept = book.known(again.students), book.kept(again.students)
    results = grade_class(submissions, suite, tier=tier, limits=limits, jobs=jobs, known=known, kept=kept)
    shown = watch(results, len(submissions)) if watch else contextlib.nullcontext(results)
    with contextlib.closing(results), shown as results:
        for result in results:
            if isinstance(result, grader.Grade):
                book.record(result)
                yield result
            else:
                yield book.grade(*result)
