"""The contract of the rules: names and defaults as fixed, a sentence for bad input, no complaint about good input."""

import copy
import inspect
import math
import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from optimlab.contract import RULES, find, nearest, rule
from optimlab.rules import adagrad, adam, adam_l2, adamw, amsgrad, momentum, radam, rmsprop, sgd

REQUIRED = inspect.Parameter.empty
ADAM = dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)
CONTRACT = {
    "sgd": dict(lr=REQUIRED, weight_decay=0),
    "momentum": dict(lr=REQUIRED, beta=0.9),
    "nesterov": dict(lr=REQUIRED, beta=0.9),
    "adagrad": dict(lr=REQUIRED, eps=1e-10),
    "rmsprop": dict(lr=REQUIRED, beta=0.99, eps=1e-8, centered=False, debias=False),
    "adam": ADAM,
    "adam_l2": dict(**ADAM, weight_decay=1e-2),
    "adamw": dict(**ADAM, weight_decay=1e-2),
    "amsgrad": dict(**ADAM, debias="after"),
    "radam": dict(**ADAM, threshold=5),
    "schedule_free_sgd": dict(lr=REQUIRED, beta=0.9),
    "schedule_free_adamw": dict(lr=2.5e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0),
    "muon": dict(lr=0.02, beta=0.95, weight_decay=0, nesterov=True, steps=5),
}
STATE = {
    "sgd": [],
    "momentum": ["v"],
    "nesterov": ["v"],
    "adagrad": ["s"],
    "rmsprop": ["t", "v"],
    "adam": ["t", "m", "v"],
    "adam_l2": ["t", "m", "v"],
    "adamw": ["t", "m", "v"],
    "amsgrad": ["t", "m", "v", "v_max"],
    "radam": ["t", "m", "v"],
    "schedule_free_sgd": ["t", "x", "z"],
    "schedule_free_adamw": ["t", "x", "z", "v"],
    "muon": ["m"],
}
every_rule = pytest.mark.parametrize("name", CONTRACT)
SCALAR = [name for name in CONTRACT if name != "muon"]  # all that act on each coordinate alone
every_scalar_rule = pytest.mark.parametrize("name", SCALAR)
CLOSED = {("schedule_free_sgd", "beta"), ("schedule_free_adamw", "beta1")}  # the betas that may be 1


def call(name, theta=..., g=..., state=None, **hyper):
    """The rule with a learning rate, whatever else it is given."""
    theta, g = start(name) if theta is ... else theta, 2 * start(name) if g is ... else g
    return RULES[name](theta, g, state, **{"lr": 0.1, **hyper})


def start(name):
    return np.eye(2) if name == "muon" else 1.0


def equal(a, b):
    """Whether two (theta, state) are the same."""
    (theta, state), (other, memory) = a, b
    return np.array_equal(theta, other) and state.keys() == memory.keys() and all(
        np.array_equal(state[key], memory[key]) for key in state
    )


def complaint(error, *arguments, **hyper):
    """The sentence a bad call is answered with; it must begin with the rule's name and be one line."""
    name = arguments[0]
    with pytest.raises(error) as caught:
        call(*arguments, **hyper)
    message = str(caught.value)
    assert type(caught.value) is error and caught.traceback[-1].path.name == "contract.py"
    assert message.startswith((f"{name}:", f"{name} ")) and "\n" not in message
    return message


# Names and defaults


def test_rules_stand_in_book_order():
    assert list(RULES) == list(CONTRACT)


@every_rule
def test_names_and_defaults_are_the_contracts(name):
    assert RULES[name].hyper == CONTRACT[name] and list(RULES[name].hyper) == list(CONTRACT[name])
    assert all(type(RULES[name].hyper[key]) is type(default) for key, default in CONTRACT[name].items())


@every_rule
def test_signature_says_what_may_be_given(name):
    parameters = list(inspect.signature(RULES[name]).parameters.values())
    assert [p.name for p in parameters] == ["theta", "g", "state", *CONTRACT[name]]
    assert [p.default for p in parameters] == [REQUIRED, REQUIRED, None, *CONTRACT[name].values()]
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[3:])


