"""The gradebook's commands do what they say, keep OUT's files up to date, and refuse the rest in a sentence."""

import csv
import json
import os
import stat
import subprocess
import sys
import zipfile

import pytest
import yaml

from optimlab import cli, labs
from optimlab.grading import autograder
from optimlab.grading.gradebook import Gradebook
from optimlab.grading.grader import Grade, make_suite
from optimlab.labs.question import Outcome

from .notebooks import ROOT, hand_in, solved

LAB = labs.load("lab04_race")
OUTCOMES = {q.name: Outcome("pass", q.points, q.points) for q in LAB.questions} | {
    "adam": Outcome("wrong", 0, 5, "a vector, step 2: it gave 3, expected 4", "a vector", 2, "4", "3")
}


@pytest.fixture
def out(tmp_path):
    with Gradebook(tmp_path / "out", make_suite(LAB, 1)) as book:
        book.record(Grade("ada", "wrong", OUTCOMES, "a" * 64))
        book.set_class([("ada", "a" * 64, None)])
    return tmp_path / "out"


@pytest.fixture
def optimlab(capfd):
    def run(*args):
        with pytest.raises(SystemExit) as end:
            cli.main([str(arg) for arg in args])
            sys.exit(0)
        return (end.value.code or 0, *capfd.readouterr())

    return run


def scores(out, file="grades.csv"):
    with open(out / file, newline="", encoding="utf-8") as opened:
        return {row.get("question", row["student"]): row["score"] for row in csv.DictReader(opened)}


def test_an_override_is_in_every_file_at_once_and_can_be_taken_back(out, optimlab):
    assert optimlab("gradebook", "override", out, "ada", 3, "--question", "adam", "--reason", "right idea") == (
        0, "ada: 18 of 20\n", ""
    )  # fmt: skip
    assert scores(out) == {"ada": "18"} and scores(out, "questions.csv")["adam"] == "3"
    assert "right idea" in (out / "feedback" / "ada.html").read_text()
    assert "right idea" in (out / "report.html").read_text()
    assert optimlab("gradebook", "show", out)[1] == "  18 of 20  ada  wrong, adam set to 3: right idea\n"
    assert optimlab("gradebook", "withdraw", out, "ada", "--question", "adam", "--reason", "no")[1] == "ada: 15 of 20\n"
    assert scores(out) == {"ada": "15"}
    said = optimlab("gradebook", "history", out, "ada")[1].splitlines()
    assert [line.split("  ", 2)[2] for line in said] == [
        "graded: ada  15, wrong",
        "override: ada adam  3: right idea",
        "override withdrawn: ada adam  no",
    ]


def test_marks_are_handed_on_and_that_is_noted(out, optimlab, tmp_path):
    code, printed, _ = optimlab("gradebook", "export", out, "--to", "gradescope", "--file", tmp_path / "results.json")
    assert (code, printed) == (0, f"1 mark written to {tmp_path / 'results.json'}\n")
    assert json.loads((tmp_path / "results.json").read_text())["score"] == 15
    assert "exported" in optimlab("gradebook", "history", out)[1]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("gradebook show none", "none cannot be opened: No such file or directory"),
        ("gradebook show empty", "empty holds no gradebook"),
        ("gradebook override out adda 3 --reason x", "there is no student 'adda' in out; did you mean 'ada'?"),
        ("gradebook export out --to cannvas --file x", "cannot be exported to 'cannvas'; did you mean 'canvas'?"),
        ("gradebook export out --to canvas --file x", "needs --roster FILE, the CSV that Canvas exports"),
        ("gradebook export out --to gradescope --file x --student b", "there is no student 'b' in out"),
        ("autograder lab04_race --for moodle --file x", "no autograder for 'moodle'; there are gradescope and github"),
        ("autograder lab04_rase --for github --file x --repository a/b", "did you mean 'lab04_race'?"),
        ("autograder lab04_race --for github --file x", "'' is no repository; write OWNER/NAME"),
        ("autograder lab04_race --for gradescope --file none/x --seed-file s", "none/x cannot be written"),
    ],
)
def test_bad_input_gets_one_sentence_and_writes_nothing(out, optimlab, tmp_path, monkeypatch, command, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    code, printed, errors = optimlab(*command.split())
    assert code in (1, 2) and printed == "" and errors.startswith("optimlab: ") and errors.count("\n") == 1
    assert sentence in errors and not (tmp_path / "x").exists() and not (tmp_path / "none").exists()


def test_the_gradescope_zip_grades_a_submission_as_gradescope_would_run_it(tmp_path):
    autograder.gradescope(LAB, tmp_path / "autograder.zip", tmp_path / "seed", unsafe=True)
    root = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        archive.extractall(root / "source")
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert modes["run_autograder"] & stat.S_IXUSR and modes["setup.sh"] & stat.S_IXUSR
    hand_in(root / "submission", lab04_race=solved(("np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)")))
    environment = {"AUTOGRADER_ROOT": str(root), "PYTHON": sys.executable, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run(["bash", root / "source" / "run_autograder"], env=environment, check=True, timeout=120)
    said = json.loads((root / "results" / "results.json").read_text())
    assert said["score"] == 10 and [test["score"] for test in said["tests"]] == [2, 3, 0, 0, 5]

    (root / "source" / "seed").write_text("no seed")
    subprocess.run(["bash", root / "source" / "run_autograder"], env=environment, check=True, timeout=120)
    said = json.loads((root / "results" / "results.json").read_text())
    assert list(said) == ["output"] and "is no seed file" in said["output"]


def test_what_the_zip_installs_is_what_the_package_needs():
    import tomllib

    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {line.partition("==")[0].lower() for line in autograder.requirements().splitlines()}
    assert names == {requirement.partition(">")[0].lower() for requirement in needed}


def test_the_workflow_is_one_and_names_no_secret(tmp_path):
    autograder.github(LAB, tmp_path / "grade.yml", "someone/course")
    text = (tmp_path / "grade.yml").read_text()
    workflow = yaml.safe_load(text)
    steps = workflow["jobs"]["grade"]["steps"]
    assert [step["with"]["repository"] for step in steps if "repository" in step.get("with", {})] == ["someone/course"]
    reporter = steps[-1]
    assert reporter["with"]["runners"].upper() + "_RESULTS" in reporter["env"]
    assert workflow["permissions"]["contents"] == "read" and "${{ secrets.OPTIMLAB_SEED }}" in text
