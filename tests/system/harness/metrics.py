"""The text form of Prometheus, as strictly as its own parser takes it."""

import re
from collections import defaultdict

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)")
SUFFIXES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}


class Metrics:
    """What one scrape says: metrics[name, label=value…]."""

    def __init__(self, text):
        self.samples = {}
        self.types = {}
        family = None
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = line.split(" ")[2]
                assert family not in self.types, f"{family} stands in two places"
                assert len(line.split(" ")) > 3
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == family
                self.types[name] = kind
            else:
                name, labels, value = SAMPLE.fullmatch(line).groups()
                assert name in [family + end for end in SUFFIXES[self.types[family]]], line
                key = (name, frozenset(re.findall(LABEL, labels or "")))
                assert key not in self.samples, f"twice: {line}"
                self.samples[key] = float(value)
        self._check_histograms()

    def _check_histograms(self):
        """Buckets grow, and the last one is the count."""
        buckets = defaultdict(list)
        for (name, labels), value in self.samples.items():
            if name.endswith("_bucket"):
                bound = next(one for one in labels if one.startswith('le="'))
                rest = labels - {bound}
                buckets[name, rest].append((float(bound[4:-1].replace("+Inf", "inf")), value))
        for (name, labels), found in buckets.items():
            counts = [count for _, count in sorted(found)]
            assert counts == sorted(counts), name
            assert counts[-1] == self.samples[name.replace("_bucket", "_count"), labels], name

    def get(self, name, **labels):
        """The value, or None."""
        return self.samples.get((name, frozenset(f'{key}="{value}"'
                                                 for key, value in labels.items())))

    def all(self, name):
        """{its labels: value}"""
        return {labels: value for (sample, labels), value in self.samples.items()
                if sample == name}


def scrape(target):
    """The metrics of a broadcaster or a pipeline."""
    status, headers, body = target.get("/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(body.decode())
