"""The learning rate of a step."""


def linear_with_warmup(step: int, steps: int, warmup: float) -> float:
    """Of the rate: up over the first share of steps, then down to nothing."""
    rising = max(int(steps * warmup), 1)
    return (step + 1) / rising if step < rising else (steps - step) / max(steps - rising, 1)
