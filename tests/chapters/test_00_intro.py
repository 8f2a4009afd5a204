"""What the opening figure says."""

import pytest


@pytest.fixture
def intro(run_chapter):
    return run_chapter("intro")


def test_momentum_and_adam_arrive_where_gradient_descent_and_adagrad_do_not(intro):
    left = {name: run.distance[-1] for name, run in intro.race.items()}
    assert max(left["momentum"], left["adam"]) < 0.05 < 0.5 < min(left["sgd"], left["adagrad"])


def test_each_was_given_the_best_of_the_same_learning_rates(intro):
    for name, run in intro.race.items():
        finals = intro.minimize(intro.rosenbrock, name, lr=intro.lrs, steps=300).distance[-1]
        assert run.distance[-1] <= min(value for value in finals if value == value) * (1 + 1e-12)


def test_adams_first_step_on_a_symbol_is_the_learning_rate(intro):
    assert intro.sympy.Symbol("theta", real=True) - intro.theta == intro.lr