@every_rule
def test_defaults_are_what_the_formula_uses(name):
    spelled_out = {key: value for key, value in CONTRACT[name].items() if value is not REQUIRED}
    assert equal(call(name), call(name, **{**spelled_out, "lr": 0.1}))
    if "lr" in spelled_out:
        assert equal(RULES[name](start(name), start(name)), RULES[name](start(name), start(name), **spelled_out))


@every_rule
def test_body_is_the_formula_itself(name):
    checked = RULES[name]
    assert equal(checked.body(start(name), 2 * start(name), {}, lr=0.1), call(name))
    assert checked.__wrapped__ is checked.body and checked.__name__ == name and checked.__doc__ == checked.body.__doc__


@every_rule
def test_state_holds_the_names_of_the_contract(name):
    _, state = call(name)
    assert type(state) is dict and list(state) == STATE[name]
    assert list(call("rmsprop", centered=True)[1]) == ["t", "v", "m"]


@every_rule
def test_no_state_and_empty_state_are_both_newborn(name):
    newborn = RULES[name](theta=start(name), g=2 * start(name), lr=0.1)
    assert equal(newborn, call(name, state=None)) and equal(newborn, call(name, state={}))


@every_rule
def test_rules_can_be_found_pickled_and_copied(name):
    assert find(name) is RULES[name] is pickle.loads(pickle.dumps(RULES[name])) is copy.deepcopy(RULES[name])


def test_an_unknown_rule_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="^there is no rule named 'adamW'; did you mean 'adamw'\\?$"):
        find("adamW")
    with pytest.raises(ValueError, match="there is no rule named 7; there are sgd, momentum, nesterov"):
        find(7)
    assert nearest("x", []) == "there are none"


def test_a_new_rule_joins_the_registry_and_obeys_the_contract():
    @rule
    def half(theta, g, state, *, lr, beta=0.5):
        return theta - lr * g, {"n": state.get("n", 0) + 1}

    try:
        assert RULES["half"] is half and half(1.0, 1.0, {"n": 3}, lr=0.5) == (0.5, {"n": 4})
        assert "did you mean 'beta'" in complaint(TypeError, "half", betta=0.5)
    finally:
        del RULES["half"]


# Hyperparameters


@every_rule
def test_a_misspelt_hyperparameter_is_answered_with_the_nearest(name):
    assert complaint(TypeError, name, lrr=0.1) == f"{name} has no hyperparameter 'lrr'; did you mean 'lr'?"
    message = complaint(TypeError, name, quux=1)
    assert "'quux'" in message and all(key in message for key in CONTRACT[name])


def test_near_misses_name_what_was_meant():
    assert "did you mean 'beta1'?" in complaint(TypeError, "adam", beta_1=0.9)
    assert "did you mean 'weight_decay'?" in complaint(TypeError, "adamw", decay=0.1)
    assert "did you mean 'debias'?" in complaint(TypeError, "rmsprop", debiased=True)
    assert "did you mean 'eps'?" in complaint(TypeError, "adam", epsilon=1e-8)


@pytest.mark.parametrize("name", [name for name in CONTRACT if CONTRACT[name]["lr"] is REQUIRED])
def test_a_missing_learning_rate_is_asked_for(name):
    with pytest.raises(TypeError, match=f"^{name} needs lr, for example {name}\\(theta, g, state, lr=0.01\\)$"):
        RULES[name](1.0, 2.0)


@every_rule
def test_hyperparameters_are_given_by_name(name):
    with pytest.raises(TypeError, match=f"^{name} takes its hyperparameters by name \\(lr, .*\\), got float 0.1$"):
        RULES[name](1.0, 2.0, {}, 0.1)


