"""Mutants that are no errors: (rule, the statement as it reads in the mutant) -> why nothing changes."""

FIRST = "x + (z - x) / t is z at t = 1: the mean of one z, wherever x began"
SHAPE = "the gradient, the memory and the direction have the shape of theta"
NUMBER = "a number may stand on either side of a product"
FLAT = "NS of the transposed is the transposed of NS; which of the two is taken decides about time alone"

EQUIVALENT = {
    **{("schedule_free_sgd", f"x = state.get('x', {other})"): FIRST for other in ("g", "beta", "t", "lr", "z")},
    **{("muon", f"rows, cols = {other}.shape"): SHAPE for other in ("g", "m", "direction")},
    ("newton_schulz", "tall = matrix.shape[0] >= matrix.shape[1]"): FLAT,
    ("newton_schulz", "tall = matrix.shape[0] < matrix.shape[1]"): FLAT,
    ("newton_schulz", "tall = matrix.shape[1] > matrix.shape[1]"): FLAT,
    ("newton_schulz", "tall = matrix.shape[0] > matrix.shape[0]"): FLAT,
    ("newton_schulz", "x = x / maximum(norm(matrix), 1e-07)"): "a matrix and its transposed have one Frobenius norm",
    ("newton_schulz", "x = a * x + (b * gram + gram @ (c * gram)) @ x"): NUMBER,
}
