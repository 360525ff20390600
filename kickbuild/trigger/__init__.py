"""Triggering the rebuild of a box, near or far: what its agent answers, the plan, the way to it, the wait."""
