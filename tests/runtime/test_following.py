"""Work in the background: it ends with its owner, and what ended it before that is told."""

import asyncio

from runtime.following import Following


async def test_work_that_is_ended_has_not_failed() -> None:
    """Whoever ends the work waits until it has let go, and hears of no error."""
    let_go = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            let_go.set()

    following = Following()
    following.begin(work(), "work")
    await asyncio.sleep(0)
    await following.end()
    assert let_go.is_set()
    assert following.failed is None


async def test_what_ended_the_work_is_told_and_keeps_nobody_from_closing() -> None:
    """An error is there for whoever looks; ending afterwards raises nothing, so that clients are closed."""
    fault = OSError("the broker went away")

    async def work() -> None:
        raise fault

    following = Following()
    following.begin(work(), "work")
    await asyncio.sleep(0)
    assert following.failed is fault
    await following.end()


async def test_what_never_began_can_be_ended() -> None:
    """An owner that could not open closes all the same."""
    following = Following()
    assert following.failed is None
    await following.end()
