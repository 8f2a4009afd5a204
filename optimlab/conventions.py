"""What the papers, torch, optax, Keras and schedulefree call our rules, their defaults, and what they mean by them.

A *meaning* is a setting in our words: the hyperparameters of a rule, and the choices of OURS, which we make without
asking and others make differently. FACTS holds one cell for each rule and library: how it spells each entry of a
meaning, or what it always is there; what a cell does not mention is as with us. Where a library cannot say a meaning,
``bend`` changes it into one that it can say, and tells whether that is still the same optimizer.

The page "Conventions across libraries" shows the facts, ``optimlab convert`` translates by them.
"""

import ast
import inspect
import math
import re
from typing import NamedTuple

import numpy as np

from .contract import find, nearest
from .rules import RULES

LIBRARIES = {  # name -> what the facts are about; tests/parity/rosetta holds what these versions did
    "optimlab": "optimlab",
    "paper": "the paper",
    "torch": "torch 2.13.0",
    "optax": "optax 0.2.8",
    "keras": "keras 3.15.1",
    "schedulefree": "schedulefree 1.4.1",
}

OURS = {  # the choices that our rules make without asking
    "momentum": {"lr_place": "outside"},
    "nesterov": {"lr_place": "outside"},
    "adagrad": {"start": 0, "eps_place": "outside"},
    "rmsprop": {"eps_place": "outside"},
    "adam": {"eps_time": "after"},
    "adam_l2": {"eps_time": "after"},
    "adamw": {"eps_time": "after"},
    "amsgrad": {"eps_time": "after"},
    "radam": {"eps_time": "before"},
    "schedule_free_sgd": {"mean_from": "first step"},
    "schedule_free_adamw": {"decay_of": "z"},
    "muon": {
        "rms": None,
        "rows": "outputs",
        "lookahead": "plain",
        "norm": "clamped at 1e-07",
        "precision": "full precision",
    },
}

