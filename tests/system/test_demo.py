"""`make demo`, without make: it shows two simulated car parks, and leaves nothing behind."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from harness.processes import PROGRAMS, ROOT, alive, free_port, http
from harness.waiting import wait_until

DEMO = ROOT / "tests/demo"


@pytest.fixture
def environment(tmp_path):
    """What a demo sees: nothing of the caller's wishes, no display, a folder of its own."""
    if PROGRAMS != ROOT / "build":
        pytest.skip("the demo runs the ordinary build")
    wishes = ("RINGCAST_ASSETS", "RINGCAST_PROGRAMS", "CAMERA", "MODEL", "NAMES", "SCENE", "DISPLAY",
              "WAYLAND_DISPLAY")
    return {**{name: value for name, value in os.environ.items() if name not in wishes},
            "TMPDIR": str(tmp_path), "LISTEN": f"127.0.0.1:{free_port()}"}


@pytest.fixture
def demo(environment):
    """Ready, and in a process group of its own, as in a terminal."""
    running = subprocess.Popen([DEMO], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    with running:
        said = ""
        while "Open" not in said:
            line = running.stdout.readline()
            assert line, f"{said}\n{running.stderr.read()}"
            said += line
        yield running
        if running.poll() is None:
            running.terminate()


def group_of(leader):
    """The processes of a group that are alive."""
    pids = (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return [pid for pid in pids if in_group(pid, leader) and alive(pid)]


def in_group(pid, leader):
    try:
        return os.getpgid(pid) == leader
    except ProcessLookupError:
        return False


def test_demo_shows_two_car_parks_and_ctrl_c_leaves_nothing(demo, environment, tmp_path):
    url = f"http://{environment['LISTEN']}"
    cameras = http("GET", f"{url}/api/cameras")[2]["cameras"]
    assert [camera["name"] for camera in cameras] == ["North lot", "South lot"]
    for camera in cameras:
        wait_until(lambda camera=camera: http(
            "GET", f"{url}/api/cameras/{camera['id']}/snapshot.jpg")[0] == 200, 10, "a picture")
    os.killpg(demo.pid, signal.SIGINT)
    assert demo.wait(10) == 130
    wait_until(lambda: not group_of(demo.pid), 1, "the end of every process")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wishes, complaint", [
    ({"CAMERA": "http://127.0.0.1:1/stream"}, "CAMERA=URL MODEL=FILE"),
    ({"SCENE": "street"}, "RINGCAST_ASSETS=FOLDER"),
    ({"SCENE": "beach", "RINGCAST_ASSETS": "/nowhere"}, "SCENE is street or carpark, not beach"),
    ({"MODEL": "/nowhere.onnx"}, "cannot read /nowhere.onnx"),
])
def test_demo_says_what_it_needs(environment, wishes, complaint):
    done = subprocess.run([DEMO, "--check"], env={**environment, **wishes}, capture_output=True,
                          text=True, timeout=10, check=False)
    assert done.returncode == 2 and complaint in done.stderr
