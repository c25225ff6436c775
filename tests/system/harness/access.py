"""Tokens and certificates, as an operator makes them."""

import json
import os
import signal
import ssl
import subprocess

from .processes import PROGRAMS, ROOT
from .waiting import wait_until


class Token:
    """One of `ringcast token`: `secret`, and `entry` for broadcaster.tokens."""

    def __init__(self, name, role="viewer", cameras=None):
        limits = ["--cameras", ",".join(cameras)] if cameras else []
        done = subprocess.run([ROOT / "ringcast", "token", name, "--role", role, *limits],
                              env={**os.environ, "RINGCAST_PROGRAMS": str(PROGRAMS)},
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=True, timeout=20)
        self.secret, entry = done.stdout.splitlines()
        self.entry = json.loads(entry)
        self.bearer = {"Authorization": f"Bearer {self.secret}"}


def make_certificate(folder, name="server", prefix="tls"):
    """(certificate, key): self-signed, for localhost and 127.0.0.1, its common name is `name`."""
    paths = folder / f"{prefix}.certificate.pem", folder / f"{prefix}.key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", paths[1], "-out", paths[0]],
                   check=True, timeout=20, stderr=subprocess.DEVNULL)
    return paths


def trusting(certificate):
    return ssl.create_default_context(cafile=str(certificate))


def reload(server, **settings):
    """Writes the broadcaster's section anew and waits until it is used."""
    before = server.stats()["config_hash"]
    server.config["broadcaster"].update(settings)
    server.write_config()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: server.stats()["config_hash"] != before, 5, "another configuration in use")
