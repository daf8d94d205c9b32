"""A task that follows a topic in the background, for as long as its owner is open."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from runtime.log import logger


class Following:
    """Begins once and ends when told to; ``failed`` says what ended it otherwise."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run ``work``, which never ends by itself unless it fails."""
        self._task = asyncio.create_task(work, name=name)

    async def end(self) -> None:
        """Stop the work, where it was begun, and return when it has let go.

        What it had failed with is logged and not raised: its owner still has clients to close.
        """
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait((self._task,))
        if self.failed is not None:
            logger().error("following_failed", task=self._task.get_name(), error=repr(self.failed)[:300])

    @property
    def failed(self) -> BaseException | None:
        """The error that ended the work, if any; its process must end then."""
        if self._task is not None and self._task.done() and not self._task.cancelled():
            return self._task.exception()
        return None
