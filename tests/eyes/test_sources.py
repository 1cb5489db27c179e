"""Every kind of frame source, and the command that opens one: real files, a camera on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from cart.eyes.__main__ import parser
from cart.eyes.frames import Frame, Layout, SourceEndedError, SourceLostError
from cart.eyes.sources import UnknownSourceError, source_opener
from cart.eyes.sources.latest import let_go
from cart.eyes.sources.picamera import monotonic_ms
from cart.eyes.sources.settings import Settings
from cart.eyes.sources.video import orders, tell
from models.reader import Reader
from tests.data import ROOT
from tests.eyes.codes import frame_with_code, write_video
from tests.waiting import DEADLINE_S, until

BRIGHTER = 4  # levels of grey from one frame of the camera to the next, more than JPEG bends
GREYS = 256 // BRIGHTER
FRAME_S = 0.02
YUYV, MJPG = cv2.VideoWriter.fourcc(*"YUYV"), cv2.VideoWriter.fourcc(*"MJPG")


class Camera(ThreadingHTTPServer):
    """A network camera: pictures that grow brighter by the frame, until it is pulled."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Stream)
        self.sent = 0
        self.pulled = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def source(self) -> str:
        """What the eyes are told."""
        return f"video:http://127.0.0.1:{self.server_port}/"

    def has_sent(self, frames: int) -> bool:
        """Whether so many frames have left."""
        return self.sent >= frames


class _Stream(BaseHTTPRequestHandler):
    server: Camera

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        while not self.server.pulled.wait(FRAME_S):
            grey = np.full((120, 160, 3), self.server.sent % GREYS * BRIGHTER, np.uint8)
            jpeg = cv2.imencode(".jpg", grey)[1].tobytes()
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + b"\r\n")
            self.server.sent += 1

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def camera() -> Iterator[Camera]:
    """A camera that runs."""
    camera = Camera()
    yield camera
    camera.pulled.set()
    camera.shutdown()
    camera.server_close()


def number_of(frame: Frame) -> int:
    """Which frame of the camera this is, counted from 0."""
    return round(float(frame.luma.mean()) / BRIGHTER)


def eyes(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the camera process until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "cart.eyes", *arguments],
        capture_output=True, text=True, check=False, timeout=2 * DEADLINE_S, cwd=ROOT,
    )  # fmt: skip


def test_a_folder_gives_each_picture_once(tmp_path: Path) -> None:
    """What is no picture is passed over."""
    cv2.imwrite(str(tmp_path / "a.png"), frame_with_code("9520000000011"))
    (tmp_path / "b.png").write_bytes(b"no picture")
    folder = source_opener(f"folder:{tmp_path}")()
    frame = folder.newest(0.01)
    assert frame is not None
    assert [read.text for read in Reader().read(frame.luma)] == ["9520000000011"]
    with pytest.raises(SourceEndedError, match="no further picture"):
        folder.newest(0.01)


def test_a_recording_gives_every_frame_in_order(tmp_path: Path) -> None:
    """However slowly it is looked at; its end is an end, and no trouble."""
    video = tmp_path / "trip.avi"
    write_video(video, [np.full((120, 160, 3), grey, np.uint8) for grey in range(0, 200, 20)])
    source = source_opener(f"video:{video}")()
    frames = [source.newest(0.1) for _ in range(10)]
    assert [round(float(frame.luma.mean()) / 20) for frame in frames if frame] == list(range(10))
    assert [frame.sequence for frame in frames if frame] == list(range(1, 11))
    with pytest.raises(SourceEndedError, match="no further frame"):
        source.newest(0.1)
    source.close()


def test_of_a_camera_the_newest_frame_wins(camera: Camera) -> None:
    """Who looks away for a while sees what is now, not a queue of what was; the gap is counted."""
    source = source_opener(camera.source)()
    first = source.newest(DEADLINE_S)
    assert first is not None
    wanted = camera.sent + 20
    until(lambda: camera.has_sent(wanted), "twenty frames more")
    second = source.newest(DEADLINE_S)
    assert second is not None
    later = second.sequence - first.sequence
    assert later > 10  # of a queue it would be 1
    assert (number_of(second) - number_of(first) - later) % GREYS == 0
    source.close()


def test_a_pulled_camera_is_a_lost_source(camera: Camera) -> None:
    """What it said last is still given; then the source is gone, and so is its thread."""
    source = source_opener(camera.source)()
    camera.pulled.set()
    frames = iter(lambda: source.newest(DEADLINE_S), None)
    with pytest.raises(SourceLostError, match="check the cable"):
        deque(frames, maxlen=0)
    source.close()
    assert "camera" not in [thread.name for thread in threading.enumerate()]


def test_closing_ends_the_thread(camera: Camera) -> None:
    """A camera that is opened again must be free."""
    source = source_opener(camera.source)()
    assert "camera" in [thread.name for thread in threading.enumerate()]
    source.close()
    assert "camera" not in [thread.name for thread in threading.enumerate()]


def test_a_camera_that_hangs_is_not_waited_for() -> None:
    """Closing it goes on in its own thread; the eyes have to end."""
    answers, closed = threading.Event(), threading.Event()

    def close() -> None:
        answers.wait()
        closed.set()

    let_go(close, within_s=0.01)
    assert not closed.is_set()
    answers.set()
    assert closed.wait(DEADLINE_S)


@pytest.mark.parametrize("text", ["", "lens", "lens:", "telescope:/dev/null"])
def test_an_unknown_source_is_named(text: str) -> None:
    """The complaint says which words would do."""
    known = "use lens:PLACE, folder:PLACE, video:PLACE, picamera:PLACE"
    with pytest.raises(UnknownSourceError, match=known):
        source_opener(text)


