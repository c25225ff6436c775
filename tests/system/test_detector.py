"""The detector: what it sees, what it posts, and how it follows demand."""

import json
import signal
import struct
import subprocess
import time

import pytest

from harness.control import Control
from harness.intake import Intake
from harness.jpeg import grey_jpeg
from harness.processes import PROGRAMS, Process
from harness.resample import resample
from harness.waiting import wait_until

EXIT_CONFIG = 78
STRIDE = 40  # of the frames of a clip, every so manyth is compared
FRAMES = 12


def split(clip, stride=STRIDE, limit=FRAMES):
    """Every `stride`-th JPEG of a clip."""
    data, pictures, at = clip.read_bytes(), [], 0
    while (start := data.find(b"\xff\xd8\xff", at)) >= 0:
        at = data.index(b"\xff\xd9", start) + 2
        pictures.append(data[start:at])
    return pictures[::stride][:limit]


def detections(metadata):
    return [(d["class"], d["confidence"], tuple(d["bbox"])) for d in metadata["detections"]]


# --- what it sees --------------------------------------------------------------------------------

NETWORKS = [
    ("yolov5n_640.onnx", "yolov5", 640, "street.mjpeg"),
    ("yolov5n_320.onnx", "yolov5", 320, "carpark.mjpeg"),
    ("yolov8n_640_ocv46.onnx", "yolov8", 640, "carpark.mjpeg"),
    ("yolo11n_320_ocv46.onnx", "yolov8", 320, "street.mjpeg"),
    ("yolox_nano.onnx", "yolox", 416, "street.mjpeg"),
    ("yolox_nano.onnx", "yolox", 416, "carpark.mjpeg"),
    ("yolo-fastest-1.1.cfg", "darknet", 320, "street.mjpeg"),
    ("yolo-fastest-1.1-xl.cfg", "darknet", 320, "carpark.mjpeg"),
]


def weights_of(model):
    return model.with_suffix(".weights") if model.suffix == ".cfg" else None


def run_on_files(model, names, files, *options):
    weights = weights_of(model)
    command = [PROGRAMS / "detect_frames", "-n", names, *(["-w", weights] if weights else []),
               *options, model, *files]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                          timeout=100)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_agreement(assets, folder, network, pictures):
    """What the detector sees in these JPEGs, beside what OpenCV's Python binding sees."""
    from harness.yolo import Network, differences
    model, family, side, clip = network
    model = assets / "models" / model
    names = assets / "models" / "coco.names"
    network = Network(model, family, side, names.read_text().split("\n"), weights_of(model))
    files = []
    for number, jpeg in enumerate(pictures):
        files.append(folder / f"{number:02}.jpg")
        files[-1].write_bytes(jpeg)
    results = run_on_files(model, names, files)
    assert len(results) == len(pictures)
    seen = 0
    for number, (jpeg, result) in enumerate(zip(pictures, results)):
        theirs = network.detect(jpeg)
        assert not differences(detections(result), theirs), f"picture {number} of {clip}"
        seen += len(theirs)
    assert seen >= 3, "the pictures must show something"


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: f"{network[0]}-{network[-1]}")
def test_agrees_with_opencv(assets, tmp_path, network):
    pytest.importorskip("cv2", reason="needs OpenCV's Python binding (python3-opencv)")
    check_agreement(assets, tmp_path, network, split(assets / "media" / network[-1]))


@pytest.mark.parametrize("sampling", ["4:2:2", "4:4:4", "4:4:0"])
def test_agrees_whatever_the_chroma(assets, tmp_path, sampling):
    """4:2:2 is what an ESP32-CAM sends. YOLOX is the one that colours matter most to."""
    pytest.importorskip("cv2", reason="needs OpenCV's Python binding (python3-opencv)")
    network = ("yolox_nano.onnx", "yolox", 416, "street.mjpeg")
    pictures = split(assets / "media" / network[-1], limit=4)
    check_agreement(assets, tmp_path, network, [resample(jpeg, sampling) for jpeg in pictures])


