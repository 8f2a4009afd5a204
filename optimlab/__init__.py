"""optimlab: gradient-descent optimizers as pure functions, proved on the code that ships.

>>> from optimlab.rules import adam
>>> theta, state = adam(1.0, 2.0, lr=0.1)
>>> round(theta, 6)
0.9
"""

__version__ = "0.1.0"
