"""A new lab for a teacher to start from: small, complete and verified; every file of it is then written over.

``create`` makes, in a folder of the teacher's own,

    NAME.py                      the questions as data
    solutions/NAME.ipynb         the solved notebook
    labs/NAME.ipynb              the student's
    solutions/answers/NAME.py    right and wrong submissions
    solutions/answers/NAME.json  the record of what was approved
    tests/test_NAME.py           the author's check, for pytest
"""

import re
from pathlib import Path

import nbformat

from . import build, names, verify

NAME = re.compile(r"lab[0-9][0-9]_[a-z][a-z0-9_]*")


def create(folder, name):
    """Make the files of a new lab and return their paths; a name that is bad or taken is answered with a sentence."""
    folder = Path(folder)
    if not NAME.fullmatch(name):
        raise ValueError(f"a lab is named like lab21_loss, with two digits and small letters; got {name!r}")
    if name in names() or name[:5] in {taken[:5] for taken in names()}:
        raise ValueError(f"{name[:5]} is a lab of the course; take another number, lab21 for example")
    files = {
        folder / f"{name}.py": QUESTIONS,
        folder / "solutions" / "answers" / f"{name}.py": ANSWERS,
        folder / "tests" / f"test_{name}.py": TEST,
        folder / "solutions" / f"{name}.ipynb": nbformat.writes(_notebook(name)),
    }
    if there := [path for path in files if path.exists()]:
        raise ValueError(f"{there[0]} is there already; nothing was written")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("NAME", name).lstrip(), encoding="utf-8")
    solved = build.refresh(folder / "solutions" / f"{name}.ipynb")
    return [*files, build.build_one(solved, folder / "labs"), verify.write_record(folder, name)]


QUESTIONS = '''
"""NAME: the questions as data. Say here what the lab is about."""

from functools import cache

import numpy as np

from optimlab.labs.question import STORED, Call, Case, Lab, Question
from optimlab.labs.play import Variants
from optimlab.mistakes import Mistake

# A wrong body for each mistake you have seen: students who make it are told your sentence.
STEP_MISTAKES = (
    Mistake(
        "descend",
        "a step uphill",
        "the gradient points uphill, so its step is subtracted",
        lambda theta, g, *, lr: theta + lr * g,
    ),
    Mistake(
        "descend",
        "a step without lr",
        "the step is lr times the gradient",
        lambda theta, g, *, lr: theta - g,
    ),
)


@cache
def step_cases(seed):
    """Fixed cases first, then one that is drawn: ``check`` draws it from seed 0, the grader from a secret."""

    def case(name, theta, g, lr, hidden=False):
        calls = (Call((theta, g), {"lr": lr}),)
        expected = (theta - lr * np.asarray(g),)  # the oracle: a formula, a table, a library; not the solution again
        return Case(name, calls, expected, rtol=1e-6, atol=1e-9, hidden=hidden, variants=Variants(STEP_MISTAKES, calls))

    rng = np.random.default_rng(seed)
    return (
        case("a number", 1.0, 2.0, 0.25),
        case("a vector", np.array([1.0, -2.0]), np.array([0.5, 4.0]), 0.1),
        case("a drawn vector", rng.normal(size=3), rng.normal(size=3), float(rng.uniform(0.1, 0.5)), hidden=True),
    )


REPORT = {"steps": 14.0}
REPORT_MISTAKES = (Mistake("report", "one step less", "count the step that arrives, too", {"steps": 13.0}),)


@cache
def report_cases(seed):
    return (Case("the report", (STORED,), (REPORT,), rtol=0, atol=0.1, variants=Variants(REPORT_MISTAKES, (STORED,))),)


LAB = Lab(
    "NAME",
    "A lab of our own",
    (
        Question(
            "descend",
            12,
            "(theta, g, *, lr)",
            "Step down the gradient.",
            step_cases,
            STEP_MISTAKES,
            tolerance="Float32 rounds by 6e-8 of theta; every mistake is off by far more.",
            arrays=True,
        ),
        Question(
            "report",
            8,
            "",  # no signature: an answer that is stored in a variable
            "Report how many steps it takes.",
            report_cases,
            REPORT_MISTAKES,
            tolerance="It is a whole number.",
        ),
    ),
    minutes=20,
)
'''

