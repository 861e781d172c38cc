"""What happens to photos and their files, and what the machines make of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from store_support import PNG, WORKER, analysis, face, write_photo
from tests.machine.life import FEW, SOME, TAKEN, WHO, Life, Seen, under

from facekeep.actions import again, analyse, embedding, failures, matching, models, regroup, twice
from facekeep.actions.context import Context
from facekeep.actions.exemplars import refresh
from facekeep.actions.group import group_new_faces
from facekeep.actions.review import expire
from facekeep.domain.errors import Conflict, FailureCode, LibraryOffline, PhotoFault
from facekeep.domain.faces import PhotoAnalysis, PhotoFacts
from facekeep.domain.packs import BUNDLED, OPENCV

ANYBODY = st.lists(st.sampled_from(WHO), max_size=3, unique=True)
PHOTOS = "SELECT id FROM photo ORDER BY id"
FAR = (0.3, 0.37, 0.3, 0.4)
"""Of a face from its person's centre: two such faces are about 1.4 times as far from each other."""

UPKEEP: tuple[Callable[[Context], object], ...] = (twice.find_twice, refresh, expire)
FAULTS = (FailureCode.UNREADABLE, FailureCode.TIMEOUT, FailureCode.CRASHED, FailureCode.INTERNAL)


class Photos(Life):
    """Files that come, move, change and go; looking at them; failures; offline disks; other models."""

    @initialize(photos=st.lists(st.tuples(ANYBODY, st.sampled_from(TAKEN)), min_size=2, max_size=5))
    def first_photos(self, photos: list[tuple[list[str], str | None]]) -> None:
        for who, taken in photos:
            self.write(self.new_name(), who, taken)
        self.look()
        self.group()

    def new_name(self) -> str:
        return f"{next(self.numbers)}.png"

    def write(self, name: str, who: list[str], taken: str | None) -> None:
        content = f"content {next(self.numbers)}"
        # Clear to match, likely only, or hardly: so that there is something to ask.
        away = FAR[next(self.numbers) % len(FAR)]
        self.seen[content] = Seen([face(one, place, away) for place, one in enumerate(who)], taken)
        self.files[name] = content
        write_photo(self.bench.root / name, content)

    def look(self) -> None:
        """A scan, and whatever is due then."""
        if not self.away:
            self.bench.scan()
            self.look_at_due()

    def look_at_due(self) -> None:
        for item in analyse.claim(self.ctx, WORKER, 1000):
            content = item.path.read_bytes().removeprefix(PNG).decode()
            assert analyse.record(self.ctx, item, self.looked_like(self.seen[content]))

    def looked_like(self, seen: Seen) -> PhotoAnalysis:
        """What a child answers, under the pack in use."""
        pack = self.ctx.pack.label
        faces = [replace(one, embedding=under(pack, one.embedding)) for one in seen.faces]
        facts = PhotoFacts(1000, 800, "image/png", seen.taken)
        return replace(analysis(*faces), facts=facts, pack=pack)

    def some_file(self, which: int) -> str | None:
        names = [] if self.away else sorted(self.files)
        return names[which % len(names)] if names else None

    @rule(who=ANYBODY, taken=st.sampled_from(TAKEN))
    def new_photo(self, who: list[str], taken: str | None) -> None:
        if not self.away:
            with self.machine():
                self.write(self.new_name(), who, taken)
                self.look()

    @rule(which=SOME)
    def photo_is_moved(self, which: int) -> None:
        name = self.some_file(which)
        if name is not None:
            new = self.new_name()
            with self.machine():
                (self.bench.root / name).rename(self.bench.root / new)
                self.files[new] = self.files.pop(name)
                self.look()

    @rule(
        which=SOME, keep=st.integers(0, 7), more=st.sampled_from((*WHO, None)), taken=st.sampled_from(TAKEN)
    )
    def photo_is_edited(self, which: int, keep: int, more: str | None, taken: str | None) -> None:
        """Some faces are found again, some are not, and perhaps there is another one."""
        name = self.some_file(which)
        if name is not None:
            old = self.seen[self.files[name]].faces
            with self.machine():
                self.write(name, [], taken)
                kept = [one for place, one in enumerate(old) if keep >> place & 1]
                extra = [] if more is None else [face(more, 8, 0.3)]
                there = {one.box for one in kept}  # a detector gives no two faces in one place
                self.seen[self.files[name]].faces = kept + [one for one in extra if one.box not in there]
                self.look()

    @rule(which=SOME)
    def photo_is_deleted(self, which: int) -> None:
        name = self.some_file(which)
        if name is not None and len(self.files) > 1:
            with self.machine():
                (self.bench.root / name).unlink()
                del self.files[name]
                self.look()

    @rule(which=st.one_of(st.none(), FEW))
    def photos_are_looked_at_again(self, which: list[int] | None) -> None:
        photos = None if which is None else [self.one_of(PHOTOS, each) for each in which]
        with self.machine():
            again.look_again(self.ctx, None if photos is None else [one for one in photos if one is not None])
            self.look()

    # Failures, and disks that are away ------------------------------------------------------------

    @rule(which=SOME, code=st.sampled_from(FAULTS))
    def photo_fails(self, which: int, code: FailureCode) -> None:
        """It alone: its faces stay, and whatever else is due is looked at as ever."""
        photo = self.one_of(PHOTOS, which)
        if photo is None:
            return
        faces = "SELECT id FROM face WHERE photo_id = %(photo)s ORDER BY id"
        with self.machine():
            again.look_again(self.ctx, [photo])
            before = self.bench.tuples(faces, photo=photo)
            for item in analyse.claim(self.ctx, WORKER, 1, only=photo):
                analyse.record_failure(self.ctx, item, PhotoFault(code, "a made fault"))
            assert self.bench.tuples(faces, photo=photo) == before, "a failure is no answer"
            self.look()
        waiting = "SELECT count(*) FROM photo WHERE state = 'waiting' AND library_id IS NOT NULL"
        assert self.away or self.bench.value(waiting) == 0, "others were not looked at"

    @rule(again_=st.booleans())
    def failures_are_met(self, again_: bool) -> None:
        """Tried again, or given up."""
        with self.machine():
            if again_:
                failures.retry(self.ctx)
                self.look()
            else:
                failed = self.bench.tuples("SELECT photo_id FROM failure")
                failures.give_up(self.ctx, [int(row[0]) for row in failed])

    @rule()
    def disk_goes_or_comes(self) -> None:
        """Nothing is marked as missing while it is away."""
        root = self.bench.root
        elsewhere = root.with_name("elsewhere")
        with self.machine():
            before = self.bench.files()
            (elsewhere if self.away else root).rename(root if self.away else elsewhere)
            self.away = not self.away
            try:
                self.bench.scan()
            except LibraryOffline:
                assert self.away
            if not self.away:
                self.look_at_due()
        assert self.bench.files() == before

    # Machines ------------------------------------------------------------

    @rule()
    def group(self) -> None:
        with self.machine():
            while group_new_faces(self.ctx).faces:
                pass

    @rule(dry_run=st.booleans())
    def regroup(self, dry_run: bool) -> None:
        """Asked for by a user, and what a user said stays; in a dry run everything does."""
        before = self.state()
        with self.machine(regrouping=True):
            regroup.ask_to_regroup(self.ctx, dry_run=dry_run)
            run = regroup.run_asked(self.ctx)
            assert run is not None
            assert run.state == "done", run.message
        assert not dry_run or self.state() == before

    @rule(work=st.sampled_from(UPKEEP))
    def upkeep(self, work: Callable[[Context], object]) -> None:
        """Looking for one person twice, choosing exemplars, dropping old questions."""
        with self.machine():
            work(self.ctx)

    @rule(auto=st.booleans())
    def machines_may_decide(self, auto: bool) -> None:
        with self.machine():
            matching.set_auto(self.ctx, auto)

    # Models ------------------------------------------------------------

    @rule(how=st.sampled_from(("other", "other", "stay", "pause", "resume")))
    def model(self, how: str) -> None:
        """Changed to the other pack, or back, embedded by and by; or the change ends, or is paused."""
        other = OPENCV if self.ctx.pack.label == BUNDLED.label else BUNDLED
        with self.machine():
            try:
                if how == "other":
                    models.use(self.ctx, other, accepted=True)
                elif how == "stay":
                    models.cancel(self.ctx)
                else:
                    (models.pause if how == "pause" else models.resume)(self.ctx)
            except Conflict:
                assert not self.bench.value("SELECT wanted IS NOT NULL FROM pack_use")

    @rule(limit=st.integers(1, 4))
    def embed_some(self, limit: int) -> None:
        """What a worker does with some photos; then the change ends, if nothing is left."""
        with self.machine():
            use = embedding.target(self.ctx)
            for task in embedding.claim(self.ctx, use, WORKER, limit):
                vectors = [self.vector(one.face, task.label) for one in task.faces]
                assert embedding.record(self.ctx, task, np.array(vectors) if vectors else None)
            switched = models.finish(self.ctx)
        waiting = """SELECT count(*) FROM unembedded u WHERE EXISTS (
            SELECT FROM photo_file f WHERE f.photo_id = u.photo_id AND f.state = 'present')"""
        assert not switched or self.bench.value(waiting) == 0, "it switched before all were embedded"

    def vector(self, one: int, pack: str) -> np.typing.NDArray[np.float32]:
        known = self.bench.tuples("SELECT vector FROM embedding WHERE face_id = %(one)s LIMIT 1", one=one)
        return under(pack, np.asarray(known[0][0] if known else face("ada").embedding, dtype=np.float32))
