"""The command line: ``optimlab check`` for the learner, ``optimlab grade`` and ``optimlab labs`` for the instructor,
``optimlab convert`` for whoever moves between libraries.

Bad input is answered with one sentence on stderr and leaves every file as it was. The exit code is 2 where the command
itself is at fault, 1 where the world around it is.
"""

import contextlib
import os
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

import click

from . import __version__, labs
from .contract import nearest
from .grading import Refused
from .grading.commands import autograder, gradebook

PATH = click.Path(path_type=Path)


class Sentence(click.ClickException):
    """Why nothing was done, or not all."""

    def __init__(self, sentence, exit_code=1):
        super().__init__(sentence)
        self.exit_code = exit_code


def main(args=None):
    """Run the command line ``args``, those of the process if there are none, and exit."""
    try:
        cli.main(args, prog_name="optimlab", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"optimlab: {' '.join(error.format_message().split())}", err=True)
        sys.exit(error.exit_code)
    except Refused as refused:
        click.echo(f"optimlab: {refused}", err=True)
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        click.echo("optimlab: stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:  # whoever was reading has gone, as in `optimlab labs show lab04_race | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


@click.group(invoke_without_command=True)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(context):
    """Gradient-descent optimizers: labs to solve, and a grader for them."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _lab(name):
    try:
        return labs.load(name)
    except ValueError as error:
        raise Sentence(str(error), 2) from None


# --------------------------------------------------------------------------------------------------------------- grade


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _probe(context, _, wanted):
    """Print what jail this machine offers, and leave: nothing else is needed for that."""
    if wanted:
        from .grading.jail import probe

        for line in probe.report():
            click.echo(line)
        context.exit()


@cli.command()
@click.argument("class_dir", type=PATH)
@click.option("--lab", required=True, metavar="NAME", help="The lab, for example lab04_race.")
@click.option("--out", required=True, type=PATH, help="Where the grades go: a new folder, or one to go on with.")
@click.option("--probe", is_flag=True, is_eager=True, expose_value=False, callback=_probe,
              help="Say what jail this machine offers for the students' code, and grade nothing.")
@click.option("--unsafe", is_flag=True, help="No jail: run the students' code with your own rights.")
@click.option("--seed-file", type=PATH, help="The secret from which hidden cases are drawn; made if it is not there.")
@click.option("--roster", "roster_file", type=PATH, help="A CSV file with a column student and, if need be, lms_id.")
@click.option("--jobs", type=click.IntRange(1), default=_cores, help="How many submissions run at a time.")
@click.option("--dask", metavar="ADDRESS", help="Grade on a Dask cluster, or on --jobs processes here if it is local.")
@click.option("--regrade", multiple=True, metavar="STUDENT", help="Grade this student again.")
@click.option("--regrade-question", multiple=True, metavar="NAME", help="Ask everyone this question again.")
@click.option("--due", metavar="TIME", help="When it was due, like 2026-12-01T23:59; what is late loses points.")
@click.option("--late-percent", type=click.FloatRange(0, 100), default=10, show_default=True, help="For each day begun.")
@click.option("--late-grace", type=click.FloatRange(0), default=0, show_default=True, help="Hours that cost nothing.")
@click.option("--late-cap", type=click.FloatRange(0, 100), default=100, show_default=True, help="No more than that.")
def grade(class_dir, lab, out, unsafe, seed_file, roster_file, jobs, dask, regrade, regrade_question, due, **late):
    """Grade the notebooks in CLASS_DIR.

    They are named <student>.ipynb, <student>/<lab>.ipynb, or as Canvas and Moodle name their downloads. OUT receives
    grades.csv, questions.csv, report.html, a page of feedback for each student and gradebook.sqlite. What is graded
    already is not graded again, unless you ask for it.
    """
    lab = _lab(lab)
    from .grading import jail  # not above: nothing else needs it, and Windows has not all that it imports

    try:
        tier = jail.choose_tier(unsafe)
        _warn(tier)
        from .grading import run, seed, summary

        graded = run.grade_folder(
            class_dir,
            lab,
            out,
            tier=tier,
            limits=jail.Limits(),
            seed_file=seed_file,
            roster_file=roster_file,
            jobs=jobs,
            watch=_progress,
            late=_late_policy(due, **late),
            again=run.Again(regrade, regrade_question),
            dask=dask,
        )
    except (OSError, sqlite3.Error) as error:
        raise Sentence(
            f"grading stopped: {error}; what is graded is kept, the same command goes on from there"
        ) from None
    click.echo(summary.summary(graded.lab, graded.asked, graded.marks))
    click.echo(f"\ngrades.csv, questions.csv, report.html and feedback/ are in {out}")
    secret = seed_file or seed.default_path()
    if not seed.is_private(secret):
        click.echo(f"{secret}: others on this machine can read the secret; chmod 600 {secret}", err=True)
    _remarks(graded)


def _late_policy(due, late_percent, late_grace, late_cap):
    """What --due and its companions say; None, which leaves what is in force as it is, without --due."""
    if due is None:
        return None
    from .grading.marks import LatePolicy, moment

    return LatePolicy(moment(due, "--due"), late_percent, late_grace, late_cap)


def _warn(tier):
    """Say on stderr, and loud, where the jail is the one with the most gaps."""
    from .grading.jail.tiers import TIERS

    if tier == "landlock":
        click.echo("WARNING: this machine offers only the third tier of the jail; it does not hold everything:", err=True)
        for gap in TIERS[tier].gaps:
            click.echo(f"  - {gap}", err=True)


@contextlib.contextmanager
def _progress(results, count):
    """A bar on the terminal, if stderr is one: how many are done, how long it will take, how fast, how many failed."""
    if not sys.stderr.isatty():
        yield results
        return
    began, seen = time.monotonic(), Counter()

    def say(result):
        if result is None:
            return ""
        seen["done"] += 1
        seen["failing"] += getattr(result, "status", "pass") != "pass"
        return f"{seen['done'] / (time.monotonic() - began):.1f}/s, {seen['failing']} not all right"

    bar = click.progressbar(results, length=count, label="Grading", file=sys.stderr, show_pos=True, item_show_func=say)
    with bar as shown:
        yield shown


def _remarks(graded):
    """What a teacher should know about single submissions, on stderr; it fails if the grader did."""
    for mark in graded.marks:
        if mark.grade.note:
            click.echo(f"{mark.student}: {mark.grade.note}", err=True)
    strangers = [mark.student for mark in graded.marks if mark.student not in graded.students]
    if graded.students and strangers:
        click.echo(f"not on the roster: {', '.join(strangers)}", err=True)
    failed, count = sum(mark.score is None for mark in graded.marks), len(graded.marks)
    if failed:
        raise Sentence(f"{failed} of {count} could not be graded and have no score; the same command tries again")


# --------------------------------------------------------------------------------------------------------------- check


@cli.command()
@click.argument("notebook", type=PATH)
@click.option("--lab", metavar="NAME", help="The lab, where the notebook's name does not tell.")
def check(notebook, lab):
    """Try your own NOTEBOOK on the cases of its lab that may be seen. Exit code 0 if all is right, 1 if not."""
    lab = _lab(lab or _guess(notebook))
    verdicts, notes = _check_here(notebook, lab) if sys.platform == "win32" else _check_apart(notebook, lab)
    for verdict in verdicts:
        click.echo(verdict)
    click.echo(f"{sum(verdict.points for verdict in verdicts):g} of {lab.max_score:g} points")
    for note in notes:
        click.echo(note, err=True)
    sys.exit(0 if all(verdicts) else 1)


def _check_apart(notebook, lab):
    from .grading import jail, run

    try:
        return run.check_file(notebook, lab, tier=jail.choose_tier(unsafe=True), limits=jail.Limits())
    except Refused as refused:
        raise Sentence(str(refused)) from None


def _check_here(notebook, lab):
    """Without a process of its own, which needs a system that can fork."""
    from .check import check_notebook
    from .labs.build import BuildError, read

    try:
        return check_notebook(read(notebook), lab), []
    except BuildError as error:
        raise Sentence(str(error)) from None


def _guess(notebook):
    for name in labs.names():
        if notebook.stem.lower().startswith(name):
            return name
    raise Sentence(f"{notebook.name} does not tell its lab; say --lab NAME, {nearest(notebook.stem, labs.names())}", 2)


# ----------------------------------------------------------------------------------------------------------- gradebook

cli.add_command(gradebook)
cli.add_command(autograder)

# ---------------------------------------------------------------------------------------------------------------- labs


@cli.group("labs", invoke_without_command=True)
@click.pass_context
def labs_(context):
    """The labs: list them, show one, make a new one, verify them, make them from their solutions."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@labs_.command("list")
def list_():
    """List the labs: name, points, time, title."""
    width = max(map(len, labs.names()))
    for lab in map(labs.load, labs.names()):
        click.echo(f"{lab.name:{width}}  {lab.max_score:g} points  {lab.minutes:3} minutes  {lab.title}")


@labs_.command()
@click.argument("name")
def show(name):
    """Show what lab NAME (or the .py file of your own) asks for, and which mistakes it knows by name."""
    lab = _lab(name)
    click.echo(f"{lab.name}, {lab.max_score:g} points, {lab.minutes} minutes: {lab.title}")
    for question in lab.questions:
        form = question.signature or ", a stored answer"
        click.echo(f"\n{question.name}{form}, {question.points:g} points\n  {question.prompt}")
        for mistake in question.mistakes:
            click.echo(f"  known mistake: {mistake.name}")


@labs_.command()
@click.argument("name")
@click.option("--folder", type=PATH, default=".", show_default=True, help="Where the new lab goes.")
def new(name, folder):
    """Make a small complete lab NAME, like lab21_loss, to start from: questions, solution, submissions, test."""
    from .labs.build import BuildError
    from .labs.new import create

    try:
        paths = create(folder, name)
    except (ValueError, BuildError, OSError) as error:
        raise Sentence(str(error), 1 if isinstance(error, (BuildError, OSError)) else 2) from None
    for path in paths:
        click.echo(path)
    click.echo(f"\nWrite over them, then: optimlab labs verify {folder}")


@labs_.command()
@click.argument("folder", type=PATH, default=".", metavar="[DIR]")
@click.option("--record", is_flag=True, help="Approve the cases as they are: write the record anew.")
def verify(folder, record):
    """Try the labs of DIR as their author should: right pays, wrong does not, and no case was dropped or changed."""
    from .labs import verify as author

    names, faults = author.names(folder), 0
    if not names:
        raise Sentence(f"{folder / 'solutions'} holds no solved lab (a notebook named labNN_name.ipynb)")
    for name in names:
        try:
            if record:
                author.write_record(folder, name)
            found = list(author.verify(folder, name))
        except ValueError as error:
            found = [str(error)]
        click.echo(f"{name}: {f'{len(found)} faults' if found else author.summary(folder, name)}")
        for sentence in found:
            click.echo(f"  {sentence}")
        faults += len(found)
    sys.exit(1 if faults else 0)


@labs_.command()
@click.option("--solutions", type=PATH, default="solutions", show_default=True, help="Where the solved labs are.")
@click.option("--labs", "labs_dir", type=PATH, default="labs", show_default=True, help="Where the labs go.")
def build(solutions, labs_dir):
    """Make the labs from their solutions."""
    from .labs.build import BuildError, build

    try:
        for path in build(solutions, labs_dir):
            click.echo(path)
    except (BuildError, OSError) as error:
        raise Sentence(str(error)) from None


@labs_.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--install", required=True, metavar="REQUIREMENT", help="What pip shall install: git+https://...@v1, or a URL.")
@click.option("--labs", "labs_dir", type=PATH, default="labs", show_default=True, help="Where the labs are.")
@click.option("--out", type=PATH, default="labs.zip", show_default=True, help="The zip to write.")
def pack(names, install, labs_dir, out):
    """Pack labs (all of them, if none is named) to hand out: a zip, a template for GitHub Classroom, or for Colab."""
    from .labs.build import BuildError
    from .labs.pack import pack

    chosen = [_lab(name).name for name in names] or labs.names()
    try:
        click.echo(pack(chosen, labs_dir, out, install))
    except (BuildError, OSError) as error:
        raise Sentence(str(error)) from None


# ------------------------------------------------------------------------------------------------------------- convert


@cli.command()
@click.argument("rule")
@click.argument("settings", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--from", "source", required=True, metavar="LIBRARY", help="The library in whose words the settings are.")
@click.option("--to", "target", required=True, metavar="LIBRARY", help="The library in whose words they are wanted.")
def convert(rule, settings, source, target):
    """Say settings of RULE in the words of another library.

    The libraries are optimlab, paper, torch, optax, keras and schedulefree. What is not given has the default of the
    library it comes from. The sentences after the call say what cannot be carried over.
    """
    from . import conventions

    try:
        carried = conventions.convert(rule, source, target, conventions.read(rule, source, settings))
    except (TypeError, ValueError) as error:
        raise Sentence(str(error), 2) from None
    for line in (carried.call, "", *carried.sentences, carried.verdict):
        click.echo(line)
