"""The rules: one body on every number system, pure, coordinate by coordinate, with the properties the book proves."""

import copy
import importlib.util
import itertools
import math

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optimlab.rules import (
    RULES, adagrad, adam, adam_l2, adamw, amsgrad, momentum, muon, nesterov, newton_schulz, radam, rmsprop,
    schedule_free_adamw, schedule_free_sgd, sgd,
)  # fmt: skip

SETTINGS = [
    ("sgd", dict(lr=0.1)),
    ("sgd", dict(lr=0.1, weight_decay=0.03)),
    ("momentum", dict(lr=0.1)),
    ("momentum", dict(lr=0.03, beta=0.99)),
    ("nesterov", dict(lr=0.1)),
    ("nesterov", dict(lr=0.03, beta=0.3)),
    ("adagrad", dict(lr=0.1)),
    ("adagrad", dict(lr=0.7, eps=0.1)),
    ("rmsprop", dict(lr=0.01)),
    ("rmsprop", dict(lr=0.01, beta=0.9, eps=0.1, debias=True)),
    ("rmsprop", dict(lr=0.01, beta=0.9, centered=True)),
    ("rmsprop", dict(lr=0.01, beta=0.75, eps=1e-3, centered=True, debias=True)),
    ("adam", dict()),
    ("adam", dict(lr=0.1, beta1=0.8, beta2=0.95, eps=0.1)),
    ("adam", dict(lr=0.1, beta1=0, beta2=0, eps=1)),
    ("adam_l2", dict(lr=0.1)),
    ("adam_l2", dict(lr=0.01, beta1=0.7, beta2=0.9, eps=1e-3, weight_decay=0.3)),
    ("adamw", dict(lr=0.1)),
    ("adamw", dict(lr=0.01, beta1=0.7, beta2=0.9, eps=1e-3, weight_decay=0.3)),
    ("amsgrad", dict(lr=0.1)),
    ("amsgrad", dict(lr=0.1, beta1=0.8, beta2=0.9, eps=0.1, debias="after")),
    ("amsgrad", dict(lr=0.1, beta1=0.8, beta2=0.9, debias="before")),
    ("amsgrad", dict(lr=0.1, beta1=0.8, beta2=0.9, debias="none")),
    ("radam", dict(lr=0.1)),
    ("radam", dict(lr=0.1, beta1=0.8, beta2=0.9, eps=0.1, threshold=4)),
    ("radam", dict(lr=0.1, beta2=0.6)),
    ("schedule_free_sgd", dict(lr=0.1)),
    ("schedule_free_sgd", dict(lr=0.03, beta=1)),
    ("schedule_free_adamw", dict()),
    ("schedule_free_adamw", dict(lr=0.1, beta1=0.5, beta2=0.9, eps=0.1, weight_decay=0.3)),
]  # all that act on each coordinate alone: all but muon
LABELS = [f"{name}({', '.join(f'{key}={value}' for key, value in hyper.items())})" for name, hyper in SETTINGS]
every_setting = pytest.mark.parametrize("name, hyper", SETTINGS, ids=LABELS)
every_rule = pytest.mark.parametrize("name", [name for name in RULES if name != "muon"])
STEPS, START = 200, [1.5, -0.75, 0.0, 1e-3, -40.0]


def random_gradients(steps=STEPS, shape=(len(START),), seed=0):
    """Normal gradients of very different sizes, some of them 0, the first among them."""
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(steps, *shape)) * 10.0 ** rng.integers(-6, 3, size=shape)
    gradients[rng.random(gradients.shape) < 0.05] = 0.0
    gradients.reshape(steps, -1)[0, :1] = 0.0
    return gradients


def walk(rule, theta, gradients, **hyper):
    """All that a rule returns on the way: [(theta_1, state_1), ...]."""
    path, state = [], {}
    for g in gradients:
        theta, state = rule(theta, g, state, **hyper)
        path.append((theta, state))
    return path


def bits(path, read=np.asarray):
    """Parameters and memory of a whole path as one float64 array."""
    return np.array(
        [[np.broadcast_to(read(x), np.shape(theta)) for x in (theta, *state.values())] for theta, state in path]
    )


def objects(x):
    return np.asarray(x).astype(object)


def reference(name, hyper, gradients):
    """The path on float64 arrays, which the other number systems are compared with."""
    return bits(walk(RULES[name], np.array(START), gradients, **hyper))


def is_same(ours, wanted):
    return ours.shape == wanted.shape and np.array_equal(ours, wanted) and np.isfinite(wanted).all()


# One body on every number system: the same bits


def test_every_rule_is_among_the_settings():
    assert {name for name, _ in SETTINGS} == RULES.keys() - {"muon"}


