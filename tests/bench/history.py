"""The record: how long a chart of a million rows takes, and that delivery is the same with it and without.

The rows are written straight into the file that a broadcaster has begun, as it would have written them.
The posts carry metadata of forty spaces and ten detections, all of it changing; rounds with the record
on and off are interleaved."""

import argparse
import http.client
import json
import socket
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

import websocket

from figures import cpu_seconds, median, picture, quantile, table
from harness.broadcaster import BINARY, CONTAINER, Broadcaster, container_body
from harness.streams import VIEWER, StreamViewer
from tls import Viewers

YEAR_S, HOUR_S = 365 * 86400, 3600
SUMS_S = {"slot": 300, "hour": HOUR_S}
FPS, WINDOW_S, VIEWERS = 20, 5, 50
ASKED = 9


# --- charts ---

def fill(path, rows, end):
    """A year of one camera: a row every `step` seconds, and the sums of its slots and hours."""
    database = sqlite3.connect(path)
    start, step = end - YEAR_S, YEAR_S / rows
    sums = {name: {} for name in SUMS_S}

    def samples():
        for number in range(rows):
            at = int((start + number * step) * 1000)
            vehicles, occupied = number % 13, number % 11
            for name, length in SUMS_S.items():
                one = sums[name].setdefault(at // 1000 // length * length, [0, 0, 0])
                for place, value in enumerate((step * 1000, vehicles * step * 1000,
                                               occupied * step * 1000)):
                    one[place] += int(value)
            yield at, vehicles, occupied
    database.executemany("INSERT INTO sample VALUES (1, ?, 40000, ?, ?, 20)", samples())
    for name, found in sums.items():
        database.executemany(
            f"INSERT INTO {name} VALUES (1, ?, ?, ?, 0, 12, ?, ?, 0, 10, 20)",
            ((at * 1000, known, vehicles, known, occupied)
             for at, (known, vehicles, occupied) in found.items()))
    database.executemany(
        "INSERT INTO event (stream, at, space, name, old, new, held) VALUES (1, ?, ?, ?, ?, ?, 60)",
        ((int((start + number * step * 10) * 1000), f"s{number % 20}", f"A{number % 20}", "free",
          "occupied") for number in range(rows // 10)))
    database.commit()
    database.close()


def asked(server, path):
    """(median ms, shortest ms, ms of CPU in the server, bytes)"""
    times, size = [], 0
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    before = cpu_seconds(server.pid)
    for _ in range(ASKED):
        began = time.monotonic()
        connection.request("GET", path)
        answer = connection.getresponse()
        size = len(answer.read())
        times.append((time.monotonic() - began) * 1000)
        assert answer.status == 200, path
    used = (cpu_seconds(server.pid) - before) * 1000 / ASKED
    connection.close()
    return median(times), min(times), used, size


def chart_figures(folder, rows):
    server = Broadcaster(folder / "first")
    server.post(container_body("CAM1", b"", b'{"vehicle_count":1}'), CONTAINER)
    server.get("/api/history?camera_id=CAM1")
    server.end()
    end = int(time.time()) // HOUR_S * HOUR_S - HOUR_S
    fill(folder / "first/state/history.sqlite", rows, end)
    server = Broadcaster(folder / "second", top={"state_dir": str(folder / "first/state")})
    span = f"camera_id=CAM1&to={end}"
    questions = {
        "a year, a point a day": f"/api/history?{span}&from={end - YEAR_S}&step=86400",
        "a year, a point every 6 h": f"/api/history?{span}&from={end - YEAR_S}&step=21600",
        "a year, a point an hour": f"/api/history?{span}&from={end - YEAR_S}&step=3600",
        "a year, CSV, every 6 h": f"/api/history.csv?{span}&from={end - YEAR_S}&step=21600",
        "a month, every 6 h": f"/api/history?{span}&from={end - 30 * 86400}&step=21600",
        "a day, every 5 min": f"/api/history?{span}&from={end - 86400}&step=300",
        "a month, every 15 min": f"/api/history?{span}&from={end - 30 * 86400}&step=900",
        "a year, every 55 min": f"/api/history?{span}&from={end - YEAR_S}&step=3300",
        "a week, every 70 s, row by row": f"/api/history?{span}&from={end - 7 * 86400}&step=70",
        "100 events": f"/api/events?{span}",
        "100 events of one space": f"/api/events?{span}&space_id=s7",
    }
    found = [(name, *asked(server, path)) for name, path in questions.items()]
    server.end()
    size = (folder / "first/state/history.sqlite").stat().st_size
    print(f"{rows} rows of a year, and {rows // 10} events: {size / 2 ** 20:.0f} MiB; "
          f"{ASKED} requests each\n")
    table(["question", "median ms", "shortest ms", "CPU ms", "answer kB"],
          [[name, f"{middle:.1f}", f"{shortest:.1f}", f"{used:.1f}", f"{size / 1000:.0f}"]
           for name, middle, shortest, used, size in found])


# --- what it costs ---

def metadata(number):
    spaces = [{"space_id": f"s{i}", "space_name": f"A{i}", "is_occupied": (number + i) % 3 == 0,
               "bbox": {"x": 0.1, "y": 0.2, "width": 0.05, "height": 0.05},
               "state": "occupied" if (number + i) % 3 == 0 else "free",
               "since": "2026-01-07T12:10:45.123456Z"} for i in range(40)]
    return json.dumps({
        "vehicle_count": number % 30, "occupied_spaces": number % 20, "total_spaces": 40,
        "detections": [{"class": "car", "confidence": 0.9, "bbox": [1.5, 2.5, 100.5, 50.5],
                        "center": [51.7, 27.7], "track_id": i} for i in range(10)],
        "space_occupancy": spaces,
        "space_events": [{"space_id": "s1", "space_name": "A1", "from": "free",
                          "to": ["free", "occupied"][number % 2]}]}).encode()


def post_frames(server, jpeg, done, delays):
    worker = socket.socket(socket.AF_UNIX)
    worker.connect(str(server.run_dir / "broadcaster.http.sock"))
    due, number = time.monotonic(), 0
    while not done.is_set():
        number += 1
        said = metadata(number)
        body = container_body("CAM1", jpeg, said, captured=time.time_ns())
        began = time.monotonic()
        worker.sendall(b"POST /api/broadcast-detection HTTP/1.1\r\nHost: a\r\nContent-Type: "
                       b"application/vnd.ringcast.frame\r\nContent-Length: %d\r\n\r\n" % len(body))
        worker.sendall(body)
        worker.recv(65536)
        delays.append((time.monotonic() - began) * 1000)
        due += 1 / FPS
        time.sleep(max(0, due - time.monotonic()))
    worker.close()


class Clock(threading.Thread):
    """One more viewer: how old each frame is when it has it, from before its POST on."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.ages = []
        self.viewer = StreamViewer(server, VIEWER, subprotocols=[BINARY], camera_id="CAM1")
        self.start()

    def run(self):
        try:
            while True:
                frame = self.viewer.until("binary")
                self.ages.append((time.time_ns() - frame["captured"]) / 1e6)
        except (OSError, websocket.WebSocketException):
            pass  # the round is over

    def end(self):
        self.viewer.socket.sock.shutdown(socket.SHUT_RDWR)
        self.join(5)
        self.viewer.socket.shutdown()


def loop_seconds(server):
    text = Path(f"/proc/{server.pid}/task/{server.pid}/schedstat").read_text(encoding="ascii")
    return int(text.split()[0]) / 1e9


def round_of(server, jpeg):
    done, delays = threading.Event(), []
    viewers, clock = Viewers(server.port, VIEWERS - 1, None), Clock(server)
    worker = threading.Thread(target=post_frames, args=(server, jpeg, done, delays), daemon=True)
    worker.start()
    time.sleep(1)
    sent, used, loop = server.stats()["sent"], cpu_seconds(server.pid), loop_seconds(server)
    delays.clear()
    clock.ages.clear()
    time.sleep(WINDOW_S)
    used, loop = cpu_seconds(server.pid) - used, loop_seconds(server) - loop
    sent, posted, ages = server.stats()["sent"] - sent, len(delays), clock.ages[:]
    done.set()
    worker.join(5)
    viewers.end()
    clock.end()
    return {"loop": loop * 1e6 / sent, "all": used * 1e6 / sent, "post": median(delays),
            "p50": median(ages), "p99": quantile(ages, 0.99), "delivered": sent * 100 / (posted * VIEWERS)}


def cost_figures(folder, rounds):
    jpeg = picture(folder).read_bytes()
    servers = {kept: Broadcaster(folder / f"cost-{kept}", top={"history": history})
               for kept, history in (("off", "off"), ("on", "on"),
                                     ("on, all detections", {"detections": "all"}))}
    found = {kept: [] for kept in servers}
    for number in range(rounds):
        order = list(servers.items())
        for kept, server in order if number % 2 == 0 else reversed(order):
            found[kept].append(round_of(server, jpeg))
    for server in servers.values():
        server.end()
    print(f"{VIEWERS} viewers, {FPS} frames a second, an event with each; {rounds} rounds of "
          f"{WINDOW_S} s\n")
    table(["record", "CPU us per frame, the loop", "with the thread", "POST p50 ms", "at a viewer p50 ms",
           "p99 ms", "delivered %"],
          [[kept, *(f"{median([run[key] for run in runs]):.2f}"
                    for key in ("loop", "all", "post", "p50", "p99", "delivered"))]
           for kept, runs in found.items()])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rc-") as folder:
        chart_figures(Path(folder), options.rows)
        cost_figures(Path(folder), options.rounds)


if __name__ == "__main__":
    main()
