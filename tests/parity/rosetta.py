"""Every rule as torch, optax, Keras and schedulefree run it: the very calls that optimlab/conventions.py writes.

``python tests/parity/rosetta.py keras`` records where that library's optimizers go, into rosetta/keras.json, with its
version and its defaults; test_conventions.py compares. Everything is in float64, Keras on JAX.
"""

import contextlib
import importlib.metadata
import inspect
import itertools
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import numpy as np  # noqa: E402
from parity_cases import START, STEPS, given_gradients  # noqa: E402

from optimlab.conventions import FACTS, NEEDED, OURS, cell, convert, write  # noqa: E402
from optimlab.rules import RULES  # noqa: E402

SHOWN = (1, 2, 10, 100, 1000)
RECORDED = ("torch", "optax", "keras", "schedulefree")
SHAPES = {"muon": ((2, 2), (4, 1), (1, 4))}
LOUD = 1e8  # Muon's gradients, so that what guards its norm against 0 is below rounding
ADAM = dict(lr=0.01, beta1=0.8, beta2=0.99, eps=0.1)
SETTINGS = {  # one for each rule, far from all defaults, an eps that is felt
    "sgd": dict(lr=0.01, weight_decay=0.1),
    "momentum": dict(lr=0.005, beta=0.8),
    "nesterov": dict(lr=0.005, beta=0.8),
    "adagrad": dict(lr=0.5, eps=0.1),
    "rmsprop": dict(lr=0.01, beta=0.8, eps=0.1, centered=True),
    "adam": ADAM,
    "adam_l2": ADAM | dict(weight_decay=0.1),
    "adamw": ADAM | dict(weight_decay=0.1),
    "amsgrad": ADAM,
    "radam": ADAM,
    "schedule_free_sgd": dict(lr=0.01, beta=0.8),
    "schedule_free_adamw": ADAM | dict(weight_decay=0.1),
    "muon": dict(lr=0.01, beta=0.8, weight_decay=0.1, nesterov=False, steps=3),
}
LIKELY = {"beta": 0.9, "beta1": 0.9, "beta2": 0.999, "weight_decay": 0.01, "eps": 1e-8}  # where a paper names none


# optax takes the root of a variance that rounding has made negative, already at the first step; we keep it at 0.
BELOW_ZERO = convert("rmsprop", "optimlab", "optax", {"lr": 0.01, "centered": True, "debias": True}).words


def cases():
    """(rule, library, its words): the library's defaults, SETTINGS in its words, and Muon scaled as elsewhere."""
    for rule in FACTS:
        for library in ("optimlab", *FACTS[rule]):
            names = cell(rule, library).names
            needed = {
                key: name.word
                for key, name in names.items()
                if name.default is NEEDED or key == "beta" and not name.default
            }
            likely = {word: LIKELY.get(key, 0.01) for key, word in needed.items()}
            yield rule, library, cell(rule, library).words | likely
            yield rule, library, convert(rule, "optimlab", library, SETTINGS[rule]).words
    yield "rmsprop", "optax", convert("rmsprop", "optimlab", "optax", {"lr": 0.01, "debias": True}).words
    yield "rmsprop", "optax", BELOW_ZERO
    for rate in (0.5, 2**-0.5, 1.0):  # 1/sqrt(inputs) for the shapes of SHAPES
        yield "muon", "keras", convert("muon", "optimlab", "keras", SETTINGS["muon"]).words | {"rms_rate": rate}


def calls(library):
    """Whatever is said in ``library`` when any case is carried over to it, (rule, words), each once."""
    seen = {}
    for rule, source, words in cases():
        if library in FACTS[rule]:
            carried = convert(rule, source, library, words).words
            seen[key(rule, library, carried)] = rule, carried
    return seen.values()


def key(rule, library, words, shape=(4,)):
    """The rule, the call with all its words, and on what shape."""
    on = "" if len(shape) == 1 else f" on {shape[0]}x{shape[1]}"
    return f"{rule}: {write(cell(rule, library), words, words)[0]}{on}"


def gradients(rule, shape):
    """g_1, g_2, ... in a shape."""
    return [
        np.array(g).reshape(shape) * (LOUD if rule == "muon" else 1) for g in itertools.islice(given_gradients(), STEPS)
    ]


