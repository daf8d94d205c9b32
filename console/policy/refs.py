"""Which policy somebody means: a directory, a version on the topic, ``active``, ``previous``, or a revision of git."""

import io
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console.policy.history import History
from schemas.policy.load import load_policy
from schemas.policy.mistakes import PolicyMistakes
from schemas.policy.models import Policy

GIT_WITHIN_S = 20.0
GIT_MAX_BYTES = 64 * 1024 * 1024
GIT_PATH = "deploy/policy"
PREFIX_MIN = 4

_HASH = re.compile(r"[0-9a-f]{4,64}").fullmatch
_NAMES = ("active", "previous")


class NoSuchPolicy(Exception):
    """Nothing, or more than one thing, is meant; the text says what was looked for, ``mend`` how to name it."""

    def __init__(self, problem: str, mend: str, *, bad_data: bool = False) -> None:
        super().__init__(problem)
        self.mend, self.bad_data = mend, bad_data


@dataclass(frozen=True)
class Found:
    """A policy that somebody meant. ``version`` is the hash it is published under (of files: that it would be),
    ``name`` what to call it, ``directory`` where its files are, if they are on this machine."""

    policy: Policy
    version: str
    name: str
    directory: Path | None = None


def find(ref: str, history: Callable[[], History]) -> Found:
    """The policy of ``ref``. ``history`` is called only for what stands on the topic.

    Raises:
        NoSuchPolicy: there is none, it has mistakes, or several versions begin so.
    """
    if ref.startswith("git:"):
        return _of_git(ref)
    if ref in _NAMES or (_HASH(ref) and not Path(ref).is_dir()):
        return _of_topic(ref, history())
    policy = _loaded(Path(ref), ref)
    return Found(policy, policy.version, f"{ref} ({policy.version[:12]})", Path(ref))


def _loaded(path: Path, name: str) -> Policy:
    try:
        return load_policy(path)
    except PolicyMistakes as mistakes:
        lines = "\n  ".join(str(mistake) for mistake in mistakes.mistakes)
        raise NoSuchPolicy(
            lines, f"mend {name}, or name a directory, a version, active, previous or git:REV", bad_data=True
        ) from None
    except OSError as error:
        raise NoSuchPolicy(f"cannot read {name}: {error.strerror}", "name a policy directory") from None


def _of_topic(ref: str, history: History) -> Found:
    if ref == "active":
        version = history.active
        if version is None:
            raise NoSuchPolicy("no policy is active", "run `borderlands policy activate`")
    elif ref == "previous":
        version = history.in_force.base if history.in_force else None
        if version is None:
            raise NoSuchPolicy("no policy was active before this one", "see `borderlands policy log`")
    else:
        matching = history.matching(ref)
        if len(matching) != 1:
            which = f"{len(matching)} versions begin with {ref}: {', '.join(one[:16] for one in matching[:6])}"
            problem = which if matching else f"no version on the topic begins with {ref}"
            raise NoSuchPolicy(problem, "`borderlands policy log` lists them")
        version = matching[0]
    policy = history.policies.get(version)
    if policy is None:
        raise NoSuchPolicy(
            f"version {version[:12]} is not on the topic, or this release cannot read it",
            "activate it again from its files",
        )
    return Found(policy, version, f"{ref} ({version[:12]})" if ref in _NAMES else version[:12])


def _of_git(ref: str) -> Found:
    revision, _, path = ref.removeprefix("git:").partition(":")
    if not revision or revision.startswith("-"):
        raise NoSuchPolicy(f"'{ref}' names no revision", "write git:HEAD~1, or git:REV:path/of/the/policy")
    path = path or GIT_PATH
    commit = _git("rev-parse", "--verify", f"{revision}^{{commit}}").decode().strip()
    packed = _git("archive", "--format=tar", f"{commit}:{path}")
    if len(packed) > GIT_MAX_BYTES:
        problem = f"{path} of {revision} is larger than {GIT_MAX_BYTES} bytes"
        raise NoSuchPolicy(problem, "name the policy directory alone")
    with tempfile.TemporaryDirectory(prefix="borderlands-policy-") as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        policy = _loaded(Path(folder), ref)
    return Found(policy, policy.version, f"{ref} ({policy.version[:12]})")


def _git(*arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, timeout=GIT_WITHIN_S, check=True)
    except FileNotFoundError:
        raise NoSuchPolicy("git is not installed", "name a directory or a version") from None
    except subprocess.TimeoutExpired:
        raise NoSuchPolicy(f"git took more than {GIT_WITHIN_S:.0f} s", "name a directory or a version") from None
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.decode(errors="replace").strip().splitlines()
        raise NoSuchPolicy(
            f"git finds no such policy: {said[-1] if said else failed.returncode}",
            "write git:REV, or git:REV:path with the path from the top of the repository",
        ) from None
    return done.stdout