@every_setting
def test_python_floats_go_where_arrays_go(name, hyper):
    gradients = random_gradients()
    wanted = reference(name, hyper, gradients)
    for i, start in enumerate(START):
        path = walk(RULES[name], start, gradients[:, i].tolist(), **hyper)
        assert all(type(x) in (float, int) for theta, state in path for x in (theta, *state.values()))
        assert is_same(bits(path), wanted[..., i])


@every_setting
def test_object_arrays_of_floats_go_where_arrays_go(name, hyper):
    gradients = random_gradients()
    path = walk(RULES[name], objects(START), objects(gradients), **hyper)
    assert all(type(entry) is float for theta, state in path for entry in theta)
    assert is_same(bits(path, lambda x: np.asarray(x, dtype=float)), reference(name, hyper, gradients))


@every_setting
def test_torch_tensors_go_where_arrays_go(name, hyper):
    torch = pytest.importorskip("torch")
    gradients = random_gradients()
    path = walk(RULES[name], torch.tensor(START, dtype=torch.float64), torch.tensor(gradients), **hyper)
    assert all(theta.dtype == torch.float64 for theta, _ in path)
    assert is_same(bits(path), reference(name, hyper, gradients))


@every_setting
def test_numbers_with_their_own_arithmetic_go_where_floats_go(name, hyper):
    gradients = random_gradients(50)
    with mpmath.workprec(53):  # the precision of a float, rounded as floats are
        for i, start in enumerate(START):
            path = walk(RULES[name], mpmath.mpf(start), [mpmath.mpf(g) for g in gradients[:, i].tolist()], **hyper)
            assert type(path[-1][0]) is mpmath.mpf
            assert is_same(bits(path, lambda x: np.asarray(float(x))), reference(name, hyper, gradients)[..., i])


if importlib.util.find_spec("jax"):

    @every_setting
    def test_jax_arrays_go_where_arrays_go_to_within_rounding(name, hyper):
        """XLA divides by a number by multiplying with its inverse, so that here the last bit may differ."""
        import jax
        import jax.numpy as jnp

        with jax.enable_x64(True):
            gradients = random_gradients(50)
            path = walk(RULES[name], jnp.array(START), jnp.array(gradients), **hyper)
            assert all(isinstance(theta, jax.Array) and theta.dtype == jnp.float64 for theta, _ in path)
            assert np.allclose(bits(path), reference(name, hyper, gradients), rtol=1e-12, atol=1e-14)


@every_setting
def test_symbols_hold_the_numbers_that_floats_go_to(name, hyper):
    """Run on symbols, put numbers in afterwards, evaluate to 50 digits: the floats are right to their last digits."""
    numbers = {"theta": 1.5, "g1": 0.75, "g2": -2.25, "g3": 0.125, "g4": 3.0}
    theta, *gradients = sympy.symbols("theta g1:5", real=True)
    exact = {key: sympy.Rational(x) if isinstance(x, float) else x for key, x in hyper.items()}
    exact = {key: sympy.Rational(x) for key, x in RULES[name].hyper.items() if type(x) is float} | exact
    symbolic = walk(RULES[name], theta, gradients[: 3 if name == "amsgrad" else 4], **exact)
    floats = walk(RULES[name], numbers["theta"], [numbers[str(g)] for g in gradients], **hyper)
    values = {symbol: sympy.Rational(numbers[str(symbol)]) for symbol in (theta, *gradients)}
    for (expression, memory), (value, state) in zip(symbolic, floats, strict=False):
        assert expression.free_symbols <= values.keys() and not expression.atoms(sympy.Float)
        for formula, number in zip((expression, *memory.values()), (value, *state.values()), strict=True):
            there = float(sympy.sympify(formula).subs(values).evalf(50))
            assert there == pytest.approx(number, rel=1e-14, abs=1e-15)


@every_setting
def test_arrays_of_symbols_are_symbols_side_by_side(name, hyper):
    exact = {key: sympy.Rational(x) if isinstance(x, float) else x for key, x in hyper.items()}
    thetas, gs, hs = (np.array(sympy.symbols(f"{letter}1:3", real=True), dtype=object) for letter in "xgh")
    together = walk(RULES[name], thetas, [gs, hs], **exact)
    for i in range(2):
        alone = walk(RULES[name], thetas[i], [gs[i], hs[i]], **exact)
        for (theta, state), (one, its) in zip(together, alone, strict=True):
            assert theta[i] == one and list(state) == list(its)
            assert all(memory == its[key] if key == "t" else memory[i] == its[key] for key, memory in state.items())


