"""What is made for viewers together: renderings, rates, qualities."""

import time

import pytest

from harness.carpark import DETECTOR
from harness.drawn import DrawnViewer
from harness.waiting import wait_until

FPS = 12


@pytest.fixture
def lot(camsim, pipeline):
    """lot(**camera) starts a simulated car park and everything behind it."""
    def start(broadcaster=None, **settings):
        camera = camsim("--size", "320x240", source="--scene=carpark", fps=FPS)
        return pipeline({"CAM1": {"url": f"{camera.url}/stream", "fps": FPS, **settings}},
                        detector={**DETECTOR, "conf": 0.25}, broadcaster=broadcaster).up()
    return start


@pytest.fixture
def watch():
    """watch(running, query) on the detector's pictures of CAM1."""
    viewers = []

    def start(running, query="", path="/ws/stream/detect", **options):
        pace = f"&skip_frames=1&fps={FPS}" if path.startswith("/ws/stream") else ""
        viewers.append(DrawnViewer(running.url, f"{path}?camera_id=CAM1{pace}{query}", **options))
        return viewers[-1]
    yield start
    for one in viewers:
        one.close()


def detector(running):
    with running.control("detector.0") as control:
        return control.ask("stats")["cameras"]["CAM1"]


def test_one_inference_serves_all_renderings(lot, watch):
    running = lot()
    viewers = {conf: [watch(running, f"&conf={conf}") for _ in range(2)] for conf in (0.05, 0.25, 0.9)}
    for pair in viewers.values():
        for viewer in pair:
            viewer.wait_more(5)
    assert detector(running)["renderings"] == 3
    ids = {conf: {viewer.frames[-1]["rendering"] for viewer in pair} for conf, pair in viewers.items()}
    assert ids[0.25] == {0}, "which is the default"
    assert len(ids[0.05]) == len(ids[0.9]) == 1 and ids[0.05] != ids[0.9]
    frames = {conf: {frame["number"]: frame["metadata"] for frame in pair[0].frames}
              for conf, pair in viewers.items()}
    both = frames[0.05].keys() & frames[0.9].keys()
    assert both
    for number in both:
        many, few = frames[0.05][number], frames[0.9][number]
        assert many["vehicle_count"] == few["vehicle_count"]
        assert all(one["confidence"] >= 0.9 for one in few["detections"])
        assert len(few["detections"]) <= len(many["detections"])
    before = detector(running)
    viewers[0.25][0].wait_more(10)
    after = detector(running)
    assert after["inferred"] - before["inferred"] <= 14, "not one for each rendering"


def test_the_ninth_rendering_is_refused_in_words(lot, watch):
    running = lot()
    others = [watch(running, f"&conf=0.{tens}") for tens in range(31, 39)]
    for viewer in others:
        viewer.wait_more(1)
    ninth = watch(running, "&conf=0.5")
    assert "drawn in as many ways" in ninth.wait_error()
    assert ninth.wait(lambda frame: True)["rendering"] == 0, "it gets the default one"
    tenth = watch(running, "&conf=0.31")
    assert tenth.wait(lambda frame: True)["rendering"] == others[0].frames[0]["rendering"]
    assert not tenth.words or all(word["type"] != "error" for word in tenth.words)
    others[0].send(type="set", conf=0.7)  # its place is shared, so there is none for another
    assert "drawn in as many ways" in others[0].wait_error()
    others[1].send(type="set", conf=0.7)  # its place is its own
    seen = len(others[1].frames)
    others[1].wait(lambda frame: frame["rendering"] != others[1].frames[0]["rendering"], since=seen)
    assert all(word["type"] != "error" for word in others[1].words)
    others[2].close()
    wait_until(lambda: detector(running)["renderings"] == 8, 10, "its rendering is given up")
    ninth.send(type="set", conf=0.5)
    ninth.wait(lambda frame: frame["rendering"] > 0, what="its own rendering")
    for viewer in (others[0], *others[3:]):
        viewer.wait_more(2)


def test_a_viewer_may_do_with_a_lesser_quality(lot, watch):
    """At most so good: one that is not below the default is the default rendering."""
    running = lot()
    usual, small, best = watch(running), watch(running, "&quality=40"), watch(running, "&quality=100")
    for viewer in (usual, small, best):
        viewer.wait_more(3)
    assert {frame["rendering"] for frame in (*usual.frames, *best.frames)} == {0}
    assert small.frames[-1]["rendering"] > 0
    assert small.frames[-1]["size"] < 0.8 * usual.frames[-1]["size"]
    small.send(type="set", quality=100)
    small.wait(lambda frame: frame["rendering"] == 0, what="the default rendering")
    assert all(word["type"] != "error" for word in small.words)