def test_a_video_that_is_not_there_is_named() -> None:
    """A known kind whose place is wrong."""
    with pytest.raises(SourceLostError, match="video /no/such: cannot be opened"):
        source_opener("video:/no/such")()


def test_the_command_tells_usage_from_trouble(tmp_path: Path) -> None:
    """An unknown kind is one line and status 2; a source that is gone status 1, and never ready."""
    socket = ("--socket", str(tmp_path / "eyes.sock"))
    usage = eyes("--source", "telescope:/dev/null", *socket)
    assert (usage.returncode, usage.stdout, usage.stderr.count("\n")) == (2, "", 1)
    assert "'telescope:/dev/null' names no frame source" in usage.stderr
    gone = eyes("--source", f"folder:{tmp_path}/nope", *socket)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr == f"python -m cart.eyes: folder {tmp_path}/nope: no such folder\n"


def test_the_command_is_ready_once_and_a_recordings_end_is_no_trouble(tmp_path: Path) -> None:
    """It looks at all there is, and ends with status 0 and nothing to say."""
    video = tmp_path / "trip.avi"
    write_video(video, [frame_with_code("9520000000011")])
    done = eyes("--source", f"video:{video}", "--socket", str(tmp_path / "eyes.sock"))
    assert json.loads(done.stdout) == {"ready": f"video:{video}"}
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--size", "1280", "are not two numbers with 'x'"),
        ("--size", "1280x9", "9 is not within 64 and 8192"),
        ("--exposure-us", "soon", "'soon' is no number"),
        ("--gain", "nan", "nan is not within 1.0 and 64.0"),
        ("--white-balance", "1.5,", "'' is no number"),
    ],
)
def test_a_camera_is_not_told_nonsense(
    option: str, value: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong setting is named, and ends with status 2 before any camera is touched."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([option, value])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"argument {option}: " in said
    assert complaint in said


def test_a_usb_camera_is_told_in_v4l2s_words() -> None:
    """JPEG where USB 2 would be too narrow, the format first, exposure in its steps of 100 us."""
    plain = {name: value for name, _, value in orders(Settings(size=(640, 480)))}
    assert plain == {"format": YUYV, "width": 640, "height": 480, "rate": 15}
    fixed = Settings(
        exposure_us=4_000, gain=2.5, white_balance=(1.5, 2.0), focus_dioptres=4.0, fps=30
    )
    told = [(name, value) for name, _, value in orders(fixed)]
    assert told == [
        ("format", MJPG), ("width", 1280), ("height", 720), ("rate", 30),
        ("manual exposure", 1), ("exposure", 40), ("gain", 2.5),
        ("manual white balance", 0), ("white balance", 5_000), ("fixed focus", 0),
    ]  # fmt: skip


def test_what_a_camera_does_not_take_is_said(
    camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream from the network has no exposure: one line names what is left as it is."""
    capture = cv2.VideoCapture(camera.source.removeprefix("video:"))
    tell(capture, Settings(exposure_us=4_000), "door")
    capture.release()
    (line,) = caplog.messages
    assert line.startswith("video door does not take ")
    assert line.endswith("manual exposure, exposure")


def test_a_stamp_is_put_on_the_monotonic_clock() -> None:
    """A sensor may count from the boot, time asleep included, or without it: both are now."""
    for clock in (time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME):
        before_ms = time.monotonic_ns() // 1_000_000
        stamped_ms = monotonic_ms(time.clock_gettime_ns(clock))
        assert before_ms <= stamped_ms <= time.monotonic_ns() // 1_000_000 + 1


def test_a_camera_of_the_pi_on_another_machine_is_a_lost_source() -> None:
    """What is missing is named."""
    with pytest.raises(SourceLostError, match=r"picamera imx708: .*picamera2"):
        source_opener("picamera:imx708")()


@pytest.mark.parametrize(
    ("size", "small"),
    [((720, 1280), (360, 640)), ((1080, 1440), (480, 640)), ((480, 640), (480, 640))],
)
def test_a_frame_has_a_small_luma(size: tuple[int, int], small: tuple[int, int]) -> None:
    """At most 640 wide and in proportion: the camera's own, or else made from the large one."""
    luma = np.full(size, 7, np.uint8)
    frame = Frame.of_bgr(np.repeat(luma[..., None], 3, axis=2), 0, 1)
    assert frame.small.shape == small
    assert (frame.small == 7).all()
    own = Frame(luma, 0, 1, luma, "NV12", scaled=np.zeros(small, np.uint8))
    assert own.small is own.scaled


@pytest.mark.parametrize("layout", ["YUV420", "NV12"])
def test_a_cameras_buffer_becomes_colours(layout: Layout) -> None:
    """Rows of a buffer may be longer than the picture; a red square stays red and square."""
    red, width, height, stride = np.array([[[220, 30, 40]]], np.uint8), 64, 48, 96
    red_rows = np.tile(red, (height, stride, 1))
    yuv = np.asarray(cv2.cvtColor(red_rows, cv2.COLOR_RGB2YUV_I420), np.uint8)
    if layout == "NV12":
        chroma = yuv[height:].reshape(2, -1)
        yuv[height:] = chroma.T.reshape(height // 2, stride)
        yuv = np.ascontiguousarray(yuv[:, :width])
    luma = yuv[:height, :width]
    frame = Frame(luma, 0, 1, yuv, layout)
    assert frame.rgb.shape == (height, width, 3)
    assert np.abs(frame.rgb.astype(int) - red).max() <= 6
