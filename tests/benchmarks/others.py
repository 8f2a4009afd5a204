"""How others grade ada.ipynb, each in an environment of its own: ``others.py nbclient|nbgrader|otter NUMBER``."""

import shutil
import sys
from pathlib import Path

POINTS = 10


def nbclient(number):
    """The notebook is run; its tests are cells, and one that raises is a failure."""
    import nbformat
    from nbclient import NotebookClient

    NotebookClient(nbformat.read("ada.ipynb", 4), kernel_name="python3").execute()
    return POINTS


def nbgrader(number):
    """A course with one student, made on the spot, autograded through the API."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    course = Path.cwd() / f"course{number}"
    for folder in ("source/bench", "submitted/ada/bench"):
        (course / folder).mkdir(parents=True)
        shutil.copy("ada.ipynb", course / folder)
    config = Config()
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.db_url = f"sqlite:///{course}/gradebook.db"
    api = NbGraderAPI(config=config)
    for done in (api.generate_assignment("bench"), api.autograde("bench", "ada")):
        if not done["success"]:
            sys.exit(str(done)[-2000:])
    with api.gradebook as book:
        return book.find_submission("bench", "ada").score


def otter(number):
    """The notebook runs in a kernel; the tests are those of the folder tests."""
    from otter.execute import grade_notebook

    tests = Path("tests").absolute()
    files = [str(path) for path in sorted(tests.glob("*.py"))]
    return grade_notebook("ada.ipynb", tests_glob=files, cwd=str(tests.parent), test_dir=str(tests)).total


if __name__ == "__main__":
    grader, number = sys.argv[1:]
    if (points := globals()[grader](number)) != POINTS:
        sys.exit(f"{grader} gave {points} of {POINTS} points")
