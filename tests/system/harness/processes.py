"""Programs of this build, started and ended by tests."""

import json
import os
import random
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from .control import Control
from .waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = Path(os.environ.get("RINGCAST_PROGRAMS", ROOT / "build"))
SCRIPT = ROOT / "ringcast"
# The ordinary build finds its pages by itself; a build in a folder of its own must be told.
WEB_DIR = {} if PROGRAMS == ROOT / "build" else {"web_dir": str(ROOT / "web")}
ASSETS = os.environ.get("RINGCAST_ASSETS")

# Models take their time to load on a busy machine, and sanitizers slow everything down.
START_LIMIT_S = 60


def free_port():
    """A port that is free now and that the kernel does not give to outgoing connections."""
    for _ in range(100):
        port = random.randrange(20000, 30000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


def http(method, url, body=None, headers=None, timeout=10):
    """(status, headers, body); a JSON body is parsed."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            status, heads, data = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, heads, data = error.code, error.headers, error.read()
    if heads.get_content_type() == "application/json":
        data = json.loads(data)
    return status, heads, data


def alive(pid):
    """True while the process runs: a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Process:
    """One program with a --ready-fd, its output in a file."""

    def __init__(self, command, log, environment=None, stdout=None):
        self.log = log
        self.ready, writer = os.pipe()
        with open(log, "ab") as output:
            self.child = subprocess.Popen(
                [*map(str, command), "--ready-fd", str(writer)], pass_fds=[writer],
                stdin=subprocess.DEVNULL, stdout=stdout or output, stderr=output,
                env={**os.environ, **(environment or {})}, cwd=ROOT, start_new_session=True,
                # As in a terminal, even where the tests themselves run in the background.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        os.close(writer)

    @property
    def pid(self):
        return self.child.pid

    def wait_ready(self):
        """The line that says so; '' when the program ended instead."""
        try:
            line = os.read(self.ready, 4096).decode()
        finally:
            os.close(self.ready)
            self.ready = -1
        return line

    def end(self, limit=5):
        """SIGTERM, and the exit code."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(limit)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"{self.child.args[0]} does not end on SIGTERM") from None
        finally:
            if self.ready >= 0:
                os.close(self.ready)
                self.ready = -1

    def log_text(self):
        return Path(self.log).read_text(errors="replace")


class Camsim(Process):
    """A simulated camera."""

    def __init__(self, source, log, *options, fps=25, loop=True):
        command = [PROGRAMS / "camsim", "--fps", fps, *(["--loop"] if loop else []), *options, source]
        super().__init__(command, log, stdout=subprocess.PIPE)
        assert self.wait_ready() == "\n", self.log_text()
        self.url = self.child.stdout.readline().decode().strip()

    def end(self, limit=5):
        code = super().end(limit)
        self.child.stdout.close()
        return code

    def state(self):
        return http("GET", f"{self.url}/state")[2]

    def fault(self, name, value=None, frames=None):
        body = {"fault": name}
        if value is not None:
            body["value"] = value
        if frames is not None:
            body["frames"] = frames
        status, _, answer = http("POST", f"{self.url}/fault", json.dumps(body).encode())
        assert status == 200, answer


class Capture(Process):
    """One capture process without the others. `prefix`: a command that runs it."""

    def __init__(self, folder, camera, prefix=(), environment=None, **settings):
        self.folder = folder
        self.camera = camera
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "ringcast.json"
        config.write_text(json.dumps({
            "run_dir": str(folder / "run"), "state_dir": str(folder / "state"),
            "log_level": "debug", **settings.pop("top", {}), "cameras": {camera: settings}}))
        super().__init__([*prefix, PROGRAMS / "ringcast-capture", "-c", config, "--camera", camera],
                         folder / "capture.log", environment)
        assert self.wait_ready() == "\n", self.log_text()

    def control(self):
        return Control(self.folder / "run" / f"capture.{self.camera}.sock")


class Pipeline:
    """All processes under their supervisor. `prefix`: a command that runs it."""

    def __init__(self, folder, cameras, detector=None, broadcaster=None, environment=None,
                 prefix=()):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config_path = folder / "ringcast.json"
        self.environment = {"RINGCAST_PROGRAMS": str(PROGRAMS), **(environment or {})}
        self.prefix = prefix
        self.config = {
            "run_dir": str(folder / "run"), "state_dir": str(folder / "state"),
            "broadcaster": {"listen": f"127.0.0.1:{self.port}", **WEB_DIR, **(broadcaster or {})},
            "cameras": cameras}
        if detector:
            self.config["detector"] = detector
        self.supervisor = None
        self.log = folder / "pipeline.log"
        self.write_config()

    def write_config(self):
        self.config_path.write_text(json.dumps(self.config, indent=1))

    def start(self):
        """Starts without a look at how it goes: what --ready-fd says is for the caller."""
        self.supervisor = Process([*self.prefix, SCRIPT, "up", "-c", self.config_path], self.log,
                                  self.environment)
        return self.supervisor

    def up(self):
        said = self.start().wait_ready()
        assert said == "ready\n", f"{said!r}\n{self.log_text()}"
        return self

    def run(self, *arguments):
        """Another `ringcast` command on this pipeline."""
        return subprocess.run([str(SCRIPT), *arguments, "-c", str(self.config_path)], text=True,
                              capture_output=True, check=False, timeout=START_LIMIT_S, cwd=ROOT,
                              env={**os.environ, **self.environment})

    def down(self):
        if self.supervisor is not None:
            supervisor, self.supervisor = self.supervisor, None
            assert supervisor.end() == 0, self.log_text()
        elif (self.run_dir / "supervisor.state").exists():  # started with `up -d`
            self.run("down")

    @property
    def run_dir(self):
        return self.folder / "run"

    def control(self, name):
        return Control(self.run_dir / f"{name}.sock")

    def state(self):
        """{name: {"state", "pid", "restarts", "since", "exit_code"}}"""
        try:
            lines = (self.run_dir / "supervisor.state").read_text().splitlines()[1:]
        except FileNotFoundError:
            return {}
        rows = (line.split() for line in lines)
        return {name: {"state": state, "pid": int(pid), "restarts": int(restarts),
                       "since": int(since), "exit_code": int(code)}
                for name, state, pid, restarts, since, code in rows}

    def pids(self):
        return [process["pid"] for process in self.state().values() if process["pid"] > 0]

    def wait_running(self, name, restarts):
        """Until the process runs again, having been restarted so many times."""
        def runs():
            process = self.state().get(name)
            return process and process["state"] == "running" and process["restarts"] >= restarts
        wait_until(runs, START_LIMIT_S, f"{name} runs again")

    def kill(self, name, number=signal.SIGKILL):
        """Kills a process and returns how often it has been restarted before."""
        process = self.state()[name]
        os.kill(process["pid"], number)
        return process["restarts"]

    def get(self, path, **options):
        return http("GET", self.url + path, **options)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""