# rule: library: (call, "ours:theirs=default ...", {what is always so}, remark). In a call, {} stands for the arguments
# and {word} for one that has its place elsewhere; theirs@code is a value that changes on its way (CODES), a&b are two
# words of one value, betas[0] is a place in a tuple; a word without a default must be given.
FACTS = {
    "sgd": {
        "paper": ("Robbins & Monro (1951)", "lr:alpha", {"weight_decay": 0}, ""),
        "torch": ("torch.optim.SGD", "lr:lr=0.001 weight_decay:weight_decay=0", {}, "The decay is an L2 penalty."),
        "optax": ("optax.chain(optax.add_decayed_weights({weight_decay}), optax.sgd({}))",
                  "weight_decay:weight_decay=0 lr:learning_rate", {}, "`optax.sgd` has no decay; the chain adds an L2 "
                  "penalty."),
        "keras": ("keras.optimizers.SGD", "lr:learning_rate=0.01 weight_decay:weight_decay@none=None", {},
                  "The decay is decoupled; without momentum that is the same as an L2 penalty."),
    },
    "momentum": {
        "paper": ("Polyak (1964)", "lr:alpha beta:beta", {"lr_place": "inside"},
                  "Written without a velocity: each step adds beta times the last one."),
        "torch": ("torch.optim.SGD", "lr:lr=0.001 beta:momentum=0", {},
                  "With `dampening` d the velocity takes (1-d) g, but its first value is g all the same: no moving "
                  "average."),
        "optax": ("optax.sgd", "lr:learning_rate beta:momentum@none=None", {}, ""),
        "keras": ("keras.optimizers.SGD", "lr:learning_rate=0.01 beta:momentum=0.0", {"lr_place": "inside"}, ""),
    },
    "nesterov": {
        "paper": ("Sutskever et al. (2013), equations 3 and 4", "lr:epsilon beta:mu", {"lr_place": "inside"},
                  "Its parameters lie mu times the velocity behind ours, which are the point where it takes the "
                  "gradient."),
        "torch": ("torch.optim.SGD({}, nesterov=True)", "lr:lr=0.001 beta:momentum@positive=0", {},
                  "It refuses to look ahead with `momentum=0`, its default."),
        "optax": ("optax.sgd({}, nesterov=True)", "lr:learning_rate beta:momentum@none=None", {}, ""),
        "keras": ("keras.optimizers.SGD({}, nesterov=True)", "lr:learning_rate=0.01 beta:momentum=0.0",
                  {"lr_place": "inside"}, ""),
    },
    "adagrad": {
        "optimlab": ("optimlab.rules.adagrad(theta, g, state={'s': {s}}, {})", "start:s=0 lr:lr eps:eps=1e-10", {}, ""),
        "paper": ("Duchi, Hazan & Singer (2011)", "lr:eta eps:delta", {"start": 0}, ""),
        "torch": ("torch.optim.Adagrad", "lr:lr=0.01 start:initial_accumulator_value=0 eps:eps=1e-10", {}, ""),
        "optax": ("optax.adagrad", "lr:learning_rate start:initial_accumulator_value=0.1 eps:eps=1e-07",
                  {"eps_place": "inside"}, "That is ours with eps = 0 and s starting at `initial_accumulator_value + "
                  "eps`."),
        "keras": ("keras.optimizers.Adagrad", "lr:learning_rate=0.001 start:initial_accumulator_value=0.1 "
                  "eps:epsilon=1e-07",
                  {"eps_place": "inside"}, "That is ours with eps = 0 and s starting at `initial_accumulator_value + "
                  "epsilon`."),
    },
    "rmsprop": {
        "paper": ("Hinton, lecture 6e (2012)", "lr:eta beta:decay=0.9",
                  {"eps": 0, "centered": False, "debias": False}, "Centred, and with an eps inside the root: Graves "
                  "(2013)."),
        "torch": ("torch.optim.RMSprop", "lr:lr=0.01 beta:alpha=0.99 eps:eps=1e-08 centered:centered=False",
                  {"debias": False}, "Its `weight_decay` is an L2 penalty."),
        "optax": ("optax.rmsprop", "lr:learning_rate beta:decay=0.9 eps:eps=1e-08 eps_place:eps_in_sqrt@inside=True "
                  "centered:centered=False debias:bias_correction=False", {},
                  "With `eps_in_sqrt=True`, its default, eps stands inside the root, and no setting of ours is the "
                  "same. Centred "
                  "and corrected for bias it is nan where rounding takes the variance below 0; ours is kept at 0."),
        "keras": ("keras.optimizers.RMSprop", "lr:learning_rate=0.001 beta:rho=0.9 eps:epsilon=1e-07 "
                  "centered:centered=False", {"eps_place": "inside", "debias": False}, "Its `weight_decay` is "
                  "decoupled."),
    },
    "adam": {
        "paper": ("Kingma & Ba (2015), Algorithm 1",
                  "lr:alpha=0.001 beta1:beta_1=0.9 beta2:beta_2=0.999 eps:epsilon=1e-08", {}, ""),
        "torch": ("torch.optim.Adam", "lr:lr=0.001 beta1:betas[0]=0.9 beta2:betas[1]=0.999 eps:eps=1e-08", {}, ""),
        "optax": ("optax.adam", "lr:learning_rate beta1:b1=0.9 beta2:b2=0.999 eps:eps=1e-08", {},
                  "`eps_root`, 0 by default, is a second one inside the root."),
        "keras": ("keras.optimizers.Adam", "lr:learning_rate=0.001 beta1:beta_1=0.9 beta2:beta_2=0.999 "
                  "eps:epsilon=1e-07",
                  {"eps_time": "before"}, "Its epsilon is the paper's eps-hat."),
    },
    "adam_l2": {
        "paper": ("Loshchilov & Hutter (2019), Algorithm 2, with the penalty in the gradient",
                  "lr:alpha=0.001 beta1:beta_1=0.9 beta2:beta_2=0.999 eps:epsilon=1e-08 weight_decay:lambda", {}, ""),
        "torch": ("torch.optim.Adam", "lr:lr=0.001 beta1:betas[0]=0.9 beta2:betas[1]=0.999 eps:eps=1e-08 "
                  "weight_decay:weight_decay=0", {}, ""),
        "optax": ("optax.chain(optax.add_decayed_weights({weight_decay}), optax.adam({}))",
                  "weight_decay:weight_decay=0 "
                  "lr:learning_rate beta1:b1=0.9 beta2:b2=0.999 eps:eps=1e-08", {}, ""),
        "keras": ("keras.optimizers.Adam({}) with keras.regularizers.L2({l2})", "weight_decay:l2@half=0.01 "
                  "lr:learning_rate=0.001 beta1:beta_1=0.9 beta2:beta_2=0.999 eps:epsilon=1e-07", {"eps_time":
                  "before"},
                  "`Adam(weight_decay=...)` is AdamW. The penalty goes into the loss; L2's gradient is `2 l2 theta`."),
    },
    "adamw": {
        "paper": ("Loshchilov & Hutter (2019), Algorithm 2", "lr:alpha=0.001 beta1:beta_1=0.9 beta2:beta_2=0.999 "
                  "eps:epsilon=1e-08 weight_decay:lambda@times_lr", {},
                  "It shrinks theta by lambda itself; a schedule multiplies alpha and lambda alike."),
        "torch": ("torch.optim.AdamW", "lr:lr=0.001 beta1:betas[0]=0.9 beta2:betas[1]=0.999 eps:eps=1e-08 "
                  "weight_decay:weight_decay=0.01", {}, ""),
        "optax": ("optax.adamw", "lr:learning_rate beta1:b1=0.9 beta2:b2=0.999 eps:eps=1e-08 "
                  "weight_decay:weight_decay=0.0001", {}, ""),
        "keras": ("keras.optimizers.AdamW", "lr:learning_rate=0.001 beta1:beta_1=0.9 beta2:beta_2=0.999 "
                  "eps:epsilon=1e-07 "
                  "weight_decay:weight_decay=0.004", {"eps_time": "before"}, ""),
    },
    "amsgrad": {
        "paper": ("Reddi, Kale & Kumar (2018), Algorithm 2", "lr:alpha beta1:beta_1 beta2:beta_2",
                  {"eps": 0, "debias": "none"}, ""),
        "torch": ("torch.optim.Adam({}, amsgrad=True)", "lr:lr=0.001 beta1:betas[0]=0.9 beta2:betas[1]=0.999 "
                  "eps:eps=1e-08", {"debias": "after"}, ""),
        "optax": ("optax.amsgrad", "lr:learning_rate beta1:b1=0.9 beta2:b2=0.999 eps:eps=1e-08 "
                  "debias:bias_correction_mu&bias_correction_nu@debias=True", {}, ""),
        "keras": ("keras.optimizers.Adam({}, amsgrad=True)", "lr:learning_rate=0.001 beta1:beta_1=0.9 "
                  "beta2:beta_2=0.999 "
                  "eps:epsilon=1e-07", {"eps_time": "before", "debias": "after"}, ""),
    },
    "radam": {
        "paper": ("Liu et al. (2020), Algorithm 2", "lr:alpha beta1:beta_1 beta2:beta_2", {"eps": 0, "threshold": 4},
                  ""),
        "torch": ("torch.optim.RAdam", "lr:lr=0.001 beta1:betas[0]=0.9 beta2:betas[1]=0.999 eps:eps=1e-08",
                  {"threshold": 5}, "Its `weight_decay` is an L2 penalty unless `decoupled_weight_decay=True`."),
        "optax": ("optax.radam", "lr:learning_rate beta1:b1=0.9 beta2:b2=0.999 eps:eps=1e-08 threshold:threshold=5.0",
                  {"eps_time": "after"}, "It rectifies from threshold on, we above it."),
    },
    "schedule_free_sgd": {
        "paper": ("Defazio et al. (2024), section 1", "lr:gamma beta:beta", {"mean_from": "start"}, ""),
        "optax": ("optax.contrib.schedule_free_sgd", "lr:learning_rate=1.0 beta:b1@positive=0.9", {},
                  "Evaluate with `schedule_free_eval_params`."),
        "schedulefree": ("schedulefree.SGDScheduleFree", "lr:lr=1.0 beta:momentum@between=0.9", {},
                         "Evaluate after `.eval()`. While lr changes, the mean is weighted by the largest lr squared."),
    },
    "schedule_free_adamw": {
        "paper": ("Defazio et al. (2024), Algorithm 1", "lr:gamma beta1:beta_1 beta2:beta_2 eps:epsilon "
                  "weight_decay:lambda", {}, "Without its warmup."),
        "optax": ("optax.contrib.schedule_free_adamw", "lr:learning_rate=0.0025 beta1:b1@positive=0.9 beta2:b2=0.999 "
                  "eps:eps=1e-08 weight_decay:weight_decay=0.0", {}, ""),
        "keras": ("keras.optimizers.ScheduleFreeAdamW", "lr:learning_rate=0.0025 beta1:beta_1@positive=0.9 "
                  "beta2:beta_2=0.999 eps:epsilon=1e-08 weight_decay:weight_decay@none=None", {"decay_of": "y"},
                  "Its decay shrinks y, and with it the mean, which is worked out from y; ours shrinks z."),
        "schedulefree": ("schedulefree.AdamWScheduleFree", "lr:lr=0.0025 beta1:betas[0]@positive=0.9 "
                         "beta2:betas[1]=0.999 eps:eps=1e-08 weight_decay:weight_decay=0", {}, ""),
    },
    "muon": {
        "paper": ("Jordan et al. (2024), muon.py", "lr:lr=0.02 beta:momentum=0.95 weight_decay:weight_decay=0 "
                  "nesterov:nesterov=True steps:ns_steps=5", {"norm": "increased by 1e-07", "precision": "bfloat16"},
                  ""),
        "torch": ("torch.optim.Muon", "lr:lr=0.001 beta:momentum=0.95 weight_decay:weight_decay=0.1 "
                  "nesterov:nesterov=True steps:ns_steps=5 rms:adjust_lr_fn@rms=None", {"precision": "bfloat16"}, ""),
        "optax": ("optax.contrib.muon", "lr:learning_rate beta:beta=0.95 weight_decay:weight_decay=0.0 "
                  "nesterov:nesterov=True steps:ns_steps=5 rms:consistent_rms=None",
                  {"rows": "inputs", "lookahead": "debiased", "norm": "increased by 1e-08"}, ""),
        "keras": ("keras.optimizers.Muon", "lr:learning_rate=0.001 beta:momentum=0.95 "
                  "weight_decay:weight_decay@none=0.004 "
                  "nesterov:nesterov=True steps:ns_steps=5 rms:rms_rate@number=0.2",
                  {"rows": "inputs", "norm": "increased by 1e-07", "precision": "full precision after a norm in "
                  "float32"},
                  "Its velocity is a sum, which the norm takes out again."),
    },
}  # fmt: skip