@every_rule
@pytest.mark.parametrize("bad", [-1e-9, math.nan, math.inf, -math.inf, np.float64(-1), np.array([0.1, -0.1])])
def test_what_must_not_be_negative_is_refused_when_it_is(name, bad):
    for key in {"lr", "eps", "weight_decay"} & CONTRACT[name].keys():
        assert f"{name}: {key} must be finite and at least 0, got {bad}" == complaint(ValueError, name, **{key: bad})


@every_rule
@pytest.mark.parametrize("bad", [1, 1.0, 1.5, -0.1, math.nan, math.inf, np.float32(1), sympy.Integer(1), sympy.nan])
def test_a_beta_outside_its_interval_is_refused(name, bad):
    for key in {"beta", "beta1", "beta2"} & CONTRACT[name].keys():
        if (name, key) not in CLOSED:
            assert f"{name}: {key} must lie in [0, 1), got {bad}" == complaint(ValueError, name, **{key: bad})
        elif bad == 1:
            call(name, **{key: bad})
        else:
            assert f"{name}: {key} must lie in [0, 1], got {bad}" == complaint(ValueError, name, **{key: bad})


def test_a_sentence_stays_one_line_however_much_came():
    assert complaint(ValueError, "sgd", lr=-np.ones((100, 1))).endswith("...")
    assert len(complaint(TypeError, "sgd", list(range(1000)))) < 240


@pytest.mark.parametrize("bad", [3.999, -5, math.nan, math.inf])
def test_radams_threshold_is_at_least_four_where_its_root_is_real(bad):
    assert complaint(ValueError, "radam", threshold=bad) == f"radam: threshold must be finite and at least 4, got {bad}"


def test_radam_branches_on_one_number():
    for bad in (np.array([0.9, 0.99]), sympy.Symbol("beta2")):
        for key in ("beta2", "threshold"):
            message = complaint(TypeError, "radam", **{key: bad})
            assert f"{key} must be one number, on which the rule can branch" in message
    assert call("radam", beta2=np.array(0.9)) == call("radam", beta2=np.float64(0.9)) == call("radam", beta2=0.9)


NO_NUMBERS = [[0.1], (0.1,), "0.1", None, {"lr": 1}, True, 1j, {0.1}, np.array([1j]), np.array(["0.1"]), sympy.I, adam]


@every_rule
@pytest.mark.parametrize("bad", NO_NUMBERS, ids=lambda bad: type(bad).__name__)
def test_a_hyperparameter_that_is_no_number_is_refused(name, bad):
    for key in CONTRACT[name].keys() - {"centered", "debias", "nesterov"}:
        message = complaint(TypeError, name, **{key: bad})
        assert message.startswith(f"{name}: {key} must be a number or an array of numbers, got ")
        assert type(bad).__name__ in message


@pytest.mark.parametrize("bad", ["yes", 1, 0.0, None, "after", np.array([True])])
def test_a_switch_is_true_or_false(bad):
    for name, key in (("rmsprop", "centered"), ("rmsprop", "debias"), ("muon", "nesterov")):
        assert f"{name}: {key} must be True or False, got " in complaint(TypeError, name, **{key: bad})
    assert call("rmsprop", centered=np.True_) == call("rmsprop", centered=True)


@pytest.mark.parametrize("bad", ["befor", "After", True, None, 1, ["after"]])
def test_a_choice_is_one_of_its_words(bad):
    message = complaint(ValueError, "amsgrad", debias=bad)
    assert f"debias must be one of 'after', 'before', 'none', got {bad!r}" in message
    assert ("did you mean 'before'?" in message) == (bad == "befor")


@pytest.mark.parametrize("bad", [-1, 2.5, math.nan, math.inf, np.array([1, 2])])
def test_a_count_is_a_whole_number(bad):
    assert complaint(ValueError, "muon", steps=bad) == f"muon: steps must be a whole number of at least 0, got {bad}"
    assert np.isfinite(call("muon", steps=0)[0]).all()
    assert all(equal(call("muon", steps=good), call("muon", steps=5)) for good in (np.int64(5), 5.0, np.array(5)))


