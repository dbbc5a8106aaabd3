"""The circuit breaker against a plain model, and turns that nobody waits for in vain."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from genloom.tools.codegen.traffic import Breaker
from genloom.tools.codegen.traffic.turns import Turns

FAILURES, PAUSE, LONGEST = 3, 2.0, 10.0


class BreakerMachine(RuleBasedStateMachine):
    """Any order of requests and outcomes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker(failures=FAILURES, pause=PAUSE, longest=LONGEST)
        self.out: list[bool] = []
        self.failed_in_a_row = 0

    @rule(seconds=st.floats(0.0, 12.0))
    def pass_time(self, seconds: float) -> None:
        """The clock moves on."""
        self.now += seconds

    @rule()
    def send(self) -> None:
        """A request starts where one may."""
        if self.breaker.wait(self.now) == 0:
            self.out.append(self.breaker.start(self.now))

    @rule()
    def succeed(self) -> None:
        """One success closes the circuit, whoever had it."""
        if self.out:
            self.out = [False] * (len(self.out) - 1)
            self.breaker.succeed()
            self.failed_in_a_row = 0
            assert self.breaker.circuit(self.now) == "closed"

    @rule()
    def fail(self) -> None:
        """A failed probe opens it again."""
        if self.out:
            probe = self.out.pop()
            self.breaker.fail(self.now, probe=probe)
            self.failed_in_a_row += 1
            assert not probe or self.breaker.circuit(self.now) == "open"

    @rule()
    def abandon(self) -> None:
        """A cancelled request says nothing, and a cancelled probe makes room for another."""
        if self.out:
            self.breaker.abandon(probe=self.out.pop())

    @invariant()
    def it_is_closed_until_enough_failed(self) -> None:
        """Fewer failures in a row than the limit never stop anybody; as many do."""
        closed = self.breaker.circuit(self.now) == "closed"
        assert closed == (self.failed_in_a_row < FAILURES)

    @invariant()
    def there_is_one_probe_at_most(self) -> None:
        """While it is out, nobody else goes; the pause is bounded."""
        assert sum(self.out) <= 1
        if any(self.out):
            assert self.breaker.wait(self.now) > 0
        assert self.breaker.wait(self.now) <= LONGEST


TestBreaker = BreakerMachine.TestCase


def test_failing_probes_lengthen_the_pause_to_its_bound() -> None:
    """2, 4, 8, then 10 seconds; after a success it begins anew."""
    breaker, now, pauses = Breaker(failures=1, pause=2.0, longest=10.0), 0.0, []
    breaker.fail(now, probe=breaker.start(now))
    for _ in range(5):
        pauses.append(breaker.wait(now))
        now += breaker.wait(now)
        breaker.fail(now, probe=breaker.start(now))
    assert pauses == [2.0, 4.0, 8.0, 10.0, 10.0]
    breaker.succeed()
    breaker.fail(now, probe=breaker.start(now))
    assert breaker.wait(now) == 2.0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=60))
def test_everybody_has_a_turn(arrivals: list[tuple[int, int]]) -> None:
    """With `k` older ones waiting, the turn comes after at most 4 (k + 1) admissions, whatever arrives meanwhile."""
    turns: Turns[int] = Turns()
    waiting: list[int] = []
    bound: dict[int, int] = {}
    admitted = 0
    for number, (priority, admissions) in enumerate(arrivals):
        bound[number] = admitted + 4 * (len(waiting) + 1)
        turns.add(number, priority)
        waiting.append(number)
        for _ in range(min(admissions, len(waiting))):
            first = turns.first()
            assert first is not None
            turns.admit()
            admitted += 1
            waiting.remove(first)
            assert admitted <= bound[first]
    assert len(turns) == len(waiting)
    assert all(bound[number] >= admitted for number in waiting)


def test_the_urgent_go_first() -> None:
    """Of three turns in a row all go to the urgent, the fourth to who waits longest."""
    turns: Turns[str] = Turns()
    turns.add("log", 2)
    for name in "abcd":
        turns.add(name, 0)
    order = []
    while (first := turns.first()) is not None:
        order.append(first)
        turns.admit()
    assert order == ["a", "b", "c", "log", "d"]