@pytest.mark.parametrize("version", ["yolov8n_320", "yolo11n_320"])
def test_stock_export_is_as_good_as_a_mended_one(assets, tmp_path, version):
    """OpenCV 4.6 cannot run the first by itself; newer ones run both."""
    files = []
    for number, jpeg in enumerate(split(assets / "media" / "street.mjpeg", limit=4)):
        files.append(tmp_path / f"{number}.jpg")
        files[-1].write_bytes(jpeg)
    models = assets / "models"
    stock, mended = (run_on_files(models / f"{version}_{kind}.onnx", models / "coco.names", files,
                                  "-c", "0.1") for kind in ("stock", "ocv46"))
    for one, other in zip(stock, mended):
        assert one["detections"] and one["detections"] == other["detections"]


# --- a detector by itself ------------------------------------------------------------------------

class Detector(Process):
    def __init__(self, folder, config, index=0):
        self.index = index
        self.config_path = folder / "detector.json"
        self.run_dir = folder / "run"
        self.config = {"run_dir": str(self.run_dir), "state_dir": str(folder / "state"), **config}
        self.write_config()
        super().__init__([PROGRAMS / "ringcast-detector", "-c", self.config_path, "--index", index],
                         folder / "detector.log")

    def write_config(self):
        self.config_path.write_text(json.dumps(self.config))

    def stats(self):
        with Control(self.run_dir / f"detector.{self.index}.sock") as control:
            return control.ask("stats")


class Bench:
    """A capture, a detector and what they post to, without a supervisor."""

    def __init__(self, started, folder, assets, pictures, detect="on_demand", fps=10, **detector):
        self.started, self.folder = started, folder
        frames = folder / "frames"
        frames.mkdir()
        for number, jpeg in enumerate(pictures):
            (frames / f"{number:03}.jpg").write_bytes(jpeg)
        self.run_dir = folder / "run"
        self.camera = {"source": "file", "path": str(frames), "source_fps": fps, "fps": 30,
                       "detect": detect}
        models = assets / "models"
        small = {"model": str(models / "yolo-fastest-1.1.cfg"),
                 "weights": str(models / "yolo-fastest-1.1.weights")}
        self.detector = self.start(Detector(folder, {
            "detector": {**({} if "model" in detector else small),
                         "names": str(models / "coco.names"), **detector},
            "cameras": {"CAM1": self.camera}}))
        assert self.detector.wait_ready() == "\n", self.detector.log_text()
        self.intake = self.start(Intake(self.run_dir))
        self.capture = self.start(Process([PROGRAMS / "ringcast-capture", "-c",
                                           self.detector.config_path, "--camera", "CAM1"],
                                          folder / "capture.log"))
        assert self.capture.wait_ready() == "\n", self.capture.log_text()

    def start(self, thing):
        """To be ended with the test."""
        self.started.append(thing)
        return thing

    def reload(self):
        self.detector.write_config()
        self.detector.child.send_signal(signal.SIGHUP)

    def camera_stats(self):
        return self.detector.stats()["cameras"]["CAM1"]


@pytest.fixture
def bench(started, tmp_path, assets):
    def make(pictures=None, **options):
        if pictures is None:
            pictures = split(assets / "media" / "street.mjpeg", limit=2)
        return Bench(started, tmp_path, assets, pictures, **options)
    return make


def wish(*renderings, **fields):
    return {"camera": "CAM1", "rate": 30, "metadata": False,
            "renderings": [{"id": number, "conf": conf, "show_labels": True, "quality": 85}
                           for number, conf in renderings], **fields}


def demand(control, *wishes):
    control.send("demand", cameras=list(wishes))


@pytest.fixture
def control(bench):
    """control(bench) is a connection as the broadcaster has one."""
    made = []

    def connect(of):
        made.append(Control(of.run_dir / "detector.0.sock"))
        return made[-1]
    yield connect
    for one in made:
        one.close()


def test_the_process_agrees_with_opencv(bench, assets, control):
    pytest.importorskip("cv2", reason="needs OpenCV's Python binding (python3-opencv)")
    from harness.yolo import Network, differences
    picture = split(assets / "media" / "street.mjpeg")[3]
    model = assets / "models" / "yolov5n_640.onnx"
    names = assets / "models" / "coco.names"
    here = bench([picture], model=str(model))
    demand(control(here), wish((0, 0.25)))
    posted = here.intake.wait(timeout=60)
    theirs = Network(model, "yolov5", 640, names.read_text().split("\n")).detect(picture)
    assert theirs and not differences(detections(posted.metadata), theirs)


