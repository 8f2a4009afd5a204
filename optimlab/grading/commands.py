"""The command line of the gradebook: look into it, overrule the grader, hand the marks on."""

import contextlib
import sqlite3
from pathlib import Path

import click

from . import Refused

OUT = click.argument("out", type=click.Path(path_type=Path))
STUDENT = click.argument("student")
QUESTION = click.option("--question", default="", metavar="NAME", help="One question; without it, the whole score.")
REASON = click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept, and the student reads it.")


@click.group("gradebook", invoke_without_command=True)
@click.pass_context
def gradebook(context):
    """Look into a gradebook, overrule the grader, hand the marks on.

    OUT is the folder that was given to `optimlab grade --out`. Whatever changes is written to its files at once, and
    stays in its history.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@gradebook.command()
@OUT
def show(out):
    """Show what each student gets."""
    with _opened(out) as book:
        for mark in book.marks():
            score = "   -" if mark.score is None else f"{mark.score:4g}"
            click.echo(f"{score} of {mark.max_score:g}  {mark.student}  {', '.join(_remarks(mark))}".rstrip())


def _remarks(mark):
    yield mark.status
    if mark.late_days:
        yield f"{mark.late_days} day{'s' * (mark.late_days != 1)} late, {mark.penalty:g} off"
    for question, override in mark.overrides.items():
        yield f"{question or 'all'} set to {override.points:g}: {override.reason}"


@gradebook.command()
@OUT
@STUDENT
@click.argument("points", type=float)
@QUESTION
@REASON
def override(out, student, points, question, reason):
    """Give STUDENT so many POINTS, whatever the grader found."""
    with _opened(out) as book:
        book.override(student, question, points, reason)
        _say(_written(out, book), student)


@gradebook.command()
@OUT
@STUDENT
@QUESTION
@REASON
def withdraw(out, student, question, reason):
    """Take an override back: what the grader found counts again."""
    with _opened(out) as book:
        book.override(student, question, None, reason)
        _say(_written(out, book), student)


@gradebook.command()
@OUT
@click.argument("student", required=False)
def history(out, student):
    """Show what was graded, overruled and handed on, when and by whom; of one STUDENT or of all."""
    with _opened(out) as book:
        for event in book.history(student):
            about = " ".join(filter(None, [event.student, event.question]))
            click.echo(f"{event.at}  {event.who}  {event.what}{': ' * bool(about)}{about}  {event.detail}")


@gradebook.command()
@OUT
@click.option("--to", "target", required=True, metavar="SYSTEM", help="canvas, moodle, nbgrader, gradescope, classroom.")
@click.option("--file", "path", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--roster", "roster_file", type=click.Path(path_type=Path), help="For Canvas and Moodle: what they export.")
@click.option("--column", default="", metavar="NAME", help="For Canvas: the assignment, as in its gradebook's first line.")
@click.option("--student", metavar="NAME", help="This student alone.")
def export(out, target, path, roster_file, column, student):
    """Write the marks in the form another system takes in."""
    from ..contract import nearest
    from . import platforms, roster

    if target not in platforms.TARGETS:
        raise Refused(f"marks cannot be exported to {target!r}; {nearest(target, platforms.TARGETS)}")
    students = roster.read(roster_file) if roster_file else {}
    with _opened(out) as book:
        marks = [mark for mark in book.marks() if student in (None, mark.student)]
        if not marks:
            raise Refused(f"there is no student {student!r} in {out}; {nearest(student, [m.student for m in book.marks()])}")
        policy = book.late_policy()
        source = platforms.Source(book.lab, marks, students, column, policy.due if policy else "")
        platforms.export(target, source, path)
        book.exported(target, path)
    blank = sum(mark.score is None for mark in marks)
    click.echo(f"{len(marks)} mark{'s' * (len(marks) != 1)} written to {path}" + f", {blank} of them blank" * bool(blank))
    for sentence in platforms.remarks(target, source):
        click.echo(sentence, err=True)


@click.command()
@click.argument("lab")
@click.option("--for", "system", required=True, metavar="SYSTEM", help="gradescope (a zip) or github (a workflow).")
@click.option("--file", "path", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--seed-file", type=click.Path(path_type=Path), help="gradescope: the secret that goes into the zip.")
@click.option("--unsafe", is_flag=True, help="gradescope: grade without a jail; each run has a container of its own.")
@click.option("--repository", default="", metavar="OWNER/NAME", help="github: where this course is.")
def autograder(lab, system, path, seed_file, unsafe, repository):
    """Write a grader of LAB for another system to run."""
    from .. import labs
    from . import autograder, seed

    try:
        lab = labs.load(lab)
        if system == "gradescope":
            autograder.gradescope(lab, path, seed_file or seed.default_path(), unsafe)
        elif system == "github":
            autograder.github(lab, path, repository)
        else:
            raise Refused(f"there is no autograder for {system!r}; there are gradescope and github")
    except ValueError as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}") from None
    click.echo(f"{path} is written" + "; it holds the secret seed" * (system == "gradescope"))


@contextlib.contextmanager
def _opened(out):
    """The gradebook of ``out``; what is wrong with it, in a sentence."""
    from .gradebook import Gradebook

    try:
        with Gradebook(out) as book:
            yield book
    except (OSError, sqlite3.Error) as error:
        raise Refused(f"{out} could not be used: {error}") from None


def _written(out, book):
    """The marks, after OUT's files were brought up to them."""
    from .run import write_files

    marks = book.marks()
    write_files(out, book, marks)
    return {mark.student: mark for mark in marks}


def _say(marks, student):
    mark = marks[student]
    click.echo(f"{student}: {'no score' if mark.score is None else f'{mark.score:g}'} of {mark.max_score:g}")
