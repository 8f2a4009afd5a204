"""The command line does what it says; bad input gets one sentence, and every file stays as it was."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from optimlab import __version__, cli, labs
from optimlab.check import checker
from optimlab.grading import jail
from optimlab.grading.jail import probe

from grading.notebooks import ROOT, SOLVED, UNSOLVED, hand_in, is_graded, notebook, solved

LAB = "lab04_race"
THERE_ARE = f"there are {', '.join(labs.names())}"
SGD = "def sgd(theta, g, state, *, lr, weight_decay=0):\n    return theta - lr * (g + weight_decay * theta), {}"
needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="needs a system that can fork")


@pytest.fixture
def optimlab(capfd, tmp_path, monkeypatch):
    """Run a command line in tmp_path: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(*args):
        with pytest.raises(SystemExit) as end:
            cli.main([str(arg) for arg in args])
            sys.exit(0)
        return (end.value.code or 0, *capfd.readouterr())

    return run


def contents(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


# --------------------------------------------------------------------------------------------------------------- grade


@needs_fork
def test_grade_writes_grades_and_sums_them_up(optimlab, tmp_path):
    hand_in(tmp_path / "class", ada=notebook(SGD), emmy=notebook())
    code, printed, errors = optimlab("grade", "class", "--lab", LAB, "--out", "grades", "--unsafe", "--jobs", 1)
    assert (code, errors) == (0, "")
    assert printed.startswith("lab04_race: 2 students, mean 1.0 of 20 points\n")
    assert printed.endswith("grades.csv, questions.csv, report.html and feedback/ are in grades\n")
    assert sorted(os.listdir("grades")) == ["feedback", "gradebook.sqlite", "grades.csv", "questions.csv", "report.html"]
    assert os.listdir("state/optimlab") == ["seed"]


@needs_fork
def test_what_the_teacher_should_know_goes_to_stderr(optimlab, tmp_path):
    hand_in(tmp_path / "class", ada=notebook(SGD), emmy=b"{")
    (tmp_path / "roster.csv").write_text("student\nada\nsofja\n")
    (tmp_path / "seed").write_text("a" * 64)
    (tmp_path / "seed").chmod(0o644)
    command = [
        "grade",
        "class",
        "--lab",
        LAB,
        "--out",
        "out",
        "--unsafe",
        "--roster",
        "roster.csv",
        "--seed-file",
        "seed",
    ]
    code, printed, errors = optimlab(*command)
    assert code == 0 and "3 students" in printed
    assert errors.splitlines() == [
        "seed: others on this machine can read the secret; chmod 600 seed",
        "emmy: it is not a Jupyter notebook: it is not valid JSON",
        "sofja: nothing was handed in",
        "not on the roster: emmy",
    ]


@needs_fork
def test_where_the_grader_failed_the_exit_code_says_so(optimlab, tmp_path, monkeypatch):
    monkeypatch.setattr("optimlab.grading.grader.judge", lambda *_: 1 / 0)
    hand_in(tmp_path / "class", ada=notebook(SGD))
    code, printed, errors = optimlab("grade", "class", "--lab", LAB, "--out", "out", "--unsafe")
    assert code == 1 and "1  grader-error" in printed and "no scores" in printed
    assert errors == "optimlab: 1 of 1 could not be graded and have no score; the same command tries again\n"


def test_grade_is_refused_where_there_is_no_jail_and_says_why(optimlab, tmp_path, monkeypatch):
    hand_in(tmp_path / "class", ada=notebook(SGD))
    monkeypatch.setattr(probe, "attempt", lambda tier: probe.Finding(tier, "the kernel is too old"))
    code, printed, errors = optimlab("grade", "class", "--lab", LAB, "--out", "out")
    assert (code, printed) == (1, "") and not os.path.exists("out")
    assert errors == (
        "optimlab: this machine offers no jail for student code (namespaces: the kernel is too old; bubblewrap: the "
        "kernel is too old; landlock: the kernel is too old); use a virtual machine with Linux, or, for code you "
        "trust, --unsafe\n"
    )


def test_the_weakest_jail_is_used_with_a_loud_warning(optimlab, tmp_path, monkeypatch):
    hand_in(tmp_path / "class", ada=notebook(SGD))
    monkeypatch.setattr(
        probe, "attempt", lambda tier: probe.Finding(tier, "" if tier == "landlock" else "it is switched off")
    )
    code, printed, errors = optimlab("grade", "class", "--lab", LAB, "--out", "out", "--seed-file", "seed")
    assert code == 0 and printed.startswith(f"{LAB}: 1 student") and errors.startswith("WARNING: this machine offers")
    assert "no namespaces" in errors


def test_the_probe_says_what_the_machine_gives_and_needs_no_class(optimlab, monkeypatch):
    faults = {"namespaces": "it is switched off", "bubblewrap": "", "landlock": ""}
    monkeypatch.setattr(probe, "attempt", lambda tier: probe.Finding(tier, faults[tier]))
    code, printed, errors = optimlab("grade", "--probe")
    assert (code, errors) == (0, "")
    assert "tier 1, namespaces: not here: it is switched off" in printed
    assert "tier 2, bubblewrap: holds here, and is used" in printed and "tier 3, landlock: holds here\n" in printed


def test_grade_is_refused_on_windows(optimlab, tmp_path, monkeypatch):
    hand_in(tmp_path / "class", ada=notebook(SGD))
    monkeypatch.setattr(jail.sys, "platform", "win32")
    code, _, errors = optimlab("grade", "class", "--lab", LAB, "--out", "out", "--unsafe")
    monkeypatch.undo()
    assert code == 1 and "WSL2" in errors


@pytest.fixture
def world(tmp_path):
    """A class, and everything that one can give by mistake."""
    hand_in(tmp_path / "class", ada=notebook(SGD))
    for folder in ("empty", "full", "texts", "loop"):
        (tmp_path / folder).mkdir()
    (tmp_path / "texts" / "essay.txt").write_text("hello")
    (tmp_path / "full" / "grades.csv").write_text("mine")
    (tmp_path / "file").write_text("hello")
    (tmp_path / "bad-roster.csv").write_text("name\nada\n")
    (tmp_path / "loop" / "itself").symlink_to("itself")
    return tmp_path


NO_NOTEBOOK = "is not a notebook to check:"
NAMES = "name them <student>.ipynb or <student>/lab04_race.ipynb"
FOLDER = "where it would be taken for a student's folder; name a place outside"
SEED = (
    "is no seed file, which holds 64 hexadecimal digits; name another with --seed-file, "
    "and one that does not exist yet will be made"
)
GRADE = ["grade", "class", "--lab", LAB, "--out", "out", "--unsafe", "--seed-file", "seed"]


def but(**changes):
    """GRADE with some of its values changed; class_dir is the first."""
    args = list(GRADE)
    for option, value in changes.items():
        option = f"--{option.replace('_', '-')}"
        if option == "--class-dir":
            args[1] = value
        elif option in args:
            args[args.index(option) + 1] = value
        else:
            args += [option, value]
    return args


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (but(lab="lab04_rase"), 2, "there is no lab named 'lab04_rase'; did you mean 'lab04_race'?"),
        (but(lab=""), 2, f"there is no lab named ''; {THERE_ARE}"),
        (but(class_dir="clas"), 1, "CLASS_DIR clas is not there"),
        (but(class_dir="file"), 1, "CLASS_DIR file is not a folder"),
        (but(class_dir="empty"), 1, f"empty holds no notebook of lab04_race; {NAMES}"),
        (but(class_dir="texts"), 1, f"texts holds no notebook of lab04_race; {NAMES}"),
        (but(out="file"), 1, "file is a file or lies in one; name a new folder for the grades"),
        (but(out="file/out"), 1, "file/out is a file or lies in one; name a new folder for the grades"),
        (but(out="full"), 1, "full holds other files and no gradebook; name a new or an empty folder for the grades"),
        (but(out="class"), 1, f"class lies in class, {FOLDER}"),
        (but(out="class/out"), 1, f"class/out lies in class, {FOLDER}"),
        (but(out="empty/../class/x"), 1, f"empty/../class/x lies in class, {FOLDER}"),
        (but(out="loop/itself"), 1, "loop/itself is a file or lies in one; name a new folder for the grades"),
        (but(seed_file="file"), 1, f"file {SEED}"),
        (but(seed_file="empty"), 1, "the seed file empty cannot be read or made: Is a directory"),
        (
            but(seed_file="out/seed"),
            1,
            "out/seed lies in out, and must not go where the grades go; name a place outside",
        ),
        (but(roster="none.csv"), 1, "the roster none.csv cannot be read: No such file or directory"),
        (
            but(roster="bad-roster.csv"),
            1,
            "the roster bad-roster.csv has the columns name; it needs one named student, and may have lms_id, "
            "or be the gradebook that Canvas exports or Moodle's grading worksheet",
        ),
        (but(jobs="0"), 2, "Invalid value for '--jobs': 0 is not in the range x>=1."),
        (but(jobs="many"), 2, "Invalid value for '--jobs': 'many' is not a valid integer range."),
        (["grade"], 2, "Missing argument 'CLASS_DIR'."),
        (["grade", "class", "--lab", LAB], 2, "Missing option '--out'."),
        (["grade", "class", "--out", "out"], 2, "Missing option '--lab'."),
        ([*GRADE, "other"], 2, "Got unexpected extra argument (other)"),
        ([*GRADE, "--job", "3"], 2, None),
        (["grad"], 2, None),
        (["labs", "shw"], 2, None),
        (["labs", "show", "lab4_race"], 2, "there is no lab named 'lab4_race'; did you mean 'lab04_race'?"),
        (["labs", "build"], 1, "solutions holds no solved lab (a notebook named labNN_name.ipynb)"),
        (["check", "class/ada.ipynb"], 2, f"ada.ipynb does not tell its lab; say --lab NAME, {THERE_ARE}"),
        (
            ["check", "lab04_rac.ipynb"],
            2,
            "lab04_rac.ipynb does not tell its lab; say --lab NAME, did you mean 'lab04_race'?",
        ),
        (
            ["check", "lab04_race.ipynb"],
            1,
            f"lab04_race.ipynb {NO_NOTEBOOK} it cannot be read: No such file or directory",
        ),
        (["check", "file", "--lab", LAB], 1, f"file {NO_NOTEBOOK} it is not a Jupyter notebook: it is not valid JSON"),
        (["check", "empty", "--lab", LAB], 1, f"empty {NO_NOTEBOOK} it is not a regular file"),
        (["check", "file", "--lab", "lab04"], 2, "there is no lab named 'lab04'; did you mean 'lab04_race'?"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else None,
)
@needs_fork
def test_bad_input_gets_one_sentence_and_changes_nothing(optimlab, world, args, code, sentence):
    before = contents(world)
    ended, printed, errors = optimlab(*args)
    assert (ended, printed) == (code, "")
    assert errors.startswith("optimlab: ") and errors.count("\n") == 1 and "Traceback" not in errors
    if sentence is not None:
        assert errors == f"optimlab: {sentence}\n"
    made = contents(world).keys() - before.keys()
    assert made <= {world / "seed", world / "out"} and {path: contents(world)[path] for path in before} == before


@needs_fork
def test_grades_of_another_seed_are_left_alone(optimlab, world):
    assert optimlab(*GRADE)[0] == 0
    before = contents(world / "out")
    code, printed, errors = optimlab(*but(seed_file="another"))
    assert (code, printed) == (1, "") and errors.startswith(
        "optimlab: out holds grades with another seed or other questions"
    )
    assert contents(world / "out") == before


@needs_fork
def test_a_folder_that_cannot_be_written_to_is_reported(optimlab, world, monkeypatch):
    def full(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("optimlab.grading.exports.write", full)
    code, printed, errors = optimlab(*GRADE)
    assert (code, printed) == (1, "")
    assert errors == (
        "optimlab: grading stopped: [Errno 28] No space left on device; "
        "what is graded is kept, the same command goes on from there\n"
    )
    monkeypatch.undo()


@needs_fork
def test_ctrl_c_stops_with_one_line(optimlab, world, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("optimlab.grading.gradebook.Gradebook.record", interrupted)
    assert optimlab(*GRADE) == (130, "", "\noptimlab: stopped\n")


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys):
    with cli._progress(iter([1, 2]), 2) as results:
        assert list(results) == [1, 2]
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with cli._progress(iter([1, 2]), 2) as results:
        assert list(results) == [1, 2]
    printed, errors = capsys.readouterr()
    assert printed == "" and "Grading" in errors and "2/2" in errors


# --------------------------------------------------------------------------------------------------------------- check


def shown(function):
    """What check() says of it, but for the progress of a session."""
    return repr(replace(checker(LAB)(function), progress=""))


@needs_fork
@pytest.mark.parametrize(("path", "code", "points"), [(SOLVED, 0, 20), (UNSOLVED, 1, 0)])
def test_check_says_of_a_file_what_check_says_in_the_notebook(optimlab, path, code, points):
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if is_graded(cell)]
    there = {"display": lambda *_: None, "print": lambda *_: None}
    for cell in cells:
        exec("".join(cell["source"]), there)
    said = [f"{shown(there[question.name])}\n" for question in labs.load(LAB).questions]
    assert optimlab("check", path) == (code, "".join(said) + f"{points} of 20 points\n", "")


@needs_fork
@pytest.mark.parametrize("path", [SOLVED, UNSOLVED, SOLVED.with_name("lab02_edge.ipynb"), UNSOLVED.with_name("lab02_edge.ipynb")])
def test_check_says_the_same_on_a_system_that_cannot_fork(optimlab, path, monkeypatch):
    said = optimlab("check", path)
    monkeypatch.setattr(cli.sys, "platform", "win32")
    assert optimlab("check", path) == said


def test_check_says_what_is_no_notebook_on_a_system_that_cannot_fork(optimlab, monkeypatch):
    monkeypatch.setattr(cli.sys, "platform", "win32")
    assert optimlab("check", "lab04_race.ipynb") == (1, "", "optimlab: there is no notebook lab04_race.ipynb\n")


@needs_fork
def test_check_shows_the_first_differing_step_and_names_the_mistake(optimlab, tmp_path):
    def sgd(theta, g, state, *, lr, weight_decay=0):
        return theta + lr * (g + weight_decay * theta), {}

    edit = ("return theta - lr * (g", "return theta + lr * (g")
    (tmp_path / "lab04_race_ada.ipynb").write_bytes(solved(edit, first=["import os; os._exit(0)"]))
    code, printed, errors = optimlab("check", "lab04_race_ada.ipynb")
    assert (
        code == 1 and printed.startswith(f"{shown(sgd)}\nmomentum: right") and printed.endswith("\n18 of 20 points\n")
    )
    assert "gradient ascent" in printed
    assert errors == "code cell 1 was left out: its process ended, with exit code 0\n"


# ---------------------------------------------------------------------------------------------------------------- labs


def test_labs_are_listed_and_shown(optimlab):
    code, printed, errors = optimlab("labs", "list")
    assert (code, errors) == (0, "") and len(printed.splitlines()) == len(labs.names())
    [line] = [line for line in printed.splitlines() if line.startswith(LAB)]
    assert line.split(maxsplit=5) == f"{LAB} 20 points 60 minutes {labs.load(LAB).title}".split(maxsplit=5)
    code, printed, _ = optimlab("labs", "show", LAB)
    assert code == 0 and printed.startswith("lab04_race, 20 points, 60 minutes: The race: four optimizers in one valley\n")
    for question in labs.load(LAB).questions:
        assert f"\n{question.name}{question.signature}, {question.points} points\n" in printed
        assert all(f"  known mistake: {mistake.name}\n" in printed for mistake in question.mistakes)


def test_labs_build_makes_the_labs_from_their_solutions(optimlab, tmp_path):
    (tmp_path / "solved").mkdir()
    shutil.copy(SOLVED, tmp_path / "solved")
    code, printed, errors = optimlab("labs", "build", "--solutions", "solved", "--labs", "made")
    assert (code, printed, errors) == (0, "made/lab04_race.ipynb\n", "")
    made = (tmp_path / "made" / "lab04_race.ipynb").read_text(encoding="utf-8")
    assert "YOUR CODE HERE" in made and "SOLUTION" not in made and "beta * state" not in made


def test_a_new_lab_is_sound_and_can_be_shown_checked_and_graded(optimlab, tmp_path):
    code, printed, errors = optimlab("labs", "new", "lab21_loss", "--folder", "own")
    assert (code, errors) == (0, "") and printed.splitlines()[0] == "own/lab21_loss.py"
    assert optimlab("labs", "verify", "own") == (
        0,
        "lab21_loss: sound; the solution gets 20 points, the unsolved lab 0; 3 mistakes caught, 5 right and 10 wrong "
        "submissions paid as they should be\n",
        "",
    )
    own = ("--lab", "own/lab21_loss.py")
    assert optimlab("labs", "show", own[1])[1].startswith("lab21_loss, 20 points, 20 minutes: A lab of our own\n")
    assert optimlab("check", "own/labs/lab21_loss.ipynb", *own)[1].endswith("\n0 of 20 points\n")
    assert optimlab("check", "own/solutions/lab21_loss.ipynb", *own)[1].endswith("\n20 of 20 points\n")
    (tmp_path / "class").mkdir()
    shutil.copy(tmp_path / "own" / "solutions" / "lab21_loss.ipynb", tmp_path / "class" / "ada.ipynb")
    code, printed, _ = optimlab("grade", "class", *own, "--out", "out", "--unsafe")
    assert code == 0 and printed.startswith("lab21_loss: 1 student, mean 20.0 of 20 points")

    questions = tmp_path / "own" / "lab21_loss.py"
    questions.write_text(questions.read_text().replace("theta - lr * np.asarray(g)", "theta - 2 * lr * np.asarray(g)"))
    code, printed, _ = optimlab("labs", "verify", "own")
    assert code == 1 and "descend: the solution gets 0 points, not 12 (seed 0; a number: it gave 0.5, expected 0)" in printed


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lab21", "a lab is named like lab21_loss, with two digits and small letters; got 'lab21'"),
        ("lab04_rose", "lab04 is a lab of the course; take another number, lab21 for example"),
        ("lab22_old", "lab22_old.py is there already; nothing was written"),
    ],
)
def test_a_new_lab_takes_no_bad_name_and_overwrites_nothing(optimlab, tmp_path, name, said):
    (tmp_path / "lab22_old.py").write_text("")
    before = sorted(tmp_path.rglob("*"))
    assert optimlab("labs", "new", name) == (2, "", f"optimlab: {said}\n")
    assert sorted(tmp_path.rglob("*")) == before


