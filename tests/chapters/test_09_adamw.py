"""What the chapter on AdamW says, asserted on the experiments it shows and on the PyTorch it prints."""

import ast
import math
import re
from pathlib import Path

import numpy as np
import pytest

PAGE = (Path(__file__).parents[2] / "book" / "09-adamw.md").read_text(encoding="utf-8")


@pytest.fixture
def adamw(run_chapter):
    return run_chapter("09-adamw")


def printed_python():
    """The plain ```python blocks of the page."""
    return re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_adamw_decays_as_asked_whatever_the_noise(adamw):
    assert adamw.effective["adamw"] == pytest.approx(np.ones((5, 13)), abs=0.12)


def test_adam_with_l2_decays_quiet_weights_ten_times_too_much_and_noisy_ones_ten_times_too_little(adamw):
    for label, expected, slack in (("001", 10.9, 0.1), ("01", 7.3, 0.1), ("1", 1.0, 0.1), ("10", 0.10, 0.05)):
        assert adamw.glued[f"c09_adam_l2_{label}"] == pytest.approx(expected, abs=slack)
    assert (np.diff(np.median(adamw.effective["adam_l2"], axis=0)) < 0).all()


def test_the_quoted_formula_fails_where_the_decay_is_the_larger(adamw):
    promised = 1 / adamw.sigmas
    measured = np.median(adamw.effective["adam_l2"], axis=0)
    assert measured[8:12] == pytest.approx(promised[8:12], rel=0.25)
    assert measured[0] < promised[0] / 5


def test_one_step_tells_adam_with_l2_from_adamw(adamw):
    hyper = dict(lr=0.1, weight_decay=0.1, eps=0.0)
    assert adamw.rules.adam_l2(1.0, 3.0, **hyper)[0] == pytest.approx(9 / 10)
    assert adamw.rules.adamw(1.0, 3.0, **hyper)[0] == pytest.approx(89 / 100)


def test_a_gradient_taken_after_shrinking_makes_another_rule(adamw):
    assert 0.005 < adamw.glued["c09_shrunk_gap"] < 0.05


def test_step_then_shrink_differs_by_lr_squared_times_decay_times_the_update(adamw):
    assert adamw.glued["c09_order_gap"] == pytest.approx(0.1**2 * 0.5 * adamw.u)


def test_the_papers_decay_is_the_base_rate_times_pytorchs(adamw):
    assert adamw.glued["c09_paper_gap"] < 1e-12
    unscaled = adamw.minimize(adamw.beale, adamw.paper_adamw, lr=adamw.warm, weight_decay=0.1, steps=300)
    assert adamw.far_apart(adamw.torch_way.theta, unscaled.theta) > 0.1


def test_a_weight_without_gradient_halves_when_the_chapter_says(adamw):
    for lr, decay, name in ((3e-4, 0.1, "scratch"), (1e-3, 0.01, "default")):
        assert (1 - lr * decay) ** adamw.glued[f"c09_halving_{name}"] == pytest.approx(0.5, rel=1e-2)
    assert adamw.glued["c09_left_finetune"] < 0.2


def test_adam_with_l2_rests_at_the_ridge_solution_and_adamw_does_not(adamw):
    assert adamw.resting["l2"] == pytest.approx(adamw.ridge, abs=1e-6)
    assert np.abs(adamw.resting["w"] - adamw.ridge).max() > 1


def test_adamw_rests_at_the_plain_minimum_inside_its_box_and_at_the_wall_outside(adamw):
    assert np.abs(adamw.unpenalized).max() < 1 / adamw.penalty
    assert adamw.resting["w"] == pytest.approx(adamw.unpenalized, abs=1e-3)
    assert np.abs(adamw.resting["w1"]) == pytest.approx(np.ones(3), abs=0.01)


def test_with_a_summable_learning_rate_adamw_stops_outside_its_box(adamw):
    assert adamw.glued["c09_summable"] == pytest.approx(39.2, abs=0.1)
    assert adamw.summable.theta[-100:].std() < 1e-9


def test_with_equal_tuning_the_draws_differ_more_than_the_rules(adamw):
    losses = np.array([adamw.test_loss[rule] for rule in ("adam", "adam_l2", "adamw")])
    assert np.ptp(np.median(losses, axis=1)) < 0.25 * np.ptp(np.median(losses, axis=0))
    assert 2 <= adamw.glued["c09_wins"] <= 6


def test_each_rule_got_the_same_number_of_settings(adamw):
    assert {grid["lr"].size for grid in adamw.grids.values()} == {35}


def test_choosing_by_name_decays_the_norm_and_choosing_by_dimension_does_not(adamw):
    shrunk = (1 - 1e-2 * 0.1) ** 500
    assert adamw.by_name["norm1.weight"] == pytest.approx(shrunk)
    assert adamw.by_dimension["norm1.weight"] == adamw.by_dimension["linear1.bias"] == 1
    assert adamw.by_name["linear1.bias"] == 1
    assert adamw.by_dimension["linear1.weight"] == pytest.approx(shrunk)


def test_a_group_that_matches_nothing_is_refused(adamw):
    assert "matches no parameter" in adamw.refusal


def test_both_schedules_begin_above_zero_and_end_low(adamw):
    for schedule in adamw.planned.values():
        assert schedule(1) == pytest.approx(2e-7)
        assert schedule(100) == schedule(101) == pytest.approx(2e-5)
        assert schedule(1000) < 1e-7


def test_the_printed_schedule_is_the_cosine_of_the_schedules(adamw):
    recipe = next(block for block in printed_python() if "def factor" in block)
    function = next(node for node in ast.parse(recipe).body if isinstance(node, ast.FunctionDef))
    namespace = {"math": math, "total": 1000, "warmup": 100}
    exec(compile(ast.Module([function], []), "the recipe", "exec"), namespace)
    printed = [2e-5 * namespace["factor"](step) for step in range(1000)]
    assert printed == pytest.approx([adamw.planned["cosine"](t) for t in range(1, 1001)])


def test_no_printed_listing_imports_adamw_from_transformers():
    assert all("transformers" not in block for block in printed_python())