NEEDED = "must be given"


def _table(table):
    back = {theirs: ours for ours, theirs in table.items()}
    return lambda x, _: table[x], lambda x, _: back[x]


def _only(possible):
    return lambda x, _: x if possible(x) else {}[x], lambda x, _: x


CODES = {  # code -> (ours to theirs, theirs to ours), of value and meaning; a KeyError: that cannot be said
    "": _only(lambda x: True),
    "none": (lambda x, _: x or None, lambda x, _: 0 if x is None else x),
    "half": (lambda x, _: x / 2, lambda x, _: 2 * x),
    "times_lr": (lambda x, meant: x * meant["lr"], lambda x, meant: x / meant["lr"] if x else 0),
    "inside": _table({"inside": True, "outside": False}),
    "debias": _table({"before": True, "none": False}),
    "rms": _table({None: None, 0.2: "match_rms_adamw"}),
    "number": _only(lambda x: x is not None),
    "positive": _only(lambda x: x > 0),
    "between": _only(lambda x: 0 < x < 1),
}
INSTEAD = {"debias": "before", "rms": None, "number": 0.2}  # code -> what is said where the code has no word


class Name(NamedTuple):
    """How a library spells one entry of a meaning: its word, its default or NEEDED, the code its values go through."""

    word: str
    default: object
    code: str = ""

    @property
    def words(self):
        return self.word.split("&")

    def say(self, meant, key):
        return CODES[self.code][0](meant[key], meant)


