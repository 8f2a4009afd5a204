"""The facts are whole, settings come back from round trips, bad input gets a sentence. (Parity: tests/parity.)"""

import ast
import inspect
import math

import pytest

from optimlab.conventions import (
    BENDS,
    CODES,
    FACTS,
    LIBRARIES,
    NEEDED,
    OTHER,
    OURS,
    SENTENCES,
    VERDICTS,
    cell,
    convert,
    meaning,
    read,
    write,
)
from optimlab.rules import RULES

CELLS = [(rule, library) for rule in FACTS for library in ("optimlab", *FACTS[rule])]
PAIRS = [(rule, a, b) for rule, a in CELLS for b in ("optimlab", *FACTS[rule])]
EPS = [(rule, a, b) for rule, a, b in PAIRS if rule in ("adam", "adamw", "adam_l2")]
EPS += [("rmsprop", a, b) for a in ("optimlab", "torch", "keras") for b in ("optimlab", "torch", "keras")]
LIKELY = {"lr": 0.02, "weight_decay": 0.05, "eps": 1e-6}
SETTING = {"beta": 0.8, "beta1": 0.8, "beta2": 0.99, "steps": 3, "nesterov": False, "start": 0.25, "centered": False}


# What is no setting with us cannot be read off our settings.
IN_THE_MEMORY = 'Begin with the memory `{"t": 1, "x": theta, "z": theta}`: the paper\'s mean begins with the start.'


def some(rule, library):
    """Settings far from the defaults, in the words of the library."""
    names = cell(rule, library).names
    return {
        name.word: {**LIKELY, **SETTING}[key]
        for key, name in names.items()
        if key in {**LIKELY, **SETTING} and (name.code in ("", "positive", "between", "times_lr", "half", "none"))
    }


def settled(rule, meant):
    """A meaning with AdaGrad's eps where it comes to the same: in the start of the sum."""
    if rule == "adagrad" and (meant["eps_place"] == "inside" or meant["eps"] == 0):
        return meant | {"start": meant["start"] + meant["eps"], "eps": 0, "eps_place": "inside"}
    return meant


def alike(one, two):
    """Equal, numbers but for rounding."""
    assert one.keys() == two.keys()
    same = (
        math.isclose(one[key], two[key], rel_tol=1e-14) if isinstance(two[key], float) else one[key] == two[key]
        for key in two
    )
    return all(same)


def test_every_rule_has_facts_and_every_library_some():
    assert FACTS.keys() == RULES.keys() and OURS.keys() <= FACTS.keys()
    assert {library for _, library in CELLS} == LIBRARIES.keys()


@pytest.mark.parametrize("rule, library", CELLS)
def test_a_cell_says_every_hyperparameter_and_every_choice_of_ours_and_nothing_else(rule, library):
    there = cell(rule, library)
    known = RULES[rule].hyper.keys() | OURS.get(rule, {}).keys()
    assert there.names.keys() | there.fixed.keys() == known
    assert not there.names.keys() & there.fixed.keys()
    assert all(name.code in CODES for name in there.names.values())


def test_there_is_a_sentence_for_every_choice_and_for_every_hyperparameter_that_is_fixed_somewhere():
    fixed = {key for rule, library in CELLS for key in cell(rule, library).fixed}
    assert BENDS.keys() | SENTENCES.keys() == fixed | {
        "rms"
    }  # some libraries spell the scale of Muon's step and yet cannot say them all


def test_our_own_words_and_defaults_are_those_of_the_rules():
    for rule, body in RULES.items():
        defaults = {key: NEEDED if value is inspect.Parameter.empty else value for key, value in body.hyper.items()}
        assert cell(rule, "optimlab").words.items() >= defaults.items()


@pytest.mark.parametrize("rule, library", CELLS)
def test_a_call_holds_what_was_given_and_the_defaults_hold_the_rest(rule, library):
    """The printed arguments, read back, are the settings."""
    there, given = cell(rule, library), some(rule, library)
    words = there.words | given
    if library == "paper":
        words = {word: 0.5 if value is NEEDED else value for word, value in words.items()}
        call = "f(" + write(there, words)[0].rpartition(": ")[2].replace("lambda=", "lambda_=") + ")"
    else:
        call = write(there, words)[0].partition(" with ")[0]
    inner = [node for node in ast.walk(ast.parse(call)) if isinstance(node, ast.Call)]
    printed = {
        key.arg.rstrip("_"): ast.literal_eval(key.value)
        for node in inner
        for key in node.keywords
        if key.arg != "state"
    }
    for word, value in words.items():
        stem, _, place = word.partition("[")
        if f"{{{word}}}" in there.call:
            assert repr(value) in write(there, words)[0]
        elif stem in printed:
            assert (printed[stem][int(place[:-1])] if place else printed[stem]) == value
        else:
            assert value == there.words[word]


@pytest.mark.parametrize("rule, source, target", PAIRS)
def test_a_round_trip_gives_the_settings_back(rule, source, target):
    """Wherever the translation is the same optimizer; the others lose what their sentences say."""
    there = convert(rule, source, target, some(rule, source))
    back = convert(rule, target, source, there.words)
    meant = meaning(rule, source, some(rule, source))
    assert (there.verdict == OTHER) <= (bool(there.sentences) and source != target)
    if there.verdict != OTHER and not there.sentences[-1:] == [IN_THE_MEMORY]:
        assert back.verdict != OTHER
        assert alike(settled(rule, back.meaning), settled(rule, meant))
    if source == target:
        assert (there.meaning, there.verdict) == (meant, VERDICTS[0])


