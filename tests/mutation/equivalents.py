"""Mutants that are no errors: (rule, the statement as it reads in the mutant) -> why nothing changes."""

EQUIVALENT = {}