def test_a_slider_leaves_no_trail(lot, watch):
    running = lot()
    viewer = watch(running, "&conf=0.05")
    viewer.wait_more(2)
    for percent in range(6, 96):
        viewer.send(type="set", conf=percent / 100)
    newest = viewer.wait(lambda frame: frame["rendering"] >= 80, what="the last one")
    viewer.wait_more(3)
    assert detector(running)["renderings"] == 1
    assert all(one["confidence"] >= 0.95 for one in viewer.frames[-1]["metadata"]["detections"])
    with running.control("broadcaster") as control:
        wait_until(lambda: control.ask("stats")["streams"] <= 2, 10, "the others are gone")
    viewer.close()
    again = watch(running, "&conf=0.95")
    assert again.wait(lambda frame: True)["rendering"] == newest["rendering"], "it has lingered"


def test_inference_ends_with_the_last_viewer(lot, watch):
    running = lot()
    viewer, paused = watch(running), watch(running)
    viewer.wait_more(3)
    paused.send(type="pause")
    viewer.close()

    def left():
        return not detector(running)["attached"]
    wait_until(left, 5, "nobody is left who wants anything")
    taken = detector(running)["taken"]
    time.sleep(0.5)  # the absence of frames has no event
    assert detector(running)["taken"] == taken
    paused.send(type="resume")
    paused.wait_more(2)


def test_rates(lot, watch):
    """The camera's own, a lower wish, a higher one up to max_fps; the largest counts. By the frames' own
    times. A machine without time takes fewer: what did not come too early counts as taken, and nobody can
    have more than the camera gave."""
    running = lot(fps=4, max_fps=10)
    slow = watch(running, path="/ws/viewer/detection")

    def measured(viewer):
        viewer.wait_more(2)
        before = detector(running)
        start = len(viewer.frames)
        viewer.wait_more(6)
        skipped, early = (detector(running)[name] - before[name] for name in ("skipped", "skipped_fps"))
        first, last = viewer.frames[start], viewer.frames[start + 5]
        seconds = (last["captured"] - first["captured"]) / 1e9
        return 5 / seconds, (5 + skipped - early) / seconds, (last["number"] - first["number"]) / seconds

    def assert_rate(viewer, lowest, highest):
        taken, wanted, given = measured(viewer)
        assert min(lowest, 0.8 * given) <= wanted and taken <= highest, (taken, wanted, given)
    assert_rate(slow, 2.5, 4.8)
    fast = watch(running)
    assert_rate(fast, 5, 12)
    fast.send(type="set", fps=1)
    assert_rate(slow, 2.5, 4.8)


def test_raw_pictures_and_detections(lot, watch):
    """Metadata is made for who wants nothing else, and no picture."""
    running = lot()
    raw = watch(running, "&metadata=true", path="/ws/stream/raw")
    wait_until(lambda: any(word["type"] == "detections" for word in raw.words), 20, "detections")
    assert detector(running)["stage_us"]["encode"] == 0
    assert detector(running)["renderings"] == 0


def qualities(viewer):
    """The ids of the renderings in the order of their coming."""
    ids = []
    for frame in viewer.frames:
        if not ids or ids[-1] != frame["rendering"]:
            ids.append(frame["rendering"])
    return ids


def test_a_slow_viewer_gets_a_lesser_quality(lot, watch):
    running = lot()
    quick = watch(running)
    quick.wait_more(8)
    size = sum(frame["size"] for frame in quick.frames[-4:]) / 4
    slow = [watch(running, rate=size * FPS * 0.45) for _ in range(2)]
    for viewer in slow:
        viewer.wait(lambda frame: frame["rendering"] > 0 and frame["size"] < 0.8 * size,
                    what="a lesser quality")
    assert slow[0].frames[-1]["rendering"] == slow[1].frames[-1]["rendering"] or \
        detector(running)["renderings"] <= 3, "one encoding serves both"
    assert qualities(quick) == [0], "who can take it keeps the best"
    for viewer in slow:
        numbers = [frame["number"] for frame in viewer.frames]
        assert numbers == sorted(set(numbers)), "no frame twice, none that is older"
        assert all(word["type"] in ("stats", "camera_state", "keepalive") for word in viewer.words)


@pytest.mark.slow
def test_the_better_quality_comes_back(lot, watch):
    running = lot()
    quick = watch(running)
    quick.wait_more(8)
    slow = watch(running, rate=quick.frames[-1]["size"] * FPS * 0.3)
    lesser = slow.wait(lambda frame: frame["rendering"] > 0, what="a lesser quality")
    slow.rate = None
    slow.wait(lambda frame: frame["rendering"] == 0, since=slow.frames.index(lesser), timeout=90,
              what="the best again")
    numbers = [frame["number"] for frame in slow.frames]
    assert numbers == sorted(set(numbers))
    since = slow.frames[-20:]
    assert since[-1]["number"] - since[0]["number"] <= 21, "and no frame is left out"


def test_adaptive_can_be_switched_off(lot, watch):
    running = lot(broadcaster={"adaptive": False})
    quick = watch(running)
    quick.wait_more(4)
    slow = watch(running, rate=quick.frames[-1]["size"] * FPS * 0.3)
    slow.wait_more(6)
    assert qualities(slow) == [0]
    numbers = [frame["number"] for frame in slow.frames]
    assert numbers[-1] - numbers[0] > len(numbers), "it gets fewer frames"
