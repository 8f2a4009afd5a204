"""Grading a folder of notebooks from end to end: find them, question them, keep the grades, write the files."""

import contextlib
import os
from pathlib import Path

from .. import check, labs
from . import Refused, exports, grader, roster, seed, submission
from .gradebook import Gradebook
from .session import Broken, Zygote


def grade_folder(class_dir, lab, out, *, tier, limits, seed_file=None, roster_file=None, jobs=1, watch=None):
    """Grade CLASS_DIR into OUT; returns the suite, the grades by student, and the roster ({} if there is none).

    ``watch(results, count)`` may wrap the results, as they come in, in a context that shows how far it is. Refused
    where the input is bad, before anything is graded; a submission that is bad is graded as such.
    """
    class_dir, out = Path(class_dir), Path(out)
    students = roster.read(roster_file) if roster_file else {}
    submissions = _submissions(class_dir, lab, students)
    seed_file = Path(seed_file or seed.default_path())
    for inner, outer, why in [
        (out, class_dir, "where it would be taken for a student's folder"),
        (seed_file, out, "and must not go where the grades go"),
    ]:
        if _is_within(inner, outer):
            raise Refused(f"{inner} lies in {outer}, {why}; name a place outside")
    suite = grader.make_suite(lab, seed.read_or_make(seed_file))
    with Gradebook(out, suite) as book:
        grades = list(_grades(book, suite, submissions, tier, limits, jobs, watch))
        grades += [grader.absent(student, suite) for student in students.keys() - {grade.student for grade in grades}]
        grades.sort(key=lambda grade: grade.student)
        exports.write_csvs(out, suite, grades)
    return suite, grades, students


def check_file(path, lab, *, tier, limits):
    """What ``check`` would say of a notebook's functions, run in a process of its own: a Verdict each, and notes."""
    cases = {q.name: [case._replace(hidden=False) for case in q.cases(check.SEED)] for q in lab.questions}
    try:
        with contextlib.closing(Zygote(tier, limits)) as zygote:
            outcomes, sitting = grader.examine(submission.read(path), grader.Suite(lab, cases, ""), zygote)
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
    names = {lms_id: student for student, lms_id in students.items() if lms_id}
    try:
        submissions = submission.find(class_dir, lab.name, others, names)
    except OSError as error:
        raise Refused(f"CLASS_DIR {class_dir} cannot be read: {error.strerror}") from None
    if not any(found.path for found in submissions):
        names = f"<student>.ipynb or <student>/{lab.name}.ipynb"
        raise Refused(f"{class_dir} holds no notebook of {lab.name}; name them {names}")
    return submissions


def _grades(book, suite, submissions, tier, limits, jobs, watch):
    """A grade for each submission, from the gradebook or given now and written there at once."""
    results = grader.grade_class(submissions, suite, tier, limits, jobs, book.known())
    shown = watch(results, len(submissions)) if watch else contextlib.nullcontext(results)
    with contextlib.closing(results), shown as results:
        for result in results:
            if isinstance(result, grader.Grade):
                book.record(result)
                yield result
            else:
                yield book.grade(*result)