class Cell(NamedTuple):
    """A rule in a library."""

    library: str
    call: str
    names: dict  # entry of a meaning -> Name
    fixed: dict  # entry of a meaning -> what it always is
    note: str

    @property
    def words(self):
        """What one can set there, and the defaults."""
        return {word: name.default for name in self.names.values() for word in name.words}

    @property
    def spoken(self):
        return {"paper": "the paper", "keras": "Keras"}.get(self.library, self.library)

    @property
    def called(self):
        """The class or function, or the paper."""
        return re.sub(r"\(?{}.*|\({.*", "", self.call[self.call.rfind(", ", 0, self.call.find("{}")) + 2:]
                      if self.call.startswith("optax.chain") else self.call)  # fmt: skip


def cell(rule, library):
    """The facts about ``rule`` in ``library``.

    >>> cell("adam", "optax").words
    {'learning_rate': 'must be given', 'b1': 0.9, 'b2': 0.999, 'eps': 1e-08}
    """
    hyper = find(rule).hyper
    if library not in LIBRARIES:
        raise ValueError(f"there is no library named {library!r}; {nearest(library, LIBRARIES)}")
    if library not in FACTS[rule] and library != "optimlab":
        raise ValueError(f"{library} has no {rule}; {', '.join(['optimlab', *FACTS[rule]])} have it")
    ours = f"optimlab.rules.{rule}", " ".join(f"{key}:{key}" for key in hyper), {}, ""
    call, spelled, fixed, note = FACTS[rule].get(library, ours)
    names = {}
    for entry in spelled.split():
        key, _, theirs = entry.partition(":")
        theirs, _, default = theirs.partition("=")
        word, _, code = theirs.partition("@")
        names[key] = Name(word, ast.literal_eval(default) if default else NEEDED, code)
        if library == "optimlab" and key in hyper:
            names[key] = Name(key, NEEDED if hyper[key] is inspect.Parameter.empty else hyper[key])
    choices = {key: value for key, value in OURS.get(rule, {}).items() if key not in names}
    return Cell(library, call, names, choices | fixed, note)


