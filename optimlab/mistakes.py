"""Known mistakes: wrong variants of the rules that people really write, each with the sentence that helps.

A mistake is written as what makes it one: an edit of the rule's own source. The wrong body is the source of the rule's
body with ``old`` replaced by ``new``, so nothing but the mistake can differ. Within a rule the commonest come first.
A rule that is built on another inherits its mistakes. ``source`` is a public thread where the mistake was made,
reported or asked about; another library's convention counts as a mistake here wherever it changes the numbers.

>>> adam = named("adam", "Adam without bias correction")
>>> adam.edits, adam.source
((('m / (1 - beta1**t)', 'm'), ('v / (1 - beta2**t)', 'v')), 'oxiglade/mlx-rs#301')
>>> theta, state = adam.body(1.0, 2.0, {}, lr=0.1)
>>> round((1.0 - theta) / 0.1, 2)                     # the first step, in units of lr
3.16
"""

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import NamedTuple

from . import rules
from .contract import RULES, find, nearest

__all__ = ["Mistake", "MISTAKES", "SCHEDULED", "named", "of"]


class Mistake(NamedTuple):
    """A wrong variant: what it is meant to be, its name, its sentence, its body, how it is made and its source."""

    rule: str
    name: str
    sentence: str
    body: Callable
    edits: tuple = ()
    source: str = ""


def of(rule, changing_lr=False):
    """The known mistakes of one rule, the commonest first; those that a constant lr hides only where ``changing_lr``.

    >>> [mistake.name for mistake in of("adagrad")][:2]
    ['AdaGrad without the square root', 'AdaGrad with eps inside the root']
    >>> [mistake.name for mistake in of("momentum", changing_lr=True)][-1]
    'momentum with the learning rate inside the velocity'
    """
    find(rule)
    known = MISTAKES + SCHEDULED if changing_lr else MISTAKES
    return tuple(mistake for mistake in known if mistake.rule == rule)


def named(rule, name):
    """One mistake by its name; an unknown name is answered with the nearest one."""
    known = {mistake.name: mistake for mistake in of(rule, changing_lr=True)}
    if name not in known:
        raise ValueError(f"{rule} has no mistake named {name!r}; {nearest(name, known)}")
    return known[name]


def edited(rule, edits, **others):
    """The body of ``rule`` with each (old, new) of ``edits`` applied in turn; ``others`` replaces what it calls.

    >>> edited("momentum", [("+ g", "- g")])(1.0, 2.0, {}, lr=0.5)
    (2.0, {'v': -2.0})
    """
    header, body = _source(rule)
    for old, new in edits:
        if old not in body:
            raise ValueError(f"the source of {rule} does not hold {old!r}; this mistake of it must be written anew")
        body = body.replace(old, new)
    names = {**vars(rules), **others}
    exec(compile(header + body, f"<a mistake of {rule}>", "exec"), names)
    names[rule].body = names[rule]  # a rule that calls this one reaches its body as it would the true rule's
    return names[rule]


@functools.cache
def _source(rule):
    """A rule's source in two parts: the def line, and the code below the docstring; Newton-Schulz is no rule."""
    body = rules.newton_schulz if rule == "newton_schulz" else find(rule).body
    source = textwrap.dedent(inspect.getsource(body))
    function, lines = ast.parse(source).body[0], source.splitlines(keepends=True)
    docstring, first = function.body[0], function.body[1]
    return "".join(lines[function.lineno - 1 : docstring.lineno - 1]), "".join(lines[first.lineno - 1 :])


