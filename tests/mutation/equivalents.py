"""Mutants that are no errors: (rule, the statement as it reads in the mutant) -> why nothing changes."""

FIRST = "x + (z - x) / t is z at t = 1: the mean of one z, wherever x began"
SHAPE = "the gradient, the memory and the direction have the shape of theta"
NUMBER = "a number may stand on either side of a product"
STANDS = "a rate that does not change before the warmup's end has nothing that one step of warmup could move"
WHOLE = "without an axis there is one norm, whether it keeps its axes of length 1 or not; with one they are kept in both"
FLAT = "NS of the transposed is the transposed of NS; which of the two is taken decides about time alone"

EQUIVALENT = {
    **{("schedule_free_sgd", f"x = state.get('x', {other})"): FIRST for other in ("g", "beta", "t", "lr", "z")},
    **{("muon", f"rows, cols = {other}.shape"): SHAPE for other in ("g", "m", "direction")},
    ("constant", "def constant(..., warmup=1)"): STANDS,
    ("wsd", "def wsd(..., warmup=1)"): STANDS,
    **{
        ("clip_by_norm", f"return g / maximum(sqrt((g * g).sum(axis, keepdims={other} is not None)) / max_norm, 1)"): WHOLE
        for other in ("g", "max_norm")
    },
    ("newton_schulz", "tall = matrix.shape[0] >= matrix.shape[1]"): FLAT,
    ("newton_schulz", "tall = matrix.shape[0] < matrix.shape[1]"): FLAT,
    ("newton_schulz", "tall = matrix.shape[1] > matrix.shape[1]"): FLAT,
    ("newton_schulz", "tall = matrix.shape[0] > matrix.shape[0]"): FLAT,
    ("newton_schulz", "x = x / maximum(norm(matrix), 1e-07)"): "a matrix and its transposed have one Frobenius norm",
    ("newton_schulz", "x = a * x + (b * gram + gram @ (c * gram)) @ x"): NUMBER,
}
