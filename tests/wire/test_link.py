"""Every scenario of the conversation, on every kind of wire, in simulated time."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from firmware_bridge import frames, messages
from firmware_bridge.frames import Frame, FrameReader
from firmware_bridge.link import (
    COMMAND_LIFE_MS,
    QUEUE_MAX,
    CommandFailed,
    GapSeen,
    Link,
    LinkDown,
    LinkUp,
    Received,
)
from firmware_bridge.messages import Beep, ResetCause, SetLight, SetWheelLock
from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.scales.base import (
    FramesLost,
    LoadLive,
    LoadMoving,
    LoadSettled,
    LossReason,
    ScaleBack,
    ScaleLost,
)
from firmware_bridge.scales.chip import ChipScale
from tests.wire.wires import WIRES, Bench, Wire, changes_mg, only

Maker = Callable[[int], Wire]
GRAM = 1_000


@pytest.fixture(params=list(WIRES))
def wire(request: pytest.FixtureRequest) -> Maker:
    """Each kind of wire in turn."""
    return WIRES[request.param]


def started(wire: Maker, load_mg: int = 5_000_000) -> Bench:
    """A bench whose first load has settled."""
    bench = Bench(wire, load_mg=load_mg)
    bench.run(3000)
    assert only(LoadSettled, bench.events)
    return bench


def test_the_first_settled_load_changes_nothing(wire: Maker) -> None:
    """What already lies in the cart at boot is a beginning, not a change."""
    first = only(LoadSettled, started(wire).events)[0]
    assert first.before_mg == first.after_mg == pytest.approx(5_000_000, abs=GRAM)


def test_an_item_is_one_change_of_its_mass(wire: Maker) -> None:
    """Moving, then settled; the change is the item's mass to a gram."""
    bench = started(wire)
    bench.put(5_400_000)
    events = bench.run(3000)
    assert only(LoadMoving, events)
    assert changes_mg(events) == pytest.approx(400_000, abs=GRAM)


def test_a_chip_that_starts_anew_in_mid_trip_loses_no_item(wire: Maker) -> None:
    """An item put in while the chip starts is a change like any other."""
    bench = started(wire)
    bench.inject(bench.chip.reset(ResetCause.WATCHDOG, bench.now_ms * 1000))
    bench.put(5_250_000)
    events = bench.run(6000)
    assert changes_mg(events) == pytest.approx(250_000, abs=GRAM)


def test_a_reset_whose_hello_is_lost_is_found_out(wire: Maker) -> None:
    """Silence makes the link ask again, and the new nonce tells the rest."""
    bench = started(wire)
    bench.chip.reset(ResetCause.BROWN_OUT, bench.now_ms * 1000)
    events = bench.run(6000)
    assert [lost.reason for lost in only(ScaleLost, events)] == [LossReason.SILENT]
    assert only(ScaleBack, events)
    assert changes_mg(events) == pytest.approx(0, abs=GRAM)


def test_junk_on_the_wire_changes_nothing(wire: Maker) -> None:
    """Random bytes between frames are counted and weigh nothing."""
    bench = started(wire)
    dice = random.Random(11)
    for _ in range(40):
        bench.inject(dice.randbytes(50))
        bench.run(50)
    events = bench.run(2000)
    assert bench.scale.bad_frames >= 40
    assert changes_mg(events) == pytest.approx(0, abs=GRAM)
    assert only(LoadLive, events)[-1].mass_mg == pytest.approx(5_000_000, abs=GRAM)


