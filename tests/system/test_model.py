"""`ringcast model`: networks fetched from a server that does what it likes. Most tests use model_test,
the same program with a catalogue of made-up networks (tests/model_catalogue.c)."""

import json
import os
import shutil
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.faults import own_mounts
from harness.processes import PROGRAMS, SCRIPT

CFG = b"[net]\nwidth=320\nheight=320\n"
WEIGHTS = bytes((i * i + 7 * i) % 251 for i in range(200_000))
FILES = {"/small.cfg": CFG, "/small.weights": WEIGHTS}


class Server(ThreadingHTTPServer):
    """Serves `files`. `fault` may change how small.weights is served; `asked` are the paths."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.fault, self.asked = dict(files), None, []
        self.half_sent, self.go_on = threading.Event(), threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.go_on.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def head(self, status, length=None, **fields):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        body = server.files.get(self.path.removeprefix("/elsewhere"))
        if body is None:
            self.head(404, 0)
        elif server.fault is None or not self.path.endswith("/small.weights"):
            self.head(200, len(body))
            self.wfile.write(body)
        else:
            getattr(self, server.fault)(body)

    def cut(self, body):
        self.head(200, len(body))
        self.wfile.write(body[:len(body) // 2])

    def cut_without_length(self, body):
        self.head(200)
        self.wfile.write(body[:-1])

    def too_large(self, body):
        self.head(200, len(body) + 1)
        self.wfile.write(body + b"x")

    def too_large_without_length(self, body):
        self.head(200)
        try:
            while True:
                self.wfile.write(body)
        except OSError:
            pass  # as it should

    def other(self, body):
        self.head(200, len(body))
        self.wfile.write(b"x" + body[1:])

    def elsewhere(self, body):
        if self.path.startswith("/elsewhere"):
            self.head(200, len(body))
            self.wfile.write(body)
        else:
            self.head(302, 0, Location=f"/elsewhere{self.path}")

    def to_a_file(self, _):
        self.head(302, 0, Location="file:///etc/hostname")

    def stand_still(self, body):
        self.head(200, len(body))
        self.wfile.write(body[:len(body) // 2])
        self.wfile.flush()
        self.server.half_sent.set()
        self.server.go_on.wait()


@pytest.fixture
def server():
    made = Server(FILES)
    yield made
    made.stop()


@pytest.fixture
def folder(tmp_path):
    """Of the models; the program makes it."""
    return tmp_path / "a folder" / "models"


def model(*arguments, program="model_test", prefix=(), **environment):
    return subprocess.run([*prefix, PROGRAMS / program, *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, check=False, env={**os.environ, **environment})


def get_small(server, folder, **options):
    return model("get", "small", "--dir", folder, "--from", server.address, **options)


def names_of(folder):
    return sorted(file.name for file in folder.iterdir())


def section_of(output):
    """The lines for the configuration."""
    return json.loads(output[output.index("{"):])["detector"]


# --- as it should be ---

def test_fetches_and_says_licence_and_configuration(server, folder):
    done = get_small(server, folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert names_of(folder) == ["small.cfg", "small.names", "small.weights"]
    assert (folder / "small.cfg").read_bytes() == CFG
    assert (folder / "small.weights").read_bytes() == WEIGHTS
    assert all(file.stat().st_mode & 0o777 == 0o644 for file in folder.iterdir())
    assert "Licence: none\n         http://licence.invalid/\n" in done.stdout
    assert section_of(done.stdout) == {"model": f"{folder}/small.cfg",
                                       "weights": f"{folder}/small.weights",
                                       "names": f"{folder}/small.names"}


def test_names_are_those_of_coco(server, folder):
    assert get_small(server, folder).returncode == 0
    names = (folder / "small.names").read_text().splitlines()
    assert len(names) == 80
    assert (names[0], names[2], names[5], names[7], names[79]) == (
        "person", "car", "bus", "truck", "toothbrush")


def test_network_of_one_file(server, folder):
    done = model("get", "one-file", "--dir", folder, "--from", f"{server.address}/")
    assert done.returncode == 0, done.stderr
    assert server.asked == ["/small.cfg"]
    assert section_of(done.stdout) == {"model": f"{folder}/small.cfg",
                                       "names": f"{folder}/one-file.names"}


def test_fetches_from_a_folder(tmp_path, folder):
    for path, content in FILES.items():
        (tmp_path / path[1:]).write_bytes(content)
    done = model("get", "small", "--dir", folder, "--from", f"file://{tmp_path}")
    assert done.returncode == 0, done.stderr
    assert (folder / "small.weights").read_bytes() == WEIGHTS


def test_follows_a_redirection(server, folder):
    server.fault = "elsewhere"
    assert get_small(server, folder).returncode == 0
    assert server.asked[-1] == "/elsewhere/small.weights"


def test_what_is_there_is_not_fetched_again(server, folder):
    assert get_small(server, folder).returncode == 0
    server.asked.clear()
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    done = get_small(server, folder)
    assert done.returncode == 0
    assert done.stdout.count("already there") == 2
    assert section_of(done.stdout)["model"] == f"{folder}/small.cfg"
    assert server.asked == []
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


@pytest.mark.parametrize("content", [b"", WEIGHTS[:-1], b"x" + WEIGHTS[1:], WEIGHTS + b"x"],
                         ids=["empty", "short", "changed", "long"])
def test_damaged_file_is_fetched_again(server, folder, content):
    folder.mkdir(parents=True)
    (folder / "small.cfg").write_bytes(CFG)
    (folder / "small.weights").write_bytes(content)
    done = get_small(server, folder)
    assert done.returncode == 0 and "not as it should be" in done.stdout
    assert server.asked == ["/small.weights"]
    assert (folder / "small.weights").read_bytes() == WEIGHTS


@pytest.mark.parametrize("data_home, below", [
    ("{home}/data", "data/ringcast/models"), ("", ".local/share/ringcast/models"),
    ("relative", ".local/share/ringcast/models")])
def test_default_folder_is_the_users(server, tmp_path, data_home, below):
    prefix = []
    if os.geteuid() == 0:  # root has another: be nobody, who may not look into root's folders
        tmp_path.chmod(0o777)
        prefix = ["setpriv", "--reuid", "65534", "--clear-groups"]
    program = shutil.copy(PROGRAMS / "model_test", tmp_path)
    done = model("get", "small", "--from", server.address, program=program, prefix=prefix,
                 HOME=str(tmp_path), XDG_DATA_HOME=data_home.format(home=tmp_path))
    assert done.returncode == 0, done.stderr
    assert section_of(done.stdout)["model"] == f"{tmp_path}/{below}/small.cfg"


def test_default_folder_of_root():
    if os.geteuid() != 0:
        pytest.skip("needs to be root")
    assert model("list").stdout.endswith("here: /var/lib/ringcast/models\n")


# --- as it should not be ---

@pytest.mark.parametrize("fault, words", [
    ("cut", "it ended after 100000 of 200000 bytes"),
    ("cut_without_length", "it ended after 199999 of 200000 bytes"),
    ("too_large", "it is larger than the 200000 bytes of the catalogue"),
    ("too_large_without_length", "it is larger than the 200000 bytes of the catalogue"),
    ("other", "another SHA-256 than the catalogue says (4b48089f"),
    ("to_a_file", "file"),
])
@pytest.mark.parametrize("before", [None, b"what was there before"], ids=["new", "over another"])
def test_bad_download_leaves_nothing(server, folder, fault, words, before):
    folder.mkdir(parents=True)
    if before:
        (folder / "small.weights").write_bytes(before)
    server.fault = fault
    done = get_small(server, folder)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and words in done.stderr, done.stderr
    assert f"{server.address}/small.weights" in done.stderr
    assert "detector" not in done.stdout
    assert names_of(folder) == ["small.cfg"] + (["small.weights"] if before else [])
    if before:
        assert (folder / "small.weights").read_bytes() == before
    server.fault = None
    assert get_small(server, folder).returncode == 0


def test_file_that_the_server_does_not_have(server, folder):
    del server.files["/small.weights"]
    done = get_small(server, folder)
    assert done.returncode == 1 and "404" in done.stderr
    assert names_of(folder) == ["small.cfg"]


def test_server_that_is_not_there(folder):
    done = model("get", "small", "--dir", folder)
    assert done.returncode == 1
    assert "cannot fetch http://127.0.0.1:1/small.cfg: " in done.stderr
    assert names_of(folder) == []


def test_no_room(server, folder):
    folder.mkdir(parents=True)
    # What is mounted is gone with the last process in it, which therefore lists what is left.
    done = get_small(server, folder, prefix=[
        *own_mounts('mount -t tmpfs -o size=64k none "$1"', folder),
        "sh", "-c", '"$@"; code=$?; ls -A "$0" >&2; exit $code', str(folder)])
    assert done.returncode == 1, done.stderr
    error, *left = done.stderr.splitlines()
    assert error.endswith("/small.weights: No space left on device")
    assert left == ["small.cfg"]


def test_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "file").touch()
    done = get_small(server, tmp_path / "file" / "models")
    assert done.returncode == 1
    assert "cannot make the folder" in done.stderr and "Not a directory" in done.stderr
    assert get_small(server, "").returncode == 1
    assert server.asked == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted(server, folder, number):
    server.fault = "stand_still"
    with subprocess.Popen(
            [PROGRAMS / "model_test", "get", "small", "--dir", folder, "--from", server.address],
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as child:
        assert server.half_sent.wait(20)
        child.send_signal(number)
        assert child.wait(10) == -number
    assert names_of(folder) == ["small.cfg"]


@pytest.mark.parametrize("arguments", [
    (), ("get",), ("get", "small", "one-file"), ("list", "small"), ("fetch", "small"), ("--nonsense",)])
def test_command_line_that_says_nothing(arguments):
    done = model(*arguments)
    assert done.returncode == 2 and "usage: ringcast model list" in done.stderr


# --- the real catalogue, by the script that people call ---

def ringcast(*arguments):
    return subprocess.run([SCRIPT, "model", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False,
                          env={**os.environ, "RINGCAST_PROGRAMS": str(PROGRAMS)})


def test_list(folder):
    done = ringcast("list", "--dir", folder)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ["yolo-fastest-1.1 ", "yolo-fastest-1.1-xl "]:
        assert any(line.startswith(name) and " not here " in line
                   for line in done.stdout.splitlines())
    assert not folder.exists()


def test_unknown_name_lists_the_known_ones(folder):
    done = ringcast("get", "yolo-fastest", "--dir", folder)
    assert done.returncode == 2
    assert "no network of this name: yolo-fastest" in done.stderr
    assert done.stderr.splitlines()[1:] == ["  yolo-fastest-1.1", "  yolo-fastest-1.1-xl"]
    assert not folder.exists()


@pytest.mark.parametrize("name", ["yolo-fastest-1.1", "yolo-fastest-1.1-xl"])
def test_real_networks_run(assets, folder, tmp_path, name):
    done = ringcast("get", name, "--dir", folder, "--from", f"file://{assets}/models")
    assert done.returncode == 0, done.stderr
    listed = ringcast("list", "--dir", folder).stdout
    assert [line.split()[0] for line in listed.splitlines() if " MiB  here " in line] == [name]
    configuration = tmp_path / "ringcast.json"
    configuration.write_text(done.stdout[done.stdout.index("{"):])
    checked = subprocess.run([PROGRAMS / "ringcast-ctl", "check", "-c", configuration],
                             capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    section = section_of(done.stdout)
    found = subprocess.run(
        [PROGRAMS / "detect_frames", "-w", section["weights"], "-n", section["names"],
         section["model"], assets / "media/dog.jpg"], capture_output=True, text=True, check=False)
    assert "dog" in {one["class"] for one in json.loads(found.stdout)["detections"]}, found.stderr
