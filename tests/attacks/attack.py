"""What an attack is: code for a notebook, the layers of the jail that hold it, and the effect by which it is judged."""

from typing import NamedTuple


class Attack(NamedTuple):
    """``code`` defines ``attack()``; what it returns is the loot. ``W`` is a dict of what an attacker may know."""

    name: str
    mechanism: str  # no two attacks of a kind count twice
    held_by: tuple[str, ...]  # layers, each of which holds it alone; "user" is the user namespace itself
    effect: str  # a key of EFFECTS
    code: str
    after: str = ""  # the next student's notebook, whose loot counts
    gaps: tuple[str, ...] = ()  # tiers that do not hold it, as the probe says
    root: bool = False  # only root of the machine could do it, so that it cannot be proved in a namespace


def read(world, loot, child):
    """The canary, which nothing but its file holds, came back."""
    return world.token in str(loot)


def hit(world, loot, child):
    """A listener on the loopback heard something."""
    return world.was_hit()


def changed(world, loot, child):
    """A file outside, or what is beside it, is not as it was."""
    return world.was_changed()


def hurt(world, loot, child):
    """A process outside was ended, stopped, slowed or given other limits."""
    return world.was_hurt()


def got(world, loot, child):
    """The kernel gave something, and it worked."""
    return loot is True


def outlived(world, loot, child):
    """A process of the submission is there after its end."""
    return world.outlived()


def much(world, loot, child):
    """More was had than is allowed."""
    return isinstance(loot, int) and loot > 0


def grew(world, loot, child):
    """Its process took more memory than is allowed."""
    return child.usage["memory"] > world.memory_mb


def kept(world, loot, child):
    """What one submission left, the next one found."""
    return world.planted in str(loot)


def score(world, loot, child):
    """Points for a notebook that solves nothing."""
    return isinstance(loot, (int, float)) and loot > 0


def endless(world, loot, child):
    """It was still running, or had burnt more processor time than is allowed."""
    return world.seconds > world.patience


EFFECTS = {f.__name__: f for f in (read, hit, changed, hurt, got, outlived, much, grew, kept, score, endless)}


def family(table):
    """Attacks from (name, mechanism, held_by, effect, code) or with a dict of further fields at the end."""
    for name, mechanism, held_by, effect, code, *more in table:
        yield Attack(name, mechanism, tuple(held_by.split()), effect, code.strip() + "\n", **(more[0] if more else {}))
