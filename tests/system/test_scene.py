"""The simulated car park as a camera: pictures, and the truth about them."""

import json
import subprocess

import pytest

from harness.processes import PROGRAMS, http
from harness.waiting import wait_until

SMALL = ("--size", "320x180", "--seed", "4")


@pytest.fixture
def scene(camsim):
    """scene(*options, fps=10) starts a camera that shows the car park."""
    def start(*options, **settings):
        return camsim(*SMALL, *options, source="--scene=carpark", **settings)
    return start


def export(folder, *options):
    subprocess.run([PROGRAMS / "camsim", "--scene", "carpark", *SMALL, *options, "--export", folder],
                   check=True, timeout=60)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def newest(camera):
    """The number and the bytes of the newest picture."""
    status, head, jpeg = http("GET", f"{camera.url}/capture")
    assert status == 200
    return int(head["X-Frame-Number"]), jpeg


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    options = ("--frames", "12", "--speed", "10", "--shake")
    one, two = export(tmp_path / "one", *options), export(tmp_path / "two", *options)
    assert len(one) == 14 and one == two
    assert len(set(one.values())) == len(one)
    other = export(tmp_path / "other", *options, "--seed", "5")
    assert other["000001.jpg"] != one["000001.jpg"]


def test_what_is_served_is_what_is_exported(scene, tmp_path):
    files = export(tmp_path / "files", "--frames", "200", "--fps", "20", "--speed", "7")
    lines = [json.loads(line) for line in files["truth.jsonl"].splitlines()]
    assert [line["frame"] for line in lines] == list(range(1, 201))
    camera = scene("--speed", "7", fps=20)
    for _ in range(3):
        number, jpeg = newest(camera)
        assert jpeg == files[f"{number:06}.jpg"]
        assert http("GET", f"{camera.url}/truth?frame={number}")[2] == lines[number - 1]
        wait_until(lambda number=number: camera.state()["number"] > number + 2, 5, "later frames")
    assert http("GET", f"{camera.url}/spaces.json")[2] == json.loads(files["spaces.json"])


def test_truth_of_frames_that_were_and_were_not_sent(scene):
    camera = scene()
    number, _ = newest(camera)
    assert http("GET", f"{camera.url}/truth")[2]["frame"] >= number
    assert http("GET", f"{camera.url}/truth?frame={number}")[0] == 200
    for frame in (number + 100000, 0, -1, "x"):
        status, _, answer = http("GET", f"{camera.url}/truth?frame={frame}")
        assert status == 404 and answer["error"]


def test_a_clip_has_no_truth(camsim):
    camera = camsim()
    assert http("GET", f"{camera.url}/truth")[0] == 404
    assert http("GET", f"{camera.url}/spaces.json")[0] == 404


def test_frames_end_it_and_truth_is_written(tmp_path):
    truth = tmp_path / "truth.jsonl"
    camera = subprocess.Popen([PROGRAMS / "camsim", "--scene", "carpark", *SMALL, "--fps", "5",
                               "--frames", "6", "--truth", truth], stdout=subprocess.PIPE)
    with camera:
        url = camera.stdout.readline().decode().strip()
        assert http("GET", f"{url}/stream")[0] == 200
        assert camera.wait(10) == 0
    numbers = [json.loads(line)["frame"] for line in truth.read_text().splitlines()]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1 and len(numbers) >= 2 and numbers[-1] <= 6


def test_spaces_are_ready_for_a_configuration(scene, tmp_path):
    camera = scene()
    spaces = http("GET", f"{camera.url}/spaces.json")[2]
    assert spaces
    config = tmp_path / "ringcast.json"
    config.write_text(json.dumps({"run_dir": str(tmp_path / "run"), "cameras": {
        "LOT": {"url": f"{camera.url}/stream", "spaces": spaces}}}))
    subprocess.run([PROGRAMS / "ringcast-capture", "-c", config, "--camera", "LOT", "--check"],
                   check=True, timeout=10)


@pytest.mark.parametrize("arguments", [
    ["--scene", "beach"], ["--scene", "carpark", "--size", "10x10"], ["--scene", "carpark", "file"],
    ["--scene", "carpark", "--size", "1280"], ["--scene", "carpark", "--speed", "-1"],
    ["--scene", "carpark", "--export", "/nowhere"], ["--seed", "3", "."],
    ["--scene", "carpark", "--loop", "--frames", "3"], ["--scene", "carpark", "--seed", "-1"],
])
def test_bad_command_line(arguments):
    done = subprocess.run([PROGRAMS / "camsim", *arguments], capture_output=True, text=True,
                          timeout=10, check=False)
    assert done.returncode == 78 and len(done.stderr.splitlines()) == 1
