"""The broadcaster beside a yardstick that does nothing but send: CPU per delivered frame, latency, slow and
stalled viewers, memory of idle ones.

    broadcaster.py             the figures of `make bench`
    broadcaster.py --rivals    beside FastAPI and Node, too
    broadcaster.py --beside PROGRAM  CPU and memory beside another build of it
    broadcaster.py --breaking  how many viewers at 10 frames a second each server can serve

Frames have 50 kB and come as JSON, 10 a second. Every figure is taken from a fresh process; rounds
are interleaved, and a ratio compares runs of the same round.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from figures import asset, median, table
from fan_out import (FASTAPI, NODE, RINGCAST, RINGCAST_BINARY, YARDSTICK, YARDSTICK_BINARY, FanOut,
                     other_ringcast)

FPS = 10
VIEWERS = 1, 50, 200, 1000
IDLE_VIEWERS = 10_000
BREAKING_FIRST, BREAKING_STEP, BREAKING_LAST = 2000, 1.1, 9000
SERVED_PERCENT = 95


def interleaved(fan, servers, rounds, **load):
    """{server name: [figures or None, round by round]}; the order turns around every round."""
    found = {server.name: [] for server in servers}
    for number in range(rounds):
        for server in servers if number % 2 == 0 else reversed(servers):
            found[server.name].append(fan.shoot(server, **load))
    return found


def medians(runs, *keys):
    return [median([run[key] for run in runs if run]) for key in keys]


def ratio(runs, yardstick, key):
    """Median of the rounds' ratios."""
    ratios = [run[key] / other[key] for run, other in zip(runs, yardstick) if run and other]
    return f"{median(ratios):.2f}"


def spread(runs, key):
    values = [run[key] for run in runs if run]
    return f"{min(values):.1f} to {max(values):.1f}" if values else "-"


def fan_out_figures(fan, servers, viewers, options):
    found = interleaved(fan, servers, options.rounds, viewers=viewers, fps=FPS,
                        duration=options.window, warmup=1)
    yardstick = found[YARDSTICK.name]
    rows = []
    for name, runs in found.items():
        cpu, p50, p99, delivered = medians(runs, "cpu_us_per_frame", "lat_p50_ms", "lat_p99_ms",
                                           "delivered_pct")
        rows.append([name, f"{cpu:.1f}", spread(runs, "cpu_us_per_frame"),
                     ratio(runs, yardstick, "cpu_us_per_frame"), f"{p50:.1f}", f"{p99:.1f}",
                     ratio(runs, yardstick, "lat_p99_ms"), f"{delivered:.1f}"])
    print(f"{viewers} viewers, {FPS} frames a second, {options.rounds} rounds of {options.window} s\n")
    table(["server", "CPU us per frame", "rounds", "CPU x yardstick", "p50 ms", "p99 ms",
           "p99 x yardstick", "delivered %"], rows)


def stalled_figures(fan, servers):
    found = interleaved(fan, servers, 1, viewers=200, stalled=20, fps=FPS, duration=8, warmup=1)
    print("200 viewers of which 20 never read: what the other 180 see\n")
    table(["server", "delivered %", "unluckiest viewer %", "longest freeze ms", "p99 ms",
           "CPU us per frame"],
          [[name, *(f"{value:.1f}" for value in medians(
              runs, "delivered_pct", "worst_viewer_pct", "max_gap_ms", "lat_p99_ms",
              "cpu_us_per_frame"))] for name, runs in found.items()])


def slow_figures(fan, servers):
    found = interleaved(fan, servers, 1, viewers=50, slow=5, slow_rate=300_000, fps=FPS,
                        duration=12, warmup=1)
    print("50 viewers of which 5 read 300 kB/s: how old their pictures are, and what the others see\n")
    table(["server", "age p50 ms", "age max ms", "their frames a second", "others: delivered %",
           "others: p99 ms"],
          [[name, *(f"{value:.0f}" for value in medians(runs, "slow_lat_p50_ms", "slow_lat_max_ms")),
            f"{medians(runs, 'slow_frames')[0] / 5 / 12:.1f}",
            *(f"{value:.1f}" for value in medians(runs, "delivered_pct", "lat_p99_ms"))]
           for name, runs in found.items()])


