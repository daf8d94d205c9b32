"""Faults that wait for their occasion, in the order they were set."""

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

MAX_FAULTS = 1000


class Counted(Protocol):
    """Something that happens a number of times, or until it is taken away."""

    @property
    def times(self) -> int | None:
        """How often it happens; None is until cleared."""


F = TypeVar("F", bound=Counted)


class TooManyFaultsError(Exception):
    """More faults are set than the sandbox holds; clear some."""


class FaultBoard(Generic[F]):
    """The faults now set. A fault with `times` is used up; one without stays until `clear`."""

    def __init__(self) -> None:
        self._set: list[tuple[F, int | None]] = []
        self._cleared = asyncio.Event()

    def add(self, fault: F) -> None:
        """Set a fault behind those already set."""
        if len(self._set) >= MAX_FAULTS:
            raise TooManyFaultsError(f"at most {MAX_FAULTS} faults can be set")
        self._set.append((fault, fault.times))

    def current(self) -> list[tuple[F, int | None]]:
        """The faults still set, with the times left."""
        return list(self._set)

    def take(self, matches: Callable[[F], bool]) -> F | None:
        """The first fault that matches, counted down; None when nothing is to go wrong."""
        for place, (fault, left) in enumerate(self._set):
            if not matches(fault):
                continue
            if left == 1:
                del self._set[place]
            elif left is not None:
                self._set[place] = (fault, left - 1)
            return fault
        return None

    def clear(self) -> None:
        """Take every fault away and let go of what hangs."""
        self._set.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def hold(self, at_most_s: float) -> None:
        """Hang until the next `clear`, at most `at_most_s`."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._cleared.wait()
        except TimeoutError:
            return