@pytest.mark.parametrize("rule, source, target", EPS)
def test_an_eps_that_acts_elsewhere_comes_back_too(rule, source, target):
    there = convert(rule, source, target, some(rule, source))
    back = convert(rule, target, source, there.words)
    assert alike(back.meaning, meaning(rule, source, some(rule, source)))


def test_defaults_that_differ_are_said():
    assert (
        convert("adamw", "torch", "optax", {"lr": 1e-3}).call == "optax.adamw(learning_rate=0.001, weight_decay=0.01)"
    )
    assert (
        convert("adamw", "optax", "torch", {"learning_rate": 1e-3}).call
        == "torch.optim.AdamW(lr=0.001, weight_decay=0.0001)"
    )
    assert convert("sgd", "torch", "optax", {"weight_decay": 0.1}).call == (
        "optax.chain(optax.add_decayed_weights(0.1), optax.sgd(learning_rate=0.001))"
    )


def test_the_decay_of_the_adamw_paper_is_the_libraries_times_lr():
    there = convert("adamw", "torch", "paper", {"lr": 0.25, "weight_decay": 0.5})
    assert there.words["lambda"] == 0.125
    assert convert("adamw", "paper", "torch", {"alpha": 0.25, "lambda": 0.125}).words["weight_decay"] == 0.5


def test_muon_scaled_as_adamw_is_known_to_torch_keras_and_optax():
    there = convert("muon", "keras", "torch", {"rms_rate": 0.2})
    assert there.words["adjust_lr_fn"] == "match_rms_adamw"
    assert convert("muon", "torch", "keras", there.words).words["rms_rate"] == 0.2
    assert convert("muon", "torch", "optax", there.words).words["consistent_rms"] == 0.2


@pytest.mark.parametrize(
    ("rule", "library", "texts", "sentence"),
    [
        ("adm", "torch", [], "there is no rule named 'adm'; did you mean 'adam'?"),
        ("adam", "torhc", [], "there is no library named 'torhc'; did you mean 'torch'?"),
        ("radam", "keras", [], "keras has no radam; optimlab, paper, torch, optax have it"),
        ("adam", "torch", ["lrr=1"], "torch.optim.Adam has no setting 'lrr'; did you mean 'lr'?"),
        ("adam", "keras", ["beta1=1"], "keras.optimizers.Adam has no setting 'beta1'; did you mean 'beta_1'?"),
        ("adam", "torch", ["lr"], "'lr' is no setting; write NAME=VALUE, for example lr=1e-3"),
        ("adam", "torch", ["lr=fast"], "torch.optim.Adam: lr must be a number, got 'fast'"),
        ("adam", "torch", ["lr="], "torch.optim.Adam: lr must be a number, got ''"),
        ("adam", "torch", ["lr=True"], "torch.optim.Adam: lr must be a number, got 'True'"),
        ("adam", "torch", ["lr=[1]"], "torch.optim.Adam: lr must be a number, got '[1]'"),
        ("adam", "torch", ["lr=1", "lr=2"], "lr is given twice"),
        ("adam", "torch", ["betas=0.9"], "betas takes 2 numbers, for example betas=0.9,0.999; got '0.9'"),
        ("rmsprop", "torch", ["centered=1"], "torch.optim.RMSprop: centered must be True or False, got '1'"),
        ("adam", "torch", ["lr=-1"], "adam: lr must be finite and at least 0, got -1"),
        ("adam", "torch", ["lr=1e999"], "adam: lr must be finite and at least 0, got inf"),
        ("adam", "torch", ["betas=0.9,1.5"], "adam: beta2 must lie in [0, 1), got 1.5"),
        ("adam", "optax", [], "optax.adam needs learning_rate, for example learning_rate=0.01"),
        ("muon", "torch", ["adjust_lr_fn=best"],
         "torch.optim.Muon: adjust_lr_fn='best' is nothing that other libraries know"),
        ("muon", "keras", ["rms_rate=None"], "keras.optimizers.Muon: rms_rate must be a number, got 'None'"),
        ("amsgrad", "optax", ["learning_rate=1", "bias_correction_mu=False"],
         "optax.amsgrad: bias_correction_mu and bias_correction_nu must be equal, "
         "or it is no amsgrad that others know"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence(rule, library, texts, sentence):
    with pytest.raises(ValueError) as refused:
        convert(rule, library, "optimlab", read(rule, library, texts))
    assert str(refused.value) == sentence


def test_what_a_library_refuses_is_refused_in_its_words():
    with pytest.raises(ValueError, match="^torch.optim.SGD takes no momentum of 0; it must be positive$"):
        convert("nesterov", "optimlab", "torch", {"lr": 0.1, "beta": 0})
    with pytest.raises(
        ValueError, match="^schedulefree.SGDScheduleFree takes no momentum of 1; it must be between 0 and 1$"
    ):
        convert("schedule_free_sgd", "optimlab", "schedulefree", {"lr": 0.1, "beta": 1})