def test_half_a_frame_costs_half_a_frame(wire: Maker) -> None:
    """The next whole frame is read, though the half one never ended."""
    bench = started(wire)
    half = bench.chip.hello()
    bench.inject(half[: len(half) // 2])
    bench.put(5_100_000)
    events = bench.run(3000)
    assert changes_mg(events) == pytest.approx(100_000, abs=GRAM)
    assert bench.scale.bad_frames >= 1


def test_another_dictionary_is_refused_by_name(wire: Maker) -> None:
    """A foreign firmware gives one clear notice and not one mass."""
    bench = Bench(wire, schema_hash=0xBAD)
    bench.run(5000)
    assert [event.reason for event in only(ScaleLost, bench.events)] == [LossReason.SCHEMA]
    assert "00000BAD" in only(ScaleLost, bench.events)[0].detail
    assert not only(LoadLive, bench.events)
    assert not only(LoadSettled, bench.events)


def test_every_command_is_executed_once_and_in_order(wire: Maker) -> None:
    """Repeats on a bad wire never beep twice."""
    bench = started(wire)
    tones = [Beep(100 + number, 50) for number in range(20)]
    for tone in tones:
        assert bench.scale.send(tone, bench.now_ms)
    bench.run(12_000)
    heard = [each.frequency_hz for each in bench.chip.executed if isinstance(each, Beep)]
    assert heard == [tone.frequency_hz for tone in tones]


def test_a_bridge_that_started_anew_is_obeyed(wire: Maker) -> None:
    """Its first command is no repeat of its predecessor's, and the stream goes on."""
    bench = started(wire)
    bench.scale = ChipScale(NOMINAL)
    bench.scale.send(Beep(440, 50), bench.now_ms)
    events = bench.run(4000)
    assert [each for each in bench.chip.executed if isinstance(each, Beep)]
    first = only(LoadSettled, events)[0]
    assert first.before_mg == first.after_mg == pytest.approx(5_000_000, abs=GRAM)


def test_a_cut_wire_is_said_once_and_the_item_is_not_lost(wire: Maker) -> None:
    """Silence is a lost scale; what went in meanwhile is reported when it is back."""
    bench = started(wire)
    bench.cut = True
    events = bench.run(5000)
    assert [event.reason for event in only(ScaleLost, events)] == [LossReason.SILENT]
    bench.put(5_700_000)
    bench.cut = False
    events = bench.run(4000)
    assert len(only(ScaleBack, events)) == 1
    assert changes_mg(events) == pytest.approx(700_000, abs=GRAM)


def test_the_display_gets_at_most_five_masses_a_second(wire: Maker) -> None:
    """LoadLive is for people."""
    bench = started(wire)
    live = only(LoadLive, bench.run(10_000))
    assert 30 <= len(live) <= 51


def test_sensed_times_are_chip_times_in_our_clock(wire: Maker) -> None:
    """Never later than the bytes, never going back, and early by no more than the wire is late."""
    bench = started(wire)
    bench.put(5_300_000)
    put_ms = bench.now_ms
    moving = only(LoadMoving, bench.run(3000))[0]
    assert put_ms - 5 <= moving.sensed_ms <= put_ms + 130
    sensed = [event.sensed_ms for event in only(LoadLive, bench.events)]
    assert sensed == sorted(sensed)
    assert sensed[-1] <= bench.now_ms


def test_lost_frames_are_counted_exactly() -> None:
    """The sequence byte tells how many frames never came."""
    bench = started(WIRES["perfect"])
    lost = 0
    for hole_ms in (50, 25, 125, 400):
        before = bench.chip._sequence
        bench.cut = True
        bench.run(hole_ms)
        bench.cut = False
        lost += (bench.chip._sequence - before) % 256
        bench.run(500)
    assert sum(event.count for event in only(FramesLost, bench.events)) == lost


def test_a_sequence_that_comes_round_is_no_gap() -> None:
    """The byte counts 0 to 255 and begins again: twenty seconds without a loss."""
    bench = started(WIRES["perfect"])
    bench.run(20_000)
    assert not only(FramesLost, bench.events)


def test_silence_is_told_once() -> None:
    """A chip that stays dumb is one LinkDown, not one a second; a HELLO makes it news again."""
    link, chip = Link(), Bench().chip
    events = [event for now_ms in range(0, 10_000, 50) for event in link.receive(b"", now_ms)]
    assert events == [LinkDown()]
    assert isinstance(link.receive(chip.hello(), 10_000)[0], LinkUp)
    events = [event for now_ms in range(10_050, 20_000, 50) for event in link.receive(b"", now_ms)]
    assert events == [LinkDown()]


def test_a_chip_that_started_anew_must_settle_anew() -> None:
    """However short the reset was, nobody knows what happened in it."""
    bench = started(WIRES["perfect"])
    reset_ms = bench.now_ms
    bench.inject(bench.chip.reset(ResetCause.EXTERNAL, bench.now_ms * 1000))
    events = bench.run(2000)
    assert [event.sensed_ms <= reset_ms for event in only(LoadMoving, events)] == [True]
    assert len(only(LoadSettled, events)) == 1
    assert changes_mg(events) == pytest.approx(0, abs=GRAM)


def test_conversions_the_chip_threw_away_are_counted() -> None:
    """An overrun is a loss like any other."""
    bench = started(WIRES["perfect"])
    bench.chip.overrun(7)
    assert sum(event.count for event in only(FramesLost, bench.run(200))) == 7


def test_a_hundred_thousand_random_bytes_invent_nothing() -> None:
    """No exception, no mass, and after them not one good frame is lost."""
    link = Link()
    chip = Bench().chip
    up = link.receive(chip.hello(), 0)
    assert [type(event) for event in up] == [LinkUp]
    dice = random.Random(3)
    noise = [link.receive(dice.randbytes(1000), 0) for _ in range(100)]
    assert noise == [[]] * 100
    assert link.bad_frames > 300
    samples = [messages.Samples(12_500 * n, 12_500, 1, 0, (n,)) for n in range(200)]
    wire = b"".join(
        frames.encode(Frame(message.TYPE, number + 1, message.encode()))
        for number, message in enumerate(samples)
    )
    assert link.receive(wire, 0) == [Received(message) for message in samples]


def test_a_gap_is_told_before_what_follows_it() -> None:
    """Three frames missing are a gap of three."""
    link = Link()
    link.receive(Bench().chip.hello(), 0)
    fault = messages.Fault(0, messages.FaultCode.NONE)
    frame = frames.encode(Frame(fault.TYPE, 4, fault.encode()))
    assert link.receive(frame, 1) == [GapSeen(3), Received(fault)]


def test_a_command_nobody_answers_is_given_up_and_said() -> None:
    """Five times on the wire, then CommandFailed, then the next command has its turn."""
    link = Link()
    link.receive(Bench().chip.hello(), 0)
    light, beep = SetLight(1, 2, 3), Beep(440, 50)
    assert link.send(light, 0)
    assert link.send(beep, 0)
    reader, sent = FrameReader(), []
    for now_ms in range(0, 1000, 20):
        assert link.receive(b"", now_ms) == []
        sent += [frame.type for frame in reader.feed(link.to_send(now_ms))]
    assert sent == [SetLight.TYPE] * 5
    fault = messages.Fault(0, messages.FaultCode.NONE)
    alive = frames.encode(Frame(fault.TYPE, 1, fault.encode()))
    assert CommandFailed(light) in link.receive(alive, 1000)
    assert [frame.type for frame in reader.feed(link.to_send(1000))] == [Beep.TYPE]


def test_a_command_that_finds_another_boot_is_sent_to_it(wire: Maker) -> None:
    """A reset whose HELLO was lost answers WRONG_BOOT: the link asks again, and it is obeyed."""
    bench = started(wire)
    bench.chip.reset(ResetCause.BROWN_OUT, bench.now_ms * 1000)
    bench.scale.send(Beep(440, 50), bench.now_ms)
    events = bench.run(4000)
    assert [each for each in bench.chip.executed if isinstance(each, Beep)] == [
        Beep(440, 50, boot_nonce=bench.chip._nonce)
    ]
    assert changes_mg(events) == pytest.approx(0, abs=GRAM)


@pytest.mark.parametrize("seed", range(8))
def test_a_hostile_wire_of_resets_and_commands_raises_nothing(seed: int) -> None:
    """Resets whose HELLO is lost, cuts, junk and commands at any moment: it is up again after."""
    bench, dice = Bench(WIRES["lossy"], seed=seed, load_mg=5_000_000), random.Random(seed)
    for _ in range(60):
        if dice.random() < 0.3:
            bench.chip.reset(ResetCause.BROWN_OUT, bench.now_ms * 1000)
        if dice.random() < 0.2:
            bench.inject(dice.randbytes(40))
        bench.cut = dice.random() < 0.2
        bench.scale.send(SetLight(1, 2, 3), bench.now_ms)
        bench.run(dice.randrange(5, 500))
    bench.cut = False
    assert only(LoadLive, bench.run(4000))


def test_a_command_does_not_outlive_its_moment() -> None:
    """What waited while the port was gone is given up and said, and no later chip gets it."""
    link = Link()
    link.receive(Bench().chip.hello(), 0)
    lock = SetWheelLock(1)
    link.send(lock, 0)
    assert link.to_send(0)
    link.disconnected()
    light = SetLight(1, 2, 3)
    link.send(light, 100)
    link.receive(b"", COMMAND_LIFE_MS)
    failed = link.receive(b"", COMMAND_LIFE_MS + 1) + link.receive(b"", COMMAND_LIFE_MS + 101)
    assert [event for event in failed if isinstance(event, CommandFailed)] == [
        CommandFailed(lock),
        CommandFailed(light),
    ]
    assert isinstance(link.receive(Bench(seed=2).chip.hello(), 3_600_000)[0], LinkUp)
    assert link.to_send(3_600_000) == b""


def test_the_queue_of_commands_has_an_end() -> None:
    """A chip that never answers does not fill our memory."""
    link = Link()
    accepted = [link.send(SetLight(1, 2, 3), 0) for _ in range(QUEUE_MAX + 5)]
    assert accepted.count(True) == QUEUE_MAX


def test_a_fault_of_the_converter_loses_the_scale_in_words() -> None:
    """What the chip latches, a person is told, once; good samples bring the scale back."""
    bench = started(WIRES["perfect"])
    fault = messages.Fault(0, messages.FaultCode.CONVERTER_STUCK)
    for _ in range(3):
        bench.inject(bench.chip._frame(fault))
    bench.run(5)
    lost = only(ScaleLost, bench.events)
    assert [event.reason for event in lost] == [LossReason.SENSOR]
    assert "check the cable" in lost[0].detail
    assert only(ScaleBack, bench.run(500))


def test_an_overloaded_converter_is_no_mass() -> None:
    """A converter at its end says overload, not 39.5 kg."""
    bench = started(WIRES["perfect"])
    bench.put(80_000_000)
    events = bench.run(3000)
    assert LossReason.SENSOR in [event.reason for event in only(ScaleLost, events)]
    assert not [event for event in only(LoadSettled, events) if event.after_mg > 39_000_000]