# function -> (name, what helps, edit, edit, ..., where it was made). Figures hold at the default hyperparameters.
CATALOGUE = {
    "sgd": [
        ("gradient ascent", "the gradient points uphill, so its step is subtracted", ("theta - lr", "theta + lr")),
        ("SGD without a learning rate", "the step is lr times the gradient", ("lr * (", "(")),
        (
            "SGD without weight decay",
            "weight_decay * theta, the gradient of the penalty, is added to g",
            ("g + weight_decay * theta", "g"),
        ),
        (
            "SGD whose decay lets the weights grow",
            "weight_decay * theta is added to g: it pulls theta towards 0, as g pulls it down the loss",
            ("g + weight_decay", "g - weight_decay"),
        ),
        (
            "SGD whose decay skips the learning rate",
            "the penalty's gradient is stepped along with lr, as g is",
            ("lr * (g + weight_decay * theta)", "lr * g - weight_decay * theta"),
            "tensorflow/addons#2282",
        ),
        (
            "SGD whose decay is scaled by the learning rate twice",
            "g + weight_decay * theta is multiplied by lr once, together",
            ("weight_decay * theta", "lr * weight_decay * theta"),
        ),
        (
            "SGD with twice the decay",
            "the penalty is weight_decay / 2 * theta**2, so its gradient has no factor 2",
            ("weight_decay * theta", "2 * weight_decay * theta"),
            "titu1994/DenseNet#57",
        ),
        (
            "SGD whose decay squares the weights",
            "the penalty is weight_decay / 2 * theta**2; its gradient is weight_decay * theta",
            ("weight_decay * theta", "weight_decay * theta * theta"),
            "pytorch/pytorch#3740",
        ),
        (
            "SGD whose decay forgets the sign",
            "the decay has the sign of theta, so that it pulls negative weights up, towards 0",
            ("weight_decay * theta", "weight_decay * abs(theta)"),
            "torch/optim#101",
        ),
    ],
    "momentum": [
        (
            "momentum as an average",
            "the velocity is a sum, v = beta * v + g; with (1 - beta) * g its steps are 10 times too short",
            ("+ g", "+ (1 - beta) * g"),
            "HIPS/autograd#289",
        ),
        (
            "momentum that forgets its velocity",
            "the velocity must be in the state that is returned; without it every step is plain SGD",
            ('{"v": v}', "{}"),
            "gpleiss/nnlr#6",
        ),
        (
            "momentum that stores the gradient",
            "the state keeps the new velocity, not g: the sum goes back to the first step, not just to the last",
            ('{"v": v}', '{"v": g}'),
        ),
        (
            "momentum stepping with the old velocity",
            "add g to the velocity first, then step: here the first step does not move at all",
            ("lr * v", 'lr * state.get("v", 0)'),
        ),
        (
            "Nesterov's momentum",
            "heavy ball steps along v; stepping along g + beta * v makes the first step 1.9 times as long",
            ("lr * v", "lr * (g + beta * v)"),
        ),
        ("momentum without beta", "beta multiplies the old velocity, or it never fades", ("beta * state", "state")),
        (
            "momentum that fades the gradient too",
            "beta multiplies the old velocity only; here every step is 0.9 times too short",
            ('beta * state.get("v", 0) + g', 'beta * (state.get("v", 0) + g)'),
        ),
        (
            "momentum that counts the first gradient twice",
            'the velocity is 0 at birth, state.get("v", 0); begun with g, the first step is 1.9 times as long',
            ('get("v", 0)', 'get("v", g)'),
        ),
        ("momentum uphill", "the gradient points uphill, so the velocity's step is subtracted", ("- lr", "+ lr")),
        ("momentum without a learning rate", "the step is lr times the velocity", ("lr * v", "v")),
        (
            "momentum with the learning rate twice",
            "lr belongs in the velocity or in the step, not in both",
            ("+ g", "+ lr * g"),
        ),
        (
            "momentum with beta on the gradient",
            "beta multiplies the old velocity, not the gradient: v = beta * v + g",
            ('beta * state.get("v", 0) + g', 'state.get("v", 0) + beta * g'),
            "ooples/AiDotNet#2008",
        ),
        (
            "momentum that brakes",
            "the old velocity is added to the gradient, not subtracted from it: v = beta * v + g",
            ("beta * state", "-beta * state"),
        ),
    ],
    "nesterov": [
        (
            "heavy ball instead of Nesterov",
            "Nesterov steps along g + beta * v, where the velocity is about to be, not along v",
            ("g + beta * v", "v"),
        ),
        (
            "Nesterov without the gradient of this step",
            "the step is along g + beta * v; beta * v alone makes the first one 0.47 times as long as it should be",
            ("g + beta * v", "beta * v"),
        ),
        (
            "Nesterov that adds the velocity twice",
            "the step is along g + beta * v; v holds g already, so v + beta * v counts old gradients twice",
            ("g + beta * v", "v + beta * v"),
            "pytorch/pytorch#5920",
        ),
        (
            "Nesterov as an average",
            "the velocity is a sum, v = beta * v + g, without (1 - beta)",
            ('beta * state.get("v", 0) + g', 'beta * state.get("v", 0) + (1 - beta) * g'),
        ),
        (
            "Nesterov that forgets its velocity",
            "the velocity must be in the state that is returned",
            ('{"v": v}', "{}"),
        ),
        (
            "Nesterov that brakes",
            "the step is along g + beta * v; with g - beta * v the first one is 0.053 times as long",
            ("g + beta * v", "g - beta * v"),
            "PaddlePaddle/Paddle#12231",
        ),
        ("Nesterov that stores the gradient", "the state keeps the new velocity, not g", ('{"v": v}', '{"v": g}')),
        (
            "Nesterov that stores the look-ahead",
            "the state keeps v; g + beta * v is for this step only",
            ('{"v": v}', '{"v": g + beta * v}'),
        ),
        ("Nesterov without beta", "beta multiplies the old velocity, or it never fades", ("beta * state", "state")),
        (
            "Nesterov that fades the gradient too",
            "beta multiplies the old velocity only: v = beta * v + g",
            ('beta * state.get("v", 0) + g', 'beta * (state.get("v", 0) + g)'),
        ),
        (
            "Nesterov that looks ahead in full",
            "the look-ahead is faded too: g + beta * v, not g + v",
            ("g + beta * v", "g + v"),
        ),
        ("Nesterov uphill", "the gradient points uphill, so the step is subtracted", ("theta - lr", "theta + lr")),
        ("Nesterov without a learning rate", "the step is lr times g + beta * v", ("lr * (", "(")),
    ],
    "adagrad": [
        (
            "AdaGrad without the square root",
            "divide by sqrt(s): dividing by s makes a gradient ten times as large move theta a tenth as far",
            ("sqrt(s)", "s"),
        ),
        (
            "AdaGrad with eps inside the root",
            "eps is added to sqrt(s); inside the root 1e-10 acts like 1e-5",
            ("sqrt(s) + eps", "sqrt(s + eps)"),
        ),
        ("AdaGrad that sums gradients", "s sums g * g; a sum of g lets signs cancel", ("g * g", "g")),
        (
            "AdaGrad that forgets its sum",
            "s must be in the state that is returned; without it every step is lr * sign(g)",
            ('{"s": s}', "{}"),
        ),
        (
            "RMSProp's average instead of AdaGrad's sum",
            "s only grows: s + g * g, with no beta",
            ('state.get("s", 0) + g * g', '0.9 * state.get("s", 0) + 0.1 * g * g'),
            "tensorflow/swift-apis#733",
        ),
        (
            "AdaGrad that divides by the old sum",
            "add g * g to s first, then divide: here the first step divides by eps alone",
            ("sqrt(s)", 'sqrt(state.get("s", 0))'),
        ),
        (
            "AdaGrad that begins its sum at 0.1",
            "s starts at 0; optax and Keras start it at 0.1, which shortens the steps of small gradients",
            ('state.get("s", 0)', 'state.get("s", 0.1)'),
            "pytorch/pytorch#6616",
        ),
        (
            "AdaGrad that begins its sum at 1",
            "s starts at 0: a 1 outweighs gradients that are small",
            ('state.get("s", 0)', 'state.get("s", 1)'),
            "deeplearning4j/deeplearning4j#953",
        ),
        (
            "AdaGrad that stores the root",
            "the state keeps the sum s; its root is for this step only",
            ('{"s": s}', '{"s": sqrt(s)}'),
        ),
        (
            "AdaGrad that averages the squares",
            "s is the sum of all squares; divided by their number it never slows down",
            ('s = state.get("s", 0) + g * g', 't = state.get("t", 0) + 1\n    s = state.get("s", 0) + g * g'),
            ("sqrt(s)", "sqrt(s / t)"),
            ('{"s": s}', '{"s": s, "t": t}'),
        ),
        (
            "AdaGrad uphill",
            "the gradient points uphill, so the step is subtracted",
            ("theta - lr", "theta + lr"),
            "PaddlePaddle/Paddle#4184",
        ),
        ("AdaGrad without a learning rate", "the step is lr times g / (sqrt(s) + eps)", ("lr * g", "g")),
    ],
    "rmsprop": [
        (
            "RMSProp with eps inside the root",
            "eps is added to sqrt(v); inside the root 1e-8 acts like 1e-4",
            ("sqrt(v_hat) + eps", "sqrt(v_hat + eps)"),
            "pytorch/pytorch#23796",
        ),
        (
            "RMSProp without the square root",
            "divide by sqrt(v): dividing by v makes a gradient ten times as large move theta a tenth as far",
            ("sqrt(v_hat)", "v_hat"),
        ),
        (
            "RMSProp with its weights swapped",
            "beta weighs the old v and 1 - beta the new g * g; swapped, it remembers one step, not a hundred",
            ('beta * state.get("v", 0) + (1 - beta)', '(1 - beta) * state.get("v", 0) + beta'),
        ),
        (
            "AdaGrad's sum instead of RMSProp's average",
            "v is a moving average: beta * v + (1 - beta) * g * g",
            ('beta * state.get("v", 0) + (1 - beta) * (g * g)', 'state.get("v", 0) + g * g'),
        ),
        ("RMSProp that forgets its average", "v must be in the state that is returned", ('"t": t, "v": v', '"t": t')),
        (
            "RMSProp with bias correction",
            "v is divided by 1 - beta**t only where debias=True; corrected, the first step is 10 times shorter",
            (" if debias else 1", ""),
        ),
        (
            "centered RMSProp without centering",
            "with centered=True the squared average gradient is subtracted from v",
            ("v_hat - m_hat * m_hat", "v_hat"),
        ),
        (
            "RMSProp that adds the squares in full",
            "g * g enters v with weight 1 - beta; in full, the first step is 10 times too short",
            ("(1 - beta) * (g * g)", "g * g"),
            "fastai/fastbook#342",
        ),
        (
            "RMSProp that begins at 1",
            "v starts at 0; TensorFlow 1 started it at 1, which shortens the first steps of small gradients",
            ('state.get("v", 0)', 'state.get("v", 1)'),
            "google-deepmind/optax#49",
        ),
        (
            "RMSProp that begins with the first square",
            "v starts at 0: the first g * g has weight 1 - beta too; in full, the first step is 10 times too short",
            ('state.get("v", 0)', 'state.get("v", g * g)'),
            "zc911/MatrixSlow#28",
        ),
        ("RMSProp without the square", "v averages g * g; an average of g can fall below 0", ("(g * g)", "g")),
        (
            "RMSProp that divides by the old average",
            "put g * g into v first, then divide: here the first step divides by eps alone",
            ("v_hat = v /", 'v_hat = state.get("v", 0) /'),
        ),
        (
            "RMSProp that stores the root",
            "the state keeps v; its root is for this step only",
            ('"v": v', '"v": sqrt(v)'),
        ),
        (
            "centered RMSProp without the square of the mean",
            "what is subtracted from v is the square of the average gradient",
            ("m_hat * m_hat", "m_hat"),
        ),
        (
            "centered RMSProp that stores the variance",
            "the state keeps v; the variance is for this step only",
            ("v_hat = maximum", 'v_hat = new["v"] = maximum'),
            "UselessToys/Ecosystem_WebUI#383",
        ),
        (
            "centered RMSProp that steps along the average",
            "the step is along g, not along the average gradient",
            ("theta - lr * g", "theta - lr * (m_hat if centered else g)"),
        ),
        ("RMSProp uphill", "the gradient points uphill, so the step is subtracted", ("theta - lr", "theta + lr")),
        ("RMSProp without a learning rate", "the step is lr times g / (sqrt(v) + eps)", ("lr * g", "g")),
    ],
    "adam": [
        (
            "Adam without bias correction",
            "the first step is 3.16 times too long; divide m by 1 - beta1**t and v by 1 - beta2**t",
            ("m / (1 - beta1**t)", "m"),
            ("v / (1 - beta2**t)", "v"),
            "oxiglade/mlx-rs#301",
        ),
        (
            "Adam with eps inside the root",
            "eps is added to sqrt(v_hat); inside, a gradient of 1e-6 takes a first step 99 times too short",
            ("sqrt(v_hat) + eps", "sqrt(v_hat + eps)"),
            "d2l-ai/d2l-zh#502",
        ),
        (
            "Adam that corrects m only",
            "divide v by 1 - beta2**t too; without it the first step is 31.6 times too long",
            ("v / (1 - beta2**t)", "v"),
            "phlippe/uvadlc_notebooks#35",
        ),
        (
            "Adam that corrects v only",
            "divide m by 1 - beta1**t too; without it the first step is 10 times too short",
            ("m / (1 - beta1**t)", "m"),
            "pytorch/pytorch#67105",
        ),
        (
            "Adam whose correction never fades",
            "correct by 1 - beta**t, t counting the steps in the state; here every step is corrected like the first",
            ("**t", ""),
            "eriklindernoren/ML-From-Scratch#35",
        ),
        (
            "Adam that counts from zero",
            "t is 1 at the first step: count before you correct, or 1 - beta**0 = 0 divides",
            ('t = state.get("t", 0) + 1', 't = state.get("t", 0)'),
            ('"t": t', '"t": t + 1'),
            "deeplearning4j/nd4j#1227",
        ),
        (
            "Adam that counts from two",
            "t is 1 at the first step; corrected as if it were the second, that step is 0.74 times its length",
            ('state.get("t", 0) + 1', 'state.get("t", 1) + 1'),
            "cs231n/cs231n.github.io#179",
        ),
        (
            "Adam with beta * t instead of beta**t",
            "the weight of the zeros at birth is a power, beta**t; 1 - beta * t is negative at step two",
            ("**t", " * t"),
        ),
        (
            "Adam that multiplies by its correction",
            "m and v are too small at birth, so divide them by 1 - beta**t",
            ("/ (1 - beta", "* (1 - beta"),
            "karpathy/convnetjs#70",
        ),
        (
            "Adam without the square root",
            "divide by sqrt(v_hat): dividing by v_hat makes a gradient ten times as large move theta a tenth as far",
            ("sqrt(v_hat)", "v_hat"),
        ),
        ("Adam without the square", "v averages g * g; an average of g can fall below 0", ("(g * g)", "g")),
        ("Adam whose v averages m * m", "v averages g * g, the gradient's own size", ("(g * g)", "(m * m)")),
        (
            "Adam with beta1 and beta2 swapped",
            "beta1 (0.9) belongs to m, beta2 (0.999) to v",
            ("beta1", "beta_"),
            ("beta2", "beta1"),
            ("beta_", "beta2"),
        ),
        (
            "Adam with its weights swapped",
            "beta weighs the memory and 1 - beta the new gradient, not the other way round",
            ('beta1 * state.get("m", 0) + (1 - beta1)', '(1 - beta1) * state.get("m", 0) + beta1'),
            ('beta2 * state.get("v", 0) + (1 - beta2)', '(1 - beta2) * state.get("v", 0) + beta2'),
        ),
        (
            "Adam that stores the corrected memories",
            "keep m and v as they are; corrected copies are for this step only, or the correction compounds",
            ('"m": m, "v": v', '"m": m_hat, "v": v_hat'),
            "frgfm/holocron#1",
        ),
        (
            "Adam that stores the corrected m",
            "keep m as it is; m_hat is for this step only, or the correction compounds",
            ('"m": m', '"m": m_hat'),
        ),
        (
            "Adam that stores the corrected v",
            "keep v as it is; v_hat is for this step only, or the correction compounds",
            ('"v": v', '"v": v_hat'),
        ),
        (
            "Adam without a memory",
            "return t, m and v in the state; a newborn Adam steps lr * sign(g) every time",
            ('{"t": t, "m": m, "v": v}', "{}"),
        ),
        ("Adam that forgets m", "m must be in the state that is returned", ('"m": m, ', "")),
        ("Adam that forgets v", "v must be in the state that is returned", (', "v": v', "")),
        (
            "Adam along the gradient",
            "the step is along m_hat; along g it is RMSProp with bias correction",
            ("lr * m_hat", "lr * g"),
        ),
        (
            "Adam that sums gradients into m",
            "m is an average: g enters with weight 1 - beta1; summed, the first step is 10 times too long",
            ("(1 - beta1) * g", "g"),
        ),
        (
            "Adam that sums squares into v",
            "v is an average: g * g enters with weight 1 - beta2; summed, the first step is 31.6 times too short",
            ("(1 - beta2) * (g * g)", "g * g"),
            "fastai/fastbook#342",
        ),
        (
            "Adam with eps added before the correction",
            "add eps to sqrt(v_hat), not to sqrt(v): Keras does, and then eps is 31.6 times larger at the first step",
            ("sqrt(v_hat) + eps", "sqrt(v_hat) + eps / sqrt(1 - beta2**t)"),
            "pytorch/pytorch#22628",
        ),
        (
            "Adam that corrects twice",
            "divide by 1 - beta**t once: in m_hat and v_hat or in the step size, not in both",
            ("(1 - beta1**t)", "(1 - beta1**t) ** 2"),
            ("(1 - beta2**t)", "(1 - beta2**t) ** 2"),
            "PennyLaneAI/pennylane#1928",
        ),
        (
            "Adam that corrects the root in full",
            "v is divided by 1 - beta2**t before the root is taken, or its root by the root of that",
            ("(1 - beta2**t)", "(1 - beta2**t) ** 2"),
            "pytorch/pytorch#23737",
        ),
        (
            "Adam that takes the power outside",
            "1 - beta**t, not (1 - beta)**t: the power is beta's alone",
            ("(1 - beta1**t)", "(1 - beta1) ** t"),
            ("(1 - beta2**t)", "(1 - beta2) ** t"),
            "PennyLaneAI/pennylane#1928",
        ),
        (
            "Adam that squares where t should be",
            "the correction is 1 - beta**t; t counts the steps and grows, it is not always 2",
            ("**t", "**2"),
            "ufal/npfl114#79",
        ),
        (
            "Adam that corrects v by what is missing",
            "v is divided by 1 - beta2**t; by beta2**t the first step is 31.6 times too long",
            ("v / (1 - beta2**t)", "v / beta2**t"),
            "kozistr/AdaBound-tensorflow#3",
        ),
        (
            "Adam that counts every step twice",
            "t goes up by 1 a step, however many parameters there are",
            ('state.get("t", 0) + 1', 'state.get("t", 0) + 2'),
            "geoopt/geoopt#164",
        ),
        (
            "Adam whose beta1 decays",
            "m keeps beta1 of itself at every step; beta1**t is for the correction alone",
            ('beta1 * state.get("m", 0) + (1 - beta1) * g', 'beta1**t * state.get("m", 0) + (1 - beta1**t) * g'),
            "mila-iqia/blocks#1144",
        ),
        (
            "Adam that begins with the first gradient",
            "m and v start at 0, which is what is corrected; begun with g, the first step is 3.16 times too short",
            ('state.get("m", 0)', 'state.get("m", g)'),
            ('state.get("v", 0)', 'state.get("v", g * g)'),
            "zc911/MatrixSlow#28",
        ),
        (
            "Adam that multiplies by the root",
            "divide by sqrt(v_hat) + eps: multiplied by it, a step grows with the square of the gradient",
            ("m_hat / (sqrt", "m_hat * (sqrt"),
            "oracle/tribuo#401",
        ),
        (
            "Adam that subtracts eps",
            "eps is added to sqrt(v_hat), so that nothing is divided by 0",
            ("+ eps", "- eps"),
            "tensorflow/tensorflow#61411",
        ),
        ("Adam without eps", "eps is added to sqrt(v_hat); where g is 0 it alone prevents 0 / 0", (" + eps", "")),
        ("Adam uphill", "the gradient points uphill, so the step is subtracted", ("theta - lr", "theta + lr")),
        ("Adam without a learning rate", "the step is lr times m_hat / (sqrt(v_hat) + eps)", ("lr * m_hat", "m_hat")),
    ],
    "adam_l2": [
        (
            "AdamW instead of Adam with L2",
            "the penalty's gradient weight_decay * theta is added to g, before both memories",
            ("theta, g + weight_decay * theta", "theta * (1 - lr * weight_decay), g"),
        ),
        ("Adam without its L2 penalty", "weight_decay * theta is added to g", ("g + weight_decay * theta", "g")),
        (
            "Adam whose penalty lets the weights grow",
            "weight_decay * theta is added to g, for the step is subtracted",
            ("g + weight_decay", "g - weight_decay"),
        ),
        (
            "Adam with twice the penalty",
            "the penalty is weight_decay / 2 * theta**2, so its gradient has no factor 2",
            ("weight_decay * theta", "2 * weight_decay * theta"),
            "titu1994/DenseNet#57",
        ),
        (
            "Adam whose penalty is scaled by the learning rate",
            "weight_decay * theta is added to g; lr multiplies the step that comes of it",
            ("weight_decay * theta", "lr * weight_decay * theta"),
        ),
        (
            "Adam whose penalty squares the weights",
            "the penalty is weight_decay / 2 * theta**2; its gradient is weight_decay * theta",
            ("weight_decay * theta", "weight_decay * theta * theta"),
            "pytorch/pytorch#3740",
        ),
        (
            "Adam whose penalty forgets the sign",
            "the penalty's gradient has the sign of theta, so that it pulls negative weights up",
            ("weight_decay * theta", "weight_decay * abs(theta)"),
            "torch/optim#101",
        ),
    ],
    "adamw": [
        (
            "L2 instead of decoupled decay",
            "what is added to g is divided by sqrt(v_hat) with it; multiply theta by 1 - lr * weight_decay instead",
            ("theta * (1 - lr * weight_decay), g", "theta, g + weight_decay * theta"),
        ),
        (
            "AdamW whose decay skips the learning rate",
            "the decay is lr * weight_decay * theta; without lr it is 1000 times too strong",
            ("1 - lr * weight_decay", "1 - weight_decay"),
            "egg-west/AdamW-pytorch#1",
        ),
        (
            "AdamW that shrinks after the step",
            "shrink theta, then step: afterwards the step is shrunk too, by lr * weight_decay of its length",
            ("return", "theta, state ="),
            ("theta * (1 - lr * weight_decay)", "theta"),
            ("eps=eps)", "eps=eps)\n    return theta * (1 - lr * weight_decay), state"),
            "huggingface/transformers#3407",
        ),
        (
            "AdamW whose decay lets the weights grow",
            "decay shrinks: multiply theta by 1 - lr * weight_decay",
            ("1 - lr * weight_decay", "1 + lr * weight_decay"),
        ),
        (
            "AdamW without decay",
            "multiply theta by 1 - lr * weight_decay before the step",
            ("theta * (1 - lr * weight_decay)", "theta"),
        ),
        (
            "AdamW that decays twice",
            "shrink theta or add weight_decay * theta to g, not both: AdamW shrinks",
            ("weight_decay), g", "weight_decay), g + weight_decay * theta"),
        ),
        (
            "AdamW whose decay is divided by sqrt(v_hat)",
            "only the gradient is divided by sqrt(v_hat) + eps; the decay is lr * weight_decay * theta",
            ("return", "stepped, state ="),
            ("theta * (1 - lr * weight_decay)", "theta"),
            ("eps=eps)", 'eps=eps)\n    size = sqrt(state["v"] / (1 - beta2 ** state["t"])) + eps'),
            ("+ eps", "+ eps\n    return stepped - lr * weight_decay * theta / size, state"),
        ),
        (
            "AdamW that subtracts a constant",
            "the decay is in proportion to theta: lr * weight_decay * theta, not lr * weight_decay",
            ("theta * (1 - lr * weight_decay)", "theta - lr * weight_decay"),
        ),
        (
            "AdamW whose decay is corrected as the step is",
            "the decay is lr * weight_decay * theta; with the step's bias correction the first is 3.16 times too weak",
            ("lr * weight_decay", "lr * weight_decay * sqrt(1 - beta2**t) / (1 - beta1**t)"),
            ("return", 't = state.get("t", 0) + 1\n    return'),
            "egg-west/AdamW-pytorch#1",
        ),
        (
            "AdamW whose decay is scaled by the learning rate twice",
            "the decay is lr * weight_decay * theta, with lr once",
            ("lr * weight_decay", "lr * lr * weight_decay"),
        ),
        (
            "AdamW whose decay squares the weights",
            "the decay is in proportion to theta: lr * weight_decay * theta, not theta**2",
            ("lr * weight_decay", "lr * weight_decay * theta"),
            "pytorch/pytorch#3740",
        ),
        (
            "AdamW with twice the decay",
            "multiply theta by 1 - lr * weight_decay, without a factor 2",
            ("lr * weight_decay", "2 * lr * weight_decay"),
        ),
    ],
    "amsgrad": [
        (
            "AMSGrad without its maximum",
            "divide by the largest v so far, and keep it in the state as v_max; with v itself it is Adam",
            ('maximum(v / before, state.get("v_max", 0))', "v / before"),
            "chainer/chainer#7661",
        ),
        (
            "AMSGrad that averages onto its maximum",
            "v goes on as a plain moving average beside v_max",
            ('"v": v,', '"v": v_max,'),
        ),
        (
            "AMSGrad with eps inside the root",
            "eps is added to the root; inside 1e-8 acts like 1e-4",
            ("sqrt(v_max / after) + eps", "sqrt(v_max / after + eps)"),
        ),
        (
            "AMSGrad corrected before the maximum",
            "PyTorch takes the maximum of the raw v and corrects it afterwards; optax corrects first",
            ("v_max = maximum(v / before,", "before, after = weight_v, 1\n    v_max = maximum(v / before,"),
            "google-deepmind/optax#1389",
        ),
        (
            "AMSGrad without bias correction",
            "PyTorch corrects m and v, the paper neither: uncorrected, the first step is 3.16 times too long",
            ("weight_m, weight_v = (1, 1) if", "weight_m, weight_v = (1, 1) if True or"),
            "online-ml/river#185",
        ),
        (
            "AMSGrad that stores the root of its maximum",
            "v_max is kept as it is; its root is for this step only",
            ('"v_max": v_max', '"v_max": sqrt(v_max)'),
            "pytorch/pytorch#4314",
        ),
        (
            "AMSGrad that compares two steps only",
            "keep v_max in the state, not the last v: the maximum is over all steps",
            ('"v_max": v_max', '"v_max": v'),
        ),
        (
            "AMSGrad whose maximum is of g * g",
            "the maximum is of the averages v, not of the squared gradients",
            ("maximum(v / before", "maximum(g * g / before"),
        ),
        (
            "AMSGrad that corrects m only",
            "PyTorch divides the maximum by 1 - beta2**t too; without it the first step is 31.6 times too long",
            ("(1 - beta1**t, 1 - beta2**t)", "(1 - beta1**t, 1)"),
        ),
        (
            "AMSGrad that corrects v only",
            "m is divided by 1 - beta1**t too; without it the first step is 10 times too short",
            ("(1 - beta1**t, 1 - beta2**t)", "(1, 1 - beta2**t)"),
            "online-ml/river#185",
        ),
        (
            "AMSGrad with eps added before the correction",
            "eps is added to the corrected root; Keras adds it to the raw one, where it is 31.6 times larger at first",
            ("+ eps", "+ eps / sqrt(after)"),
        ),
        (
            "AMSGrad without the square root",
            "divide by the root of the maximum",
            ("sqrt(v_max / after)", "(v_max / after)"),
        ),
        ("AMSGrad uphill", "the gradient points uphill, so the step is subtracted", ("theta - lr", "theta + lr")),
        (
            "AMSGrad without a learning rate",
            "the step is lr times m_hat over the root of the maximum",
            ("lr * (m", "(m"),
        ),
    ],
    "radam": [
        (
            "RAdam without the rectification",
            "the adaptive step is multiplied by r, which is 0.03 when it is first taken",
            ("step * r *", "step *"),
        ),
        (
            "RAdam with the paper's threshold",
            "PyTorch rectifies where rho is above 5, the paper above 4: one step earlier",
            ("rho > threshold", "rho > 4"),
            "pytorch/pytorch#58968",
        ),
        (
            "RAdam that waits with m",
            "before rectification the step is lr * m_hat; m alone is 10 times too short at first",
            ("step = m / (1 - beta1**t)", "step = m"),
        ),
        (
            "RAdam with eps inside the root",
            "eps is added to sqrt(v); inside 1e-8 acts like 1e-4",
            ("sqrt(v) + eps", "sqrt(v + eps)"),
            "CyberZHG/keras-radam#29",
        ),
        (
            "RAdam without the correction of v",
            "the adaptive step divides by sqrt(v / (1 - beta2**t))",
            (" * sqrt(1 - beta2**t)", ""),
        ),
        (
            "RAdam with eps after the correction",
            "eps is added to sqrt(v), as in PyTorch; in the paper and optax to the corrected root, where it is less",
            ("+ eps", "+ eps * sqrt(1 - beta2**t)"),
        ),
        (
            "RAdam that stands still until rectified",
            "before rectification the step is lr * m_hat, momentum's; the authors' degenerated_to_sgd=False skips it",
            ("if rho > threshold:", "if rho <= threshold:\n        step = 0 * step\n    else:"),
            "LiyuanLucasLiu/RAdam#54",
        ),
        (
            "RAdam that takes Adam's step until rectified",
            "before rectification the step is lr * m_hat, not divided by any root",
            ("if rho > threshold:", "r = 1\n    if rho > threshold:"),
            ("        step = step", "    step = step"),
            "google-deepmind/optax#15",
        ),
        (
            "RAdam that corrects m in place",
            "keep m as it is; the corrected copy is for this step only, or the correction compounds",
            ('"m": m', '"m": m / (1 - beta1**t)'),
            "frgfm/holocron#1",
        ),
        (
            "RAdam without eps",
            "eps is added to sqrt(v); where g is 0 it alone prevents 0 / 0",
            ("(sqrt(v) + eps)", "sqrt(v)"),
            "pytorch/pytorch#92551",
        ),
        (
            "RAdam without the root of r",
            "r is the square root of the ratio of variances: 0.03 when it is first taken, not 0.0007",
            ("r = sqrt", "r = "),
        ),
        (
            "RAdam with t left out of rho",
            "rho loses 2 * t * beta2**t / (1 - beta2**t); without t it rectifies from the first step",
            ("2 * t * beta2", "2 * beta2"),
        ),
        (
            "RAdam that forgets to count the 1",
            "rho at infinity is 2 / (1 - beta2) - 1",
            ("2 / (1 - beta2) - 1", "2 / (1 - beta2)"),
        ),
        ("RAdam uphill", "the gradient points uphill, so the step is subtracted", ("theta - lr", "theta + lr")),
        ("RAdam without a learning rate", "the step is multiplied by lr, rectified or not", ("lr * step", "step")),
    ],
    "schedule_free_sgd": [
        (
            "Schedule-Free stepping from y",
            "z steps from its own place: z - lr * g; theta is y, where the gradient was taken",
            ('state.get("z", theta)', "theta"),
        ),
        (
            "Schedule-Free with the mean's weights swapped",
            "z enters the mean x with weight 1 / t, the old mean with all the rest",
            ("x + (z - x) / t", "z + (x - z) / t"),
            "HomebrewML/HeavyBall#13",
        ),
        (
            "Schedule-Free with x and z swapped in y",
            "y is (1 - beta) * z + beta * x: at beta = 0.9 most of it is the mean",
            ("(1 - beta) * z + beta * x", "beta * z + (1 - beta) * x"),
        ),
        (
            "Schedule-Free that returns the mean",
            "theta is y, where the next gradient is taken; the mean x stays in the state",
            ("(1 - beta) * z + beta * x", "x"),
        ),
        (
            "Schedule-Free that returns z",
            "theta is y = (1 - beta) * z + beta * x; gradients at z alone are Polyak's averaging",
            ("(1 - beta) * z + beta * x", "z"),
            "facebookresearch/schedule_free#66",
        ),
        (
            "Schedule-Free that counts its start in the mean",
            "x is the mean of z_1 to z_t, so the first weight is 1: the start is no part of it",
            ("/ t", "/ (t + 1)"),
        ),
        (
            "Schedule-Free that averages y",
            "x is the mean of the z, not of the points y where gradients are taken",
            ("(z - x) / t", "(theta - x) / t"),
        ),
        (
            "Schedule-Free that averages the old z",
            "z steps first, then enters the mean",
            ("(z - x) / t", '(state.get("z", theta) - x) / t'),
        ),
        (
            "Schedule-Free with a fading mean",
            "every z has the same weight in x, 1 / t; beta mixes x and z in y only",
            ("(z - x) / t", "(z - x) * (1 - beta)"),
        ),
        (
            "Schedule-Free that forgets its mean",
            "x must be in the state that is returned, or the mean begins anew at every step",
            ('"x": x, ', ""),
        ),
        (
            "Schedule-Free uphill",
            "the gradient points uphill, so its step is subtracted from z",
            ("- lr * g", "+ lr * g"),
        ),
        ("Schedule-Free without a learning rate", "z steps by lr times the gradient", ("lr * g", "g")),
    ],
    "schedule_free_adamw": [
        (
            "Schedule-Free AdamW with the decay at z",
            "the decay is taken where the gradient is, at y: weight_decay * theta",
            ("weight_decay * theta", 'weight_decay * state.get("z", theta)'),
            "mlcommons/algorithmic-efficiency#809",
        ),
        (
            "Schedule-Free AdamW with L2 instead of decay",
            "weight_decay * theta joins the step after g was divided by the root, not g before",
            ("t = state", "g = g + weight_decay * theta\n    t = state"),
            (") + weight_decay * theta", ")"),
            "facebookresearch/schedule_free#45",
        ),
        (
            "Schedule-Free AdamW whose correction shrinks the whole step",
            "sqrt(1 - beta2**t) times the step corrects v, but shrinks the decay as well",
            (
                "g / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * theta",
                "sqrt(1 - beta2**t) * (g / (sqrt(v) + eps) + weight_decay * theta)",
            ),
            "facebookresearch/schedule_free#38",
        ),
        (
            "Schedule-Free AdamW without bias correction",
            "v is divided by 1 - beta2**t; without it the first step is 31.6 times too long",
            ("v / (1 - beta2**t)", "v"),
        ),
        (
            "Schedule-Free AdamW with Adam's momentum too",
            "the average between y and z is the momentum: z steps along g, not along m",
            ("step = g", 'm = beta1 * state.get("m", 0) + (1 - beta1) * g\n    step = m / (1 - beta1**t)'),
            ('"v": v', '"v": v, "m": m'),
        ),
        (
            "Schedule-Free AdamW whose decay skips the learning rate",
            "the decay is lr * weight_decay * theta: lr multiplies the whole step",
            ("weight_decay * theta", "weight_decay * theta / lr"),
            "facebookresearch/schedule_free#47",
        ),
        (
            "Schedule-Free AdamW without decay",
            "weight_decay * theta is added to the step",
            (" + weight_decay * theta", ""),
        ),
        (
            "Schedule-Free AdamW whose decay lets the weights grow",
            "weight_decay * theta is added to the step, which is subtracted",
            ("+ weight_decay", "- weight_decay"),
        ),
        (
            "Schedule-Free AdamW with eps inside the root",
            "eps is added to the root of v_hat; inside 1e-8 acts like 1e-4",
            ("(1 - beta2**t)) + eps", "(1 - beta2**t) + eps)"),
        ),
        (
            "Schedule-Free AdamW without the square root",
            "divide by the root of v_hat",
            ("sqrt(v / (1 - beta2**t))", "v / (1 - beta2**t)"),
        ),
        ("Schedule-Free AdamW that forgets v", "v must be in the state that is returned", (', "v": v', "")),
    ],
    "muon": [
        (
            "Muon without the scale",
            "the step is multiplied by sqrt(max(1, rows / cols)), or tall matrices learn more slowly",
            ("lr * scale", "lr"),
            "google-deepmind/optax#1249",
        ),
        (
            "Muon scaled by columns over rows",
            "theta has a row per output here, as in PyTorch: the scale is rows / cols; optax keeps the transpose",
            ("rows / cols", "cols / rows"),
            "google-deepmind/optax#1249",
        ),
        (
            "Muon scaled below 1",
            "the scale is sqrt(max(1, rows / cols)): a wide matrix is not scaled down",
            ("max(1, rows / cols)", "rows / cols"),
            "google-deepmind/optax#1249",
        ),
        (
            "Muon with AdamW's scale",
            "0.2 * sqrt(max(rows, cols)) is Moonlight's scale; Jordan's is sqrt(max(1, rows / cols))",
            ("sqrt(max(1, rows / cols))", "0.2 * sqrt(max(rows, cols))"),
            "google-deepmind/optax#1435",
        ),
        (
            "Muon without the root of the scale",
            "the scale is the root of rows / cols where that is above 1",
            ("sqrt(max(1, rows / cols))", "max(1, rows / cols)"),
        ),
        (
            "Muon without the look-ahead",
            "with nesterov=True the direction is beta * m + (1 - beta) * g, not m",
            ("beta * m + (1 - beta) * g if nesterov else m", "m"),
            "zichongli5/NorMuon#5",
        ),
        (
            "Muon that mixes a sum with an average",
            "m is an average; a sum goes with the direction g + beta * m, as in the first version",
            ("+ (1 - beta) * g\n", "+ g\n"),
            "KellerJordan/Muon#52",
        ),
        ("Muon that forgets its momentum", "m must be in the state that is returned", ('{"m": m}', "{}")),
        (
            "Muon that stores its direction",
            "the state keeps m; the look-ahead is for this step only",
            ('{"m": m}', '{"m": direction}'),
        ),
        (
            "Muon without the Newton-Schulz steps",
            "momentum's direction is made orthogonal: newton_schulz(direction, steps)",
            ("newton_schulz(direction, steps)", "direction"),
        ),
        (
            "Muon that orthogonalizes before it averages",
            "average the gradients first, then make their average orthogonal",
            ("m = beta", "g = newton_schulz(g, steps)\n    m = beta"),
            ("newton_schulz(direction, steps)", "direction"),
        ),
        (
            "Muon whose decay skips the learning rate",
            "theta is multiplied by 1 - lr * weight_decay",
            ("1 - lr * weight_decay", "1 - weight_decay"),
        ),
        (
            "Muon without decay",
            "multiply theta by 1 - lr * weight_decay before the step",
            ("theta * (1 - lr * weight_decay)", "theta"),
        ),
        (
            "Muon that shrinks after the step",
            "shrink theta, then step: afterwards the step is shrunk too",
            ("theta * (1 - lr * weight_decay)", "(theta"),
            ("steps), {", "steps)) * (1 - lr * weight_decay), {"),
        ),
        (
            "Muon with L2 instead of decay",
            "weight_decay * theta shrinks theta; added to g its size is lost when the step is made orthogonal",
            ("theta * (1 - lr * weight_decay)", "theta"),
            ("m = beta", "g = g + weight_decay * theta\n    m = beta"),
        ),
        ("Muon uphill", "the gradient points uphill, so the step is subtracted", ("- lr * scale", "+ lr * scale")),
        (
            "Muon without a learning rate",
            "the step is lr times the scale times the orthogonal direction",
            ("lr * scale", "scale"),
        ),
    ],
    "newton_schulz": [
        (
            "Newton-Schulz without the norm",
            "divide by the norm first: the steps diverge where a singular value is above 1.264",
            ("x / maximum(norm(x), 1e-7)", "x"),
        ),
        (
            "Newton-Schulz that adds 1e-7 to the norm",
            "the norm is at least 1e-7; added to it, 1e-7 changes small gradients",
            ("maximum(norm(x), 1e-7)", "(norm(x) + 1e-7)"),
            "KellerJordan/Muon#14",
        ),
        (
            "Newton-Schulz with coefficients that converge",
            "(2, -1.5, 0.5) lifts small singular values 1.7 times more slowly; Jordan's are (3.4445, -4.7750, 2.0315)",
            ("3.4445, -4.7750, 2.0315", "2, -1.5, 0.5"),
            "PaddlePaddle/Paddle#78916",
        ),
        (
            "Newton-Schulz of third order",
            "the step has a fifth power: a * x + (b * A + c * A @ A) @ x",
            ("3.4445, -4.7750, 2.0315", "1.5, -0.5, 0"),
        ),
        (
            "Newton-Schulz that squares no Gram matrix",
            "c multiplies A @ A, b multiplies A",
            ("c * gram @ gram", "c * gram"),
        ),
        (
            "Newton-Schulz that takes one step",
            "repeat the step: one of them leaves small singular values small",
            ("range(steps)", "range(1)"),
        ),
    ],
}

