"""Where the command finds the system: a running `borderlands up` in a home, else the environment's settings."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.output import Exit, fail
from runtime import log
from runtime.settings import Settings, SettingsMistake, load_settings


@dataclass(frozen=True)
class RunningSystem:
    """What a running `borderlands up` says of itself."""

    pid: int
    started_at: float
    bootstrap: str
    partitions: int
    directory: Path
    sandbox: str | None
    health_ports: dict[str, int]
    restarts: dict[str, int]


def running_system(home: Path) -> RunningSystem | None:
    """The system that runs in ``home``, or None; what a killed one has left behind is no system."""
    try:
        state: dict[str, Any] = json.loads((home / "run" / "up.json").read_text())
        system = RunningSystem(**{**state, "directory": Path(state["directory"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return system if _alive(system.pid) else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's: it lives
    return True


def connection(home: Path) -> Settings:
    """Settings that reach the system of ``home`` if one runs there, else those of the environment."""
    log.configure("console", "text", level=logging.WARNING, libraries=logging.CRITICAL)
    system = running_system(home)
    overrides: dict[str, Any] = {}
    if system is not None:
        overrides = {
            "bootstrap": system.bootstrap,
            "partitions": system.partitions,
            "directory": system.directory,
            "home": home,
        }
    try:
        return load_settings(**overrides)
    except SettingsMistake as mistake:
        fail(str(mistake), Exit.CONFIGURATION)