def test_posts_what_is_demanded(bench, control):
    here = bench()
    broadcaster = control(here)
    demand(broadcaster, wish((0, 0.25)))
    posted = here.intake.wait(lambda p: p.number > 3)
    assert posted.camera == "CAM1" and posted.rendering == 0
    assert posted.jpeg[:2] == b"\xff\xd8" and posted.jpeg[-2:] == b"\xff\xd9"
    metadata = posted.metadata
    assert metadata["frame"] == {"camera": "CAM1", "generation": str(posted.generation),
                                 "number": posted.number, "width": 640, "height": 352}
    assert metadata["vehicle_count"] == len([d for d in metadata["detections"]
                                             if d["class"] in ("car", "truck", "bus")]) > 0
    assert set(metadata["stages"]) == {"received", "published", "taken", "inferred", "encoded"}
    assert all(0 <= value < 20e6 for value in metadata["stages"].values())
    assert posted.captured < posted.sent < posted.captured + 20e9
    here.intake.wait(lambda p: p.number > posted.number + 3)
    assert len(here.intake.connections) <= 2, "connections are kept"
    stats = here.detector.stats()
    assert stats["layout"] == "darknet" and stats["input"] == [320, 320]
    camera = stats["cameras"]["CAM1"]
    assert camera["attached"] and camera["posted"] > 3 and camera["failed"] == 0
    assert camera["newest_age_ms"] < 20000 and camera["stage_us"]["infer"] > 0


def test_nothing_without_demand(bench, control):
    here = bench()
    with Control(here.run_dir / "detector.0.sock") as broadcaster:
        assert not here.camera_stats()["attached"]
        demand(broadcaster, wish((0, 0.25)))
        here.intake.wait()
        assert here.camera_stats()["attached"]
        demand(broadcaster)
        assert not here.camera_stats()["attached"], "at once"
        demand(broadcaster, wish((0, 0.25)))
        here.intake.wait(after=here.intake.count())
    wait_until(lambda: not here.camera_stats()["attached"], 5, "the end of a lost broadcaster")
    taken = here.camera_stats()["taken"]
    time.sleep(0.5)
    assert here.camera_stats()["taken"] == taken


def test_a_demand_comes_in_pages(bench, control):
    """A page says all of its own cameras and nothing of the others."""
    here = bench()
    broadcaster = control(here)
    demand(broadcaster, wish((0, 0.25)))
    here.intake.wait()
    broadcaster.send("demand", after="CAM1", next=None, cameras=[])
    broadcaster.send("demand", after="", next="CAM0", cameras=[])
    assert here.camera_stats()["attached"]
    broadcaster.send("demand", after="CAM0", next="CAM1", cameras=[])
    assert not here.camera_stats()["attached"]
    broadcaster.send("demand", after="CAM1", cameras=[wish((0, 0.25))])
    with pytest.raises(ConnectionError):
        broadcaster.receive()


def test_a_camera_that_is_not_configured(bench, control):
    """One that pushes: it is there for as long as it is wanted."""
    here = bench()
    broadcaster = control(here)
    demand(broadcaster, wish((0, 0.25), camera="PHONE"))
    assert here.detector.stats()["cameras"]["PHONE"]["attached"]
    here.detector.config["cameras"]["CAM2"] = here.camera
    here.reload()
    wait_until(lambda: set(here.detector.stats()["cameras"]) == {"CAM1", "CAM2", "PHONE"}, 10,
               "the reload")
    config = here.folder / "phone.json"
    config.write_text(json.dumps({**here.detector.config, "cameras": {"PHONE": here.camera}}))
    phone = here.start(Process([PROGRAMS / "ringcast-capture", "-c", config, "--camera", "PHONE"],
                               here.folder / "phone.log"))
    assert phone.wait_ready() == "\n"
    here.intake.wait(lambda p: p.camera == "PHONE")
    demand(broadcaster)
    assert "PHONE" not in here.detector.stats()["cameras"]


