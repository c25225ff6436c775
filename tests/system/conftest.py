"""Fixtures: every process that a test starts is ended with it, and its log shown when it failed."""

import json
import os
import resource
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.broadcaster import Broadcaster  # noqa: E402
from harness.faults import Worker  # noqa: E402
from harness.jpeg import write_clip  # noqa: E402
from harness.processes import (ASSETS, PROGRAMS, Camsim, Capture, Pipeline,  # noqa: E402
                               Process, alive)
from harness.streams import StreamViewer  # noqa: E402
from harness.viewer import Viewer  # noqa: E402
from harness.waiting import wait_until  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    started = item.stash.get(STARTED, [])
    if report.failed and call.when == "call":
        for thing in started:
            report.sections.append((f"log of {type(thing).__name__}", thing.log_text()))


STARTED = pytest.StashKey()


def pytest_configure(config):
    # A thousand connections want a thousand descriptors at this end too.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    config.addinivalue_line("markers", "slow: runs with RINGCAST_SLOW=1 only, as .ci/run sets it")


def pytest_collection_modifyitems(items):
    if os.environ.get("RINGCAST_SLOW") != "1":
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip("slow: set RINGCAST_SLOW=1"))


@pytest.fixture
def tmp_path():
    """In place of pytest's own, whose long names leave no room for those of Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="rc-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def started(request, tmp_path):
    """Everything to be ended with the test, the newest first."""
    things = request.node.stash.setdefault(STARTED, [])
    yield things
    for thing in reversed(things):
        if isinstance(thing, Pipeline):
            thing.down()
        else:
            thing.end()


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """50 small pictures, each different."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mjpeg")


@pytest.fixture
def camsim(started, tmp_path, clip):
    """camsim(*options, source=clip, fps=25) starts a simulated camera."""
    def start(*options, source=None, **settings):
        log = tmp_path / f"camsim.{len(started)}.log"
        started.append(Camsim(source or clip, log, *options, **settings))
        return started[-1]
    return start


@pytest.fixture
def capture(started, tmp_path):
    """capture(url=…) starts a capture process without the others."""
    def start(camera="CAM1", **settings):
        started.append(Capture(tmp_path / f"capture.{len(started)}", camera, **settings))
        return started[-1]
    return start


@pytest.fixture
def broadcaster(started, tmp_path):
    """broadcaster(top=…, **settings) starts one without the other processes."""
    def start(**settings):
        started.append(Broadcaster(tmp_path / f"broadcaster.{len(started)}", **settings))
        return started[-1]
    return start


@pytest.fixture
def watch():
    """watch(server, path, **query)"""
    viewers = []

    def start(server, path, **query):
        viewers.append(StreamViewer(server, path, **query))
        return viewers[-1]
    yield start
    for one in viewers:
        one.close()


@pytest.fixture
def live(broadcaster, camsim, started, tmp_path):
    """A broadcaster and the capture of CAM1, 30 frames a second; CAM2 is a phone."""
    camera = camsim(fps=30)
    server = broadcaster(top={"cameras": {
        "CAM1": {"name": "North lot", "url": f"{camera.url}/stream"}, "CAM2": {}}})
    started.append(Process([PROGRAMS / "ringcast-capture", "-c", server.config_path, "--camera",
                            "CAM1"], tmp_path / "capture.log"))
    assert started[-1].wait_ready() == "\n"
    server.capture, server.camera = started[-1], camera
    wait_until(lambda: server.get("/api/cameras")[2]["cameras"][0]["state"] == "online", 10,
               "the camera online")
    return server


@pytest.fixture
def told(broadcaster, tmp_path):
    """A broadcaster whose one camera says what the test says: told.say(state, reason)."""
    run_dir = tmp_path / "broadcaster.0" / "run"
    run_dir.mkdir(parents=True, mode=0o700)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(run_dir / "capture.CAM1.sock"))
    listener.listen()
    listener.settimeout(5)
    server = broadcaster(top={"cameras": {"CAM1": {"url": "http://127.0.0.1:1/"}}})
    capture, _ = listener.accept()

    def say(state, reason=""):
        capture.send(json.dumps({
            "type": "status", "state": state, "since": str(time.time_ns()), "frames": 1, "bad": 0,
            "reconnects": 0, "width": 64, "height": 48, "fps": 10.5, "reason": reason,
            "version": 1}).encode())
    server.say = say
    yield server
    capture.close()
    listener.close()


@pytest.fixture
def pipeline(started, tmp_path):
    """pipeline(cameras, …) prepares everything under a supervisor; .up() starts it. At the end nothing
    may be left: no process, no file in the run directory."""
    made = []

    def make(cameras, **settings):
        folder = tmp_path / f"pipeline.{len(made)}"
        folder.mkdir()
        made.append(Pipeline(folder, cameras, **settings))
        started.append(made[-1])
        return made[-1]
    yield make
    for one in made:
        pids = one.pids()
        if one.supervisor is not None:
            one.down()
        assert not [pid for pid in pids if alive(pid)]
        if one.run_dir.exists():
            wait_until(lambda one=one: not list(one.run_dir.iterdir()), 2,
                       f"an empty run directory, not {list(one.run_dir.iterdir())}")


@pytest.fixture
def street(camsim, pipeline, assets):
    """street(names=["CAM1"]) starts cameras that show a real street, and a detector."""
    def start(names=("CAM1",), **settings):
        cameras = {}
        for name in names:
            camera = camsim(source=assets / "media/street.mjpeg", fps=24)
            cameras[name] = {"url": f"{camera.url}/stream", "fps": 20}
        models = assets / "models"
        detector = {"model": str(models / "yolo-fastest-1.1.cfg"),
                    "weights": str(models / "yolo-fastest-1.1.weights"),
                    "names": str(models / "coco.names"), "conf": 0.3}
        return pipeline(cameras, detector=detector, **settings).up()
    return start


@pytest.fixture
def worker(started):
    """worker(url) posts pictures of CAM1."""
    def start(url, **settings):
        started.append(Worker(url, **settings))
        return started[-1]
    return start


@pytest.fixture
def viewer():
    """viewer(url) watches CAM1."""
    viewers = []

    def watch(url, *arguments, **options):
        viewers.append(Viewer(url, *arguments, **options))
        return viewers[-1]
    yield watch
    for one in viewers:
        one.close()


@pytest.fixture
def assets():
    """The folder with clips and models."""
    if not ASSETS:
        pytest.skip("needs clips and models: set RINGCAST_ASSETS")
    return Path(ASSETS)


@pytest.fixture(autouse=True)
def deadline():
    """A test that hangs is ended, and says where it hung."""
    def late(*_):
        raise TimeoutError("the test takes longer than two minutes")
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
