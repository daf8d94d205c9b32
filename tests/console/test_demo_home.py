"""What a demonstration may delete."""

from pathlib import Path

from tests.console.conftest import Run


def test_a_home_that_is_not_a_demonstrations_is_left_alone(borderlands: Run, tmp_path: Path) -> None:
    """The log of a real system is never emptied by a demonstration that was given its home."""
    kept = tmp_path / "kafka" / "data"
    kept.mkdir(parents=True)
    done = borderlands("demo", "--once", "--home", str(tmp_path))
    assert done.exit_code == 2
    assert "not a demonstration's" in done.stderr
    assert kept.is_dir()
