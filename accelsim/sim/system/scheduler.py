"""Continuous batching: which sequences decode next, which prompts go on, who must give way.

A sequence waits, has its prompt worked on (if that is done here), and decodes one token an
iteration until it has all of them. Every decoding sequence holds the keys of its prompt and of all
tokens it has, and on average half a page more:

    held = Σ keys + page / 2 · sequences  <=  room

Of a model whose tokens see a window, a sequence keeps no more keys than that, and stops growing
when it has them.

First come, first served; where prompts are worked on here, none is let in before those before it
leave tokens of a chunk to it. Where a decoding sequence finds no room for its next key, the one
that came last gives its keys up, waits in front of all others, and has its prompt and its tokens
computed once more (as vLLM does; Kwon et al., SOSP 2023).

An iteration costs the same work whatever the batch: sequences that end are found by the number of
the iteration in which they do, sums are kept, nothing is counted anew.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from math import inf

from accelsim.arch.system import Serving
from accelsim.cost.system.iteration import Batch, Chunk
from accelsim.sim.request import Request


@dataclass(eq=False, slots=True)
class Sequence:
    """A request on its way.

    While it decodes it holds the keys of `held` tokens and one more for every iteration since
    `begun`; as many tokens came to those that it `had`. Its tokens come out `behind_s` after the
    iteration's time: its prompt was the last through a pipeline.
    """

    request: Request
    had: int = 0
    prefilled: int = 0
    held: int = 0
    begun: int = -1
    end: int = -1
    room: float = 0.0
    started_s: float = -1.0
    first_token_s: float = -1.0
    last_token_s: float = -1.0
    longest_gap_s: float = 0.0
    behind_s: float = 0.0
    preempted: int = 0
    recomputed_tokens: int = 0

    @property
    def to_prefill(self) -> int:
        """Keys that must be there before it decodes."""
        return self.request.prompt_tokens + self.had


@dataclass(eq=False)
class Scheduler:
    """Of one engine. `prefills_here` says whether prompts take part in its iterations."""

    serving: Serving
    room_tokens: int
    page: int
    prefills_here: bool
    window: float = inf
    waiting: deque[Sequence] = field(default_factory=deque)
    prefilling: deque[Sequence] = field(default_factory=deque)
    decoding: dict[Sequence, None] = field(default_factory=dict)
    iteration: int = 0
    keys: float = 0
    growing: int = 0
    room_taken: float = 0.0
    prompts_left: int = 0
    coming: dict[Sequence, None] = field(default_factory=dict)
    _ends: list[tuple[int, int, Sequence]] = field(default_factory=list)
    _fills: list[tuple[float, int, Sequence]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def has_work(self) -> bool:
        return bool(self.prefilling or self.decoding)

    @property
    def load(self) -> int:
        """What a router compares: requests here."""
        return len(self.waiting) + self.under_way

    @property
    def under_way(self) -> int:
        """Admitted, and not done."""
        return len(self.prefilling) + len(self.decoding) + len(self.coming)

    def needs(self, sequence: Sequence) -> float:
        """Tokens of room before it is admitted."""
        request = sequence.request
        whole = request.prompt_tokens + request.output_tokens
        own = whole if self.serving.admit == "whole" else sequence.to_prefill + 1
        return min(own, self.window) + self.page / 2

    def most_needed(self, request: Request) -> float:
        """Tokens of room before its last token, if it was alone."""
        whole = request.prompt_tokens + request.output_tokens
        return min(whole, self.window) + 1 + self.page / 2

    def admitted(self, now_s: float) -> list[Sequence]:
        """Those from the queue for which there is room now, in order; it is theirs from now on."""
        found: list[Sequence] = []
        while self.waiting and self._has_room(self.waiting[0]):
            sequence = self.waiting.popleft()
            if sequence.started_s < 0:
                sequence.started_s = now_s
            sequence.room = self.needs(sequence)
            self.room_taken += sequence.room
            self.coming[sequence] = None
            self.prompts_left += sequence.to_prefill
            found.append(sequence)
        return found

    def join(self, sequence: Sequence) -> None:
        """An admitted sequence whose keys are there, or are to be made here."""
        del self.coming[sequence]
        if self.prefills_here:
            self.prefilling.append(sequence)
        else:
            self.prompts_left -= sequence.to_prefill
            # Where the prompt's last query made a token, the key of that one is still to come.
            self._decode(sequence, sequence.prefilled or sequence.to_prefill)

    def make_way(self) -> list[Sequence]:
        """The last to come give way where the next keys would find no room; last come first."""
        gone: list[Sequence] = []
        while self._grows and self.room_taken + self.growing > self.room_tokens:
            sequence = next(reversed(self.decoding))
            self._lose(sequence)
            sequence.preempted += 1
            gone.append(sequence)
        return gone

    def batch(self) -> Batch:
        """The next iteration's."""
        return Batch(len(self.decoding), round(self.keys + self.growing), self._chunks())

    def advance(self, batch: Batch) -> tuple[list[Sequence], list[Sequence]]:
        """After the iteration: sequences that have all tokens, and those whose prompt is done."""
        self.iteration += 1
        self.keys += self.growing
        if self._grows:
            self.room_taken += self.growing
        self._fill()
        ended = self._ended()
        prompted = self._prompted(batch.chunks)
        ended += [each for each in prompted if each.had == each.request.output_tokens]
        return ended, prompted

    def take_all(self) -> list[Sequence]:
        """Everything that was under way, without its keys, oldest first."""
        gone = [*self.decoding, *self.prefilling, *self.coming]
        for sequence in list(self.decoding):
            self._lose(sequence)
        self.prompts_left = 0
        for sequence in (*self.prefilling, *self.coming):
            self.room_taken -= sequence.room
            sequence.recomputed_tokens += sequence.prefilled
            sequence.prefilled = 0
        self.prefilling.clear()
        self.coming.clear()
        self._ends.clear()
        self._fills.clear()
        return gone

    # --- its own ----------------------------------------------------------------------------------

    @property
    def _grows(self) -> bool:
        """Whether sequences take room as they go on."""
        return self.serving.admit == "prompt"

    def _has_room(self, sequence: Sequence) -> bool:
        fits = self.room_taken + self.needs(sequence) <= self.room_tokens
        in_turn = not self.prefills_here or self.prompts_left < self.serving.chunk
        return fits and in_turn and self.under_way < self.serving.most_sequences

    def _decode(self, sequence: Sequence, held: int) -> None:
        sequence.held, sequence.begun = held, self.iteration
        sequence.end = self.iteration + sequence.request.output_tokens - sequence.had
        self.decoding[sequence] = None
        self.keys += min(held, self.window)
        heapq.heappush(self._ends, (sequence.end, next(self._numbers), sequence))
        if held < self.window:
            self.growing += 1
        if held < self.window < inf:
            full = self.iteration + self.window - held
            heapq.heappush(self._fills, (full, next(self._numbers), sequence))

    def _fill(self) -> None:
        """Sequences that have as many keys as they keep."""
        while self._fills and self._fills[0][0] <= self.iteration:
            full, _, sequence = heapq.heappop(self._fills)
            if sequence in self.decoding and full == sequence.begun + self.window - sequence.held:
                self.growing -= 1

    def _leave(self, sequence: Sequence) -> int:
        """It holds nothing any more; how many keys it held."""
        since = self.iteration - sequence.begun
        grown = min(since, max(0, self.window - sequence.held))
        del self.decoding[sequence]
        self.keys -= min(sequence.held + since, self.window)
        self.growing -= sequence.held + since < self.window
        self.room_taken -= sequence.room + (grown if self._grows else 0)
        sequence.had += since
        sequence.end = -1
        return sequence.held + since

    def _lose(self, sequence: Sequence) -> None:
        sequence.recomputed_tokens += self._leave(sequence)
        sequence.prefilled = 0

    def _chunks(self) -> tuple[Chunk, ...]:
        left = self.serving.chunk - len(self.decoding)
        chunks: list[Chunk] = []
        for sequence in self.prefilling:
            if left <= 0 and (chunks or self.decoding):
                break
            tokens = max(1, min(left, sequence.to_prefill - sequence.prefilled))
            chunks.append(Chunk(tokens, sequence.prefilled))
            left -= tokens
        return tuple(chunks)

    def _prompted(self, chunks: tuple[Chunk, ...]) -> list[Sequence]:
        """The prompt's last query makes a token, too."""
        done: list[Sequence] = []
        for chunk, sequence in zip(chunks, list(self.prefilling), strict=False):
            sequence.prefilled += chunk.tokens
            self.prompts_left -= chunk.tokens
            if sequence.prefilled < sequence.to_prefill:
                continue
            self.prefilling.remove(sequence)
            held = sequence.to_prefill
            sequence.had += 1
            done.append(sequence)
            if sequence.had < sequence.request.output_tokens:
                self._decode(sequence, held)
            else:
                self.room_taken -= sequence.room
        return done

    def _ended(self) -> list[Sequence]:
        ended: list[Sequence] = []
        while self._ends and self._ends[0][0] <= self.iteration:
            end, _, sequence = heapq.heappop(self._ends)
            # Those that gave way meanwhile will end at another time, or somewhere else.
            if sequence.end == end and sequence in self.decoding:
                self._leave(sequence)
                ended.append(sequence)
        return ended
