"""The report to maintainers holds what they need and nothing private, and the cleaning it relies on."""

import getpass
import logging
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from embedded_support import open_folder
from interface_support import BROKEN, Filled, filled, serving

from facekeep.actions.circles import create_circle
from facekeep.actions.details import edit_person
from facekeep.actions.people import name_person
from facekeep.api.app import create_app
from facekeep.api.cleaning import Cleaner
from facekeep.api.report import About
from facekeep.cli import logs, reporting
from facekeep.settings import load
from facekeep.store import listing, migrate

API = "/api/v1"
NAME, ALIAS, CIRCLE = "Zoë Quatermain", "Countess Zebra", "The Nautilus Crew"
PASSWORD = "sesame%21street"
SECRET_FOLDER = "Aunt Mary's birthday"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Filled, httpx.Client]]:
    folder = open_folder()
    (folder / SECRET_FOLDER).mkdir()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        with filled(folder / SECRET_FOLDER) as data:
            settings = load(
                {"home": data.settings.home, "database_url": f"postgresql://joe:{PASSWORD}@db.example/pics"},
                environ={},
            )
            recent = logs.start("info", "text")
            fill(data)
            app = create_app(data.ctx, page=folder, about=reporting.about(settings, recent))
            with serving(app) as client:
                yield data, client
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        shutil.rmtree(folder)


def fill(data: Filled) -> None:
    """Everything private that there is, wherever free text may hold it."""
    with data.ctx.database.read() as reader:
        person = listing.people(reader).items[0].person
    name_person(data.ctx, person, NAME)
    edit_person(data.ctx, person, {"aliases": [ALIAS]})
    create_circle(data.ctx, CIRCLE, [person])
    broken = data.photos / BROKEN
    with data.ctx.database.write() as writer:
        writer.run(
            "UPDATE failure SET message = %(text)s, detail = %(detail)s",
            {
                "text": f"{broken}: cannot be read; neither can {BROKEN} of {NAME}",
                "detail": f'File "{data.photos}/venv/site-packages/PIL/Image.py", line 7\n  open("{broken}")',
            },
        )
    log = logging.getLogger("facekeep.worker")
    log.warning("cannot read %s: Permission denied", data.photos / "Trip: Rome" / "img 1.jpg")
    log.warning("looked at Tante Erna.jpg and %s for %s", data.settings.home, NAME.upper())
    log.warning("circle 1 is named %s already; %s is in it", CIRCLE, ALIAS)
    log.warning('password authentication failed for user "joe" at db.example (192.168.7.9): sesame!street')
    log.warning("could not reach postgresql://joe:%s@db.example/pics on %s", PASSWORD, socket.gethostname())
    log.error("photo 5 failed", extra={"photo": 5})


PRIVATE = (
    NAME, "Quatermain", "Zebra", "Nautilus", PASSWORD, "sesame", "joe", "db.example", "pics", "192.168.7.9",
    SECRET_FOLDER, "Mary", "Rome", "Erna", "img 1", BROKEN,
    getpass.getuser(), socket.gethostname(), "/home/", "/tmp/", "/dev/shm/",
)  # fmt: skip


@pytest.mark.parametrize("form", ["json", "text"])
def test_nothing_private_is_in_it(served: tuple[Filled, httpx.Client], form: str) -> None:
    answer = served[1].get(f"{API}/report", params={"format": form})
    assert answer.status_code == 200
    private = (*PRIVATE, str(served[0].photos))
    assert [text for text in private if re.search(rf"(?<!\w){re.escape(text)}", answer.text, re.I)] == []


def test_it_holds_what_a_maintainer_needs(served: tuple[Filled, httpx.Client]) -> None:
    report = served[1].get(f"{API}/report").json()
    assert set(report) == {
        "facekeep", "made_at", "platform", "settings", "counts", "leases_stuck", "work", "libraries",
        "failures", "log",
    }  # fmt: skip
    assert report["settings"]["database_url"] == "set"
    assert report["settings"]["timeout_seconds"] == 120
    assert report["platform"]["schema"] == migrate.HEAD
    (failed,) = report["failures"]
    (example,) = failed["examples"]
    photo = example["photo"]
    assert example["files"] == [f"<library 1>/…/photo-{photo}.jpg"]
    assert f"photo-{photo}.jpg: cannot be read" in example["message"]
    assert "…/site-packages/PIL/Image.py" in example["detail"][0]
    assert any("Permission denied" in line for line in report["log"])
    assert any("photo=5" in line for line in report["log"])


def test_what_is_ticked_is_in_it(served: tuple[Filled, httpx.Client]) -> None:
    data, api = served
    with_paths = api.get(f"{API}/report", params={"paths": True}).json()
    assert with_paths["libraries"][0]["folder"] == str(data.photos)
    assert with_paths["failures"][0]["examples"][0]["files"] == [str(data.photos / BROKEN)]
    assert NAME not in str(with_paths)
    with_faces = api.get(f"{API}/report", params={"faces": True}).json()
    assert with_faces["people"] == [{"person": 1, "name": NAME, "faces": 4}]
    assert str(data.photos) not in str(with_faces)


def test_a_program_that_tells_nothing_gives_a_report_too(served: tuple[Filled, httpx.Client]) -> None:
    app = create_app(served[0].ctx, about=About())
    with serving(app) as client:
        assert client.get(f"{API}/report").json()["log"] == []


# Cleaning --------------------------------------------------------------------------------------------------

CLEANER = Cleaner({"/srv/photos": "<library 1>", "hunter2": "<secret>"}, {"Ada": "<name>", "Li Na": "<name>"})


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("photo 17 took 3.5/s, 12:30 and/or", "photo 17 took 3.5/s, 12:30 and/or"),
        ("cannot read /srv/photos/x y.jpg: no space", "cannot read <library 1><path>: no space"),
        ("at /mnt/a: b/c d", "at <path>"),
        ("~/Pictures is gone", "<path>"),
        ("C:\\Users\\Eve\\a.png", "<path>"),
        ("opened my holiday.HEIC: odd", "<photo>.HEIC: odd"),
        ("ADA and li na, but not Adam", "<name> and <name>, but not Adam"),
        ("postgresql://a:b@c/d is away", "<address> is away"),
        ("hunter2 is no word", "<secret> is no word"),
        ("\0001\000", "1"),
    ],
)
def test_cleaning(text: str, clean: str) -> None:
    assert CLEANER.clean(text) == clean


def test_a_hundred_thousand_names_cost_little_and_are_all_known() -> None:
    cleaner = Cleaner({}, {f"Person {number}": "<name>" for number in range(100_000)})
    assert cleaner.clean("saw person 99999 and Person 100001") == "saw <name> and Person 100001"


def test_settings_are_told_without_what_was_written_there(tmp_path: Path) -> None:
    shown = reporting.shown(load({"home": tmp_path}, environ={"FACEKEEP_ALLOWED_HOSTS": "me.example"}))
    assert (shown["allowed_hosts"], shown["home"], shown["database_url"]) == ("set", "set", "not set")
    assert (shown["log_level"], shown["port"]) == ("warning", 8765)
