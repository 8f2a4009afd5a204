"""A child does as it is asked, ends when it must, and takes nothing with it but itself."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from optimlab.grading import session, wire
from optimlab.grading.jail import Limits
from optimlab.grading.session import Broken, Died, Orphaned, Zygote
from optimlab.grading.wire import Held
from optimlab.labs.question import Opaque

from .conftest import QUICK, eventually, processes
from .notebooks import notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where processes can be looked at")


def opened(zygote, *cells):
    """A child that has been given a notebook with these cells and has run none of them."""
    child = zygote.fork()
    assert list(child.ask("open", notebook(*cells), seconds=30)) == [list(cells)]
    return child


def call(child, name, *calls, item=None, seconds=30):
    calls = [[list(args), {}] for args in calls]
    return list(child.ask("call", name, item, calls, replies=len(calls), seconds=seconds))


def value(child, name):
    ((done, answer),) = call(child, name, ())
    assert done is True
    return answer


# ---------------------------------------------------------------------------------------------------- what a child does


def test_cells_run_in_order_and_one_that_fails_does_not_stop_the_next(child):
    _, fates = child(
        "x = 1", "def f(:", "1 / 0", "import sys; sys.exit()", "x += 1; assert x == 2", "raise KeyboardInterrupt"
    )
    assert fates == [
        None,
        ["syntax", "SyntaxError: invalid syntax, line 1"],
        ["exception", "ZeroDivisionError: division by zero"],
        ["exited", "it called sys.exit()"],
        None,
        ["exception", "KeyboardInterrupt: "],
    ]


def test_magics_and_shell_escapes_do_not_break_a_cell_and_no_shell_runs(child, tmp_path):
    touched = tmp_path / "touched"
    _, fates = child(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1]); plt.show()",
        "%%time\nx = 1",
        f"!touch {touched}\n%pip install nothing\nfiles = !touch {touched}",
        "%load_ext autoreload\n%autoreload 2",
        "import asyncio\nawait asyncio.sleep(0)",
        "display(x); x?",
        "%config InlineBackend.figure_format = 'retina'",
    )
    assert fates == [None] * 7 and not touched.exists()


def test_calls_are_answered_in_order_and_may_refer_to_earlier_answers(child):
    one, _ = child("def f(x, s):\n    return x + 1, [object(), s]")
    answers = call(one, "f", (1, None), (Held(0, 0), Held(0, 1)), (Held(1, 0), Held(1)))
    assert [answer[1][0] for answer in answers] == [2, 3, 4]
    assert answers[0][1][1] == [Opaque("object"), None]


def test_of_an_answer_only_the_entry_that_is_graded_leaves_the_process(child):
    one, _ = child("def f(x, s):\n    return x + 1, {'history': [0.0] * 10**6}")
    assert call(one, "f", (1, {}), (Held(0, 0), Held(0, 1)), item=0) == [
        (True, (2, Opaque("dict"))),
        (True, (3, Opaque("dict"))),
    ]


def test_a_call_that_refers_to_a_failed_one_fails_with_it(child):
    one, _ = child("def f(x):\n    return 1 / x")
    failed = (False, "exception", "ZeroDivisionError: division by zero")
    assert call(one, "f", (0,), (Held(0),), (1,)) == [failed, failed, (True, 1.0)]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("raise NotImplementedError('todo')", (False, "exception", "NotImplementedError: todo")),
        ("raise SystemExit(3)", (False, "exited", "it called sys.exit()")),
        ("exit()", (False, "exited", "it called sys.exit()")),
        ("raise KeyboardInterrupt", (False, "exception", "KeyboardInterrupt: ")),
        ("eval('1 +')", (False, "exception", "SyntaxError: invalid syntax (<string>, line 1)")),
        ("return f()", (False, "exception", "RecursionError: maximum recursion depth exceeded")),
        ("class E(Exception):\n        def __str__(self): 1 / 0\n    raise E", (False, "exception", "E")),
        ("return open", (True, Opaque("function"))),
        ("return input()", (False, "exception", "EOFError: EOF when reading a line")),
    ],
)
def test_whatever_a_function_does_the_next_call_is_answered(child, body, answer):
    one, _ = child(f"def f():\n    {body}", "def g():\n    return 7")
    (reply,) = call(one, "f", ())
    assert reply[:-1] == answer[:-1] and str(reply[-1]).startswith(str(answer[-1]))
    assert value(one, "g") == 7


def test_a_function_that_is_not_there_is_missing(child):
    one, _ = child("x = 1")
    assert call(one, "f", ()) == [(False, "missing", "")]


def test_the_last_of_several_definitions_counts(child):
    one, _ = child("def f(): return 1", "def f(): return 2")
    assert value(one, "f") == 2


def test_arguments_are_arrays_that_may_be_written_to(child):
    one, _ = child("def f(x):\n    x += 1\n    return x")
    ((_, answer),) = call(one, "f", (np.zeros(2),))
    assert np.array_equal(answer, [1.0, 1.0])


def test_floods_of_output_go_nowhere(child):
    one, fates = child(
        "import os, sys\nfor n in range(2000): print('x' * 10000); sys.stderr.write('y' * 10000)",
        "os.write(1, b'z' * 10**7); os.write(2, b'z' * 10**7)",
        "def f():\n    print('w' * 10**7)\n    return 1",
    )
    assert fates == [None] * 3 and value(one, "f") == 1


def test_two_sittings_draw_the_same_random_numbers(child):
    def draws():
        one, _ = child("import random\nimport numpy as np\ndef f(): return random.random(), np.random.rand(3)")
        return value(one, "f")

    first, second = draws(), draws()
    assert first[0] == second[0] and np.array_equal(first[1], second[1])


# ---------------------------------------------------------------------------------------------------- what a child sees


def test_nothing_of_the_graders_environment_reaches_a_child(monkeypatch, child):
    monkeypatch.setenv("SECRET_CANARY", "tweet")
    zygote = Zygote("unsafe", QUICK)
    try:
        one = opened(zygote, "import os\ndef f(): return dict(os.environ)")
        list(one.ask("run", [0], seconds=30))
        seen = value(one, "f")
    finally:
        zygote.close()
    assert "tweet" not in seen.values()
    assert {name for name in seen if not name.startswith(("OMP", "OPENBLAS", "MKL", "VECLIB", "PYTHON", "MPL"))} == {
        "HOME", "TMPDIR", "IPYTHONDIR", "PATH", "LANG", "MALLOC_ARENA_MAX",
    }  # fmt: skip


def test_a_child_holds_one_file_that_leads_out_of_it(child):
    one, _ = child(
        "import os\nhere = '/proc/self/fd'",
        "def f(): return {int(n): os.readlink(f'{here}/{n}') for n in os.listdir(here)[:-1]}",
    )
    there = value(one, "f")
    assert [there[n] for n in (0, 1, 2)] == ["/dev/null"] * 3
    assert sorted(there) == [0, 1, 2, 3] and there[3].startswith("socket:")


def test_optimlab_offers_tools_and_withholds_answers(child):
    withheld = [
        "rules",
        "labs",
        "labs.lab04",
        "labs.oracles",
        "mistakes",
        "contract",
        "symbols",
        "cli",
        "grading",
        "grading.wire",
        "nonsense",
    ]
    offered = [
        "from optimlab.problems import rosenbrock; rosenbrock.grad(rosenbrock.start)",
        "from optimlab import figures, problems, schedules, descent",
        "import optimlab.descent",
        "from optimlab.check import check\nverdict = check(print)\nassert not verdict and verdict.points == 0",
        "import optimlab; optimlab.check.check(3)",
    ]
    one, fates = child(
        *offered,
        *[f"import optimlab.{name}" for name in withheld],
        "def f():\n    import sys\n    return sorted(sys.modules)",
    )
    assert fates[: len(offered)] == [None] * len(offered)
    for name, (status, message) in zip(withheld, fates[len(offered) : -1]):
        assert status == "exception" and message == (
            f"ImportError: optimlab.{name.split('.')[0]} cannot be imported in a graded notebook: "
            "there optimlab offers problems, schedules, figures, descent and check"
        )
    assert [name for name in value(one, "f") if name.startswith("optimlab")] == [
        "optimlab",
        *[f"optimlab.{name}" for name in ("check", "descent", "figures", "ops", "problems", "schedules")],
    ]


def test_the_descent_runs_a_students_own_rule_and_none_of_ours(child):
    _, fates = child(
        "from optimlab.descent import minimize\nfrom optimlab.problems import rosenbrock",
        "def mine(theta, g, state, *, lr): return theta - lr * g, {}",
        "assert minimize(rosenbrock, mine, lr=1e-3, steps=3).theta.shape == (4, 2)",
        "minimize(rosenbrock, 'adam', steps=3)",
    )
    assert fates[:3] == [None] * 3 and fates[3][1].startswith("ImportError: optimlab.rules cannot be imported")


# ----------------------------------------------------------------------------------------------------- how a child ends


@pytest.mark.parametrize(
    ("cell", "status", "message"),
    [
        ("while True: pass", "timeout", "it took longer than 1 s"),
        (
            "import time\nwhile True:\n    try: time.sleep(9)\n    except BaseException: pass",
            "timeout",
            "it took longer than 1 s",
        ),
        ("import os; os._exit(0)", "exited", "its process ended, with exit code 0"),
        ("import os; os._exit(3)", "exited", "its process ended, with exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exited", "its process ended, with signal SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "exited", "its process ended, with signal SIGSEGV"),
        ("import os, time; os.close(3); time.sleep(60)", "exited", "it closed the grader's channel"),
        ("import os; os.close(3)", "exited", "its process ended, with exit code 1"),
        ("import os; os.write(3, b'x' * 10**5)", "exited", "it wrote to the grader's channel itself"),
        ("import os; os.write(3, bytes(4))", "exited", "it wrote to the grader's channel itself"),
        ("import os; os.write(3, b'\\xff' * 4)", "exited", "it wrote to the grader's channel itself"),
        ("import os; os.write(3, b'\\x10')\nwhile True: pass", "timeout", "it took longer than 1 s"),
        ("x = []\nwhile True: x.append(bytearray(1 << 20))", "memory", "it needed more than the 128 MB it may have"),
        ("import numpy as np; np.ones(10**12)", "memory", "it needed more than the 128 MB it may have"),
        ("x = [0]\nwhile True: x += x", "memory", "it needed more than the 128 MB it may have"),
        ("x = '\\0'\nwhile True: x += x", "memory", "it needed more than the 128 MB it may have"),
    ],
)
def test_a_cell_that_ends_its_process_is_told_by_how_and_the_next_child_is_well(zygote, child, cell, status, message):
    one = opened(zygote, cell)
    with pytest.raises(Died) as death:
        list(one.ask("run", [0], seconds=1 if status == "timeout" else 30))
    assert (death.value.status, death.value.message) == (status, message)
    other, fates = child("def f(): return 1")
    assert fates == [None] and value(other, "f") == 1


def forge(number, reply):
    """A cell that writes a reply of its own."""
    return f"import os; os.write(3, {wire.pack([number, reply])!r})"


def test_a_forged_reply_counts_as_the_answer_it_is_and_the_real_one_gives_it_away(child):
    """What a student can say in a frame of his own is no more than what his function could have returned."""
    one, fates = child(forge(2, None), "def f(): return 2.0")
    assert fates == [None, None]  # the forged one, and the real one of the first cell
    with pytest.raises(Died, match="it wrote to the grader's channel itself"):
        call(one, "f", ())


def test_an_answer_that_comes_before_its_question_gives_itself_away(zygote):
    one = opened(zygote, forge(3, [True, 1.0]))
    with pytest.raises(Died, match="it wrote to the grader's channel itself"):
        list(one.ask("run", [0], seconds=30))


def test_every_reply_has_its_own_time(child):
    one, _ = child("import time\ndef f(): time.sleep(0.6); return 1")
    assert call(one, "f", *[()] * 6, seconds=3) == [(True, 1)] * 6  # 3.6 s in all


def test_a_deadline_for_everything_cuts_the_last_reply_short(zygote):
    one = zygote.fork()
    one.deadline = 0
    with pytest.raises(Died, match="its time for everything was up") as death:
        list(one.ask("open", notebook("x = 1"), seconds=30))
    assert death.value.status == "timeout"


def test_an_answer_far_larger_than_allowed_stays_behind(child):
    one, _ = child(
        "import numpy as np\ndef f(): return 1.0, np.broadcast_to(0.0, (10**5, 10**5)), b'x' * (17 << 20), [[]] * 10**5"
    )
    (reply,) = call(one, "f", ())
    assert reply == (True, (1.0, Opaque("numpy array, too large"), Opaque("bytes, too long"), Opaque("list, too long")))


def test_an_endless_frame_is_given_up_at_its_first_length(child, zygote):
    one = opened(zygote, "import os\nwhile True: os.write(3, b'\\xff' * (1 << 20))")
    with pytest.raises(Died, match="it wrote to the grader's channel itself"):
        list(one.ask("run", [0], seconds=30))
    assert len(one.incoming) <= wire.MAX_FRAME + (2 << 20)


@pytest.fixture
def nap():
    """How long a process sleeps that should not: a number by which no other test knows its own."""
    return str(random.SystemRandom().randrange(300, 600) + random.SystemRandom().random())


def test_what_a_child_started_ends_with_it(zygote, child, nap):
    one, fates = child(f"import subprocess\np = subprocess.Popen(['sleep', '{nap}'])", "def f(): return p.pid")
    sleeper = value(one, "f")
    assert os.path.exists(f"/proc/{sleeper}")
    one.end()
    assert eventually(lambda: not os.path.exists(f"/proc/{sleeper}"))


def test_what_a_child_started_ends_with_it_even_if_it_exits_first(zygote, nap):
    one = zygote.fork()
    cell = f"import os, subprocess\np = subprocess.Popen(['sleep', '{nap}'])\nos._exit(0)"
    list(one.ask("open", notebook(cell), seconds=30))
    with pytest.raises(Died, match="exit code 0"):
        list(one.ask("run", [0], seconds=30))
    assert eventually(lambda: not processes(nap))


def test_a_child_leaves_no_file_and_changes_nothing_for_the_next(child, zygote):
    one, _ = child(
        "import os\nopen('note.txt', 'w').write('hello')\nopen(os.path.expanduser('~/note.txt'), 'w')",
        "import builtins, random, numpy, optimlab.problems, sys",
        "builtins.sorted = numpy.array = random.random = print\n"
        "numpy.ndarray = numpy.float64 = list\noptimlab.problems.rosenbrock = None\nsys.modules['json'] = None",
        "def f(): return os.getcwd()",
    )
    there = value(one, "f")
    other, fates = child(
        "import os, builtins, json, random, numpy as np, optimlab.problems",
        "assert sorted([1]) == [1] and json.dumps(1) == '1'",
        "assert random.random() < 1 and type(np.array([1])) is np.ndarray and optimlab.problems.rosenbrock",
        "def f(): return os.getcwd(), os.listdir('.'), os.listdir(os.path.expanduser('~'))",
    )
    assert fates == [None] * 4
    here, *files = value(other, "f")
    assert here != there and files == [[], []] and not os.path.exists(there)


def test_a_child_that_breaks_its_own_python_breaks_no_other(child, zygote):
    one = opened(zygote, "import builtins; builtins.len = builtins.type = builtins.isinstance = None")
    with pytest.raises(Died, match="its process ended, with exit code 1"):
        list(one.ask("run", [0], seconds=30))
    assert child("assert len([type(1)]) == 1")[1] == [None]


def test_a_deep_tree_of_folders_does_not_stop_the_zygote(child, zygote):
    one, fates = child("import os\nfor n in range(1500):\n    os.mkdir('d'); os.chdir('d')", "def f(): return 1")
    assert fates == [None, None]
    started = zygote.started
    one.end()
    other, fates = child("x = 1")
    assert fates == [None] and zygote.started == started


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("open('big', 'wb').write(bytes(2 << 20))", "OSError: [Errno 27] File too large"),
        ("files = [open('/dev/null') for _ in range(100)]", "OSError: [Errno 24] Too many open files: '/dev/null'"),
    ],
)
def test_files_are_bounded_in_size_and_number(child, cell, error):
    _, fates = child(cell)
    assert fates == [["exception", error]]


def test_the_processor_time_of_a_child_is_bounded_whatever_the_clock_says():
    zygote = Zygote("unsafe", Limits(total_seconds=0.5))
    try:
        one = opened(zygote, "while True: pass")
        with pytest.raises(Died, match="it used up its share of the processor") as death:
            list(one.ask("run", [0], seconds=60))
        assert death.value.status == "timeout"
    finally:
        zygote.close()


# ---------------------------------------------------------------------------------------------------------- the zygote


def test_a_zygote_is_replaced_when_it_is_worn_out(monkeypatch):
    monkeypatch.setattr(session, "FORKS", 2)
    zygote = Zygote("unsafe", QUICK)
    try:
        for _ in range(5):
            assert list(zygote.fork().ask("open", notebook("x"), seconds=30)) == [["x"]]
        assert zygote.started == 3
    finally:
        zygote.close()


def test_a_zygote_that_is_killed_orphans_its_child_and_is_replaced(zygote, child):
    one, _ = child("def f():\n    import os, time\n    os.kill(os.getppid(), 9)\n    time.sleep(60)")
    with pytest.raises(Orphaned):
        call(one, "f", (), seconds=30)
    other, fates = child("x = 1")
    assert fates == [None]


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_zygote_may_be_killed_or_stopped_between_two_children(zygote, child, monkeypatch, blow):
    """By what a submission left behind; the next one must not pay for it."""
    monkeypatch.setattr(session, "START_SECONDS", 3)
    monkeypatch.setattr(session, "END_SECONDS", 1)
    one, _ = child("import os\ndef f(): return os.getppid()")
    itself = value(one, "f")
    zygote.child.end()
    os.kill(itself, blow)
    if blow == signal.SIGKILL:
        zygote.process.wait(10)
    _, fates = child("x = 1")
    assert fates == [None]


def test_a_zygote_that_is_stopped_by_its_child_is_replaced(zygote, child, monkeypatch):
    monkeypatch.setattr(session, "END_SECONDS", 1)
    one = opened(zygote, "import os, signal; os.kill(os.getppid(), signal.SIGSTOP)\nwhile True: pass")
    with pytest.raises(Died, match="it took longer than 1 s"):
        list(one.ask("run", [0], seconds=1))
    assert one.usage is not None
    _, fates = child("x = 1")
    assert fates == [None]


def test_closing_leaves_no_process_and_no_file(nap):
    zygote = Zygote("unsafe", QUICK)
    one = opened(zygote, f"import subprocess; subprocess.Popen(['sleep', '{nap}'])\nwhile True: pass")
    with pytest.raises(Died):
        list(one.ask("run", [0], seconds=0.5))
    zygote.fork()
    scratch = zygote.scratch
    assert processes(scratch)
    zygote.close()
    assert eventually(lambda: not processes(scratch) and not processes(nap))
    assert not os.path.exists(scratch)
    with pytest.raises(Broken, match="grading was stopped"):
        zygote.fork()


def test_a_grader_that_is_killed_leaves_no_process_behind():
    script = """
        import sys
        from optimlab.grading.session import Zygote
        from optimlab.grading.jail import Limits
        zygote = Zygote("unsafe", Limits())
        child = zygote.fork()
        list(child.ask("open", b'{"cells": [{"cell_type": "code", "source": "while True: pass"}]}', seconds=60))
        print(zygote.scratch, flush=True)
        list(child.ask("run", [0], seconds=600))
    """
    grader = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    scratch = grader.stdout.readline().strip()
    assert len(processes(scratch)) == 3  # the zygote, its child, and the keeper outside
    grader.kill()
    grader.wait()
    grader.stdout.close()
    assert eventually(lambda: not processes(scratch) and not os.path.exists(scratch))


def test_a_zygote_that_cannot_start_says_why(monkeypatch, tmp_path):
    (tmp_path / "IPython.py").write_text("raise ImportError('IPython is not installed')")
    make = session.tree.make

    def without_ipython(folder):
        shown = make(folder)
        return shown._replace(search=(str(tmp_path), *shown.search))

    monkeypatch.setattr(session.tree, "make", without_ipython)
    with pytest.raises(Broken, match="did not start: ImportError: IPython is not installed"):
        Zygote("unsafe", QUICK).fork()


def test_the_zygote_holds_no_answers(child):
    """Nor can it: of optimlab only what a student is offered is in its memory, and the seed never gets there."""
    one, _ = child(
        "import gc, types\nmodules = {m.__name__ for m in gc.get_objects() if isinstance(m, types.ModuleType)}",
        "def f(): return sorted(modules)",
    )
    there = [name for name in value(one, "f") if name.startswith("optimlab")]
    assert not {"optimlab.rules", "optimlab.mistakes", "optimlab.labs"} & set(there)
    assert not [name for name in there if name.startswith("optimlab.labs")]


def test_the_control_socket_speaks_one_line_of_json(zygote, child):
    """What the zygote reports is what the grader measures a submission by."""
    one, _ = child("sum(range(10**6))")
    one.end()
    assert set(one.usage) == {"status", "cpu", "memory", "own"} and one.usage["cpu"] > 0 and one.usage["memory"] > 10
    assert isinstance(zygote.control, socket.socket) and json.dumps(one.usage)