def test_hyperparameters_may_be_symbols_too():
    names = ["theta", "g", "lr", "beta1", "beta2", "eps", "weight_decay", "t", "m", "v"]
    theta, g, lr, beta1, beta2, eps, decay, t, m, v = (sympy.Symbol(name, positive=True) for name in names)
    new, state = adamw(theta, g, {"t": t, "m": m, "v": v}, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=decay)
    numbers = dict(theta=1.5, g=0.5, lr=0.1, beta1=0.8, beta2=0.9, eps=0.01, weight_decay=0.3, t=3, m=0.2, v=0.7)
    memory = {key: numbers.pop(key) for key in "tmv"}
    value, after = adamw(numbers.pop("theta"), numbers.pop("g"), memory, **numbers)
    everything = {theta: 1.5, g: 0.5, lr: 0.1, beta1: 0.8, beta2: 0.9, eps: 0.01, decay: 0.3, t: 3, m: 0.2, v: 0.7}
    for formula, number in zip((new, *state.values()), (value, *after.values()), strict=True):
        assert float(formula.subs(everything)) == pytest.approx(number, rel=1e-14)


# Precision, shape, sweeps


@every_setting
@pytest.mark.parametrize("kind", [float, np.float64, np.array], ids=["float", "float64", "0-d"])
def test_single_precision_stays_single(name, hyper, kind):
    hyper = {key: kind(value) if type(value) is float else value for key, value in hyper.items()}
    single = random_gradients().astype(np.float32)
    path = walk(RULES[name], np.array(START, dtype=np.float32), single, **hyper)
    for theta, state in path:
        assert theta.dtype == np.float32
        assert all(type(x) is int if key == "t" else x.dtype == np.float32 for key, x in state.items())
    scalar, state = RULES[name](np.float32(1.5), np.float32(0.5), **{"lr": 0.1, **hyper})
    assert scalar.dtype == np.float32 and all(x.dtype == np.float32 for key, x in state.items() if key != "t")
    double = reference(name, hyper, random_gradients())[-1, 0]
    assert np.allclose(path[-1][0], double, rtol=1e-3, atol=1e-3)


@every_setting
def test_single_precision_is_the_same_in_torch(name, hyper):
    torch = pytest.importorskip("torch")
    single = random_gradients().astype(np.float32)
    ours = walk(RULES[name], np.array(START, dtype=np.float32), single, **hyper)
    theirs = walk(RULES[name], torch.tensor(START), torch.tensor(single), **hyper)
    assert all(theta.dtype == torch.float32 for theta, _ in theirs)
    assert np.allclose(bits(ours), bits(theirs), rtol=1e-4, atol=1e-5)


@every_setting
def test_any_shape_is_a_row_of_coordinates(name, hyper):
    gradients = random_gradients(20, (2, 3, 4))
    start = random_gradients(1, (2, 3, 4), seed=1)[0]
    shaped = bits(walk(RULES[name], start, gradients, **hyper))
    flat = bits(walk(RULES[name], start.ravel(), gradients.reshape(20, -1), **hyper))
    assert shaped.shape[2:] == (2, 3, 4) and np.array_equal(shaped.reshape(flat.shape), flat)
    for i in np.ndindex(2, 3, 4):
        alone = bits(walk(RULES[name], np.array(start[i]), [np.array(g[i]) for g in gradients], **hyper))
        assert np.array_equal(alone, shaped[(..., *i)])
    for empty in [(0,), (0, 3), (2, 0)]:
        for kind in (float, object):
            theta, state = RULES[name](np.empty(empty, kind), np.empty(empty, kind), **{"lr": 0.1, **hyper})
            assert theta.shape == empty and all(x.shape == empty for key, x in state.items() if key != "t")


@every_setting
def test_a_column_of_learning_rates_is_as_many_runs(name, hyper):
    rates = [0.0, 1e-4, 0.1, 3.0]
    gradients = random_gradients(50)
    column = {**hyper, "lr": np.array(rates)[:, None]}
    sweep = bits(walk(RULES[name], np.array([START] * 4), [np.array([g] * 4) for g in gradients], **column))
    grown = walk(RULES[name], np.array(START), gradients[:1], **column)[0][0]  # one start for all of them
    for i, lr in enumerate(rates):
        alone = bits(walk(RULES[name], np.array(START), gradients, **{**hyper, "lr": lr}))
        assert np.array_equal(sweep[:, :, i], alone) and np.array_equal(grown[i], alone[0, 0])


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("radam", "muon")])
def test_a_column_of_any_hyperparameter_is_as_many_runs(name):
    gradients, values = random_gradients(50), [0.1, 0.3, 0.9]
    hyper = {"lr": 0.1, **({"eps": 0.1} if "eps" in RULES[name].hyper else {})}
    for key in [key for key, default in RULES[name].hyper.items() if not isinstance(default, (bool, str))]:
        column = {**hyper, key: np.array(values)[:, None]}
        sweep = walk(RULES[name], np.array([START] * 3), [np.array([g] * 3) for g in gradients], **column)[-1][0]
        for i, value in enumerate(values):
            alone = walk(RULES[name], np.array(START), gradients, **{**hyper, key: value})[-1][0]
            assert np.allclose(sweep[i], alone, rtol=1e-12, atol=1e-14)  # NumPy's power is not Python's to the last bit