def test_a_symbol_may_be_any_number_it_does_not_exclude():
    lr, beta = sympy.symbols("lr beta")
    q = sympy.Symbol("q", positive=True)
    adam(sympy.Symbol("theta"), sympy.Symbol("g"), lr=lr, beta1=beta, beta2=1 / (1 + q), eps=q)
    assert "must lie in [0, 1), got q + 1" in complaint(ValueError, "adam", beta1=q + 1)
    assert "must be finite and at least 0, got -q" in complaint(ValueError, "sgd", lr=-q)
    assert "must be finite and at least 0, got oo" in complaint(ValueError, "sgd", lr=sympy.oo)
    column = np.array([[q], [sympy.Integer(-1)]])
    assert "must be finite and at least 0, got [[q] [-1]]" in complaint(ValueError, "sgd", lr=column)


def test_a_hyperparameter_of_an_impossible_shape_is_refused():
    ones = np.ones((2, 3))
    for shape in [(2,), (3, 2), (2, 2), (3, 3), (2, 1, 3, 3)]:
        message = complaint(ValueError, "adam", ones, ones, lr=np.ones(shape))
        assert f"theta has shape (2, 3) but lr has shape {shape}" in message and "column" in message
    for shape in [(3,), (1,), (2, 1), (1, 3), (2, 3), (5, 1, 1), (5, 2, 3)]:
        assert call("adam", ones, ones, lr=np.ones(shape))[0].shape[-2:] == (2, 3)


# Parameters, gradient, memory

NO_OPERANDS = [
    [1.0, 2.0], (1.0,), "1", b"1", None, {"w": 1.0}, True, 1j, range(3),
    np.array([True]), np.array([1j]), np.array(["a"]), np.array([1], "datetime64[s]"), np.array([1], "timedelta64[s]"),
    np.array(["a", None], dtype=object), np.array([[1.0], 1j], dtype=object), np.array([True], dtype=object),
    np.ones((1, 1)).view(np.matrix), np.ones((1, 1), dtype=object).view(np.matrix),
    np.bool_(True), np.complex128(1), np.str_("1"),
    sympy.Matrix([1]), sympy.eye(2).as_immutable(), sympy.MatrixSymbol("M", 2, 2), sympy.I, sympy.true,
    sympy.Symbol("x") < 1, sympy.Tuple(1), sympy,
]  # fmt: skip


@every_scalar_rule
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("bad", NO_OPERANDS, ids=lambda bad: type(bad).__name__)
def test_what_is_no_array_of_numbers_is_refused(name, bad):
    for what, theta, g in (("theta", bad, 1.0), ("g", 1.0, bad)):
        message = complaint(TypeError, name, theta, g)
        wanted = "a number, a NumPy array, a SymPy expression or a torch tensor"
        assert message.startswith(f"{name}: {what} must be {wanted}, got ") and type(bad).__name__ in message


def test_lists_and_matrices_are_told_what_to_become():
    assert "got list [1.0]; wrap it in numpy.array(...)" in complaint(TypeError, "sgd", [1.0], [2.0])
    for matrix in (sympy.Matrix([1]), np.ones((1, 1)).view(np.matrix)):
        assert "its * is a matrix product, use a NumPy array" in complaint(TypeError, "sgd", matrix, matrix)


@every_rule
def test_shapes_that_differ_are_both_named(name):
    assert complaint(ValueError, name, np.ones((2, 3)), np.ones(3)) == (
        f"{name}: theta has shape (2, 3) but g has shape (3,); they must be equal"
    )
    assert "theta has shape (2,) but g has shape ()" in complaint(ValueError, name, np.ones(2), 1.0)
    assert "theta has shape () but g has shape (1,)" in complaint(ValueError, name, 1.0, np.ones(1))


@every_rule
@pytest.mark.parametrize("bad", [[], (), "m", 1.0, [("m", 1.0)], (1.0, {})], ids=repr)
def test_a_state_that_is_no_dict_is_refused(name, bad):
    message = complaint(TypeError, name, ..., ..., bad)
    assert f"state must be the dict that the last call returned (or {{}}), got {type(bad).__name__}" in message


