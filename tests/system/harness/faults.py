"""What happens to processes from outside: limits, stops, folders without room; and what they use
meanwhile."""

import base64
import http.client
import json
import os
import resource
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .jpeg import grey_jpeg
from .processes import PROGRAMS

# --- what a process uses ---


def descriptors(pid):
    return sorted(int(name) for name in os.listdir(f"/proc/{pid}/fd"))


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kb(pid, what="VmRSS"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1])
    raise AssertionError(f"no {what} of process {pid}")


def cpu_share(pid, seconds=1.0):
    """Of one core, over so long: that nothing happens has no event to wait for."""
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.monotonic() - began)


# --- what is done to it ---


def limit(pid, which, value):
    """The soft limit of a running process."""
    resource.prlimit(pid, which, (value, resource.prlimit(pid, which)[1]))


def leave_descriptors(pid, count):
    """Lets a process open only so many more."""
    used = set(descriptors(pid))
    room = count
    while room - sum(one < room for one in used) < count:
        room += 1
    limit(pid, resource.RLIMIT_NOFILE, room)


def leave_memory(pid, kilobytes):
    limit(pid, resource.RLIMIT_AS, (memory_kb(pid, "VmSize") + kilobytes) * 1024)


@contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@cache
def sanitized():
    """AddressSanitizer reserves terabytes and wants to be the first library."""
    return b"__asan_init" in (PROGRAMS / "ringcast-broadcaster").read_bytes()


@cache
def _may_mount():
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def own_mounts(script, *arguments):
    """The beginning of a command that runs with mounts of its own, made by `script`."""
    if not _may_mount():
        pytest.skip("needs to mount: run as root (CAP_SYS_ADMIN)")
    return ["unshare", "-m", "sh", "-ec", f'{script}; shift {len(arguments)}; exec "$@"', "sh",
            *map(str, arguments)]


def in_mounts_of(pid, *command):
    subprocess.run(["nsenter", "-t", str(pid), "-m", *command], check=True, capture_output=True)


# --- somebody's worker ---


class Worker:
    """Posts pictures of a camera, one after the other as every worker does: the next when the last is
    answered. The metadata of each say when it was made."""

    def __init__(self, url, camera="CAM1", fps=25, picture_bytes=2000):
        self.address = urlsplit(url).netloc
        self.camera = camera
        self.period = 1 / fps
        self.picture_bytes = picture_bytes
        self.posted = self.failed = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self):
        connection = http.client.HTTPConnection(self.address, timeout=10)
        number = 0
        while not self.over.wait(self.period):
            number += 1
            picture = grey_jpeg(number, comment_bytes=self.picture_bytes)
            body = json.dumps({"camera_id": self.camera, "frame_base64": base64.b64encode(picture).decode(),
                               "metadata": {"number": number, "made": time.monotonic()}})
            try:
                connection.request("POST", "/api/broadcast-detection", body,
                                   {"Content-Type": "application/json"})
                self.posted += connection.getresponse().read().startswith(b'{"success":true')
            except (OSError, http.client.HTTPException):
                self.failed += 1
                connection.close()
        connection.close()

    def end(self):
        self.over.set()
        self.thread.join(15)

    def log_text(self):
        return f"posted {self.posted}, failed {self.failed}"