# Pure: nothing is changed, nothing is shared, nothing is remembered


@every_setting
def test_inputs_are_not_changed_and_nothing_is_shared(name, hyper):
    theta, gradients, state = np.array(START), random_gradients(5), {}
    for g in gradients:
        for array in (theta, g, *state.values()):
            if isinstance(array, np.ndarray):
                array.setflags(write=False)  # writing into it would raise
        before = copy.deepcopy(state)
        new, after = RULES[name](theta, g, state, **hyper)
        again, twice = RULES[name](theta, g, state, **hyper)
        assert np.array_equal(new, again) and all(np.array_equal(after[key], twice[key]) for key in after)
        assert after is not state and before.keys() == state.keys()
        assert all(np.array_equal(before[key], state[key]) for key in before)
        arrays = [x for x in (theta, g, *state.values(), new, *after.values(), again, *twice.values()) if np.ndim(x)]
        assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2))
        theta, state = new, after


@every_setting
def test_torch_inputs_are_not_changed_and_nothing_is_shared(name, hyper):
    torch = pytest.importorskip("torch")
    theta, gradients, state = torch.tensor(START), torch.tensor(random_gradients(5)), {}
    for g in gradients:
        tensors = [theta, g.clone(), *(x for key, x in state.items() if key != "t")]
        before = [x.clone() for x in tensors]
        theta, state = RULES[name](theta, tensors[1], state, **hyper)
        assert all(torch.equal(a, b) for a, b in zip(before, tensors, strict=True))
        everything = tensors + [theta, *(x for key, x in state.items() if key != "t")]
        assert len({x.data_ptr() for x in everything}) == len(everything)


# What the memories hold


def faded(beta, past):
    """sum_s beta^(t-s) past_s, without a memory."""
    return (beta ** np.arange(len(past))[::-1, None] * past).sum(axis=0)


@every_setting
def test_memories_hold_what_their_letters_say(name, hyper):
    full, gradients = {**RULES[name].hyper, **hyper}, random_gradients(30)
    beta1, beta2 = (full.get(key, full.get("beta", 0.0)) for key in ("beta1", "beta2"))
    path = walk(RULES[name], np.array(START), gradients, **hyper)
    if name == "adam_l2":
        gradients = gradients + full["weight_decay"] * np.array([START, *(theta for theta, _ in path[:-1])])
    sizes = [(1 - beta2) * faded(beta2, gradients[:t] ** 2) for t in range(1, 31)]
    ranked = [v / (1 - beta2**t) if full.get("debias") == "before" else v for t, v in enumerate(sizes, 1)]
    for t, (_, state) in enumerate(path, 1):
        wanted = {
            "t": t,
            "s": (gradients[:t] ** 2).sum(axis=0),
            "m": (1 - beta1) * faded(beta1, gradients[:t]),
            "v": faded(beta1, gradients[:t]) if name in ("momentum", "nesterov") else sizes[t - 1],
            "v_max": np.max(ranked[:t], axis=0),
            "x": np.mean([memory.get("z", 0) for _, memory in path[:t]], axis=0),
        }
        for key in state.keys() - {"z"}:
            assert np.allclose(state[key], wanted[key], rtol=1e-12, atol=1e-300), key


# What the book proves, on numbers

sizes = st.floats(1e-6, 1e3)
coordinates = st.one_of(st.just(0.0), sizes, sizes.map(lambda x: -x))
histories = st.lists(coordinates, min_size=1, max_size=20)
rates = st.one_of(st.just(0.0), st.floats(1e-6, 10))
betas = st.one_of(st.just(0.0), st.floats(1e-3, 0.9999))
quick = settings(max_examples=60, deadline=None)


def end(rule, theta, gradients, **hyper):
    return walk(rule, theta, gradients, **hyper)[-1]


@quick
@given(coordinates, histories, rates)
def test_momentum_and_nesterov_without_memory_are_sgd(theta, gradients, lr):
    plain = [theta for theta, _ in walk(sgd, theta, gradients, lr=lr)]
    for rule in (momentum, nesterov):
        assert [theta for theta, _ in walk(rule, theta, gradients, lr=lr, beta=0)] == plain


