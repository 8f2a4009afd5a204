"""Kernels: the print of a body does what the body does, in JavaScript, to the last bit."""

import itertools
import json
import operator
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from optimlab import kernels
from optimlab.contract import rule
from optimlab.kernels import JAVASCRIPT, Untraceable, javascript, trace, trace_surface
from optimlab.ops import maximum, norm, sign, sqrt
from optimlab.problems import beale, noisy_quadratic, quadratic, reddi, rosenbrock, saddle, sparse_logistic
from optimlab.rules import RULES

PLAIN = [(name, {}) for name in RULES if name not in ("rmsprop", "amsgrad", "muon")]
RMSPROP = [("rmsprop", {"centered": c, "debias": d}) for c, d in itertools.product((False, True), repeat=2)]
VARIANTS = [*PLAIN, *RMSPROP, *(("amsgrad", {"debias": when}) for when in ("after", "before", "none"))]
SURFACES = {
    "quadratic": (quadratic, ("kappa", "angle")),
    "noisy_quadratic": (noisy_quadratic, ("kappa", "sigma", "angle")),
    "saddle": (saddle, ("sigma",)),
    "rosenbrock": (rosenbrock, ()),
    "beale": (beale, ()),
}
STEPS = 40
WORK_OUT = {
    **{"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "negative": operator.neg},
    **{"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne},
    **{"sqrt": sqrt, "maximum": maximum, "sign": sign, "cos": np.cos, "sin": np.sin, "pow": operator.pow},
    "choose": lambda asked, one, other: np.where(asked, one, other) if np.ndim(asked) else one if asked else other,
}
HARNESS = """
const { codes, cases } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const made = codes.map((code) => eval(code));
function injected(table) {
  const known = new Map(table.map(([name, args, value]) => [`${name}(${args})`, value]));
  const look = (name) => (...args) => {
    if (!known.has(`${name}(${args})`)) throw new Error(`${name}(${args}) was not injected`);
    return known.get(`${name}(${args})`);
  };
  return { pow: look('pow'), cos: look('cos'), sin: look('sin') };
}
const answers = cases.map(({ code, hyper, table, calls }) => {
  const program = made[code](hyper, table ? injected(table) : Math);
  return calls.map(([what, ...args]) => (args.length ? program[what](...args) : program[what]));
});
const legible = (key, value) => (typeof value === 'number' && !Number.isFinite(value) ? `${value}` : value);
console.log(JSON.stringify(answers, legible));
"""


@pytest.fixture(scope="module")
def node():
    """Run printed programs in Node: (codes, cases) -> the answers to the calls of each case."""
    beside = Path(sys.executable).with_name("node")
    executable = shutil.which("node") or (str(beside) if beside.exists() else None)
    if not executable:
        pytest.skip("needs node: make test")

    def run(codes, cases):
        done = subprocess.run(
            [executable, "-e", HARNESS],
            input=json.dumps({"codes": codes, "cases": cases}, allow_nan=False),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout, parse_int=float)

    return run


def work_out(program, hyper, leaves, table=None):
    """The outputs of a program in NumPy; what its powers and cosines were is added to ``table``."""
    values = []
    for name, arguments in program.nodes:
        if name == "constant":
            values.append(arguments[0])
        elif name == "hyper":
            values.append(hyper[arguments[0]])
        elif name in kernels.LEAVES:
            values.append(leaves[(name, *arguments)])
        else:
            given = [values[place] for place in arguments]
            values.append(WORK_OUT[name](*given))
            if table is not None and name in ("pow", "cos", "sin"):
                for *each, value in np.nditer([*given, values[-1]]):
                    table.append([name, [float(x) for x in each], float(value)])
    return {key: values[place] for key, place in program.outputs.items()}


def step_leaves(program, theta, g, state):
    born = {key: theta if born == "theta" else born for key, born in program.born.items()}
    return {("theta",): theta, ("g",): g} | {("memory", key): state.get(key, born[key]) for key in born}


def surface_leaves(theta, noise=(0.0, 0.0)):
    return {("coordinate", i): theta[..., i] for i in range(2)} | {("noise", i): noise[i] for i in range(2)}


def random_hyper(name, rng):
    """Numbers a reader may choose for a rule, lr small enough for runs to stay finite, mostly."""
    drawn = {"lr": 10 ** rng.uniform(-4, -2), "eps": 10 ** rng.uniform(-12, -1), "weight_decay": rng.choice([0.0, 0.1])}
    betas = {key: float(rng.choice([0.0, 0.5, 0.9, 0.99])) for key in ("beta", "beta1")}
    drawn |= betas | {"beta2": float(rng.choice([0.9, 0.99, 0.999])), "threshold": rng.uniform(4, 6)}
    return {key: float(drawn[key]) for key in trace(name).hyper}


def random_surface(name, rng):
    drawn = {"kappa": 10 ** rng.uniform(0, 2), "angle": rng.uniform(-90, 90), "sigma": rng.uniform(0, 1)}
    return {key: drawn[key] for key in SURFACES[name][1]}


def problem_of(surface, numbers):
    make, _ = SURFACES[surface]
    return make(**numbers) if callable(make) else make


def drawn_run(name, options, surface, seed):
    """A descent of the shipped rule on the shipped problem: its numbers and, step by step, (theta, g, state)."""
    rng = np.random.default_rng([seed, *name.encode(), *surface.encode()])
    hyper, numbers = random_hyper(name, rng), random_surface(surface, rng)
    problem, theta, state, path = problem_of(surface, numbers), rng.uniform(-1.5, 1.5, size=(1, 2)), {}, []
    for t in range(1, STEPS + 1):
        g = problem.sample(theta, t, rng) if problem.sample else problem.grad(theta)
        path.append((theta, g, state))
        theta, state = RULES[name](theta, g, state, **hyper, **options)
        if not np.abs(theta).max() < 1e6:
            break
    path.append((theta, None, state))
    return hyper, path


def plain(x):
    return x.ravel().tolist() if isinstance(x, np.ndarray) else x


def plain_state(program, theta, state):
    """A memory as JavaScript holds it: an array for each entry that differs from coordinate to coordinate."""
    born = {key: theta if value == "theta" else value for key, value in program.born.items()}
    each = {key for key, place in program.outputs.items() if place in program.varying}
    held = {key: state.get(key, value) for key, value in born.items()}
    return {key: plain(value + 0 * theta if key in each else value) for key, value in held.items()}


@pytest.fixture(scope="module")
def runs():
    """Every variant of every rule on every surface, twice."""
    return [
        (variant, program := trace(variant[0], **variant[1]), *drawn_run(*variant, surface, seed))
        for variant in VARIANTS
        for surface in SURFACES
        for seed in (0, 1)
    ]


def javascript_steps(node, runs, inject):
    """What one step in JavaScript makes of every state of every run, beside what Python made of it."""
    codes, cases = [], []
    for _, program, hyper, path in runs:
        table = [] if inject else None
        calls = []
        for theta, g, state in path[:-1]:
            work_out(program, hyper, step_leaves(program, theta, g, state), table)
            calls.append(["step", plain(theta), plain(g), plain_state(program, theta, state)])
        codes.append(javascript(program))
        cases.append({"code": len(codes) - 1, "hyper": hyper, "table": table, "calls": calls})
    for (variant, program, _, path), answers in zip(runs, node(codes, cases), strict=True):
        for (theta, _, _), (after, _, state), (got, memory) in zip(path, path[1:], answers, strict=False):
            expected = {"theta": plain(after), **plain_state(program, after, state)}
            yield variant, theta, expected, {"theta": got, **memory}


def test_every_rule_but_the_one_for_matrices_is_traced_with_each_of_its_options():
    assert dict(VARIANTS).keys() == RULES.keys() - {"muon"}
    assert len(VARIANTS) == len(RULES) - 3 + 4 + 3


def test_a_trace_works_out_what_the_body_does_bit_for_bit_on_any_array(runs):
    for (name, options), program, hyper, _ in runs[:: len(SURFACES)]:
        rng, state = np.random.default_rng(0), {}
        for dtype in (np.float64, np.float32):
            theta, state = rng.normal(size=(3, 5)).astype(dtype), {}
            for _ in range(8):
                g = rng.normal(size=(3, 5)).astype(dtype)
                got = work_out(program, hyper, step_leaves(program, theta, g, state))
                theta, state = RULES[name](theta, g, state, **hyper, **options)
                assert got["theta"].dtype == dtype and np.array_equal(got.pop("theta"), theta)
                assert got.keys() == state.keys() and all(np.array_equal(got[key], state[key]) for key in state)


def test_with_powers_injected_javascript_steps_bit_for_bit_as_the_shipped_rule(node, runs):
    seen = 0
    for variant, _, expected, got in javascript_steps(node, runs, inject=True):
        assert got.keys() == expected.keys()
        for key in got:
            assert np.array_equal(got[key], expected[key]), (variant, key)
        seen += 1
    assert seen > 0.8 * len(runs) * STEPS


def test_with_its_own_powers_javascript_steps_to_thirteen_digits(node, runs):
    worst = 0
    for variant, theta, expected, got in javascript_steps(node, runs, inject=False):
        for key in got:
            scale = np.maximum(np.abs(expected[key]), np.abs(plain(theta)) if key == "theta" else 0)
            error = np.max(np.abs(np.subtract(got[key], expected[key])) / np.where(scale > 0, scale, 1))
            worst = max(worst, error)
            assert error <= 1e-13, (variant, key, error)
    assert worst > 0, "JavaScript's own powers should differ by a last bit here and there"


def surface_answers(node, inject):
    """Loss, grad and sample of every surface at random points, with random settings: what came and what Python says."""
    rng, codes, cases, expected = np.random.default_rng(0), [], [], []
    for name, (make, numbers) in SURFACES.items():
        codes.append(javascript(program := trace_surface(make, *numbers)))
        for _ in range(5):
            hyper = random_surface(name, rng)
            problem, theta, noise = problem_of(name, hyper), rng.normal(size=(20, 2)) * 2, rng.normal(size=2)
            table = [] if inject else None
            work_out(program, hyper, surface_leaves(theta, noise), table)
            asked = {"loss": problem.f(theta), "grad": problem.grad(theta)}
            calls = [[what, point.tolist()] for what in asked for point in theta]
            answers = [value.tolist() for values in asked.values() for value in values]
            if problem.sample:
                calls += [["sample", point.tolist(), noise.tolist()] for point in theta]
                answers += problem.sample(theta, 1, Draws(noise)).tolist()
            calls += [["start"], ["minimum"]]
            cases.append({"code": len(codes) - 1, "hyper": hyper, "table": table, "calls": calls})
            expected.append([*answers, problem.start.tolist(), problem.minimum.tolist()])
    return node(codes, cases), expected


class Draws:
    """A random generator whose draws are known."""

    def __init__(self, noise):
        self.noise = noise

    def normal(self, size):
        assert size == len(self.noise)
        return self.noise


def test_with_powers_and_cosines_injected_surfaces_agree_bit_for_bit(node):
    got, expected = surface_answers(node, inject=True)
    assert got == expected and len(got) == 5 * len(SURFACES)


def test_with_its_own_powers_and_cosines_surfaces_agree_to_thirteen_digits(node):
    for got, expected in zip(*surface_answers(node, inject=False), strict=True):
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-13 * np.max(np.abs(other)))


@rule
def everything(theta, g, state, *, lr=0.5):
    """Holds every operation a trace can hold, and a branch on each comparison."""
    t = state.get("t", 0) + 1
    v = maximum(state.get("v", -0.25) - theta / (1 + g * g), g) + lr**t
    if t < 3:
        v = sqrt(v * v) - lr
    if t <= 4:
        v = -v
    if t > 5:
        v = v + sign(theta)
    if t >= 7:
        v = v - lr * g
    if t == 9:
        v = v * 3
    if t != 10:
        v = v + 1
    return theta - (lr - (theta - v)) / (3 * (g + 4)) / (4 / (lr / 2)), {"t": t, "v": v}


del RULES["everything"]


def everything_in_javascript(node):
    """Twelve steps of it in Python and in JavaScript, every power injected."""
    program, rng = trace(everything), np.random.default_rng(0)
    theta, state, path, table, calls = rng.normal(size=(1, 2)), {}, [], [], []
    for _ in range(12):
        g = rng.normal(size=(1, 2))
        work_out(program, {"lr": 0.5}, step_leaves(program, theta, g, state), table)
        calls.append(["step", plain(theta), plain(g), plain_state(program, theta, state)])
        theta, state = everything(theta, g, state)
        path.append([plain(theta), plain_state(program, theta, state)])
    return node([javascript(program)], [{"code": 0, "hyper": {"lr": 0.5}, "table": table, "calls": calls}])[0], path


def test_a_body_with_every_operation_and_branch_agrees_bit_for_bit(node):
    got, expected = everything_in_javascript(node)
    assert got == expected
    surfaces = [trace_surface(make, *numbers) for make, numbers in SURFACES.values()]
    held = {name for program in (trace(everything), *surfaces) for name, _ in program.nodes}
    assert set(JAVASCRIPT) == held - set(kernels.LEAVES)


SLIPS = {
    **{"+": "{} - {}", "-": "{} + {}", "*": "{} / {}", "/": "{} * {}", "negative": "+{}", "choose": "{0} ? {2} : {1}"},
    **{"<": "{} <= {}", "<=": "{} < {}", ">": "{} >= {}", ">=": "{} > {}", "==": "{} !== {}", "!=": "{} === {}"},
    **{"sqrt": "Math.cbrt({})", "sign": "Math.abs({})", "maximum": "Math.min({}, {})", "pow": "libm.pow({1}, {0})"},
    **{"cos": "libm.sin({})", "sin": "libm.cos({})"},
}


@pytest.mark.parametrize("name", JAVASCRIPT)
def test_a_slip_in_the_print_of_any_operation_is_found(name, node, monkeypatch):
    template, tightness = JAVASCRIPT[name]
    monkeypatch.setitem(JAVASCRIPT, name, (SLIPS[name], tightness))
    try:
        if name in ("cos", "sin"):
            got, expected = surface_answers(node, inject=False)
        else:
            got, expected = everything_in_javascript(node)
        assert got != expected
    except AssertionError as refused:
        assert "was not injected" in str(refused)


@pytest.mark.parametrize("name", ["+", "-", "*", "/"])
def test_a_bracket_left_out_is_found(name, node, monkeypatch):
    template, _ = JAVASCRIPT[name]
    monkeypatch.setitem(JAVASCRIPT, name, (template, 9))
    got, expected = everything_in_javascript(node)
    assert got != expected


def body_of(lines):
    """A rule that does what ``lines`` say, known to nobody."""
    space = {"rule": rule, "np": np, "norm": norm, "sqrt": sqrt}
    exec("@rule\ndef odd(theta, g, state, *, lr=0.1, nesterov=False):\n    " + "\n    ".join(lines), space)
    del RULES["odd"]
    return space["odd"]


REFUSED = {
    "a norm needs all coordinates": (["return theta - lr * g / norm(g), {}"], "all coordinates together"),
    "a mean does, too": (["return theta - lr * np.mean(g), {}"], "all coordinates together"),
    "a function no trace holds": (["return theta - lr * np.exp(g), {}"], "exp"),
    "a list": (["return theta - lr * [g], {}"], "list"),
    "an array": (["return theta - lr * np.array([1.0, 2.0]) * g, {}"], "ndarray"),
    "the value of a number": (["return theta - lr * float(g), {}"], "asks for the value of a number"),
    "a loop that waits": (["while g > lr:", "    g = g / 2", "return theta - g, {}"], "on and on"),
    "too many ways": (["for k in range(9):", "    g = g + 1 if g > k else g", "return g, {}"], "more than 64 ways"),
    "whether the memory is empty": (["return theta - lr * g, {} if state else {}"], "looks into its memory"),
    "an entry without its birth": (['v = state["v"] + g', 'return theta - lr * v, {"v": v}'], "looks into its memory"),
    "a birth that is no number": (['v = state.get("v", g)', 'return v, {"v": v}'], "start at a number or at theta"),
    "a memory that is never read": (['return theta - lr * g, {"v": g}'], "reads nothing of its memory but writes v"),
    "memories that depend on the way": (
        ['m = state.get("m", 0)', 'return theta, {"m": m} if g > 0 else {"m": m, "n": m}'],
        "writes m, n",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_trace_can_hold_is_refused_with_a_sentence(what):
    lines, said = REFUSED[what]
    with pytest.raises(Untraceable, match=rf"^odd cannot be traced: .*(?:{said})"):
        trace(body_of(lines))


def test_muon_and_problems_with_a_constraint_or_of_data_are_refused():
    with pytest.raises(Untraceable, match="muon cannot be traced: it acts on whole matrices"):
        trace("muon")
    with pytest.raises(Untraceable, match="Reddi's online problem, C = 3 cannot be traced: .* constraints"):
        trace_surface(reddi())
    with pytest.raises(Untraceable, match="cannot be traced"):
        trace_surface(sparse_logistic(n=20, d=4)[0])


def test_an_unknown_option_is_answered_with_the_nearest():
    with pytest.raises(TypeError, match="trace: rmsprop has no option 'centred'; did you mean 'centered'?"):
        trace("rmsprop", centred=True)


def test_a_branch_both_of_whose_ways_agree_leaves_no_condition():
    held = {name for name, _ in trace(body_of(["g = g * 1 if g > 0 else g * 1", "return theta - g, {}"])).nodes}
    assert "choose" not in held


def test_only_what_differs_from_coordinate_to_coordinate_is_worked_out_in_the_loop():
    before, loop = javascript(trace("radam")).split("for (let i")
    assert "libm.pow" in before and "libm.pow" not in loop and "> threshold" in before
