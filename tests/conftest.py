"""Fixtures that every test folder may use."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The top of this checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    """The real photographs beside the checkout; the test skips where they are absent."""
    return _beside("photos")


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The model files beside the checkout; the test skips where they are absent."""
    return _beside("models")


def _beside(name: str) -> Path:
    folder = ROOT.parent / "shared" / name
    if not folder.is_dir():
        pytest.skip(f"needs ../shared/{name}, which is not on this machine")
    return folder