@quick
@given(st.floats(0.1, 10), st.integers(1, 50), st.floats(0.01, 0.999), st.floats(0.001, 1))
def test_momentum_of_a_steady_gradient_sums_to_a_geometric_series(g, steps, beta, lr):
    theta, state = end(momentum, 0.0, [g] * steps, lr=lr, beta=beta)
    assert state["v"] == pytest.approx(g * (1 - beta**steps) / (1 - beta))
    ahead, same = end(nesterov, 0.0, [g] * steps, lr=lr, beta=beta)
    assert same == state and ahead - theta == pytest.approx(-lr * beta * state["v"], rel=1e-6)  # a step ahead


@quick
@given(coordinates, st.lists(coordinates, min_size=2, max_size=10), rates, betas, st.integers(-10, 10))
def test_rules_without_a_size_are_linear_in_the_gradient(theta, gradients, lr, beta, power):
    for rule, hyper in ((sgd, {}), (momentum, dict(beta=beta)), (nesterov, dict(beta=beta))):
        once, _ = end(rule, 0.0, gradients, lr=lr, **hyper)
        scaled, _ = end(rule, 0.0, [2.0**power * g for g in gradients], lr=lr, **hyper)
        assert scaled == 2.0**power * once


@quick
@given(coordinates, histories, rates, betas, sizes)
def test_beta1_zero_is_bias_corrected_rmsprop(theta, gradients, lr, beta, eps):
    ours = walk(adam, theta, gradients, lr=lr, beta1=0, beta2=beta, eps=eps)
    theirs = walk(rmsprop, theta, gradients, lr=lr, beta=beta, eps=eps, debias=True)
    assert [theta for theta, _ in ours] == [theta for theta, _ in theirs]
    assert [state["v"] for _, state in ours] == [state["v"] for _, state in theirs]


def test_beta1_zero_is_not_plain_rmsprop():
    corrected, _ = adam(0.0, 1.0, lr=0.1, beta1=0, beta2=0.99)
    plain, _ = rmsprop(0.0, 1.0, lr=0.1, beta=0.99)
    assert plain / corrected == pytest.approx(10)  # 1 / sqrt(1 - beta): the first step is ten times too long


