"""The configuration as programs and people meet it: ringcast-ctl, its messages and exit codes, and what
every program does with its command line."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("RINGCAST_PROGRAMS", ROOT / "build"))
EXIT_CONFIG = 78


def run(program, *arguments, **environment):
    """The finished program: returncode, stdout, stderr."""
    return subprocess.run([PROGRAMS / program, *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, **environment}, timeout=30, check=False)


def ctl(*arguments, **environment):
    return run("ringcast-ctl", *arguments, **environment)


class FakeServer(threading.Thread):
    """A control socket that greets with `greeting` and answers every packet with `answer`; None: it
    hangs up instead."""

    def __init__(self, path, answer=None, greeting=None):
        super().__init__(daemon=True)
        self.answer, self.greeting = answer, greeting
        self.received = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(path))
        self.listener.listen()
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                if self.greeting is not None:
                    peer.send(json.dumps(self.greeting).encode())
                packet = peer.recv(65536)
                while packet:
                    self.received.append(json.loads(packet))
                    if self.answer is None:
                        break
                    peer.send(json.dumps(self.answer).encode())
                    packet = peer.recv(65536)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def folder():
    """A folder with a name short enough for socket addresses."""
    made = Path(tempfile.mkdtemp(prefix="ringcast-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def run_dir(folder):
    made = folder / "run"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def configuration(folder):
    """configuration({...}) writes a file that touches nothing outside the test's folder."""
    def write(document):
        path = folder / "ringcast.json"
        path.write_text(json.dumps({"run_dir": "run", "state_dir": "state", **document}))
        return path
    return write


@pytest.fixture
def serve(run_dir):
    servers = []

    def start(name, **options):
        servers.append(FakeServer(run_dir / name, **options))
        return servers[-1]
    yield start
    for server in servers:
        server.stop()


# --- the documents ---

def test_reference_page_is_up_to_date():
    made = ctl("reference").stdout
    assert (ROOT / "docs/configuration.md").read_text() == made, "run: make docs"


def test_example_is_right():
    done = ctl("check", "-c", ROOT / "ringcast.example.json")
    assert (done.returncode, done.stderr) == (0, "")


# --- commands on the configuration ---

def test_check_tells_every_mistake(configuration):
    path = configuration({"cameras": {"CAM1": {"url": "x", "fps": 100}}, "detector": {"conf": 7}})
    done = ctl("check", "-c", path)
    assert done.returncode == EXIT_CONFIG
    assert done.stderr.splitlines() == [
        "detector.conf: 7 is above 0.95",
        "cameras.CAM1.url: must begin with http:// or https://",
        "cameras.CAM1.fps: 100 is above 60",
    ]


def test_check_without_a_file(folder):
    done = ctl("check", "-c", folder / "missing.json")
    assert done.returncode == EXIT_CONFIG
    assert done.stderr == f"{folder}/missing.json: does not exist\n"


def test_cameras_with_a_capture(configuration):
    path = configuration({"cameras": {
        "b": {"url": "http://h/"}, "phone": {}, "a": {"path": "clip.mjpeg"}}})
    assert ctl("cameras", "-c", path).stdout == "a\nb\n"


def test_cameras_of_the_overlay(configuration, folder):
    path = configuration({"cameras": {"a": {"url": "http://h/"}, "b": {"url": "http://h/"}}})
    (folder / "state").mkdir()
    (folder / "state/cameras.json").write_text('{"a": null, "c": {"url": "http://h/"}}')
    assert ctl("cameras", "-c", path).stdout == "b\nc\n"


def test_get(configuration, run_dir):
    path = configuration({"detector": {"processes": 2}})
    done = ctl("get", "-c", path, "run_dir", "detector.processes", "detector.model")
    assert done.stdout == f"{run_dir.resolve()}\n2\n\n"
    done = ctl("get", "-c", path, "detector.nothing")
    assert (done.returncode, done.stderr) == (1, "no such key: detector.nothing\n")


# --- asking a socket ---

def test_answer_is_printed(configuration, serve):
    path = configuration({})
    server = serve("broadcaster.sock", answer={"type": "kick", "kicked": True})
    done = ctl("-c", path, "broadcaster", "kick", '{"id": "0123abcd"}')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"type": "kick", "kicked": True}
    assert server.received == [{"type": "kick", "id": "0123abcd"}]


