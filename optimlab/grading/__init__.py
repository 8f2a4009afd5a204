"""What an instructor runs: student notebooks graded in processes that hold no answers and are believed in nothing.

    grader (cases, oracles, judge)  ->  zygote (warm, holds no secret)  ->  one forked process a submission
"""


class Refused(Exception):
    """Why nothing is graded, in a sentence."""