def meaning(rule, library, settings):
    """What ``settings``, spelled as in ``library`` and completed by its defaults, mean in our words.

    >>> meaning("adam", "keras", {"learning_rate": 0.01})
    {'lr': 0.01, 'beta1': 0.9, 'beta2': 0.999, 'eps': 1e-07, 'eps_time': 'before'}
    """
    here = cell(rule, library)
    words = here.words | settings
    if missing := [word for word, value in words.items() if value is NEEDED]:
        raise ValueError(f"{here.called} needs {' and '.join(missing)}, for example {missing[0]}=0.01")
    meant = dict(here.fixed)
    for key, name in sorted(here.names.items(), key=lambda item: item[0] != "lr"):  # others may be in units of lr
        value = words[name.words[0]]
        if any(words[word] != value for word in name.words):
            raise ValueError(
                f"{here.called}: {' and '.join(name.words)} must be equal, or it is no {rule} that others know"
            )
        try:
            meant[key] = CODES[name.code][1](value, meant)
        except KeyError:
            raise ValueError(f"{here.called}: {name.word}={value!r} is nothing that other libraries know") from None
    hyper = {key: meant[key] for key in RULES[rule].hyper}
    RULES[rule](np.ones((1, 1)), np.ones((1, 1)), **hyper)  # the rule says whether it takes these values
    return hyper | {key: meant[key] for key in OURS.get(rule, {})}