def test_another_clients_end_is_not_the_broadcasters(bench, control):
    here = bench()
    demand(control(here), wish((0, 0.25)))
    here.detector.stats()
    here.intake.wait(after=here.intake.count() + 3)


def test_renderings_share_one_inference(bench, control):
    here = bench()
    demand(control(here), wish((0, 0.6), (7, 0.1)))
    posted = [here.intake.wait(lambda p, r=r: p.rendering == r) for r in (0, 7)]
    few, many = posted[0].metadata, posted[1].metadata
    assert all(d["confidence"] >= 0.6 for d in few["detections"])
    assert len(many["detections"]) > len(few["detections"])
    assert few["vehicle_count"] == many["vehicle_count"]
    assert posted[0].jpeg != posted[1].jpeg


def test_a_new_rendering_is_drawn_at_once(bench, control):
    """From the last picture: the camera sends one every ten seconds."""
    here = bench(fps=0.1)
    broadcaster = control(here)
    demand(broadcaster, wish((0, 0.25)))
    first = here.intake.wait(timeout=30)
    count = here.intake.count()
    demand(broadcaster, wish((0, 0.25), (5, 0.5)))
    asked = time.monotonic()
    posted = here.intake.wait(lambda p: p.rendering == 5)
    assert posted.at - asked < 2
    assert (posted.number, posted.generation) == (first.number, first.generation)
    assert here.intake.count() == count + 1, "the others have seen it already"


def test_always_without_viewers_is_metadata_only(bench, control):
    here = bench(detect="always")
    posted = here.intake.wait()
    assert posted.jpeg == b"" and posted.rendering == 0 and posted.metadata["vehicle_count"] > 0
    assert here.camera_stats()["stage_us"]["encode"] == 0
    demand(control(here), wish((0, 0.25)))
    here.intake.wait(lambda p: p.jpeg)


def test_metadata_for_raw_viewers(bench, control):
    here = bench()
    demand(control(here), wish(metadata=True))
    assert here.intake.wait().jpeg == b""


def test_off_is_off(bench, control):
    here = bench(detect="off")
    demand(control(here), wish((0, 0.25)))
    time.sleep(1)
    assert here.camera_stats()["taken"] == 0 and here.intake.count() == 0


def test_rate(bench, control):
    here = bench(fps=25)
    demand(control(here), wish((0, 0.25), rate=4))
    start = here.intake.wait(lambda p: p.number > 5)
    end = here.intake.wait(lambda p: p.captured > start.captured + 5e9, timeout=30)
    between = [p for p in here.intake.frames if start.captured < p.captured <= end.captured]
    assert 18 <= len(between) <= 22


def test_viewers_may_raise_the_rate(bench, control):
    here = bench(fps=25)
    here.detector.config["cameras"]["CAM1"].update(fps=2, max_fps=6, skip_frames=2)
    here.reload()
    broadcaster = control(here)
    for asked, most in ((1, 1.5), (20, 7)):
        demand(broadcaster, wish((0, 0.25), rate=asked))
        start = here.intake.wait(after=here.intake.count() + 1)
        end = here.intake.wait(lambda p, t=start.captured: p.captured > t + 3e9, timeout=30)
        between = [p for p in here.intake.frames if start.captured < p.captured <= end.captured]
        assert most * 3 * 0.6 <= len(between) <= most * 3 + 2


def test_without_a_broadcaster_frames_are_dropped(bench, control):
    here = bench()
    demand(control(here), wish((0, 0.25)))
    here.intake.wait()
    here.intake.close()
    dropped = here.camera_stats()["dropped"]
    wait_until(lambda: here.camera_stats()["dropped"] > dropped + 5, 10, "dropped frames")
    assert here.detector.log_text().count("no answer from the broadcaster") == 1
    back = here.start(Intake(here.run_dir))
    back.wait(lambda p: p.number > 5)
    wait_until(lambda: "answers again" in here.detector.log_text(), 10, "the news of its return")
    assert here.detector.log_text().count("no answer from the broadcaster") == 1


