"""Servers and the load generator that measures them. Generator, yardstick and rivals are not part of
ringcast: they come from the folders `bench` and `baseline` of RINGCAST_ASSETS and are built in a
temporary folder."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from figures import ASSETS
from harness.processes import PROGRAMS, free_port

SHOT_LIMIT_S = 150
START_LIMIT_S = 15
BINARY = ["--header", "Sec-WebSocket-Protocol: ringcast.binary.v1"]


class Server:
    """What is measured: `start(fan_out, folder, port)` gives its command, `options` go to the
    generator."""

    def __init__(self, name, command, options=()):
        self.name, self.command, self.options = name, command, list(options)


def ringcast(fan_out, folder, port, program=PROGRAMS / "ringcast-broadcaster"):
    config = folder / "ringcast.json"
    config.write_text(json.dumps({
        "run_dir": str(folder / "run"), "state_dir": str(folder / "state"), "log_level": "warn",
        "broadcaster": {"listen": f"127.0.0.1:{port}"}, "cameras": {}}))
    return [program, "-c", config]


def other_ringcast(program):
    """Another build of the broadcaster, JSON and binary."""
    def command(fan_out, folder, port):
        return ringcast(fan_out, folder, port, program)
    return [Server("the other", command), Server("the other, binary", command, BINARY)]


def yardstick(*options):
    return lambda fan_out, folder, port: [fan_out.folder / "bench/limit", "--port", str(port), *options]


def rival(name):
    return lambda fan_out, folder, port: [fan_out.folder / "baseline" / name / "run.sh", str(port)]


RINGCAST = Server("ringcast", ringcast)
RINGCAST_BINARY = Server("ringcast, binary", ringcast, BINARY)
YARDSTICK = Server("yardstick", yardstick())
YARDSTICK_BINARY = Server("yardstick, binary", yardstick("--binary"))
FASTAPI = Server("FastAPI", rival("fastapi_ref"))
NODE = Server("Node and ws", rival("node_ws"))


class FanOut:
    """The instruments, built in `folder`."""

    def __init__(self, folder):
        self.folder = Path(folder)
        for name in "bench", "baseline":
            shutil.copytree(Path(ASSETS) / name, self.folder / name, copy_function=shutil.copy)
            for path in [self.folder / name, *(self.folder / name).rglob("*")]:
                path.chmod(path.stat().st_mode | 0o200)
        subprocess.run(["make", "-s", "-C", self.folder / "bench", "fanload", "limit"], check=True)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.descriptors = hard
        self.shots = 0

    def shoot(self, server, **load):
        """One run of a fresh server under one load: the generator's figures, or None when it failed.
        `load` are the generator's options."""
        self.shots += 1
        folder = self.folder / f"shot-{self.shots}"
        folder.mkdir()
        port = free_port()
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen([str(part) for part in server.command(self, folder, port)],
                                       stdout=log, stderr=log, start_new_session=True)
        try:
            if not self.wait_for(process, port):
                print(f"{server.name} does not start: {(folder / 'log').read_text()[-300:]}")
                return None
            return self.generate(server, process.pid, port, load)
        finally:
            self.end(process)

    def generate(self, server, pid, port, load):
        options = [text for key, value in load.items()
                   for text in (f"--{key.replace('_', '-')}", str(value))]
        try:
            done = subprocess.run(
                [self.folder / "bench/fanload", "--quiet", "--port", str(port), "--pid", str(pid),
                 "--jpeg", self.folder / "bench/frame50k.jpg", *options, *server.options],
                stdout=subprocess.PIPE, text=True, timeout=SHOT_LIMIT_S, check=False)
            return json.loads(done.stdout)
        except (subprocess.TimeoutExpired, json.JSONDecodeError):
            print(f"{server.name}: the load generator failed with {load}")
            return None

    @staticmethod
    def wait_for(process, port):
        deadline = time.monotonic() + START_LIMIT_S
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return True
            except OSError:
                time.sleep(0.05)
        return False

    @staticmethod
    def end(process):
        """The whole session: rivals have children."""
        for number in signal.SIGTERM, signal.SIGKILL:
            try:
                os.killpg(process.pid, number)
                process.wait(3)
            except ProcessLookupError:
                pass
            except subprocess.TimeoutExpired:
                continue
            break
        process.wait()

    def install_node_modules(self):
        """True when Node's rival can run."""
        return subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], check=False,
                              cwd=self.folder / "baseline/node_ws").returncode == 0
