"""The log: its two forms, its fields, and that no loop makes it large."""

import json
import logging
import sys
import tracemalloc
from collections.abc import Iterator

import pytest

from facekeep.cli import logs
from facekeep.cli.logs import (
    ALL_LINES,
    MAX_TEMPLATES,
    SAME_LINES,
    WINDOW_S,
    JsonLines,
    Lines,
    Sparing,
    TextLines,
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Written:
    """What came out on standard error so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._text = capsys, ""

    def getvalue(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Written:
    return Written(capsys)


@pytest.fixture
def log(clock: Clock) -> logging.Logger:
    logger = logging.Logger("facekeep.test", logging.DEBUG)
    logger.addHandler(Lines(JsonLines(), Sparing(clock)))
    return logger


def items(written: Written) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_million_lines_of_a_loop_are_a_few(log: logging.Logger, written: Written) -> None:
    for number in range(1_000_000):
        log.warning("photo %d: cannot be read", number, extra={"photo": number})
    assert len(items(written)) == SAME_LINES
    log.handlers[0].flush()
    *_, last = items(written)
    assert last["message"] == (
        f"{1_000_000 - SAME_LINES} more lines like 'photo %d: cannot be read' were left out"
    )
    assert len(written.getvalue()) < 10_000


def test_a_flood_of_lines_that_all_differ_is_bounded_too(
    log: logging.Logger, written: Written, clock: Clock
) -> None:
    words = ["".join(chr(97 + int(digit)) for digit in str(number)) for number in range(20_000)]
    tracemalloc.start()
    try:
        for word in words:
            log.info("%s " + word * 100, "x" * 10_000)
        log.error("and an error is still seen")
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    found = items(written)
    assert len(found) == ALL_LINES + 1
    assert found[-1]["message"] == "and an error is still seen"
    assert max(len(str(item["message"])) for item in found) < 2100
    assert held < 3_000_000, "what it remembers of them grows"
    clock.now += WINDOW_S
    log.info("later")
    assert f"{len(words) - ALL_LINES} more lines of level INFO were left out" in [
        item["message"] for item in items(written)
    ]


def test_templates_without_end_do_not_free_each_other(clock: Clock) -> None:
    sparing = Sparing(clock)
    passed = 0
    for number in range(20 * MAX_TEMPLATES):
        word = "".join(chr(97 + int(digit)) for digit in str(number))
        passed += sparing.passes(logging.makeLogRecord({"msg": word, "levelno": logging.WARNING}))
    assert passed == ALL_LINES


def test_a_minute_later_lines_are_written_again_after_how_many_were_left_out(
    log: logging.Logger, written: Written, clock: Clock
) -> None:
    for _ in range(SAME_LINES + 5):
        log.warning("away")
    clock.now += WINDOW_S + 1
    log.info("something else")
    log.warning("away")
    assert [item["message"] for item in items(written)[SAME_LINES:]] == [
        "5 more lines like 'away' were left out", "something else", "away",
    ]  # fmt: skip


def test_an_f_string_with_a_number_is_one_template(log: logging.Logger, written: Written) -> None:
    for number in range(100):
        log.info(f"photo {number} is done")
    assert len(items(written)) == SAME_LINES


def test_ids_are_fields(log: logging.Logger, written: Written) -> None:
    log.warning("could not look", extra={"photo": 17, "code": "crashed", "long_side": None})
    (item,) = items(written)
    assert (item["photo"], item["code"], item["long_side"]) == (17, "crashed", None)
    assert (item["level"], item["logger"], item["message"]) == ("warning", "facekeep.test", "could not look")
    assert str(item["time"]).endswith("Z")


def text_of(**given: object) -> str:
    return TextLines().format(logging.makeLogRecord({"name": "facekeep", "levelname": "INFO", **given}))


def test_the_text_form_shows_the_same_on_one_line() -> None:
    line = text_of(msg="photo %d failed", args=(3,), photo=3)
    assert line.endswith("Z INFO facekeep: photo 3 failed photo=3")


@pytest.mark.parametrize("nasty", ["a\nFAKE", "a\r\nFAKE", "a\x1b[2JFAKE", "a\u2028FAKE", "a\udce9FAKE"])
@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
def test_what_a_file_is_called_cannot_forge_a_line(form: logging.Formatter, nasty: str) -> None:
    record = logging.makeLogRecord({"msg": "cannot read %s", "args": (nasty,), "where": nasty})
    line = form.format(record)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    line.encode("utf-8")


def test_a_password_in_an_address_is_not_written() -> None:
    assert "sesame" not in text_of(msg="connecting to postgresql://me:sesame@db.example/x")


def test_a_mistaken_call_is_written_nevertheless() -> None:
    assert "needs %d" in text_of(msg="needs %d", args=("x",))


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_stays_with_its_line(form: str) -> None:
    try:
        raise ValueError("odd")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    if form == "json":
        assert "ValueError: odd" in json.loads(JsonLines().format(record))["traceback"]
    else:
        first, *rest = TextLines().format(record).splitlines()
        assert "failed" in first
        assert all(line.startswith("    ") for line in rest)


def test_a_stream_that_cannot_be_written_ends_nothing(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        log.warning("lost")
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space"):
            full.close()


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger as it was before any command of another test set it up; then as it was."""
    logger = logging.getLogger()
    level, handlers = logger.level, list(logger.handlers)
    logger.handlers[:] = [handler for handler in handlers if not isinstance(handler, logs.Lines)]
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_starting_again_replaces_and_debug_stays(root: logging.Logger, written: Written) -> None:
    before = len(root.handlers)
    logs.start("debug", "text")
    recent = logs.start("error", "json")
    assert len(root.handlers) == before + 1
    logging.getLogger("uvicorn.error").debug("from the web server")
    (item,) = items(written)
    assert (item["logger"], item["message"]) == ("uvicorn.error", "from the web server")
    assert [line for line in recent.all() if "from the web server" in line]


def test_the_level_of_the_settings_holds_for_everybody(root: logging.Logger, written: Written) -> None:
    logs.start("warning", "text")
    logging.getLogger("psycopg.pool").info("chatter")
    logging.getLogger("uvicorn.error").warning("heard")
    assert written.getvalue().count("\n") == 1


def test_the_latest_lines_are_kept_and_bounded(root: logging.Logger, written: Written) -> None:
    recent = logs.start("info", "text")
    for number in range(1000):
        recent.add(str(number) * 1000)
    assert len(recent.all()) == 200
    assert max(map(len, recent.all())) <= 1010
    assert recent.all()[-1].startswith("999")