# In the same form, mistakes that no run at a constant lr can show.
UNDER_A_SCHEDULE = {
    "momentum": [
        (
            "momentum with the learning rate inside the velocity",
            "the velocity sums plain gradients; Keras sums lr * g, so that old steps keep their old lr",
            ("+ g", "+ lr * g"),
            ("lr * v", "v"),
            "pytorch/pytorch#1099",
        ),
    ],
    "nesterov": [
        (
            "Nesterov with the learning rate inside the velocity",
            "the velocity sums plain gradients; Keras sums lr * g, so that old steps keep their old lr",
            ("+ g", "+ lr * g"),
            ("lr * (g + beta * v)", "(lr * g + beta * v)"),
            "pytorch/pytorch#1196",
        ),
    ],
    "schedule_free_sgd": [
        (
            "Schedule-Free with its mean weighted by lr",
            "every z has the same weight in x; the schedulefree package weights it by the largest lr so far, squared",
            ("    x = state", '    top = max(lr, state.get("top", 0))\n    x = state'),
            ("/ t", '* top**2 / (state.get("total", 0) + top**2)'),
            ('"z": z', '"z": z, "top": top, "total": state.get("total", 0) + top**2'),
        ),
    ],
}

BUILT_ON = {"adam_l2": "adam", "adamw": "adam", "schedule_free_adamw": "schedule_free_sgd", "muon": "newton_schulz"}
TITLES = {
    "adam_l2": "Adam with L2",
    "adamw": "AdamW",
    "schedule_free_adamw": "Schedule-Free AdamW",
    "muon": "Muon",
}


def _build(catalogue):
    for rule in RULES:
        for name, sentence, edits, source in _rows(catalogue, rule):
            yield Mistake(rule, name, sentence, edited(rule, edits), edits, source)
        part = BUILT_ON.get(rule)
        for name, sentence, edits, source in _rows(catalogue, part):
            body = edited(rule, (), **{part: edited(part, edits)})
            yield Mistake(rule, f"{TITLES[rule]} built on {name}", sentence, body, edits, source)


def _rows(catalogue, function):
    for name, sentence, *edits in catalogue.get(function, ()):
        source = edits.pop() if isinstance(edits[-1], str) else ""
        yield name, sentence, tuple(edits), source


MISTAKES = tuple(_build(CATALOGUE))
SCHEDULED = tuple(_build(UNDER_A_SCHEDULE))