@quick
@given(coordinates, histories, rates, betas, betas, sizes)
def test_no_decay_makes_adamw_and_adam_l2_adam(theta, gradients, lr, beta1, beta2, eps):
    hyper = dict(lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    for rule in (adamw, adam_l2):
        assert walk(rule, theta, gradients, **hyper, weight_decay=0) == walk(adam, theta, gradients, **hyper)


def test_decay_in_the_gradient_is_not_decay_of_the_weight():
    tenth = sympy.Rational(1, 10)
    one, three, hyper = sympy.Integer(1), sympy.Integer(3), dict(lr=tenth, weight_decay=tenth, eps=0)
    exact = dict(beta1=9 * tenth, beta2=sympy.Rational(999, 1000), **hyper)
    assert adam_l2(one, three, **exact)[0] == 9 * tenth and adamw(one, three, **exact)[0] == 89 * tenth / 10


@quick
@given(coordinates, histories, st.floats(0, 1), st.floats(0, 1))
def test_for_sgd_decay_in_the_gradient_is_decay_of_the_weight(theta, gradients, lr, decay):
    shrunk, _ = end(sgd, theta, gradients, lr=lr, weight_decay=decay)
    for g in gradients:
        theta = theta * (1 - lr * decay) - lr * g
    assert shrunk == pytest.approx(theta, rel=1e-9, abs=1e-9)


@quick
@given(coordinates, st.integers(1, 50), st.floats(0, 1), st.floats(0, 1))
def test_adamw_without_a_gradient_only_shrinks(theta, steps, lr, decay):
    shrunk, state = end(adamw, theta, [0.0] * steps, lr=lr, weight_decay=decay)
    assert shrunk == pytest.approx(theta * (1 - lr * decay) ** steps, rel=1e-12)
    assert state == {"t": steps, "m": 0, "v": 0}


@quick
@given(coordinates, sizes, rates, betas, betas, st.sampled_from([-1, 1]))
def test_adams_first_step_is_the_learning_rate_against_the_sign(theta, size, lr, beta1, beta2, sign):
    for rule in (adam, amsgrad):
        first, _ = rule(theta, sign * size, lr=lr, beta1=beta1, beta2=beta2, eps=0)
        assert first - theta == pytest.approx(-lr * sign, rel=1e-9, abs=1e-12 * abs(theta) + 1e-15)


@quick
@given(st.lists(sizes, min_size=1, max_size=20), st.integers(-20, 20))
def test_without_eps_the_scale_of_the_gradient_cancels(gradients, power):
    c = 2.0**power  # an exact factor, so that not one bit may differ
    for rule, hyper in (
        (adagrad, {}), (rmsprop, {}), (rmsprop, dict(debias=True)), (rmsprop, dict(centered=True)), (adam, {}),
        (adamw, {}), (amsgrad, {}), (amsgrad, dict(debias="before")), (amsgrad, dict(debias="none")),
    ):  # fmt: skip
        once, memory = end(rule, 1.0, gradients, lr=0.1, eps=0, **hyper)
        scaled, large = end(rule, 1.0, [c * g for g in gradients], lr=0.1, eps=0, **hyper)
        assert scaled == once
        degree = {"t": 0, "m": 1, "v": 2, "s": 2, "v_max": 2}
        assert all(large[key] == c ** degree[key] * memory[key] for key in memory)


@quick
@given(st.sampled_from(SETTINGS), st.integers(0, 2**32 - 1), st.integers(2, 8))
def test_rules_act_on_each_coordinate_alone(case, seed, n):
    name, hyper = case
    rng = np.random.default_rng(seed)
    start, gradients, order = rng.normal(size=n), rng.normal(size=(10, n)), rng.permutation(n)
    whole = bits(walk(RULES[name], start, gradients, **hyper))
    assert np.array_equal(bits(walk(RULES[name], start[order], gradients[:, order], **hyper)), whole[..., order])
    cut = int(rng.integers(1, n))
    parts = [bits(walk(RULES[name], start[part], gradients[:, part], **hyper)) for part in (slice(cut), slice(cut, n))]
    assert np.array_equal(np.concatenate(parts, axis=-1), whole)


@every_rule
def test_a_step_of_length_zero_stays(name):
    for theta in (1.5, np.array(START)):
        stayed, _ = RULES[name](theta, theta, lr=0)
        assert np.array_equal(stayed, theta)


@quick
@given(histories, betas, betas)
def test_amsgrads_size_never_shrinks(gradients, beta1, beta2):
    for debias in ("after", "before", "none"):
        path = walk(amsgrad, 0.0, gradients, beta1=beta1, beta2=beta2, debias=debias)
        sizes_seen = [state["v_max"] for _, state in path]
        assert sizes_seen == sorted(sizes_seen)
        for t, (_, state) in enumerate(path, 1):
            assert state["v_max"] >= (state["v"] / (1 - beta2**t) if debias == "before" else state["v"])


def test_adams_size_does_shrink():
    (_, loud), (_, quiet) = walk(adam, 0.0, [1.0, 0.0])
    assert quiet["v"] < loud["v"]


def test_amsgrad_corrected_after_the_maximum_still_lets_its_step_grow():
    """lr / (sqrt(v_max / (1 - beta2^t))) = 1, 1.41, 1.73, 2.00: PyTorch's order does not keep the paper's promise."""
    theta, state, rates_seen = 0.0, {}, []
    for g in (1.0, 1e-3, 1e-3, 1e-3):
        new, state = amsgrad(theta, g, state, lr=1, beta1=0, eps=0)
        rates_seen.append((theta - new) / g)
        theta = new
    assert rates_seen == pytest.approx([1, math.sqrt(2), math.sqrt(3), 2], rel=1e-3)


@quick
@given(histories, sizes)
def test_adagrads_learning_rate_never_grows(gradients, eps):
    path = walk(adagrad, 0.0, gradients, lr=1.0, eps=eps)
    sums = [state["s"] for _, state in path]
    assert sums == sorted(sums) and sums[-1] == pytest.approx(sum(g * g for g in gradients))
    steps = np.diff([0.0, *(theta for theta, _ in path)])
    assert (abs(steps) <= 1 + 1e-9).all()  # g / sqrt(s) is at most 1


def test_rmsprops_learning_rate_does_grow():
    (_, loud), (_, quiet) = walk(rmsprop, 0.0, [1.0, 0.0], lr=1.0)
    assert quiet["v"] < loud["v"]


@pytest.mark.parametrize("threshold, first", [(5, 6), (4, 5)])
@pytest.mark.parametrize("beta2", [0.9, 0.95, 0.99, 0.999, 0.9999])
def test_radam_first_rectifies_at_step(beta2, threshold, first):
    assert adaptive_steps(20, beta2=beta2, threshold=threshold) == list(range(first, 21))


@pytest.mark.parametrize("beta2", [0.0, 0.3, 0.6, 2 / 3])
def test_radam_with_a_short_memory_never_rectifies(beta2):
    assert adaptive_steps(300, beta2=beta2, threshold=5) == []


def test_radam_rectifies_beyond_its_threshold_and_not_at_it():
    """For beta2 = 3/4 rho_t climbs to exactly 7."""
    assert adaptive_steps(300, beta2=0.75, threshold=7) == []
    assert adaptive_steps(300, beta2=0.75, threshold=6.999) != []


def adaptive_steps(steps, **hyper):
    """The steps at which RAdam divides by its size: those that an enormous eps brings to a halt."""
    path = [0.0] + [theta for theta, _ in walk(radam, 0.0, [1.0] * steps, lr=1.0, eps=1e300, **hyper)]
    return [t for t in range(1, steps + 1) if path[t] == path[t - 1]]


def test_radam_before_it_rectifies_is_bias_corrected_momentum_and_after_it_is_adam_warmed_up():
    steps = np.diff([0.0] + [theta for theta, _ in walk(radam, 0.0, [2.0] * 1000, lr=1.0, eps=0)])
    assert steps[:5] == pytest.approx([-2.0] * 5)
    assert -steps[5] == pytest.approx(0.026, abs=5e-4) and -steps[-1] == pytest.approx(0.65, abs=5e-3)
    assert (np.diff(-steps[5:]) > 0).all()


@pytest.mark.parametrize("beta, g, debias", [(0.9, 123.4, False), (0.5, 0.7, False), (0.99, 0.1, True)])
def test_centered_rmsprop_stays_finite_where_rounding_makes_the_variance_negative(beta, g, debias):
    """A steady gradient has no variance: v - m^2 rounds to either side of 0, and a negative root is nan."""
    hyper = dict(lr=1e-9, beta=beta, centered=True, debias=debias)
    path = walk(rmsprop, 1.0, [g] * 600, **hyper)
    weight = [1 - beta**t if debias else 1 for t in range(1, 601)]
    variance = [s["v"] / w - (s["m"] / w) * (s["m"] / w) for w, (_, s) in zip(weight, path, strict=True)]
    assert min(variance) < 0  # the trap is really there
    assert all(math.isfinite(theta) for theta, _ in path)
    starts = {"array": np.array([1.0]), "object": objects([1.0])}
    if importlib.util.find_spec("torch"):
        import torch

        starts["torch"] = torch.tensor([1.0], dtype=torch.float64)
    for start in starts.values():
        theta, _ = end(rmsprop, start, [0 * start + g] * 600, **hyper)
        assert float(theta[0]) == path[-1][0]


@quick
@given(st.lists(sizes, min_size=2, max_size=10, unique=True))
def test_the_mistakes_the_rules_warn_of_are_different_rules(gradients):
    assume(max(gradients) > 2 * min(gradients))
    hyper = dict(lr=0.1, eps=0.5)
    ends = {
        "rmsprop": end(rmsprop, 0.0, gradients, **hyper)[0],
        "debias": end(rmsprop, 0.0, gradients, **hyper, debias=True)[0],
        "centered": end(rmsprop, 0.0, gradients, **hyper, centered=True)[0],
    }
    assert len(set(ends.values())) == 3


# Schedule-free


@quick
@given(coordinates, histories, st.floats(0, 1), st.floats(0, 1))
def test_schedule_frees_x_is_the_mean_of_where_z_has_been(theta, gradients, lr, beta):
    path = walk(schedule_free_sgd, theta, gradients, lr=lr, beta=beta)
    z = [state["z"] for _, state in path]
    plain = [there for there, _ in walk(sgd, theta, gradients, lr=lr)]
    assert z == plain  # z is SGD with the gradients of y
    for t, (y, state) in enumerate(path, 1):
        scale = max(map(abs, [theta, *z]))
        assert state["x"] == pytest.approx(sum(z[:t]) / t, abs=1e-12 * scale)  # the start excluded
        assert y == pytest.approx((1 - beta) * state["z"] + beta * state["x"], abs=1e-12 * scale)


@quick
@given(coordinates, histories, rates)
def test_schedule_free_takes_its_gradients_at_z_without_beta_and_at_x_with_all_of_it(theta, gradients, lr):
    for beta, where in ((0, "z"), (1, "x")):
        for y, state in walk(schedule_free_sgd, theta, gradients, lr=lr, beta=beta):
            assert y == state[where]


@quick
@given(coordinates, histories, rates, betas, sizes)
def test_schedule_free_adamw_averages_bias_corrected_rmsprop(theta, gradients, lr, beta2, eps):
    path = walk(schedule_free_adamw, theta, gradients, lr=lr, beta1=0, beta2=beta2, eps=eps)
    plain = walk(rmsprop, theta, gradients, lr=lr, beta=beta2, eps=eps, debias=True)
    assert [y for y, _ in path] == pytest.approx([there for there, _ in plain], rel=1e-9, abs=1e-9)
    assert [state["v"] for _, state in path] == [state["v"] for _, state in plain]


# Muon: for matrices, on every number system that has them


MUONS = [dict(), dict(beta=0.5, weight_decay=0.1, nesterov=False), dict(lr=0.1, beta=0.0, steps=2)]
shapes = pytest.mark.parametrize("shape", [(2, 2), (3, 2), (2, 5), (1, 4), (4, 1), (1, 1)], ids=str)
muons = pytest.mark.parametrize("hyper", MUONS, ids=str)


@shapes
@muons
def test_muon_goes_the_same_way_on_every_number_system_that_has_matrices(shape, hyper):
    """Sums of products are taken in another order here and there: the same to within rounding, not to the last bit."""
    start, gradients = random_gradients(1, shape, seed=1)[0], random_gradients(20, shape)
    wanted = bits(walk(muon, start, gradients, **hyper))
    on_objects = walk(muon, objects(start), objects(gradients), **hyper)
    assert np.allclose(bits(on_objects, lambda x: x.astype(float)), wanted, rtol=1e-9, atol=1e-9)
    single = walk(muon, start.astype(np.float32), gradients.astype(np.float32), **hyper)
    assert all(theta.dtype == state["m"].dtype == np.float32 for theta, state in single)
    torch = pytest.importorskip("torch")
    tensors = walk(muon, torch.tensor(start), torch.tensor(gradients), **hyper)
    assert np.allclose(bits(tensors), wanted, rtol=1e-9, atol=1e-9)


def test_muon_runs_on_symbols():
    g = np.array([sympy.symbols("a b", positive=True)], dtype=object)
    theta, state = muon(0 * g, g, lr=1, beta=0, steps=0)
    numbers = dict(zip(g[0], (3, 4), strict=True))
    assert [float(x.subs(numbers)) for x in theta[0]] == pytest.approx([-0.6, -0.8]) and (state["m"] == g).all()


@shapes
@muons
def test_muon_changes_no_input_and_shares_nothing(shape, hyper):
    theta, state = random_gradients(1, shape, seed=1)[0], {}
    for g in random_gradients(3, shape):
        arrays = [theta, g, *state.values()]
        for array in arrays:
            array.setflags(write=False)
        new, after = muon(theta, g, state, **hyper)
        again, _ = muon(theta, g, state, **hyper)
        assert np.array_equal(new, again) and list(after) == ["m"]
        assert not any(np.shares_memory(a, b) for a, b in itertools.combinations([*arrays, new, after["m"]], 2))
        theta, state = new, after


def test_newton_schulz_acts_on_the_singular_values_alone():
    rng = np.random.default_rng(3)
    for shape in [(3, 3), (5, 2), (2, 6)]:
        matrix = rng.normal(size=shape)
        left, values, right = np.linalg.svd(matrix, full_matrices=False)
        for steps in range(7):
            new = values / np.linalg.norm(values)
            for _ in range(steps):
                new = 3.4445 * new - 4.7750 * new**3 + 2.0315 * new**5
            assert np.allclose(newton_schulz(matrix, steps), left * new @ right, rtol=0, atol=1e-12)


def test_newton_schulz_brings_singular_values_near_one_and_not_to_one():
    pairs = [np.diag([s, math.sqrt(1 - s * s)]) for s in np.logspace(-2, math.log10(0.7), 2000)]
    values = [newton_schulz(pair).diagonal() for pair in pairs]
    assert 0.68 <= np.min(values) < 0.69 and 1.13 < np.max(values) <= 1.14
    assert newton_schulz(np.eye(1), 1) == pytest.approx(0.701)
    assert np.array_equal(newton_schulz(pairs[0]), newton_schulz(pairs[0], 5))


def test_newton_schulz_leaves_what_is_nearly_nothing_small():
    assert np.array_equal(newton_schulz(np.zeros((2, 3))), np.zeros((2, 3)))  # no 0/0
    assert newton_schulz(np.array([[3e-8, 4e-8]]), 0) == pytest.approx(np.array([[0.3, 0.4]]))  # divided by 1e-7
    assert newton_schulz(np.array([[3e-7, 4e-7]]), 0) == pytest.approx(np.array([[0.6, 0.8]]))  # by its norm


@muons
def test_muon_does_not_see_the_scale_of_its_gradient(hyper):
    gradients = random_gradients(5, (3, 2))
    gradients[0] = 1.0
    start = np.ones((3, 2))
    once = walk(muon, start, gradients, **hyper)[-1][0]
    assert np.allclose(walk(muon, start, 1024 * gradients, **hyper)[-1][0], once, rtol=1e-12, atol=1e-12)


def test_muons_step_grows_with_the_shape_of_a_tall_matrix():
    g = np.zeros((8, 2))
    g[0, 0] = 1.0
    tall, _ = muon(np.zeros((8, 2)), g, lr=1.0)
    wide, _ = muon(np.zeros((2, 8)), g.T, lr=1.0)
    assert np.allclose(tall, 2 * wide.T, rtol=1e-12)  # sqrt(8 / 2); never less than 1