def read(rule, library, texts):
    """The settings in texts like ``lr=1e-3`` and ``betas=0.9,0.95``, spelled as in ``library``.

    >>> read("adam", "torch", ["lr=1e-3", "betas=0.9,0.95"])
    {'lr': 0.001, 'betas[0]': 0.9, 'betas[1]': 0.95}
    """
    here, settings = cell(rule, library), {}
    for text in texts:
        word, equals, value = text.partition("=")
        places = [each for each in here.words if each.partition("[")[0] == word]
        if not equals:
            raise ValueError(f"{text!r} is no setting; write NAME=VALUE, for example lr=1e-3")
        if not places:
            stems = dict.fromkeys(each.partition("[")[0] for each in here.words)
            raise ValueError(f"{here.called} has no setting {word!r}; {nearest(word, stems)}")
        if places[0] in settings:
            raise ValueError(f"{word} is given twice")
        values = [_literal(each) for each in (value.strip("()[]").split(",") if "[" in places[0] else [value])]
        if len(values) != len(places):
            raise ValueError(f"{word} takes {len(places)} numbers, for example {word}=0.9,0.999; got {value!r}")
        for each, one in zip(places, values):
            default = here.words[each]
            kind = (bool,) if isinstance(default, bool) else (int, float)
            if type(one) not in kind and not (
                default is None and (one is None or isinstance(one, str) and each == "adjust_lr_fn")
            ):
                expected = "True or False" if kind == (bool,) else "a number"
                raise ValueError(f"{here.called}: {word} must be {expected}, got {value!r}")
            settings[each] = one
    return settings


def _literal(text):
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text.strip()


class Translation(NamedTuple):
    """A setting carried over to another library."""

    call: str
    words: dict  # all that one can set there
    meaning: dict
    sentences: list
    verdict: str  # one of VERDICTS


SAME = "It is the same optimizer."
CONSTANT = "It is the same optimizer as long as lr is constant."
ROUNDING = "It is the same optimizer but for rounding."
OTHER = "It is not the same optimizer."
VERDICTS = [SAME, CONSTANT, ROUNDING, OTHER]


def convert(rule, source, target, settings):
    """Carry ``settings`` of ``rule``, spelled as in the library ``source``, over to ``target``.

    >>> convert("adamw", "torch", "optax", {"lr": 1e-3}).call
    'optax.adamw(learning_rate=0.001, weight_decay=0.01)'
    >>> convert("adagrad", "optax", "torch", {"learning_rate": 0.1}).call     # eps leaves the root and joins the start
    'torch.optim.Adagrad(lr=0.1, initial_accumulator_value=0.1000001, eps=0.0)'
    """
    here, there = cell(rule, source), cell(rule, target)
    meant, sentences, verdicts = meaning(rule, source, settings), [], [SAME]
    for key in meant:
        wanted = _what_it_says(there, key, meant)
        if wanted != meant[key]:
            changes, verdict, sentence = bend(key, meant, wanted, there)
            meant = meant | {key: wanted} | changes
            verdicts.append(verdict)
            sentences += (
                [sentence[0].upper() + sentence[1:] if sentence.startswith("the ") else sentence] if sentence else []
            )
    words = {word: name.say(meant, key) for key, name in there.names.items() for word in name.words}
    call, defaults = write(there, words, _given(here, there, settings))
    worst = max(verdicts, key=VERDICTS.index)
    return Translation(call, words, meant, [*_spelling(here, there), *defaults, *sentences], worst)


def _what_it_says(there, key, meant):
    """The value of ``key`` that ``there`` can say in place of the one that is meant."""
    if key not in there.names:
        return there.fixed[key]
    name = there.names[key]
    try:
        name.say(meant, key)
    except KeyError:
        if name.code in INSTEAD:
            return INSTEAD[name.code]
        raise ValueError(f"{there.called} takes no {name.word} of {_show(meant[key])}; it must be {name.code} "
                         f"{'0 and 1' if name.code == 'between' else ''}".rstrip()) from None  # fmt: skip
    return meant[key]


