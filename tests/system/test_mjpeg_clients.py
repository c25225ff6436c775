"""MJPEG in programs that others wrote: what they take is what was sent, and they are gone when they end.
(Chromium: tests/browser/streams.)"""

import os
import re
import shutil
import subprocess
import time

import pytest

from harness.jpeg import picture_number
from harness.waiting import wait_until

PICTURES = 10
# /stream shows a capture's pictures, /stream/detect those that a worker posts.
PATHS = ["/stream?camera_id=CAM1", "/stream/detect?camera_id=CAM1&skip_frames=1&fps=30",
         "/api/cameras/CAM1/stream.mjpeg?annotated=0"]
GONE_S = 0.1
GONE_LIMIT_S = 1  # for the worst, on a machine whose cores are busy


@pytest.fixture(params=PATHS)
def url(request, live, worker):
    worker(live.url)
    wait_until(lambda: live.streams().get("CAM1", {}).get("frame_count"), 10, "a posted picture")
    return f"{live.url}{request.param}&user_id=it"


def program(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def assert_pictures(numbers):
    """Each in its turn: the clip has 50 and begins anew, a worker goes on counting."""
    assert len(numbers) >= PICTURES
    steps = [(later - earlier) % 50 for earlier, later in zip(numbers, numbers[1:])]
    assert all(0 < step < 25 for step in steps), numbers


def read_pictures(stream):
    """Numbers of the pictures in the multipart stream that a program passes on."""
    data, numbers = b"", []
    while len(numbers) < PICTURES:
        more = stream.read1(1 << 16)
        assert more, f"it ended after {len(numbers)} pictures"
        data += more
        while (end := data.find(b"\xff\xd9")) >= 0:
            numbers.append(picture_number(data[:end]))
            data = data[end + 2:]
    return numbers


def seconds_until_gone(live):
    """From now until the broadcaster has nobody left, neither as a viewer nor as a stream."""
    began = time.monotonic()
    wait_until(lambda: live.stats()["viewers"] == 0, GONE_LIMIT_S, "its viewer gone")
    took = time.monotonic() - began
    assert live.get("/debug/streams")[2]["active_streams"] == 0
    reasons = re.findall(r"viewer gone .*reason=(\S+)", live.log_text())
    assert reasons and set(reasons) <= {"peer-closed", "peer-reset"}
    return took


def watch(live, command):
    """Runs a program that passes the stream on to its standard output, ends it in the middle, and says how
    many seconds later that was noticed."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as child:
        try:
            assert_pictures(read_pictures(child.stdout))
            assert live.stats()["viewers"] == 1
            child.terminate()
            child.wait(10)
            return seconds_until_gone(live)
        finally:
            child.kill()


def test_curl(live, url):
    times = [watch(live, [program("curl"), "-sN", url]) for _ in range(3)]
    assert min(times) < GONE_S, times


def test_ffmpeg(live, url, tmp_path):
    subprocess.run([program("ffmpeg"), "-v", "error", "-f", "mpjpeg", "-i", url, "-frames:v", str(PICTURES),
                    "-c", "copy", "-f", "image2", tmp_path / "%d.jpg"], stdin=subprocess.DEVNULL, check=True,
                   timeout=60)
    seconds_until_gone(live)
    assert_pictures([picture_number((tmp_path / f"{number}.jpg").read_bytes())
                     for number in range(1, PICTURES + 1)])


@pytest.mark.slow
def test_vlc(live, url, tmp_path):
    command = [program("cvlc"), "--intf", "dummy", url, "--sout", "#std{access=file,mux=mpjpeg,dst=-}"]
    if os.geteuid() == 0:  # which it refuses to be
        tmp_path.chmod(0o777)
        command = [program("runuser"), "-u", "nobody", "--", "env", f"HOME={tmp_path}", *command]
    watch(live, command)