def test_never_answering_broadcaster_holds_one_and_one(bench, control):
    here = bench(fps=25)
    here.intake.gate.clear()
    demand(control(here), wish((0, 0.25)))
    here.intake.wait()
    wait_until(lambda: here.camera_stats()["dropped"] > 5, 10, "dropped frames")
    assert here.intake.count() == 1
    newest = here.camera_stats()["inferred"]
    here.intake.gate.set()
    second = here.intake.wait(after=1)
    assert second.number >= newest - 2, "the newest waits, not the oldest"


def test_a_broadcaster_that_refuses(bench, control):
    here = bench()
    here.intake.status = 409
    demand(control(here), wish((0, 0.25)))
    wait_until(lambda: here.camera_stats()["dropped"] > 3, 10, "refused frames")
    assert here.detector.log_text().count("http_status=409: not today") == 1
    here.intake.status = 200
    wait_until(lambda: here.camera_stats()["posted"] > 0, 10, "accepted frames")


def test_broken_pictures_do_not_end_it(bench, assets, control):
    good = split(assets / "media" / "street.mjpeg", limit=1)[0]
    body = good.index(b"\xff\xda") + 400
    cut = good[:len(good) // 2] + b"\xff\xd9"
    noise = good[:body] + bytes(range(0, 250, 5)) * 20 + good[body + 1000:]
    huge = bytearray(good)
    header = next(i for i in range(len(good)) if good[i:i + 2] in (b"\xff\xc0", b"\xff\xc2"))
    huge[header + 5:header + 9] = struct.pack(">HH", 16000, 16000)
    tiny = grey_jpeg(1, width=1, height=1)
    here = bench([good, cut, noise, bytes(huge), tiny, good], fps=20)
    demand(control(here), wish((0, 0.25)))
    here.intake.wait(lambda p: p.metadata["frame"]["width"] == 1)
    here.intake.wait(lambda p: p.number > 12)
    wait_until(lambda: here.camera_stats()["unreadable"] > 0 and here.camera_stats()["flawed"] > 0,
               10, "counted pictures")
    assert here.detector.child.poll() is None


def test_bad_demand_closes_the_connection(bench, control):
    here = bench()
    for cameras in ([{"camera": "../x"}], [3], [wish((0, 7))], [{"camera": "CAM1", "renderings": 1}]):
        broadcaster = control(here)
        broadcaster.send("demand", cameras=cameras)
        with pytest.raises(ConnectionError):
            broadcaster.receive()
    demand(control(here), wish((0, 0.25)))
    here.intake.wait()


def test_two_workers_and_two_cameras(bench, control):
    here = bench(workers=2)
    here.detector.config["cameras"]["CAM2"] = here.camera
    here.reload()
    other = here.start(Process([PROGRAMS / "ringcast-capture", "-c", here.detector.config_path,
                                "--camera", "CAM2"], here.folder / "capture2.log"))
    assert other.wait_ready() == "\n"
    demand(control(here), wish((0, 0.25)), wish((0, 0.25), camera="CAM2"))
    for camera in ("CAM1", "CAM2"):
        here.intake.wait(lambda p, c=camera: p.camera == c and p.number > 5, timeout=30)


def frame_size(jpeg):
    """Width and height, from the frame header."""
    header = jpeg.index(b"\xff\xc0")
    height, width = struct.unpack(">HH", jpeg[header + 5:header + 9])
    return width, height


def test_output_width_and_reload(bench, control):
    """Pictures get smaller, what is said of them does not; a reload acts on the next frame."""
    here = bench()
    demand(control(here), wish((0, 0.25)))
    before = here.intake.wait()
    whole = frame_size(before.jpeg)
    here.camera["output_width"] = 321
    here.reload()
    after = here.intake.wait(lambda p: frame_size(p.jpeg) != whole)
    assert frame_size(after.jpeg) == (321, 321 * whole[1] // whole[0])
    assert (after.metadata["frame"]["width"], after.metadata["frame"]["height"]) == whole
    box = max(detection["bbox"][0] for detection in after.metadata["detections"])
    assert box > 321, "in pixels of the camera's picture"
    here.camera["output_width"] = 7680
    seen = here.intake.count()
    here.reload()
    here.intake.wait(lambda p: frame_size(p.jpeg) == whole, after=seen)


def test_more_cameras_than_an_answer_can_name(bench):
    here = bench()
    here.detector.config["cameras"].update({f"CAM-{number:060}": here.camera for number in range(400)})
    here.reload()
    wait_until(lambda: len(here.detector.stats()["cameras"]) > 1, 10, "the cameras")
    answer = here.detector.stats()
    assert len(answer["cameras"]) + answer["cameras_left_out"] == 401
    assert len(answer["cameras"]) > 100


def test_reload(bench, control):
    here = bench(detect="always")
    before = here.intake.wait()
    assert before.metadata["detections"]
    here.detector.config["detector"]["classes"] = ["giraffe"]
    here.reload()
    wait_until(lambda: "configuration reloaded" in here.detector.log_text(), 10, "the reload")
    posted = here.intake.wait(lambda p: not p.metadata["detections"])
    assert posted.metadata["vehicle_count"] == 0
    giraffes = here.detector.stats()["config_hash"]
    here.detector.config["detector"]["classes"] = ["unicorn"]
    here.reload()
    wait_until(lambda: "unicorn" in here.detector.log_text(), 10, "a refusal in the log")
    assert here.detector.stats()["config_hash"] == giraffes
    here.detector.config["detector"]["classes"] = ["car"]
    del here.detector.config["cameras"]["CAM1"]
    here.reload()
    wait_until(lambda: here.detector.stats()["cameras"] == {}, 10, "no camera")
    here.detector.config["detector"]["workers"] = 2
    here.reload()
    assert here.detector.child.wait(10) == 0, "to be started anew"


def test_a_detector_that_is_not_configured_any_more_ends(started, tmp_path):
    detector = Detector(tmp_path, {"detector": {"processes": 2}, "cameras": {}}, index=1)
    started.append(detector)
    assert detector.wait_ready() == "\n", detector.log_text()
    detector.config["detector"]["processes"] = 1
    detector.write_config()
    detector.child.send_signal(signal.SIGHUP)
    assert detector.child.wait(5) == 0
    assert "error" not in detector.log_text()


# --- what cannot run -----------------------------------------------------------------------------

def failing(started, tmp_path, **detector):
    """The one line that a detector leaves which cannot start."""
    (tmp_path / "detector.log").unlink(missing_ok=True)
    process = Detector(tmp_path, {"detector": detector, "cameras": {}})
    started.append(process)
    assert process.wait_ready() == ""
    assert process.child.wait(20) == EXIT_CONFIG
    lines = process.log_text().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_models_that_cannot_run(started, tmp_path, assets):
    models = assets / "models"
    line = failing(started, tmp_path, model=str(models / "yolo11n_320_int8dyn.onnx"))
    assert "yolo11n_320_int8dyn.onnx: cannot be loaded" in line and "export it as float32" in line
    line = failing(started, tmp_path, model=str(models / "coco.names"))
    assert "coco.names: cannot be loaded" in line
    line = failing(started, tmp_path, model=str(models / "none.onnx"))
    assert "none.onnx: cannot be read: No such file" in line
    line = failing(started, tmp_path, model=str(models / "yolo-fastest-1.1.cfg"),
                   weights=str(tmp_path / "none.weights"))
    assert "none.weights: cannot be read: No such file" in line
    good = {"model": str(models / "yolov5n_320.onnx")}
    line = failing(started, tmp_path, **good, layout="yolox")
    assert "1x6300x85" in line and "yolox" in line
    line = failing(started, tmp_path, **good, backend="cuda", target="cuda")
    assert "no backend cuda with target cuda" in line
    line = failing(started, tmp_path, **good, classes=["car", "unicorn"])
    assert "unicorn" in line
    line = failing(started, tmp_path, **good, names=str(tmp_path / "none.names"))
    assert "none.names" in line


def test_without_a_model_it_waits(started, tmp_path):
    process = Detector(tmp_path, {"cameras": {"CAM1": {"url": "http://127.0.0.1:9/"}}})
    started.append(process)
    assert process.wait_ready() == "\n"
    stats = process.stats()
    assert stats["model"] is None and stats["cameras"] == {} and stats["config_hash"]
    with Control(process.run_dir / "detector.0.sock") as broadcaster:
        demand(broadcaster, wish((0, 0.25)))
        assert broadcaster.ask("stats")["pid"] == process.pid
    assert process.end() == 0