@pytest.mark.parametrize("name", [name for name in SCALAR if STATE[name]])
def test_a_memory_of_another_shape_is_refused(name):
    _, state = call(name, np.ones(3), np.ones(3))
    assert f"theta has shape (2,) but state['{STATE[name][-1]}'] has shape (3,)" in complaint(
        ValueError, name, np.ones(2), np.ones(2), {STATE[name][-1]: state[STATE[name][-1]]}
    )
    assert "has shape (3,)" in complaint(ValueError, name, 1.0, 1.0, state)


@pytest.mark.parametrize("name", [name for name in CONTRACT if STATE[name]])
@pytest.mark.parametrize("bad", ["m", None, [1.0], np.array([1j])], ids=repr)
def test_a_memory_that_is_no_number_is_refused(name, bad):
    key = STATE[name][0]
    message = complaint(TypeError, name, ..., ..., {**call(name)[1], key: bad})
    assert message.startswith(f"{name}: state['{key}'] must be a number")


@every_scalar_rule
def test_the_memory_of_another_rule_is_refused(name):
    for other in SCALAR:
        if STATE[other] and STATE[other] != STATE[name]:
            message = complaint(ValueError, name, 1.0, 2.0, call(other)[1])
            held = ", ".join(STATE[other])
            ours = ", ".join(STATE[name]) or "nothing"
            assert message == f"{name} remembers {ours}, but state holds {held}; it is the memory of another rule"


def test_torch_and_numpy_do_not_mix():
    torch = pytest.importorskip("torch")
    tensor, array = torch.ones(2, dtype=torch.float64), np.ones(2)
    for name in SCALAR:
        assert "theta is a torch tensor but g is not" in complaint(TypeError, name, tensor, array)
        assert "g is a torch tensor but theta is not" in complaint(TypeError, name, array, tensor)
        assert "theta is a torch tensor but lr is not" in complaint(TypeError, name, tensor, tensor, lr=array)
        assert "g is a torch tensor but" in complaint(TypeError, name, sympy.Symbol("x"), tensor.sum())
    _, state = momentum(array, array, lr=0.1)
    assert "theta is a torch tensor but state['v'] is not" in complaint(TypeError, "momentum", tensor, tensor, state)
    for bad in (torch.tensor([True]), torch.tensor([1j]), torch.float64):
        assert "theta must be a number" in complaint(TypeError, "sgd", bad, bad)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4), (0, 3), (3, 0)])
def test_muon_is_for_matrices(shape):
    message = complaint(ValueError, "muon", np.ones(shape), np.ones(shape))
    assert message == f"muon is for matrices: theta must have rows and columns, got shape {shape}"
    assert "wrap it in numpy.array" in complaint(TypeError, "muon", [[1.0]], [[1.0]])
    assert "muon remembers m, but state holds v" in complaint(ValueError, "muon", state={"v": 0.0})
    theta, _ = call("muon", np.array([[math.nan, 1.0]]), np.ones((1, 2)))
    assert math.isnan(theta[0, 0]) and math.isfinite(theta[0, 1])


# Good input


finite = st.floats(allow_nan=False, allow_infinity=False)
sizes = st.floats(0, allow_nan=False, allow_infinity=False)
betas = st.floats(0, 1, exclude_max=True)
closed_betas = st.floats(0, 1)
CHOICES = dict(
    lr=sizes, eps=sizes, weight_decay=sizes, beta=betas, beta1=betas, beta2=betas, centered=st.booleans(),
    threshold=st.floats(4, allow_nan=False, allow_infinity=False),
)  # fmt: skip


@st.composite
def good_calls(draw):
    name = draw(st.sampled_from(SCALAR))
    debias = st.booleans() if name == "rmsprop" else st.sampled_from(["after", "before", "none"])
    choices = {**CHOICES, "debias": debias}
    some = {key for key in CONTRACT[name] if key == "lr" or draw(st.booleans())}
    return name, {key: draw(closed_betas if (name, key) in CLOSED else choices[key]) for key in sorted(some)}