# What every answer to `stats` has in it.
STATS = {"type": "stats", "config_hash": "0123456789abcdef"}
STATUS = {"type": "status", "state": "stale", "since": "1767789045123456789", "frames": 7, "bad": 0,
          "reconnects": 0, "width": 640, "height": 480, "fps": 9.5, "reason": "no frame\u001b[2J",
          "version": 1}


def test_status_of_a_capture_comes_by_itself(configuration, serve):
    path = configuration({})
    server = serve("capture.CAM1.sock", greeting=STATUS)
    assert json.loads(ctl("-c", path, "capture.CAM1", "status").stdout) == STATUS
    assert server.received == []


def test_greeting_is_no_answer(run_dir, serve):
    serve("capture.CAM1.sock", greeting=STATUS, answer={**STATS, "frames": 7})
    done = ctl(run_dir / "capture.CAM1.sock", "stats")
    assert json.loads(done.stdout) == {**STATS, "frames": 7}


def test_error_as_answer(run_dir, serve):
    serve("broadcaster.sock", answer={"type": "error", "message": "no such viewer"})
    done = ctl(run_dir / "broadcaster.sock", "kick", '{"id": "x"}')
    assert done.returncode == 1
    assert json.loads(done.stdout)["message"] == "no such viewer"


def test_connection_that_ends(run_dir, serve):
    serve("detector.0.sock")
    done = ctl(run_dir / "detector.0.sock", "stats")
    assert (done.returncode, done.stderr) == (
        1, "detector.0.sock: the connection was closed without an answer\n")


def test_nobody_there(run_dir):
    began = time.monotonic()
    done = ctl(run_dir / "detector.0.sock", "stats")
    assert 4 < time.monotonic() - began < 15
    assert (done.returncode, done.stderr) == (1, "detector.0.sock: nobody answers\n")


def test_socket_that_appears_late(run_dir):
    asking = subprocess.Popen([PROGRAMS / "ringcast-ctl", run_dir / "detector.0.sock", "stats"],
                              stdout=subprocess.PIPE, text=True)
    server = FakeServer(run_dir / "new", answer=dict(STATS))
    (run_dir / "new").rename(run_dir / "detector.0.sock")
    assert json.loads(asking.communicate(timeout=30)[0]) == STATS
    server.stop()


@pytest.mark.parametrize("arguments, words", [
    (("broadcaster", "dance"), 'no message "dance"'),
    (("broadcaster", "kick"), "kick: id must be a string"),
    (("broadcaster", "stats", '{"x": 1}'), "unknown field"),
    (("broadcaster", "stats", "[]"), "must be a JSON object"),
    (("broadcaster", "stats", "{"), "must be a JSON object"),
    (("nobody", "stats"), "no socket is called nobody.sock"),
    (("broadcaster",), "usage:"),
    ((), "usage:"),
    (("--nonsense",), "usage:"),
])
def test_questions_that_cannot_be_asked(configuration, arguments, words):
    path = configuration({})
    done = ctl("-c", path, *arguments)
    assert done.returncode == 1
    assert words in done.stderr


# --- the status table ---

def test_status_table(configuration, run_dir, serve):
    path = configuration({"cameras": {"CAM1": {"url": "http://h/"}}})
    serve("capture.CAM1.sock", greeting=STATUS,
          answer={**STATS, "fps": 24.96, "newest_age_ms": 41.4})
    serve("broadcaster.sock", answer={**STATS, "viewers": 3})
    now = int(time.time())
    (run_dir / "supervisor.state").write_text(
        f"supervisor {os.getpid()} {now - 3600}\n"
        f"broadcaster running 11 0 {now - 300} 0\n"
        f"capture.CAM1 running 12 2 {now - 600} 0\n"
        f"detector.0 failed 0 1 {now - 5} 78\n"
        f"detector.1 waiting 0 4 {now - 5} 137\n")
    done = ctl("status", "-c", path)
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=9) for line in done.stdout.splitlines()]
    rows = {line[0]: line for line in lines if line}
    assert rows["supervisor"][1] == f"pid={os.getpid()}"
    assert rows["broadcaster"][1:6] == ["running", "11", "5", "min", "0"]
    assert done.stdout.count("3 viewers") == 1
    capture = next(line for line in done.stdout.splitlines() if line.startswith("capture.CAM1"))
    assert capture.split()[1:9] == ["running", "12", "10", "min", "2", "25.0", "0.04", "s"]
    assert capture.endswith("stale: no frame?[2J")
    assert "ringcast reload" in next(line for line in done.stdout.splitlines() if "failed" in line)
    assert "killed by signal 9" in next(
        line for line in done.stdout.splitlines() if "waiting" in line)