def start(shape):
    return np.array(START).reshape(shape)


def run_torch(call, shape, given):
    """Of torch.optim and of schedulefree; Newton-Schulz not in bfloat16 but in float64."""
    from unittest import mock

    import torch

    theta = torch.tensor(start(shape))
    if call.startswith("schedulefree"):
        import schedulefree  # noqa: F401
    optimizer = eval(call.replace("(", "([theta], ", 1))
    getattr(optimizer, "train", lambda: None)()
    with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone):
        for g in given:
            theta.grad = torch.tensor(g)
            optimizer.step()
            yield theta.tolist()


def run_optax(call, shape, given):
    """Of optax; a weight is handed over as (inputs, outputs)."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import optax

    optimizer = eval(call)
    step = jax.jit(optimizer.update)
    theta = jax.numpy.array(start(shape).T)
    memory = optimizer.init(theta)
    for g in given:
        change, memory = step(jax.numpy.array(g.T), memory, theta)
        theta = optax.apply_updates(theta, change)
        yield theta.T.tolist()


def run_keras(call, shape, given, shipped=False):
    """Of Keras; a weight is handed over as (inputs, outputs). Its norm is taken not in float32 but in float64."""
    from unittest import mock

    import keras

    def norm(x, **options):
        import jax

        return jax.numpy.linalg.norm(keras.ops.convert_to_tensor(x), **options)

    with contextlib.nullcontext() if shipped else mock.patch.object(keras.src.ops, "norm", norm):
        yield from _run_keras(call, shape, given)


def _run_keras(call, shape, given):
    import keras

    keras.config.set_floatx("float64")
    call, _, penalty = call.partition(" with ")
    slope = (lambda theta: 0.0) if not penalty else _gradient(eval(penalty))
    optimizer = eval(call)
    theta = keras.Variable(start(shape).T, dtype="float64")
    for g in given:
        optimizer.apply([keras.ops.convert_to_tensor(g.T + slope(theta.value), dtype="float64")], [theta])
        yield keras.ops.convert_to_numpy(theta.value).T.tolist()


def _gradient(penalty):
    import jax

    slope = jax.grad(penalty)
    return lambda theta: np.array(slope(theta))


def translated(rule, meant, shape=(4,)):
    """The path of our own rule at a meaning, as the sentences of `optimlab convert` advise; None if they know no way.

    An eps before or after the correction is set anew at each step, one inside AdaGrad's root joins the start,
    Muon's other scale goes into lr and out of the decay.
    """
    hyper, theta, state = {each: meant[each] for each in RULES[rule].hyper}, start(shape), {}
    if rule == "rmsprop" and meant["eps_place"] == "inside" and meant["eps"]:
        return None
    if (
        meant.get("decay_of") == "y"
        and meant["weight_decay"]
        or meant.get("lookahead") == "debiased"
        and meant["nesterov"]
    ):
        return None
    if rule == "adagrad":
        inside = meant["eps_place"] == "inside"
        state, hyper["eps"] = {"s": meant["start"] + meant["eps"] * inside}, meant["eps"] * (not inside)
    if meant.get("rms"):
        scale = meant["rms"] * shape[1] ** 0.5
        hyper |= {"lr": meant["lr"] * scale, "weight_decay": meant["weight_decay"] / scale}
    if meant.get("mean_from") == "start":
        state = {"t": 1, "x": theta, "z": theta}
    path = []
    for t, g in enumerate(gradients(rule, shape), 1):
        at_t = {}
        if meant.get("eps_time") != OURS.get(rule, {}).get("eps_time"):
            weight = (1 - meant["beta2"] ** t) ** 0.5
            at_t["eps"] = meant["eps"] / weight if meant["eps_time"] == "before" else meant["eps"] * weight
        with np.errstate(invalid="ignore"):
            theta, state = RULES[rule](theta, g, state, **hyper | at_t)
        path.append(theta)
    return np.array(path)


def recorded(library):
    """What is on file: paths of four numbers as arrays, nan where the library had nan."""
    made = json.loads((HERE / "rosetta" / f"{library}.json").read_text())
    return made | {"theta": {name: np.array(path, dtype=float) for name, path in made["theta"].items()}}


def distance(path, other):
    """The largest difference of two paths at the recorded steps, in units of their size if that is above 1.

    Where both are nan there is none, where one is it is infinite.
    """
    one, two = (np.asarray(each, dtype=float).reshape(len(each), 4) for each in (path, other))
    one, two = (each[[t - 1 for t in SHOWN]] if len(each) == STEPS else each for each in (one, two))
    both = np.isnan(one) & np.isnan(two)
    gap = np.abs(np.where(both, 0, one - two))
    return np.where(np.isnan(gap), np.inf, gap).max() / max(1, np.nanmax(np.abs(one)))


RUN = {"torch": run_torch, "schedulefree": run_torch, "optax": run_optax, "keras": run_keras}


def signature(called):
    """The defaults of a class or function, as far as they are plain."""
    library = called.partition(".")[0]
    importlib.import_module("optax.contrib" if library == "optax" else library)
    known = inspect.signature(eval(called, {library: sys.modules[library]})).parameters
    plain = (int, float, str, bool, tuple, type(None))
    return {name: each.default for name, each in known.items() if isinstance(each.default, plain)}


def record(library):
    """Everything one library's file holds."""
    paths, defaults = {}, {}
    for rule, words in calls(library):
        there = cell(rule, library)
        defaults[there.called] = signature(there.called)
        for shape in SHAPES.get(rule, ((4,),)):
            path = list(RUN[library](write(there, words, words)[0], shape, gradients(rule, shape)))
            shown = np.array([path[t - 1] for t in SHOWN]).reshape(len(SHOWN), 4)
            paths[key(rule, library, words, shape)] = np.where(np.isnan(shown), None, shown).tolist()  # JSON has no nan
    return {"made with": f"{library} {importlib.metadata.version(library)}", "defaults": defaults, "theta": paths}


