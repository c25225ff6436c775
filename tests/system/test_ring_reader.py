"""The example in docs/examples: plain Python reads a ring of a real capture by the documented layout."""

import re
import signal
import subprocess
import sys

from harness.jpeg import picture_number, write_clip
from harness.processes import ROOT
from harness.waiting import wait_until

READER = ROOT / "docs/examples/read_ring.py"
LINE = re.compile(r"CAM1 (\d+) (\d+): (\d+)x(\d+), (\d+) bytes, (\d+\.\d) ms")


def read_ring(source, count, folder=None):
    """What the example prints of `count` frames, as numbers."""
    arguments = [sys.executable, READER, source.folder / "run", "CAM1", str(count)]
    done = subprocess.run(arguments + ([folder] if folder else []), capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    lines = [LINE.fullmatch(line) for line in done.stdout.splitlines()]
    assert all(lines), done.stdout
    return [(*map(int, line.groups()[:5]), float(line[6])) for line in lines]


def test_frames_come_out_whole_and_in_order(capture, clip, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    frames = read_ring(capture(source="file", path=str(clip), source_fps=50), 20, folder)
    assert len(frames) == 20
    generation, numbers = frames[0][0], [frame[1] for frame in frames]
    assert numbers == sorted(set(numbers))
    pictures = clip.read_bytes()
    places = []
    for frame in frames:
        assert frame[0] == generation
        assert frame[2:4] == (64, 48)
        jpeg = (folder / f"CAM1-{frame[1]}.jpg").read_bytes()
        assert len(jpeg) == frame[4]
        assert jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9") and jpeg in pictures
        places.append(picture_number(jpeg))
    # One picture after the other, as the clip has them; a busy machine may skip some, never repeat one.
    steps = zip(places, places[1:], numbers, numbers[1:])
    assert all((place - before) % 50 >= number - last for before, place, last, number in steps)


def test_a_frame_that_is_ready_comes_at_once(capture, tmp_path):
    """Ten seconds lie between two frames of this source."""
    still = write_clip(tmp_path / "still.mjpeg", count=2)
    source = capture(source="file", path=str(still), source_fps=0.1)
    with source.control() as control:
        control.wait_state("online")
    frames = read_ring(source, 1)
    assert frames[0][1] == 1
    assert frames[0][5] < 9000


def test_it_follows_into_a_larger_ring(capture, tmp_path):
    clip = tmp_path / "growing.mjpeg"
    # Above 256 KiB each: more than a bank that was made for small pictures holds.
    large = write_clip(tmp_path / "large.mjpeg", count=8, comment_bytes=60000, width=5120,
                       height=5120)
    clip.write_bytes(write_clip(tmp_path / "small.mjpeg", count=8).read_bytes() + large.read_bytes())
    frames = read_ring(capture(source="file", path=str(clip), source_fps=20), 60)
    widths = {frame[2] for frame in frames}
    assert widths == {64, 5120}


def test_the_end_of_the_capture_ends_it(capture, clip):
    source = capture(source="file", path=str(clip), source_fps=20)
    with subprocess.Popen([sys.executable, READER, source.folder / "run", "CAM1", "1000000"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert LINE.fullmatch(reader.stdout.readline().strip())
        source.child.send_signal(signal.SIGKILL)
        wait_until(lambda: reader.poll() is not None, 5, "the reader's end")
        assert reader.returncode == 1
        assert "the capture has ended" in reader.stderr.read()
