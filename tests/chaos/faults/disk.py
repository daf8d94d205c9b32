"""The broker's disk full, so that not one more byte can be written, and free again later."""

import asyncio
import os
from pathlib import Path

from schemas.vocabulary import Channel
from tests.chaos.ground import Ground

_FULL_S = (4.0, 10.0)
_PIECES = (64 * 1024**2, 1024**2, 64 * 1024, 4096)


async def full(ground: Ground) -> None:
    """Every free block of the broker's file system is taken, for some seconds."""
    ground.explains.add(Channel.EMAIL)
    filler = ground.rig.home / "kafka" / "filler"
    before, for_s = await ground.rig.pid("kafka"), ground.dice.uniform(*_FULL_S)
    taken = await asyncio.to_thread(_fill, filler)
    tries = ground.load.retries
    ground.note(f"no space left on the broker's disk ({taken / 1024**2:.0f} MiB taken), for {for_s:.1f} s")
    try:
        await asyncio.sleep(for_s)
        await asyncio.to_thread(_fill, filler)  # what the broker gave back by ending
        survived = await asyncio.to_thread(_runs, before)
        assert not survived or ground.load.retries > tries, "the broker did not notice that its disk is full"
        ground.note("the broker stayed" if survived else "the broker ended")
    finally:
        filler.unlink()


def _fill(path: Path) -> int:
    """Take every free block; returns how many bytes that were."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        size = begin = os.fstat(fd).st_size
        for piece in _PIECES:
            while True:
                try:
                    os.posix_fallocate(fd, size, piece)
                except OSError:
                    break
                size += piece
        return size - begin
    finally:
        os.close(fd)


def _runs(pid: int) -> bool:
    try:
        return b"kafka.Kafka" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