def as_shipped():
    """Where torch does not compute in float64 what it is given in it: NAdam's product, Muon's Newton-Schulz steps."""
    import torch

    paths = {}
    for call, shape in (("torch.optim.NAdam(lr=0.002)", (4,)), ("torch.optim.Muon(lr=0.02, weight_decay=0)", (2, 2))):
        theta = torch.tensor(start(shape))
        optimizer = eval(call.replace("(", "([theta], ", 1))
        path = []
        for g in gradients("muon" if "Muon" in call else "nadam", shape):
            theta.grad = torch.tensor(g)
            optimizer.step()
            path.append(theta.reshape(4).tolist())
        paths[call] = [path[t - 1] for t in SHOWN]
    return {"made with": f"torch {torch.__version__}", "theta": paths}


def keras_on_torch():
    """Keras, told to use float64, takes Muon's norm in float32 all the same, and on torch its scale."""
    path = list(
        run_keras(
            "keras.optimizers.Muon(learning_rate=0.02, weight_decay=None)", (2, 2), gradients("muon", (2, 2)), True
        )
    )
    path = np.array(path).reshape(STEPS, 4).tolist()
    made = {"keras.optimizers.Muon(learning_rate=0.02, weight_decay=None)": [path[t - 1] for t in SHOWN]}
    return {"made with": f"keras {importlib.metadata.version('keras')} on torch", "theta": made}


EXCEPTIONS = {"torch_as_shipped": as_shipped, "keras_on_torch": keras_on_torch}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in (*RECORDED, *EXCEPTIONS):
        sys.exit(f"usage: python {sys.argv[0]} {'|'.join((*RECORDED, *EXCEPTIONS))}")
    os.environ |= {"KERAS_BACKEND": "torch" if sys.argv[1] == "keras_on_torch" else "jax", "JAX_ENABLE_X64": "1"}
    made = EXCEPTIONS[sys.argv[1]]() if sys.argv[1] in EXCEPTIONS else record(sys.argv[1])
    paths = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(path, allow_nan=False)}" for name, path in made.pop("theta").items()
    )
    target = HERE / "rosetta" / f"{sys.argv[1]}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(f'{json.dumps(made)[:-1]}, "theta": {{\n{paths}\n}}}}\n')
    print(f"wrote {target.name}: {target.stat().st_size} bytes")
