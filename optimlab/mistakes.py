"""Known mistakes: wrong variants of the rules that people really write, each with the sentence that helps.

A mistake is written as what makes it one: an edit of the rule's own source. The wrong body is the source of the rule's
body with ``old`` replaced by ``new``, so nothing but the mistake can differ. Within a rule the commonest come first.

>>> adam = named("adam", "Adam without bias correction")
>>> adam.edits
(('m / (1 - beta1**t)', 'm'), ('v / (1 - beta2**t)', 'v'))
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

__all__ = ["Mistake", "MISTAKES", "named", "of"]


class Mistake(NamedTuple):
    """A wrong variant: the function it is meant to be, its name, its sentence, its body and how it was made."""

    rule: str
    name: str
    sentence: str
    body: Callable
    edits: tuple = ()


def of(rule):
    """The known mistakes of one rule, the commonest first.

    >>> [mistake.name for mistake in of("adagrad")][:2]
    ['AdaGrad without the square root', 'AdaGrad with eps inside the root']
    """
    find(rule)
    return tuple(mistake for mistake in MISTAKES if mistake.rule == rule)


def named(rule, name):
    """One mistake by its name; an unknown name is answered with the nearest one."""
    known = {mistake.name: mistake for mistake in of(rule)}
    if name not in known:
        raise ValueError(f"{rule} has no mistake named {name!r}; {nearest(name, known)}")
    return known[name]


def edited(rule, edits, **others):
    """The body of ``rule`` with each (old, new) of ``edits`` applied in turn; ``others`` replaces rules that it calls.

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
    """A rule's source in two parts: the def line, and the code below the docstring."""
    source = textwrap.dedent(inspect.getsource(find(rule).body))
    function, lines = ast.parse(source).body[0], source.splitlines(keepends=True)
    docstring, first = function.body[0], function.body[1]
    return "".join(lines[function.lineno - 1 : docstring.lineno - 1]), "".join(lines[first.lineno - 1 :])


# rule -> (name, what helps, edit, edit, ...). Figures hold at the default hyperparameters.
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
        ),
    ],
    "momentum": [
        (
            "momentum as an average",
            "the velocity is a sum, v = beta * v + g; with (1 - beta) * g its steps are 10 times too short",
            ("+ g", "+ (1 - beta) * g"),
        ),
        (
            "momentum that forgets its velocity",
            "the velocity must be in the state that is returned; without it every step is plain SGD",
            ('{"v": v}', "{}"),
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
        ("momentum uphill", "the gradient points uphill, so the velocity's step is subtracted", ("- lr", "+ lr")),
        ("momentum without a learning rate", "the step is lr times the velocity", ("lr * v", "v")),
        (
            "momentum with the learning rate twice",
            "lr belongs in the velocity or in the step, not in both",
            ("+ g", "+ lr * g"),
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
        ),
        (
            "AdaGrad that divides by the old sum",
            "add g * g to s first, then divide: here the first step divides by eps alone",
            ("sqrt(s)", 'sqrt(state.get("s", 0))'),
        ),
    ],
    "rmsprop": [
        (
            "RMSProp with eps inside the root",
            "eps is added to sqrt(v); inside the root 1e-8 acts like 1e-4",
            ("sqrt(v_hat) + eps", "sqrt(v_hat + eps)"),
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
    ],
    "adam": [
        (
            "Adam without bias correction",
            "the first step is 3.16 times too long; divide m by 1 - beta1**t and v by 1 - beta2**t",
            ("m / (1 - beta1**t)", "m"),
            ("v / (1 - beta2**t)", "v"),
        ),
        (
            "Adam with eps inside the root",
            "eps is added to sqrt(v_hat); inside, a gradient of 1e-6 takes a first step 99 times too short",
            ("sqrt(v_hat) + eps", "sqrt(v_hat + eps)"),
        ),
        (
            "Adam that corrects m only",
            "divide v by 1 - beta2**t too; without it the first step is 31.6 times too long",
            ("v / (1 - beta2**t)", "v"),
        ),
        (
            "Adam that corrects v only",
            "divide m by 1 - beta1**t too; without it the first step is 10 times too short",
            ("m / (1 - beta1**t)", "m"),
        ),
        (
            "Adam whose correction never fades",
            "correct by 1 - beta**t, t counting the steps in the state; here every step is corrected like the first",
            ("**t", ""),
        ),
        (
            "Adam that counts from zero",
            "t is 1 at the first step: count before you correct, or 1 - beta**0 = 0 divides",
            ('t = state.get("t", 0) + 1', 't = state.get("t", 0)'),
            ('"t": t', '"t": t + 1'),
        ),
        (
            "Adam that counts from two",
            "t is 1 at the first step; corrected as if it were the second, that step is 0.74 times its length",
            ('state.get("t", 0) + 1', 'state.get("t", 1) + 1'),
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
        ),
        (
            "Adam with eps added before the correction",
            "add eps to sqrt(v_hat), not to sqrt(v): Keras does, and then eps is 31.6 times larger at the first step",
            ("sqrt(v_hat) + eps", "sqrt(v_hat) + eps / sqrt(1 - beta2**t)"),
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
        ),
        (
            "AdamW that shrinks after the step",
            "shrink theta, then step: afterwards the step is shrunk too, by lr * weight_decay of its length",
            ("return", "theta, state ="),
            ("theta * (1 - lr * weight_decay)", "theta"),
            ("eps=eps)", "eps=eps)\n    return theta * (1 - lr * weight_decay), state"),
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
    ],
    "amsgrad": [
        (
            "AMSGrad without its maximum",
            "divide by the largest v so far, and keep it in the state as v_max; with v itself it is Adam",
            ('maximum(v / before, state.get("v_max", 0))', "v / before"),
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
        ),
        (
            "AMSGrad without bias correction",
            "PyTorch corrects m and v, the paper neither: uncorrected, the first step is 3.16 times too long",
            ("weight_m, weight_v = (1, 1) if", "weight_m, weight_v = (1, 1) if True or"),
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
        ),
        (
            "RAdam without the correction of v",
            "the adaptive step divides by sqrt(v / (1 - beta2**t))",
            (" * sqrt(1 - beta2**t)", ""),
        ),
    ],
}


def _build():
    for rule, rows in CATALOGUE.items():
        for name, sentence, *edits in rows:
            yield Mistake(rule, name, sentence, edited(rule, edits), tuple(edits))
        if rule == "adamw":  # it is built on adam, and inherits its mistakes
            for name, sentence, *edits in CATALOGUE["adam"]:
                body = edited("adamw", (), adam=edited("adam", edits))
                yield Mistake("adamw", f"AdamW built on {name}", sentence, body, tuple(edits))


MISTAKES = tuple(_build())