@settings(max_examples=300, deadline=None)
@given(good_calls(), finite, st.lists(finite, min_size=1, max_size=5))
def test_a_valid_call_never_raises_and_all_number_systems_agree(case, theta, gradients):
    name, hyper = case
    systems = {"float": float, "array": lambda x: np.array([x]), "object": lambda x: np.array([x], dtype=object)}
    ends = {}
    with np.errstate(all="ignore"):
        for system, make in systems.items():
            x, state = make(theta), {}
            for g in gradients:
                x, state = RULES[name](x, make(g), state, **hyper)
            assert type(x) is type(make(theta))
            ends[system] = [float(np.ravel(value)[0]) for value in (x, *state.values())]
    assert np.array_equal(ends["float"], ends["array"], equal_nan=True)
    assert np.array_equal(ends["float"], ends["object"], equal_nan=True)


def test_nothing_by_nothing_is_nan_on_floats_too_and_floats_stay_floats():
    with np.errstate(all="ignore"):
        for step in (adagrad, rmsprop, adam, adamw, adam_l2, amsgrad):
            theta, state = step(1.0, 0.0, lr=0.1, eps=0, **({"weight_decay": 0} if step is adam_l2 else {}))
            assert type(theta) is float and math.isnan(theta) and all(type(x) in (int, float) for x in state.values())
            objects, _ = step(np.array([1.0, 1.0], dtype=object), np.array([0.0, 2.0], dtype=object), lr=0.1, eps=0)
            assert all(type(entry) is float for entry in objects) and not math.isnan(objects[1])
        assert adagrad(1.0, 1e-200, lr=1.0, eps=0) == (-math.inf, {"s": 0.0})
        assert adagrad(1.0, 10**200, lr=1.0) == (1.0, {"s": math.inf})


def test_values_are_never_tested_for_finiteness():
    for bad in (math.nan, math.inf, -math.inf):
        for name in SCALAR:
            theta, _ = call(name, bad, 1.0)
            assert not math.isfinite(theta)
            with np.errstate(invalid="ignore"):
                theta, _ = call(name, np.array([1.0, 1.0]), np.array([bad, 1.0]))
            assert not math.isfinite(theta[0]) and math.isfinite(theta[1])


def test_integer_arrays_become_floats_and_do_not_overflow():
    theta, state = adagrad(np.zeros(2, dtype=np.int8), np.array([20, 120], dtype=np.int8), lr=1.0)
    assert theta.dtype == state["s"].dtype == np.float64 and state["s"].tolist() == [400.0, 14400.0]
    assert sgd(np.array([1, 2]), np.array([1, 1]), lr=1)[0].dtype == np.float64
    theta, state = adam_l2(sympy.Integer(1), 3, lr=sympy.Rational(1, 10), weight_decay=sympy.Rational(1, 10), eps=0)
    assert sgd(1, 2, lr=3) == (-5, {}) and type(sgd(1, 2, lr=3)[0]) is int  # Python's integers are exact: let them be


def test_a_rule_never_looks_at_what_it_was_not_given():
    given_hyper = dict(lr=np.float64(0.1), beta1=np.array(0.5))
    kept = dict(given_hyper)
    adam(1.0, 2.0, **given_hyper)
    assert given_hyper.keys() == kept.keys() and all(given_hyper[key] is kept[key] for key in kept)


def test_other_settings_of_the_same_rule_keep_their_own_memory():
    _, state = rmsprop(1.0, 2.0, lr=0.1, centered=True)
    assert "rmsprop remembers t, v, but state holds t, v, m" in complaint(ValueError, "rmsprop", 1.0, 2.0, state)
    _, state = adam(1.0, 2.0)
    assert radam(1.0, 2.0, state) != amsgrad(1.0, 2.0)  # Adam's memory is RAdam's: changing between them is no mistake
