"""What people bring as networks: `--probe` says what each is and sees, or in one line why it cannot be used
and which export can."""

import re
import subprocess

import pytest

from harness import onnx
from harness.carpark import DEMO_MODEL
from harness.jpeg import grey_jpeg
from harness.processes import PROGRAMS

EXIT_CONFIG = 78
MODEL = DEMO_MODEL / "ringcast-demo.onnx"
NAMES = DEMO_MODEL / "ringcast-demo.names"


def probe(folder, model, picture, *options):
    return subprocess.run([PROGRAMS / "ringcast-detector", "--probe", model, picture,
                           *map(str, options)], cwd=folder, capture_output=True, text=True,
                          timeout=100, check=False)


@pytest.fixture(scope="module")
def carpark(tmp_path_factory):
    """A picture of the simulated car park, and the truth of it."""
    folder = tmp_path_factory.mktemp("scene")
    subprocess.run([PROGRAMS / "camsim", "--scene", "carpark", "--seed", "6001", "--frames", "1",
                    "--size", "640x360", "--light", "0.1", "--export", folder], check=True,
                   capture_output=True, timeout=60)
    return next(folder.glob("**/*.jpg"))


def detections(output):
    """[(confidence, class)]"""
    return [(float(confidence), name)
            for confidence, name in re.findall(r"^  (\d\.\d{3})  (\S+) ", output, re.MULTILINE)]


def test_says_what_it_is_and_sees(tmp_path, carpark):
    done = probe(tmp_path, MODEL, carpark, "--names", NAMES)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^layout +yolov8$", done.stdout, re.MULTILINE)
    assert re.search(r"^input +\d+x\d+$", done.stdout, re.MULTILINE)
    assert re.search(r"^classes +2: car, person$", done.stdout, re.MULTILINE)
    found = detections(done.stdout)
    assert found and all(confidence >= 0.25 for confidence, _ in found)
    assert "car" in {name for _, name in found}
    for stage in ("decode", "preprocess", "infer", "boxes", "annotate", "encode", "all"):
        assert re.search(rf"^  {stage} +\d+\.\d\d$", done.stdout, re.MULTILINE)
    written = tmp_path / f"{carpark.stem}.ringcast-demo.jpg"
    assert done.stdout.endswith(f"written     {written.name}\n")
    assert written.read_bytes().startswith(b"\xff\xd8") and list(tmp_path.iterdir()) == [written]


def test_options_and_configuration(tmp_path, carpark):
    many = detections(probe(tmp_path, MODEL, carpark, "--conf", 0.05, "--names", NAMES).stdout)
    config = tmp_path / "ringcast.json"
    config.write_text(f'{{"detector": {{"conf": 0.05, "names": "{NAMES}"}}}}')
    output = tmp_path / "here.jpg"
    done = probe(tmp_path, MODEL, carpark, "-c", config, "--output", output)
    assert detections(done.stdout) == many and output.exists()
    few = detections(probe(tmp_path, MODEL, carpark, "--conf", 0.9, "-c", config).stdout)
    assert len(few) < len(many) and set(few) <= set(many)
    tiled = probe(tmp_path, MODEL, carpark, "-c", config, "--tiles", "2,2")
    assert "forward passes 5" in tiled.stdout


@pytest.mark.parametrize("options, words", [
    (["--conf", 2], "--conf: 2 is above 0.95"), (["--conf", "much"], "--conf must be a number"),
    (["--tiles", "0,1"], "--tiles: 0 is not within 1 and 8"), (["--tiles", "2"], "--tiles must be"),
    (["--classes", "ship"], "no class \"ship\""), (["--backend", "abacus"], "no backend abacus"),
    (["-c", "nowhere.json"], "does not exist"), (["--nonsense"], "usage:"),
    (["--output", "/nowhere/x.jpg"], "cannot write the picture")])
def test_wrong_options(tmp_path, carpark, options, words):
    done = probe(tmp_path, MODEL, carpark, *options)
    assert done.returncode == EXIT_CONFIG
    assert words in done.stderr, done.stderr


