"""Waiting for what the product does not announce."""

import time


def wait_until(condition, timeout, what):
    """Returns the first true value of `condition()`; fails with `what` when none comes in time."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.02)
