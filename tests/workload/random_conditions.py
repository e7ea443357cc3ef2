"""Random conditions over p and m: comparisons of positions under and, or, not."""

from random import Random

POSITIONS = ("p", "m", "p - m", "p + m", "2*m", "p // 4", "m // 3", "(p - m) % 4")
BLOCKS = ("p // 4 == m // 4", "(p // 3 + m // 3) % 2 == 0", "(p - m) % 3 != 0", "m % 5 < 2")


def random_condition(random: Random, depth: int = 2) -> str:
    """In parentheses, unless it is a comparison."""
    kind = random.random()
    if depth == 0 or kind < 0.25:
        return random.choice(BLOCKS) if kind < 0.1 else _comparison(random)
    if kind < 0.4:
        return f"not ({random_condition(random, depth - 1)})"
    parts = [random_condition(random, depth - 1) for _ in range(2)]
    return f"({random.choice((' and ', ' or ')).join(parts)})"


def _comparison(random: Random) -> str:
    left, right = random.choice(POSITIONS), random.choice((*POSITIONS[:4], "0", "2", "5", "9"))
    return f"{left} {random.choice(('<', '<=', '>', '>=', '==', '!='))} {right}"