def idle_figures(fan, servers):
    viewers = min(IDLE_VIEWERS, fan.descriptors - 200)
    found = interleaved(fan, servers, 1, viewers=viewers, fps=0, duration=2, warmup=1)
    print(f"{viewers} viewers and no frames: memory\n")
    table(["server", "kB per viewer", "MB in all", "CPU % of a core"],
          [[name, *(f"{value:.2f}" for value in medians(runs, "rss_idle_kb_per_viewer",
                                                        "rss_end_mb", "srv_cpu_pct"))]
           for name, runs in found.items()])


def serves(fan, server, viewers):
    """True when it serves nearly all frames in one of two tries: a busy neighbour may spoil one."""
    for _ in range(2):
        run = fan.shoot(server, viewers=viewers, fps=FPS, duration=4, warmup=2)
        if run and run["delivered_pct"] >= SERVED_PERCENT:
            return True
    return False


def breaking_figures(fan, servers):
    """All servers go up the same steps, in turns."""
    served = {server: 0 for server in servers}
    viewers, climbing = BREAKING_FIRST, list(servers)
    while climbing and viewers <= BREAKING_LAST:
        climbing = [server for server in climbing if serves(fan, server, viewers)]
        served.update({server: viewers for server in climbing})
        viewers = int(viewers * BREAKING_STEP)
    print(f"Viewers at {FPS} frames a second of which at least {SERVED_PERCENT} % arrived; steps of "
          f"{100 * (BREAKING_STEP - 1):.0f} %, none above {BREAKING_LAST}\n")
    table(["server", "viewers"], [[server.name, count] for server, count in served.items()])


def beside_figures(fan, options):
    """What this build costs beside another one, round by round."""
    ours, others = [RINGCAST, RINGCAST_BINARY], other_ringcast(options.beside.resolve())
    rows = []
    for viewers in options.viewers:
        found = interleaved(fan, [*others, *ours], options.rounds, viewers=viewers, fps=FPS,
                            duration=options.window, warmup=1)
        for one, other in zip(ours, others):
            pairs = [(new, old) for new, old in zip(found[one.name], found[other.name])
                     if new and old]
            ratios = [new["cpu_us_per_frame"] / old["cpu_us_per_frame"] for new, old in pairs]
            rows.append([viewers, one.name, f"{median(ratios):.2f}",
                         f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else "-"])
    print(f"CPU beside another build, {options.rounds} rounds of {options.window} s\n")
    table(["viewers", "server", "CPU x the other", "rounds"], rows)
    idle_figures(fan, [others[0], ours[0]])


def usual_figures(fan, options):
    servers = [YARDSTICK, RINGCAST, YARDSTICK_BINARY, RINGCAST_BINARY]
    plain = [YARDSTICK, RINGCAST]
    slow = [RINGCAST, RINGCAST_BINARY]
    if options.rivals:
        rivals = [FASTAPI, *([NODE] if fan.install_node_modules() else [])]
        servers, plain, slow = ([*one, *rivals] for one in (servers, plain, slow))
    for viewers in options.viewers:
        fan_out_figures(fan, servers, viewers, options)
    stalled_figures(fan, plain)
    slow_figures(fan, slow)
    idle_figures(fan, plain[:2])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--breaking", action="store_true")
    parser.add_argument("--beside", metavar="PROGRAM", type=Path,
                        help="another build of the broadcaster, measured in the same rounds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=int, default=3, help="seconds of a round")
    parser.add_argument("--viewers", type=int, nargs="*", default=VIEWERS)
    options = parser.parse_args()
    if asset("bench/fanload.c") is None:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        fan = FanOut(folder)
        if options.beside:
            beside_figures(fan, options)
        elif options.breaking:
            breaking_figures(fan, [YARDSTICK, RINGCAST])
        else:
            usual_figures(fan, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