# Each as it may be brought: bytes, what is said of it.
FILES = {
    "empty": (b"", "the file is empty; copy it again"),
    "text": (b"<html>404</html>\n" * 50, "not an ONNX file; export one: yolo export"),
    "checkpoint": (b"PK\3\4" + bytes(900), "PyTorch checkpoint, not ONNX; export it: yolo export"),
    "truncated": (MODEL.read_bytes()[:300_000], "ends in the middle of the network"),
    "in its head": (MODEL.read_bytes()[:40], "ends in the middle of the network"),
    "segmentation": (MODEL.read_bytes() + onnx.metadata(task="segment"), 'for the task "segment"'),
    "pose": (MODEL.read_bytes() + onnx.metadata(task="pose"), 'for the task "pose"'),
    "suppression": (MODEL.read_bytes() + onnx.graph(onnx.node("NonMaxSuppression", ["a"], ["b"])),
                    "suppression is inside"),
    "end to end": (MODEL.read_bytes() + onnx.metadata(end2end="True"), "suppression is inside"),
    "weights elsewhere": (MODEL.read_bytes() + onnx.graph(initialisers=[onnx.field(14, 1)]),
                          "its weights are in another file"),
    "quantised": (onnx.network("DynamicQuantizeLinear"), "it is quantised (int8=True); export it as"),
    "half": (onnx.network("Nonsense", element=onnx.FLOAT16), "it is float16 (half=True)"),
    "dynamic": (onnx.network("Nonsense", sides=("batch", 3, "height", "width")),
                "input is left open (dynamic=True); export it as float32: yolo export"),
    "operator": (onnx.network("Nonsense", opset=17), "operator Nonsense (opset 17)"),
    "masks": (onnx.network("AveragePool", attributes=onnx.integers("kernel_shape", 4, 4)
                           + onnx.integers("strides", 4, 4)), "exported for segmentation"),
    "huge": (onnx.network("Relu", sides=(1, 3, 20000, 20000)), "its input is 1x3x20000x20000"),
    "large": (onnx.network("Relu", sides=(1, 3, 8192, 8192)), "8192 pixels a side and 16777216"),
    "batch": (onnx.network("Relu", sides=(16, 3, 64, 64)), "several pictures at a time; export it"),
    "channels last": (onnx.network("Relu", sides=(1, 64, 64, 3)), "its input is 1x64x64x3"),
    "other output": (onnx.network("Relu", output=(1, 3, 64, 64)), "output shape 1x3x64x64"),
}


@pytest.mark.parametrize("name", FILES)
def test_file_that_cannot_be_used(tmp_path, carpark, name):
    content, words = FILES[name]
    model = tmp_path / "network.onnx"
    model.write_bytes(content)
    done = probe(tmp_path, model, carpark)
    assert done.returncode == EXIT_CONFIG
    assert done.stderr.count("\n") == 1, done.stderr
    assert f"{model}: " in done.stderr and words in done.stderr
    assert "copy it again" in done.stderr or "xport" in done.stderr or "onnx.save" in done.stderr
    assert model.read_bytes() == content, "nobody's file is changed"
    assert list(tmp_path.iterdir()) == [model]


def test_folder_instead_of_a_file(tmp_path, carpark):
    model = tmp_path / "network.onnx"
    model.mkdir()
    done = probe(tmp_path, model, carpark)
    assert done.returncode == EXIT_CONFIG
    assert done.stderr.count("\n") == 1, done.stderr
    assert f"{model}: cannot be read: Is a directory" in done.stderr


