"""One request handed to one child, and what became of it: an answer, or whose fault it is not to have one."""

from dataclasses import dataclass

from facekeep.domain.errors import FailureCode, MachineFault, PhotoFault
from facekeep.worker.child import TAKEN, Analyse, Answer, Embed, Failed, Opened, Request
from facekeep.worker.watching import ChildLimits, Turn, Watcher, large, megabytes

DEATH_S = 5.0
"""To hear how a child ended. One that waits for a dead network disk cannot be ended at all."""

_ABORTED = -6
_KILLED = -9
_MEMORY_HINT = "Close other programs, use fewer workers, or raise the memory limit of a child."


class NotTaken(Exception):
    """The child died before it saw the photo, which therefore is not at fault; another may be asked."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Knows the limits by which a death is judged."""

    watcher: Watcher
    limits: ChildLimits

    def ask(self, turn: Turn, request: Request) -> Answer | Failed:
        """The child's answer. Raises NotTaken; or PhotoFault when the child is dead or must not be used."""
        unready = self._hand(turn, request)
        if unready is not None:
            return unready.at(tried(request, None))
        seen: int | None = None
        try:
            while isinstance(said := turn.child.pipe.recv(), Opened):
                seen = said.long_side
        except (EOFError, OSError) as error:
            raise self._death(turn, tried(request, seen)) from error
        except Exception as error:  # a child whose memory is in disorder may send anything at all
            raise _garbled(error, tried(request, seen)) from error
        if isinstance(said, Failed):
            return said.at(tried(request, seen))
        answer: Answer = said
        return answer

    def _hand(self, turn: Turn, request: Request) -> Failed | None:
        try:
            turn.child.pipe.send(request)
            said = turn.child.pipe.recv()
        except (EOFError, OSError) as error:
            raise NotTaken(self._untaken(turn)) from error
        if isinstance(said, Failed):  # the models, most likely; nobody has looked at the photo
            return said
        if said != TAKEN:
            raise NotTaken("it said something else than it should")
        self.watcher.taken(turn)
        return None

    def _untaken(self, turn: Turn) -> str:
        if turn.verdict is not None:
            return turn.verdict.message
        code = turn.child.exit_code(DEATH_S)
        return "the process that starts them has ended" if turn.child.nobody_can_tell() else _how(code)

    def _death(self, turn: Turn, long_side: int | None) -> PhotoFault:
        code = turn.child.exit_code(DEATH_S)
        detail = f"{_how(code)}; at most {megabytes(turn.peak)} of memory seen"
        if turn.verdict is not None:
            return PhotoFault(turn.verdict.failure, turn.verdict.message, detail=detail, long_side=long_side)
        return self._judged(turn, code, detail, long_side)

    def _judged(self, turn: Turn, code: int | None, detail: str, long_side: int | None) -> PhotoFault:
        was_large, hint = large(turn.peak, self.limits.memory_bytes), ""
        failure, said = FailureCode.CRASHED, f"the process that looked at this photo died ({_how(code)})"
        if turn.child.nobody_can_tell():
            said = "the process that starts children has ended, and they with it"
            return MachineFault(said, detail=detail, long_side=long_side)
        if code == _KILLED and self.watcher.kills.recent():
            if not was_large:
                said = "the machine ran out of memory"
                return MachineFault(said, hint=_MEMORY_HINT, detail=detail, long_side=long_side)
            failure, hint = FailureCode.OUT_OF_MEMORY, _MEMORY_HINT
            said = f"the machine ran out of memory while this photo took {megabytes(turn.peak)}"
        if code == _ABORTED and was_large:  # a C++ codec without memory ends so, when nobody catches it
            failure = FailureCode.OUT_OF_MEMORY
            said = f"its codec gave up with {megabytes(turn.peak)} of memory taken"
        return PhotoFault(failure, said, hint=hint, detail=detail, long_side=long_side)


def tried(request: Request, seen: int | None) -> int | None:
    """The longer side at which a photo was looked at: as asked, or its own where that is known to be less."""
    if not isinstance(request, Analyse | Embed):
        return None
    return request.long_side if seen is None else min(request.long_side, seen)


def _garbled(error: Exception, long_side: int | None) -> PhotoFault:
    said = f"the process that looked at this photo answered nonsense ({type(error).__name__})"
    return PhotoFault(FailureCode.CRASHED, said, detail=repr(error)[:2000], long_side=long_side)


def _how(code: int | None) -> str:
    if code is None:
        return "it cannot be ended"
    return f"signal {-code}" if code < 0 else f"exit status {code}"
