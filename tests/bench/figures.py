"""What the benchmarks share: the machine, CPU clocks, pictures, tables."""

import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

from harness.processes import ASSETS, PROGRAMS  # noqa: E402

FRAME_BYTES = 50_000


def machine():
    """One line on what the figures were measured on, and how busy it was."""
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_kb = int(Path("/proc/meminfo").read_text(encoding="ascii").split()[1])
    return (f"{model}, {os.cpu_count()} cores, {memory_kb / 2 ** 20:.1f} GiB, {platform.machine()}, "
            f"Linux {platform.release()}; load {' '.join(f'{load:.1f}' for load in os.getloadavg())}")


def cpu_seconds(pid):
    """Run time of all threads, from the scheduler's nanosecond clock."""
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
               for task in Path(f"/proc/{pid}/task").iterdir())


def picture(folder):
    """A file with a JPEG of about FRAME_BYTES: a real one if there are assets, else a made one."""
    if ASSETS:
        real = Path(ASSETS) / "bench/frame50k.jpg"
        if real.exists():
            return real
    made = folder / "picture.jpg"
    subprocess.run([PROGRAMS / "bench_picture", str(FRAME_BYTES), made], check=True)
    return made


def asset(name):
    """The path of an asset, or None after saying what is left out."""
    if not ASSETS:
        print("left out: RINGCAST_ASSETS is not set\n")
        return None
    path = Path(ASSETS) / name
    if not path.exists():
        print(f"left out: there is no {name} in RINGCAST_ASSETS\n")
        return None
    return path


def median(values):
    return statistics.median(values) if values else float("nan")


def quantile(values, share):
    return sorted(values)[round(share * (len(values) - 1))] if values else float("nan")


def table(head, rows):
    print(f"| {' | '.join(head)} |")
    print("|" + "---|" * len(head))
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")
    print(flush=True)
