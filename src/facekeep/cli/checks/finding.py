"""What a check says."""

from dataclasses import dataclass
from typing import Literal

from facekeep.domain.errors import FacekeepError

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: what was looked at, how it is, and what to do where it is not in order."""

    name: str
    state: State
    detail: str
    advice: str = ""


def failed(name: str, error: FacekeepError) -> Check:
    """An error of the tree as a finding."""
    return Check(name, "fail", error.message, error.hint)


def gigabytes(number: float) -> str:
    """Bytes for people."""
    return f"{number / 2**30:.1f} GB"
