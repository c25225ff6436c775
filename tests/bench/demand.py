"""What is made for viewers and when: the frames of a camera of 30 a second at 10 wanted, how soon the first
picture comes, what is left a second after the last viewer has gone. A simulated car park and the demo
model, all processes under their supervisor."""

import subprocess
import tempfile
import time
from pathlib import Path

from figures import PROGRAMS, cpu_seconds, median, table
from harness.carpark import DETECTOR
from harness.drawn import DrawnViewer
from harness.processes import Camsim, Pipeline
from harness.waiting import wait_until

FPS = 30
WINDOW_S = 6
ROUNDS = 10
TABS = 10
LINGER_S = 2
DETECT = "/ws/stream/detect?camera_id=CAM1&fps=10&skip_frames=2"
RAW = "/ws/stream/raw?camera_id=CAM1&fps=30"


def detector(running):
    with running.control("detector.0") as control:
        return control.ask("stats")["cameras"]["CAM1"]


def capture(running):
    with running.control("capture.CAM1") as control:
        return control.ask("stats")


def at_rest(running):
    wait_until(lambda: not detector(running)["attached"], 10, "nobody is left")


def measure_rates(running):
    """Frames and bytes a second on each step of the way, for one viewer of either kind."""
    viewers = [DrawnViewer(running.url, RAW), DrawnViewer(running.url, DETECT)]
    for viewer in viewers:
        viewer.wait_more(5)

    def counts():
        now = detector(running)
        return [capture(running)["frames"], now["inferred"],
                *(len(viewer.frames) for viewer in viewers),
                *(sum(frame["size"] for frame in viewer.frames) for viewer in viewers)]
    before, began = counts(), time.monotonic()
    time.sleep(WINDOW_S)
    after, seconds = counts(), time.monotonic() - began
    read, inferred, raw, sent, raw_bytes, sent_bytes = (
        (late - early) / seconds for early, late in zip(before, after))
    size = median([frame["size"] for frame in viewers[1].frames])
    for viewer in viewers:
        viewer.close()
    table(["", "frames/s", "kB/s"],
          [["read from the camera", f"{read:.1f}", ""],
           ["inferred", f"{inferred:.1f}", ""],
           ["sent to a viewer of raw pictures, fps=30", f"{raw:.1f}", f"{raw_bytes / 1000:.0f}"],
           ["sent to a viewer of detections, fps=10", f"{sent:.1f}", f"{sent_bytes / 1000:.0f}"]])
    print(f"Detections at 10 a second: {100 * sent_bytes / (size * read):.0f} % of the bytes that all "
          "frames would be.\n")


def first_frame_ms(running, path):
    """From the beginning of the connection to the first picture of now: what the last viewer saw, which
    may come before it, does not count."""
    at_rest(running)
    began, now = time.monotonic(), time.time()
    viewer = DrawnViewer(running.url, path)
    frame = viewer.wait(lambda frame: frame["captured"] / 1e9 > now - 2 / FPS)
    viewer.close()
    return (frame["at"] - began) * 1000


def measure_first(running):
    """The camera stays connected between them: the capture lingers."""
    inference = detector(running)["stage_us"]
    inference_ms = sum(inference.values()) / 1000
    rows = []
    for what, path in (("raw picture", RAW), ("detection", DETECT)):
        times = [first_frame_ms(running, path) for _ in range(ROUNDS)]
        rows.append([what, f"{median(times):.0f}", f"{max(times):.0f}"])
    table(["the first", "p50 ms", "worst ms"], rows)
    print(f"One frame takes the detector {inference_ms:.0f} ms.\n")


def cpu(pids):
    return sum(cpu_seconds(pid) for pid in pids)


def measure_last(running, camera):
    viewers = [DrawnViewer(running.url, DETECT) for _ in range(TABS)]
    for viewer in viewers:
        viewer.wait_more(5)
    pids = running.pids()
    busy_began, busy = time.monotonic(), cpu(pids)
    time.sleep(1)
    busy = (cpu(pids) - busy) / (time.monotonic() - busy_began)
    before = detector(running)["inferred"]
    for viewer in viewers:
        viewer.socket.sock.close()
    closed = time.monotonic()
    time.sleep(1)
    inferred = detector(running)["inferred"] - before
    rest_began, rest = time.monotonic(), cpu(pids)
    time.sleep(LINGER_S - 1.2)
    rest = (cpu(pids) - rest) / (time.monotonic() - rest_began)
    wait_until(lambda: camera.state()["clients"] == 0, LINGER_S + 5, "the camera is left alone")
    left_s = time.monotonic() - closed
    rest_began, idle = time.monotonic(), cpu(pids)
    time.sleep(2)
    idle = (cpu(pids) - idle) / (time.monotonic() - rest_began)
    table([f"{TABS} viewers", ""],
          [["CPU of all processes while they watch, % of a core", f"{100 * busy:.1f}"],
           ["inferences after the last one has closed", inferred],
           ["CPU from 1 s after the close on, % of a core", f"{100 * rest:.2f}"],
           [f"s until the camera's connection is closed (linger_s {LINGER_S})", f"{left_s:.1f}"],
           ["CPU after that, % of a core", f"{100 * idle:.2f}"]])


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([PROGRAMS / "camsim", "--scene", "carpark", "--size", "640x360", "--fps", str(FPS),
                        "--frames", "60", "--export", folder / "frames"], check=True,
                       stdout=subprocess.DEVNULL)
        camera = Camsim(folder / "frames", folder / "camsim.log", fps=FPS)
        running = Pipeline(folder, {"CAM1": {
            "url": f"{camera.url}/stream", "fps": 10, "skip_frames": 2, "capture": "on_demand",
            "linger_s": LINGER_S}}, detector=DETECTOR)
        try:
            running.up()
            measure_rates(running)
            measure_first(running)
            measure_last(running, camera)
        finally:
            running.down()
            camera.end()


if __name__ == "__main__":
    main()
