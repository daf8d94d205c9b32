"""The other policy of a what-if: a directory, a version on the log, a state of a repository, or the active one."""

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NoReturn

from console.files import read_policy
from console.output import Exit, fail
from console.replay.past import Past
from schemas.policy.models import Policy

GIT_WITHIN_S = 30.0
"""How long git may take to give the files of a policy."""

POLICY_IN_REPOSITORY = "deploy/policy"
MAX_ARCHIVE_BYTES = 64 * 1024 * 1024


def chosen(past: Past, *, directory: Path | None, version: str | None, revision: str | None) -> tuple[Policy, str]:
    """The policy that was named, and where it is from; what cannot be found ends the command."""
    named = [
        name for name, given in (("--policy", directory), ("--policy-version", version), ("--git", revision)) if given
    ]
    if len(named) > 1:
        fail(f"{' and '.join(named)}: name one policy", Exit.USAGE)
    if directory is not None:
        return read_policy(directory), str(directory)
    if version is not None:
        return of_version(past, version), "the log"
    if revision is not None:
        return of_revision(revision), f"git {revision}"
    if past.active is None:
        mend = "name one with --policy, --policy-version or --git"
        fail("no policy is active on this log", Exit.CONFIGURATION, mend=mend)
    return past.active, "the active policy"


def of_version(past: Past, version: str) -> Policy:
    """The policy on the log whose hash begins with ``version``."""
    found = {policy.version: policy for known, policy in past.policies.items() if known.startswith(version.lower())}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        names = ", ".join(sorted(one[:16] for one in found))
        fail(f"several policies begin with '{version}': {names}", Exit.USAGE, mend="give more of its letters")
    return _none_of(past, version)


def _none_of(past: Past, version: str) -> NoReturn:
    known = ", ".join(sorted({policy.version[:12] for policy in past.policies.values()})) or "none"
    fail(f"no policy on the log begins with '{version}'", Exit.NO_INPUT, mend=f"there are: {known}")


def of_revision(revision: str) -> Policy:
    """The policy as it stands at ``revision`` (or ``revision:path``) of the repository of the working directory."""
    rev, _, path = revision.partition(":")
    if not rev or rev.startswith("-"):
        fail(f"'{revision}' names no revision", Exit.USAGE, mend="write --git main, or --git main:deploy/policy")
    folder = path.strip("/") or POLICY_IN_REPOSITORY
    with tempfile.TemporaryDirectory(prefix="borderlands-policy-") as into:
        _unpack(_archive(rev, folder), Path(into))
        return read_policy(Path(into) / folder)


def _archive(rev: str, folder: str) -> bytes:
    top = _git("rev-parse", "--show-toplevel", cwd=None).decode().strip()
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}", cwd=top, about=rev)
    archive = _git("archive", "--format=tar", commit.decode().strip(), "--", folder, cwd=top, about=f"{rev}:{folder}")
    if len(archive) > MAX_ARCHIVE_BYTES:
        fail(f"{folder} at {rev} is larger than any policy", Exit.DATA)
    return archive


def _git(*arguments: str, cwd: str | None, about: str | None = None) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, timeout=GIT_WITHIN_S, check=False)
    except subprocess.TimeoutExpired:
        fail(f"git gave no answer within {GIT_WITHIN_S:.0f} s", Exit.UNAVAILABLE)
    except OSError as problem:
        fail(f"git cannot be run: {problem}", Exit.UNAVAILABLE)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        what = f"{about} is not there" if about else "this is no git repository"
        fail(
            f"{what}{': ' + said[-1] if said else ''}",
            Exit.NO_INPUT,
            mend="run it inside the repository; see `git log`",
        )
    return done.stdout


def _unpack(archive: bytes, into: Path) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(into, filter="data")
    except (tarfile.TarError, OSError) as problem:
        fail(f"the files that git gave cannot be unpacked: {problem}", Exit.FAILED)
