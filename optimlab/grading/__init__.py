"""What an instructor runs: student notebooks graded in processes that hold no answers and are believed in nothing.

A grader holds the cases and judges the answers; a zygote, a warm Python without secrets, forks one process a
submission; that process opens the notebook, runs its cells and answers calls.
"""


class Refused(Exception):
    """Why nothing is graded, in a sentence."""
