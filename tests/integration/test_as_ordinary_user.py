"""The same program as an ordinary user: continuous integration is root, most people not, PostgreSQL minds.

A run that is not root's is an ordinary user's already; these tests skip there. As root, what that user cannot
enter (the checkout, .venv or the interpreter behind a folder of mode 0700) is lent in a temporary folder, by
hard links where they are possible. No mode of any existing folder is changed.
"""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(sys.base_prefix)
PACKAGES = Path(sysconfig.get_path("purelib"))
NOT_LENT = shutil.ignore_patterns("test", "site-packages", "node_modules")
CLI = "import sys; from facekeep.cli.main import main; sys.exit(main())"

# What touches users, modes and sockets, and what root may do anyway; the rest cares little whose it is.
SUBSET = (
    "integration/test_cli_scan.py::test_a_read_only_data_folder_is_the_machines_fault",
    "integration/test_embedded_disks.py",
    "integration/test_embedded_leftovers.py",
    "integration/test_embedded_life.py",
    "integration/test_embedded_places.py",
    "unit/test_settings.py",
)


@dataclass(frozen=True, slots=True)
class OrdinaryUser:
    """An unprivileged user with a home folder, an interpreter and a checkout that this user can read."""

    account: pwd.struct_passwd
    home: Path
    python: Path
    checkout: Path
    library_path: str

    def run(self, *arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """Run the interpreter with these arguments as the user, in the user's home."""
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=self.home,
            env=self.environment(),
            user=self.account.pw_uid,
            group=self.account.pw_gid,
            extra_groups=[],
            umask=0o022,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def environment(self) -> dict[str, str]:
        """Nothing of root's own: what a fresh login of that user would have."""
        own = {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "USER": self.account.pw_name,
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(self.checkout / "src"),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.home / "hypothesis"),
        }
        return own | ({"LD_LIBRARY_PATH": self.library_path} if self.library_path else {})

    def can_work(self) -> bool:
        """Whether this user can start the interpreter, import what is installed, and read the checkout."""
        probe = f"import numpy, facekeep; open({str(self.checkout / 'pyproject.toml')!r}).close()"
        try:
            return self.run("-c", probe).returncode == 0
        except PermissionError:
            return False


@pytest.fixture(scope="module")
def ordinary_user() -> Iterator[OrdinaryUser]:
    if os.geteuid() != 0:
        pytest.skip("this run is an ordinary user's already: every other test here ran as one")
    folder = Path(tempfile.mkdtemp(prefix="facekeep-user-", dir=_common_ground()))
    try:
        folder.chmod(0o755)
        yield _settled(folder)
    finally:
        shutil.rmtree(folder)


def test_the_user_is_not_root(ordinary_user: OrdinaryUser) -> None:
    ran = ordinary_user.run("-c", "import os; print(os.getuid(), os.geteuid(), os.getgroups())")
    uid = ordinary_user.account.pw_uid
    assert ran.stdout.split()[:2] == [str(uid), str(uid)]
    assert "0" not in ran.stdout.replace("[", " ").replace("]", " ").replace(",", " ").split()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_tests_of_the_private_server_pass(ordinary_user: OrdinaryUser) -> None:
    files = [str(ordinary_user.checkout / "tests" / name) for name in SUBSET]
    ran = ordinary_user.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *files, timeout=580)
    assert ran.returncode == 0, ran.stdout[-20000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout


def test_a_scan_finds_a_face_and_leaves_nothing_running(ordinary_user: OrdinaryUser) -> None:
    data = ordinary_user.home / "my données"
    photos = ordinary_user.home / "photos"
    _own(ordinary_user, photos)
    shutil.copy(PACKAGES / "skimage" / "data" / "astronaut.png", photos)

    scanned = ordinary_user.run("-c", CLI, "scan", "--home", str(data), str(photos))
    listed = ordinary_user.run("-c", CLI, "faces", "--home", str(data), "--json")

    assert scanned.returncode == 0, scanned.stdout + scanned.stderr
    faces = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [Path(face["files"][0]).name for face in faces] == ["astronaut.png"]
    assert _strangers(data, ordinary_user.account.pw_uid) == []
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def _strangers(folder: Path, uid: int) -> list[Path]:
    return [path for path in folder.rglob("*") if path.lstat().st_uid != uid]


def _settled(folder: Path) -> OrdinaryUser:
    """The user in a home under `folder`, with what is here if that can be read, else with a loan of it."""
    account = pwd.getpwnam("nobody")
    home = folder / "home"
    here = OrdinaryUser(account, home, Path(sys.executable), ROOT, "")
    _own(here, home)
    if here.can_work():
        return here
    lent = _lend(folder, here)
    assert lent.can_work(), lent.run("-c", "import numpy, facekeep").stderr
    return lent


def _lend(folder: Path, here: OrdinaryUser) -> OrdinaryUser:
    """Interpreter, packages and sources once more, at a place that the user can reach."""
    base, environment, checkout = folder / "python", folder / "venv", folder / "checkout"
    _copy(BASE, base)
    for name in ("src", "tests", "docs"):
        _copy(ROOT / name, checkout / name)
    shutil.copy(ROOT / "pyproject.toml", checkout)
    packages = environment / PACKAGES.relative_to(sys.prefix)
    _copy(PACKAGES, packages)
    (environment / "bin").mkdir()
    python = environment / "bin" / "python"
    python.symlink_to(base / "bin" / f"python3.{sys.version_info.minor}")
    (environment / "pyvenv.cfg").write_text(f"home = {base / 'bin'}\ninclude-system-site-packages = false\n")
    return OrdinaryUser(here.account, here.home, python, checkout, str(base / "lib"))


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=NOT_LENT, copy_function=_link_or_copy)
    for folder, _, _ in os.walk(target):
        Path(folder).chmod(0o755)


def _link_or_copy(source: str, target: str) -> None:
    """A hard link where everybody may read the file (they share its mode), else a copy with an open mode."""
    mode = Path(source).stat().st_mode
    if mode & stat.S_IROTH and not mode & stat.S_IWOTH and Path(source).stat().st_dev == _disk_of(target):
        os.link(source, target)
        return
    shutil.copyfile(source, target)
    Path(target).chmod(0o755 if mode & stat.S_IXUSR else 0o644)


def _disk_of(target: str) -> int:
    return Path(target).parent.stat().st_dev


def _own(user: OrdinaryUser, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, user.account.pw_uid, user.account.pw_gid)


def _common_ground() -> Path:
    """A temporary folder that everybody can enter, if possible on the disk of .venv (for hard links)."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    entered = [place for place in places if place.is_dir() and _everybody_enters(place)]
    disk = PACKAGES.stat().st_dev
    return sorted(entered, key=lambda place: place.stat().st_dev != disk)[0]


def _everybody_enters(place: Path) -> bool:
    chain: Sequence[Path] = [place, *place.parents]
    return all(part.stat().st_mode & stat.S_IXOTH for part in chain)