def test_status_without_a_supervisor(configuration, run_dir):
    path = configuration({})
    wanted = f"ringcast is not running run_dir={run_dir.resolve()}\n"
    done = ctl("status", "-c", path)
    assert (done.returncode, done.stderr) == (1, wanted)
    gone = subprocess.Popen(["true"])
    gone.wait()
    (run_dir / "supervisor.state").write_text(f"supervisor {gone.pid} 1\n")
    done = ctl("status", "-c", path)
    assert (done.returncode, done.stderr) == (1, wanted)


def test_status_that_makes_no_sense(configuration, run_dir):
    path = configuration({})
    (run_dir / "supervisor.state").write_text("supervisor here\n")
    done = ctl("status", "-c", path)
    assert done.returncode == 1
    assert "supervisor.state" in done.stderr


# --- the command line of every program ---

ALL = ["ringcast-capture", "ringcast-detector", "ringcast-broadcaster"]


@pytest.mark.parametrize("program", ALL)
def test_help_lists_every_key(program):
    done = run(program, "--help")
    assert done.returncode == 0
    for key in ("run_dir", "detector.conf", "broadcaster.listen", "cameras.ID.spaces", "--ready-fd"):
        assert key in done.stdout


@pytest.mark.parametrize("program", ALL)
def test_program_checks_and_ends(program, configuration, folder):
    right = configuration({"cameras": {"CAM1": {"url": "http://h/"}}})
    assert run(program, "-c", right, "--check").returncode == 0
    wrong = configuration({"x": 1, "log_level": "loud"})
    done = run(program, "-c", wrong, "--check")
    assert done.returncode == EXIT_CONFIG
    assert len(done.stderr.splitlines()) == 2
    assert not (folder / "run").exists()


@pytest.mark.parametrize("arguments, words", [
    ((), "--camera ID is needed"),
    (("--camera", "CAM2"), "--camera is not in the configuration"),
    (("--camera", "CAM1", "--index", "0"), "--index is not for this"),
    (("--camera", "CAM1", "--ready-fd", "99"), "--ready-fd 99 is not an open descriptor"),
    (("--camera", "CAM1", "--ready-fd", "x"), "--ready-fd takes a number"),
    (("--camera", "CAM1", "--log-level", "loud"), '--log-level does not know "loud"'),
    (("--camera", "CAM1", "more"), 'unexpected argument "more"'),
    (("--camera", "CAM1", "--nonsense"), "--help"),
    (("-c", "/nonexistent/ringcast.json", "--camera", "CAM1"), "does not exist"),
])
def test_command_lines_that_cannot_work(configuration, arguments, words):
    path = configuration({"cameras": {"CAM1": {"url": "http://h/"}}})
    done = run("ringcast-capture", "-c", path, *arguments)
    assert done.returncode == EXIT_CONFIG
    assert words in done.stderr


def test_index_beyond_the_processes(configuration):
    done = run("ringcast-detector", "-c", configuration({}), "--index", "1")
    assert done.returncode == EXIT_CONFIG
    assert "--index is not below detector.processes" in done.stderr


def test_mistakes_are_logged_before_the_end(configuration):
    path = configuration({"a": 1, "b": 2})
    done = run("ringcast-capture", "-c", path, "--camera", "CAM1", "--log-format", "json")
    assert done.returncode == EXIT_CONFIG
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["message"] for line in lines] == [
        "configuration: a: unknown key", "configuration: b: unknown key",
        f"the configuration has mistakes path={path}"]


def test_run_directory_open_to_others(configuration, run_dir):
    run_dir.chmod(0o755)
    path = configuration({"cameras": {"CAM1": {"url": "http://h/"}}})
    done = run("ringcast-capture", "-c", path, "--camera", "CAM1")
    assert done.returncode == EXIT_CONFIG
    assert "run_dir cannot be used" in done.stderr