def write(there, words, shown=()):
    """The call with those ``words`` that must be given, differ from their defaults or are among ``shown``, and a "
    "sentence.

    >>> write(cell("adam", "torch"), {"lr": 0.001, "betas[0]": 0.8, "betas[1]": 0.999, "eps": 1e-08})[0]
    'torch.optim.Adam(betas=(0.8, 0.999))'
    """
    call = there.call if "{}" in there.call or there.library == "paper" else there.call + "({})"
    call = call if "{}" in call else call + ": {}"
    words = {word: _like(there.words[word], value) for word, value in words.items()}
    told = {word.partition("[")[0] for word, value in words.items()
            if value != there.words[word] or word in shown}  # fmt: skip
    arguments, silent = {}, {}
    for word in words:
        stem = word.partition("[")[0]
        values = [_show(value) for each, value in words.items() if each.partition("[")[0] == stem]
        text = f"({', '.join(values)})" if stem != word else values[0]
        if f"{{{word}}}" in call:
            call = call.replace(f"{{{word}}}", text)
        else:
            (arguments if stem in told else silent)[stem] = text
    call = call.replace("{}", ", ".join(f"{word}={text}" for word, text in arguments.items())).replace("(, ", "(")
    rest = ", ".join(f"{word}={text}" for word, text in silent.items())
    return call, [f"The defaults of {there.called} do for the rest: {rest}."] if rest else []


def _given(here, there, settings):
    """The words of ``there`` for what was given, or has another default here."""
    return {
        word
        for key, name in there.names.items()
        for word in name.words
        if key not in here.names or not settings.keys().isdisjoint(here.names[key].words) or name.default is NEEDED
    }


def _spelling(here, there):
    """A sentence on the words that change."""
    pairs = [(name.word, there.names[key].word) for key, name in here.names.items() if key in there.names]
    changed = ", ".join(f"{mine} is {theirs}" for mine, theirs in pairs if mine != theirs)
    return [f"Spelling: {changed.replace('&', ' and ')}."] if changed else []


def _like(default, value):
    """The value in the form of the default: Keras refuses 0 where it expects 0.0."""
    return default if value == default else float(value) if type(value) is int and type(default) is float else value


def _tidy(x):
    return float(f"{x:.15g}")


def _show(value):
    return repr(float(value) if isinstance(value, np.floating) else value)


# -------------------------------------------------------------------------------------------------------------- bends


IDLE = {  # a choice -> when it makes no difference
    "lr_place": lambda meant: meant["beta"] == 0,
    "eps_place": lambda meant: meant["eps"] == 0,
    "eps_time": lambda meant: meant["eps"] == 0 or meant["beta2"] == 0,
    "decay_of": lambda meant: meant["weight_decay"] == 0,
    "lookahead": lambda meant: not meant["nesterov"],
}
SENTENCES = {  # what is said otherwise -> how far that is the same, and a sentence; {there} is the library
    "lr_place": (
        CONSTANT,
        "In {there} the learning rate stands {wanted} the velocity; a schedule then acts otherwise.",
    ),
    "eps": (OTHER, "{called} has no eps; it matters where gradients are not far above {meant[eps]:g}."),
    "start": (OTHER, "In {called} the sum starts at 0, not at {meant[start]:g}: its first steps are longer."),
    "weight_decay": (OTHER, "{called} has no weight decay; add its gradient, `{meant[weight_decay]:g} theta`, to g."),
    "centered": (OTHER, "{called} is not centred."),
    "threshold": (OTHER, "{called} rectifies above {wanted:g}, here it is above {meant[threshold]:g}."),
    "mean_from": (OTHER, "The mean begins with the {wanted} in {there}, with the {meant[mean_from]} here."),
    "decay_of": (OTHER, "The decay shrinks {wanted} in {there}, {meant[decay_of]} here."),
    "rows": (SAME, "In {there} the rows of a weight are its {wanted}: the same layer has its matrix transposed there."),
    "norm": (
        ROUNDING,
        "The norm of the velocity is {wanted} in {there}, {meant[norm]} here: no matter, unless it is as small.",
    ),
    "precision": (ROUNDING, "The Newton-Schulz steps are taken in {wanted} in {there}, in {meant[precision]} here."),
}