# ------------------------------------------------------------------------------------------------------------- convert


def test_convert_prints_the_call_and_what_becomes_of_the_rest(optimlab):
    code, printed, errors = optimlab("convert", "adamw", "--from", "torch", "--to", "optax", "lr=1e-3", "weight_decay=0.1")
    assert (code, errors) == (0, "")
    assert printed.splitlines() == [
        "optax.adamw(learning_rate=0.001, weight_decay=0.1)",
        "",
        "Spelling: lr is learning_rate, betas[0] is b1, betas[1] is b2.",
        "The defaults of optax.adamw do for the rest: b1=0.9, b2=0.999, eps=1e-08.",
        "It is the same optimizer.",
    ]


def test_convert_says_what_is_lost(optimlab):
    code, printed, _ = optimlab("convert", "adam", "--from", "torch", "--to", "keras", "betas=0.9,0.95")
    assert code == 0 and printed.startswith("keras.optimizers.Adam(beta_1=0.9, beta_2=0.95, epsilon=1e-08)\n")
    assert "Keras adds eps before the bias correction" in printed and printed.endswith("It is not the same optimizer.\n")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["adamww", "--from", "torch", "--to", "optax"], "there is no rule named 'adamww'; did you mean 'adamw'?"),
        (["adamw", "--from", "tensorflow", "--to", "optax"], "there is no library named 'tensorflow'; there are optimlab, paper, torch, optax, keras, schedulefree"),
        (["adamw", "--from", "torch", "--to", "optex"], "there is no library named 'optex'; did you mean 'optax'?"),
        (["adamw", "--from", "torch", "--to", "optax", "weightdecay=1"], "torch.optim.AdamW has no setting 'weightdecay'; did you mean 'weight_decay'?"),
        (["adamw", "--from", "torch", "--to", "optax", "lr=ten"], "torch.optim.AdamW: lr must be a number, got 'ten'"),
        (["adamw", "--from", "torch", "--to", "optax", "lr=-1"], "adamw: lr must be finite and at least 0, got -1"),
        (["adamw", "--from", "torch"], "Missing option '--to'."),
        (["--from", "torch", "--to", "optax"], "Missing argument 'RULE'."),
    ],
)  # fmt: skip
def test_convert_answers_bad_input_with_one_sentence(optimlab, args, sentence):
    assert optimlab("convert", *args) == (2, "", f"optimlab: {sentence}\n")


# -------------------------------------------------------------------------------------------------------- in general


def test_the_module_is_the_command():
    for command in ([sys.executable, "-m", "optimlab"], [os.path.join(os.path.dirname(sys.executable), "optimlab")]):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, cwd=ROOT, timeout=60)
        assert (done.returncode, done.stdout) == (0, f"optimlab {__version__}\n")


@pytest.mark.parametrize(
    "args",
    [[], ["--help"], ["labs"], ["labs", "--help"], ["gradebook"], ["grade", "--help"], ["check", "--help"], ["convert", "--help"]],
)
def test_help_is_given(optimlab, args):
    code, printed, errors = optimlab(*args)
    assert (code, errors) == (0, "") and printed.startswith("Usage: optimlab")


def test_a_reader_who_leaves_early_gets_no_traceback():
    command = f"{sys.executable} -m optimlab labs show {LAB} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.startswith(LAB) and done.stderr == ""
