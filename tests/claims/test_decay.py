"""Claims about weight decay, its schedules and what follows from them: one small seeded experiment each."""

import numpy as np
import pytest

from optimlab.descent import minimize
from optimlab.problems import noisy_quadratic
from optimlab.rules import adam_l2, adamw, sgd


def test_adamw_is_no_steadier_late_in_training_than_adam():
    valley = noisy_quadratic(kappa=10, sigma=1.0)

    def late_spread(rule):
        paths = [minimize(valley, rule, lr=0.01, steps=3000, seed=seed).theta[-1000:] for seed in range(6)]
        return np.mean([path.std(axis=0) for path in paths])

    assert late_spread("adamw") == pytest.approx(late_spread("adam"), rel=0.05)


def test_a_warmup_counted_from_zero_wastes_its_first_step():
    def library(step, warmup=10):  # the factor of the usual LambdaLR warmup; the counter begins at 0
        return step / warmup

    theta = [1.0]
    for step in range(3):
        theta.append(adamw(theta[-1], 1.0, lr=2e-5 * library(step))[0])
    assert theta[1] == theta[0] and theta[2] < theta[1]


def test_the_decay_of_adamw_still_scales_with_the_learning_rate():
    left = {lr: adamw(1.0, 0.0, lr=lr, weight_decay=0.1)[0] for lr in (1e-3, 1e-2)}
    assert 1 - left[1e-2] == pytest.approx(10 * (1 - left[1e-3]))


def test_two_parameters_of_unlike_gradients_decay_alike_under_adamw_and_unlike_under_adam_with_l2():
    drawn = np.array([0.1, 10.0]) * np.random.default_rng(0).choice([-1.0, 1.0], (2000, 400, 2))  # one quiet, one noisy

    def decayed(rule):
        theta, state = np.ones((400, 2)), {}
        for g in drawn:
            theta, state = rule(theta, g, state, lr=1e-3, weight_decay=0.1)
        return 1 - theta.mean(axis=0)

    quiet, noisy = decayed(adamw)
    assert quiet == pytest.approx(noisy, rel=0.2)
    quiet, noisy = decayed(adam_l2)
    assert quiet > 10 * abs(noisy)


def test_the_gradient_of_half_lambda_theta_squared_is_lambda_theta_and_shrinks_every_weight_of_sgd_alike():
    theta, h, decay = np.array([-2.0, 0.5, 3.0]), 1e-6, 0.3
    penalty = [decay / 2 * (theta + sign * h) ** 2 for sign in (1, -1)]
    assert (penalty[0] - penalty[1]) / (2 * h) == pytest.approx(decay * theta)
    assert sgd(theta, np.zeros(3), lr=0.1, weight_decay=decay)[0] / theta == pytest.approx(1 - 0.1 * decay)


def test_the_learning_rate_of_the_printed_recipe_lies_outside_the_printed_range():
    printed_range, recipe, bert = (5e-5, 1e-4), 2e-5, (2e-5, 5e-5)  # BERT's: Devlin et al. (2019), appendix A.3
    assert not printed_range[0] <= recipe <= printed_range[1]
    assert bert[0] <= recipe <= bert[1]


def test_the_printed_list_of_names_decays_the_norms_of_a_model_that_calls_them_ln():
    no_decay = ["bias", "LayerNorm.weight", "layer_norm.weight"]  # as printed
    shapes = {  # one layer of nanoGPT: name -> shape
        "transformer.wte.weight": (65, 8), "transformer.h.0.ln_1.weight": (8,), "transformer.h.0.ln_1.bias": (8,),
        "transformer.h.0.attn.c_attn.weight": (24, 8), "transformer.h.0.attn.c_attn.bias": (24,),
        "transformer.h.0.ln_2.weight": (8,), "transformer.ln_f.weight": (8,),
    }  # fmt: skip
    by_name = {name for name in shapes if not any(part in name for part in no_decay)}
    by_dimension = {name for name, shape in shapes.items() if len(shape) >= 2}
    norms = {name for name in shapes if ".ln_" in name and name.endswith("weight")}
    assert by_name - by_dimension == norms and by_dimension < by_name