def bend(key, meant, wanted, there):
    """What becomes of a meaning whose ``key`` is ``wanted`` in ``there``: (further changes, verdict, sentence)."""
    if key in IDLE and IDLE[key](meant):
        return {}, SAME, ""
    if key in BENDS:
        return BENDS[key](meant, wanted, there)
    verdict, sentence = SENTENCES[key]
    return {}, verdict, sentence.format(there=there.spoken, called=there.called, wanted=wanted, meant=meant)


def _eps_place(meant, wanted, there):
    eps = meant["eps"]
    if wanted == "outside" and "start" in there.names:
        joined = {"eps": 0, "start": _tidy(meant["start"] + eps)}
        return joined, SAME, "An eps inside AdaGrad's root is part of the start of the sum, and eps is 0."
    moved = _tidy(math.sqrt(eps) if wanted == "outside" else eps * eps)
    sentence = (
        f"{there.spoken} adds eps {wanted} the root. There {moved:g} is the nearest to {eps:g} here: the steps agree "
        "where gradients are far larger or far smaller, and differ by a factor of at most `sqrt(2)`."
    )
    return {"eps": moved}, OTHER, sentence


def _eps_time(meant, wanted, there):
    eps, beta2 = meant["eps"], meant["beta2"]
    settled = math.ceil(math.log(1 - 1 / 1.05**2) / math.log(beta2))
    times, factor = ("*", "larger") if wanted == "before" else ("/", "smaller")
    sentence = (
        f"{there.spoken} adds eps {wanted} the bias correction, where it acts as one {1 / math.sqrt(1 - beta2):.3g} "
        f"times {factor} at step 1; from step {settled} on they are within 5%. "
        f"With eps = `{eps:g} {times} sqrt(1 - beta2**t)`, set anew at each step t, the two are the same."
    )
    return {}, OTHER, sentence


def _debias(meant, wanted, there):
    if wanted is False:  # RMSProp
        sentence = f"{there.spoken} does not correct the bias: its first steps are longer."
        remedy = " With lr and eps times `sqrt(1 - beta**t)`, set anew at each step t, the two are the same."
        return {}, OTHER, sentence if meant["centered"] else sentence + remedy
    words = {"after": "after the maximum", "before": "before the maximum", "none": "not at all"}
    here, theirs = words[meant["debias"]], words[wanted]
    return {}, OTHER, f"{there.spoken} corrects the bias of the size {theirs}, here it is corrected {here}."


def _mean_from(meant, wanted, there):
    if there.library != "optimlab":
        verdict, sentence = SENTENCES["mean_from"]
        return {}, verdict, sentence.format(there=there.spoken, wanted=wanted, meant=meant)
    memory = '{"t": 1, "x": theta, "z": theta}'
    return {}, SAME, f"Begin with the memory `{memory}`: the paper's mean begins with the start."


def _rms(meant, wanted, there):
    for_n = "For a weight with n inputs,"
    if wanted is None:
        here, factor = f"`{meant['rms']:g} sqrt(max(rows, columns))`", f"`{meant['rms']:g} sqrt(n)`"
        sentence = (
            f"The step is scaled by {here} here. {for_n} lr times {factor}, weight_decay divided by it: the same."
        )
    else:
        theirs = "`rms_rate sqrt(max(rows, columns))`"
        sentence = f"{there.spoken} scales the step by {theirs}. {for_n} `rms_rate = 1/sqrt(n)` makes it the same."
    return {}, OTHER, sentence


def _lookahead(meant, wanted, there):
    first = 1 / (1 + meant["beta"])
    verb = "corrects" if wanted == "debiased" else "does not correct"
    sentence = (
        f"{there.spoken} {verb} momentum and gradient for bias before it looks ahead; where that is done, at step t "
        f"the velocity has `(1 - beta**t) / (1 - beta**(t+1))` of its share, {first:.3g} at step 1, soon 1."
    )
    return {}, OTHER, sentence


BENDS = {
    "eps_place": _eps_place,
    "eps_time": _eps_time,
    "debias": _debias,
    "mean_from": _mean_from,
    "rms": _rms,
    "lookahead": _lookahead,
}