ANSWERS = '''
"""Submissions for NAME, right ones and wrong ones, with the points a teacher would give."""

import numpy as np

from optimlab.labs.verify import worth

report = {"steps": 14}


@worth()
def plain():
    def descend(theta, g, *, lr):
        return theta - lr * g

    return {**locals(), "report": report}


@worth()
def in_place_on_an_own_copy():
    def descend(theta, g, *, lr):
        theta = np.array(theta)
        theta -= lr * g
        return theta

    return {**locals(), "report": report}


@worth()
def in_float32():
    def descend(theta, g, *, lr):
        return np.float32(theta) - np.float32(lr) * np.float32(g)

    return {**locals(), "report": {"steps": np.int64(14)}}


@worth()
def one_entry_at_a_time():
    def descend(theta, g, *, lr):
        return np.reshape([x - lr * y for x, y in zip(np.ravel(theta), np.ravel(g))], np.shape(theta))

    return {**locals(), "report": {"steps": 14.0}}


@worth()
def with_numpys_functions():
    def descend(theta, g, *, lr):
        return np.subtract(theta, np.multiply(lr, g))

    return {**locals(), "report": report}


@worth(descend=0)
def uphill():
    return {"descend": lambda theta, g, *, lr: theta + lr * g}


@worth(descend=0)
def without_lr():
    return {"descend": lambda theta, g, *, lr: theta - g}


@worth(descend=0)
def standing_still():
    return {"descend": lambda theta, g, *, lr: theta}


@worth(descend=0)
def the_step_alone():
    return {"descend": lambda theta, g, *, lr: -lr * g}


@worth(descend=0)
def half_a_step():
    return {"descend": lambda theta, g, *, lr: theta - lr * g / 2}


@worth(descend=0)
def the_sign_alone():
    return {"descend": lambda theta, g, *, lr: theta - lr * np.sign(g)}


@worth(descend=0)
def nothing_returned():
    return {"descend": lambda theta, g, *, lr: None}


@worth(report=0)
def one_step_less():
    return {"report": {"steps": 13}}


@worth(report=0)
def a_word():
    return {"report": {"steps": "fourteen"}}


@worth(report=0)
def another_key():
    return {"report": {"step": 14}}
'''

TEST = '''
"""NAME pays what is right and refuses what is wrong."""

from pathlib import Path

from optimlab.labs.verify import verify


def test_the_lab_is_sound():
    assert list(verify(Path(__file__).parents[1], "NAME")) == []
'''


def _notebook(name):
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    solution = {"grade": False, "locked": False, "schema_version": 3, "solution": True, "task": False}
    graded = {"grade": True, "locked": True, "schema_version": 3, "solution": False, "task": False}
    cells = [
        markdown(TITLE, id="title"),
        code(SETUP.replace("NAME", name), id="setup"),
        code(FIGURE, id="figure", metadata={"tags": ["experiment"]}),
        markdown("**Before you go on**, guess: how many steps will it take?\n\n*My guess:* …", id="prediction"),
        markdown(DESCEND_TEXT, id="descend-text"),
        code(DESCEND, id="descend", metadata={"nbgrader": {"grade_id": "descend", **solution}}),
        code("check(descend)", id="check-descend", metadata={"tags": ["check"]}),
        markdown(REPORT_TEXT, id="report-text"),
        code(REPORT, id="report", metadata={"nbgrader": {"grade_id": "report", **solution}}),
        code("check(report=report)", id="check-report", metadata={"tags": ["check"]}),
        markdown("## Hand in\n\nSave the notebook and hand in the file. These are your points.", id="points-text"),
    ]
    cells[3].metadata.tags = ["prediction"]
    for question, points, given in (("descend", 12, "descend"), ("report", 8, "report=report")):
        metadata = {"nbgrader": {"grade_id": f"points-{question}", "points": points, **graded}, "tags": ["experiment"]}
        cells.append(code(f"check({given}).points", id=f"points-{question}", metadata=metadata))
    return nbformat.v4.new_notebook(cells=cells)


TITLE = """# A lab of our own

**Time:** 20 minutes. **Points:** 20. **You need:** NumPy.

Say here what the student will write and find out."""

SETUP = """import numpy as np

from optimlab import figures
from optimlab.check import checker

check = checker("../NAME.py")"""

FIGURE = """figures.use("png")
fig, axis = figures.panels(1)
axis.plot(0.8 ** np.arange(20), label="distance")
fig"""

DESCEND_TEXT = r"""## 1 · One step

$$\theta_t = \theta_{t-1} - \eta\, g_t$$

<details><summary>Stuck? First hint</summary>

It is one line.
</details>
<details><summary>Second hint</summary>

Multiply `g` by `lr` and subtract that from `theta`.
</details>"""

DESCEND = '''def descend(theta, g, *, lr):
    """The parameters after one step down the gradient."""
    ### BEGIN SOLUTION
    return theta - lr * g
    ### END SOLUTION'''

REPORT_TEXT = """## 2 · What it says

From 1, with `g` = theta and `lr` = 0.2, after how many steps is theta below 0.05?

<details><summary>Stuck? First hint</summary>

Each step multiplies theta by 0.8.
</details>"""

REPORT = """report = {"steps": None}
### BEGIN SOLUTION
report = {"steps": 14}
### END SOLUTION"""