# What OpenCV itself takes for a network, and computes something with.
@pytest.mark.parametrize("name, change, words", [
    ("cut", lambda weights: weights[:len(weights) // 2], "was not copied whole"),
    ("empty", lambda weights: b"", "it has 0 bytes"),
    ("another", lambda weights: weights + bytes(400), "it is of another network")])
def test_weights_that_are_not_of_the_network(assets, tmp_path, name, change, words):
    source = assets / "models" / "yolo-fastest-1.1"
    model = tmp_path / f"{name}.cfg"
    model.write_bytes(source.with_name(source.name + ".cfg").read_bytes())
    weights = source.with_name(source.name + ".weights").read_bytes()
    model.with_suffix(".weights").write_bytes(change(weights))
    done = probe(tmp_path, model, assets / "media/bus.jpg")
    assert done.returncode == EXIT_CONFIG
    assert done.stderr.count("\n") == 1 and words in done.stderr
    assert str(model.with_suffix(".weights")) in done.stderr


def test_configuration_of_darknet_that_is_none(tmp_path, carpark):
    model = tmp_path / "network.cfg"
    for text, words in (("neither", "take both again"),
                        ("[net]\nwidth=99999\nheight=64\n", "its input is 99999 x 64")):
        model.write_text(text)
        model.with_suffix(".weights").write_bytes(b"")
        done = probe(tmp_path, model, carpark)
        assert done.returncode == EXIT_CONFIG
        assert done.stderr.count("\n") == 1 and words in done.stderr, done.stderr
    done = probe(tmp_path, model.with_suffix(".weights"), carpark)
    assert "the file is empty" in done.stderr
    model.with_suffix(".weights").write_bytes(bytes(2000))
    assert "name its .cfg" in probe(tmp_path, model.with_suffix(".weights"), carpark).stderr


@pytest.mark.parametrize("arguments, words", [
    ([], "MODEL and PICTURE are missing"), (["m"], "PICTURE is missing"),
    (["m", "p", "q"], "more than MODEL and PICTURE"), (["m", "p", "--conf"], "--conf needs a value"),
    (["m", "p", "-c"], "-c needs a value"), (["m", "p", "--x"], "there is no option --x"),
    (["m", "p", "-xy"], "there is no option -x")])
def test_what_is_missing_is_said(tmp_path, arguments, words):
    done = subprocess.run([PROGRAMS / "ringcast-detector", "--probe", *arguments], cwd=tmp_path,
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == EXIT_CONFIG
    first, second = done.stderr.splitlines()[:2]
    assert words in first and second == "usage:"


def test_detector_refuses_in_the_same_words(tmp_path):
    model = tmp_path / "network.onnx"
    model.write_bytes(MODEL.read_bytes() + onnx.metadata(task="obb"))
    config = tmp_path / "ringcast.json"
    config.write_text(f'{{"run_dir": "{tmp_path}/run", "detector": {{"model": "network.onnx"}}}}')
    done = subprocess.run([PROGRAMS / "ringcast-detector", "-c", config, "--index", "0"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == EXIT_CONFIG
    assert done.stderr.count("\n") == 1 and 'for the task "obb"' in done.stderr


def test_names_of_another_network(tmp_path, carpark):
    names = tmp_path / "three.names"
    names.write_text("car\nperson\nship\n")
    done = probe(tmp_path, MODEL, carpark, "--names", names)
    assert done.returncode == EXIT_CONFIG
    assert f"{names} has 3 names, and the network {MODEL} has 2 classes" in done.stderr


def test_names_that_the_file_itself_has(tmp_path, carpark):
    model = tmp_path / "named.onnx"
    model.write_bytes(MODEL.read_bytes() + onnx.metadata(names="""{0: 'Auto', 1: "d'Artagnan"}"""))
    assert "2: Auto, d'Artagnan\n" in probe(tmp_path, model, carpark).stdout
    model.write_bytes(MODEL.read_bytes() + onnx.metadata(names="{0: 'only one'}"))
    assert "2: class 0, class 1\n" in probe(tmp_path, model, carpark).stdout


@pytest.mark.parametrize("content, words", [
    (None, "No such file"), (b"", "is not a JPEG"), (b"GIF89a", "is a GIF: only JPEG is taken"),
    (b"\x89PNG\r\n\x1a\n", "is a PNG: only"), (grey_jpeg(1)[:-20], "has no end")])
def test_picture_that_is_none(tmp_path, content, words):
    picture = tmp_path / "picture.jpg"
    if content is not None:
        picture.write_bytes(content)
    done = probe(tmp_path, MODEL, picture, "--names", NAMES)
    assert done.returncode == EXIT_CONFIG
    assert done.stderr.count("\n") == 1
    assert str(picture) in done.stderr and words in done.stderr


def test_picture_with_something_behind_it(tmp_path, carpark):
    """As phones and editors leave it."""
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(carpark.read_bytes() + bytes(5000))
    done = probe(tmp_path, MODEL, picture, "--names", NAMES)
    assert done.returncode == 0, done.stderr
    assert detections(done.stdout) == detections(probe(tmp_path, MODEL, carpark, "--names", NAMES).stdout)


def test_damaged_picture_is_used_and_said(tmp_path, carpark):
    picture = tmp_path / "picture.jpg"
    whole = carpark.read_bytes()
    picture.write_bytes(whole[:len(whole) // 2] + b"\xff\xd9")
    done = probe(tmp_path, MODEL, picture, "--names", NAMES)
    assert done.returncode == 0 and "640x360 (damaged)," in done.stdout


@pytest.mark.parametrize("name, got_around", [
    ("yolov5n_320", ""), ("yolov8n_320_stock", "last steps of the head"),
    ("yolo11n_320_stock", "fusion of layers"), ("yolox_nano", "")])
def test_stock_exports_run(assets, tmp_path, name, got_around):
    """What is got around depends on the version of OpenCV; that they run does not."""
    done = probe(tmp_path, assets / "models" / f"{name}.onnx", assets / "media/bus.jpg")
    assert done.returncode == 0, done.stderr
    assert {"bus", "person"} <= {found for _, found in detections(done.stdout)}
    if "4.6." in subprocess.run(["pkg-config", "--modversion", "opencv4"], capture_output=True,
                                text=True, check=False).stdout:
        assert got_around in done.stdout


def test_int8_is_explained(assets, tmp_path):
    done = probe(tmp_path, assets / "models/yolo11n_320_int8dyn.onnx", assets / "media/bus.jpg")
    assert done.returncode == EXIT_CONFIG and "it is quantised" in done.stderr


def test_darknet_finds_its_weights(assets, tmp_path):
    done = probe(tmp_path, assets / "models/yolo-fastest-1.1-xl.cfg", assets / "media/bus.jpg")
    assert done.returncode == 0 and "bus" in {name for _, name in detections(done.stdout)}
