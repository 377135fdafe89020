#!/usr/bin/env python3
"""Pull and push compared: images in a registry, rows of commands, wall and processor time of each, in turns.

registry.py publish LAYERS HOST:PORT NAME COUNT       COUNT images NAME:0, NAME:1 ... of the layers in LAYERS, each of
                                                      content of its own (as good as the others, known to nobody), and
                                                      LAYERS/NAME-N, the files of image N
registry.py compare ROUNDS [+++ LABEL GROUP COMMAND]  COMMAND with @ for the number of the round, by a shell; GROUP is
                                                      the control group (v2) of whoever takes part in the work
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
import time
import urllib.parse
import urllib.request


def ask(method, url, data=None, kind="application/octet-stream"):
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
    with urllib.request.urlopen(request) as answer:
        return answer.headers


def upload(registry, name, data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    place = urllib.parse.urljoin(registry, ask("POST", f"{registry}/v2/{name}/blobs/uploads/", b"")["Location"])
    ask("PUT", place + ("&" if "?" in place else "?") + f"digest={digest}", data)
    return {"digest": digest, "size": len(data)}


def marker(text):
    """The beginning of an archive: one file, without the end."""
    out = io.BytesIO()
    data = text.encode()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        info = tarfile.TarInfo("bench-marker")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()[:1024]


def publish(folder, host, name, count):
    registry = f"http://{host}"
    plain = sorted(pathlib.Path(folder).glob("[0-9].tar"))
    for image in range(int(count)):
        layers, diff_ids = [], []
        keep = pathlib.Path(folder, f"{name}-{image}")
        keep.mkdir()
        for number, tar in enumerate(plain):
            head = marker(f"{name} {image} {number} {time.time_ns()}")
            diff_ids.append("sha256:" + hashlib.sha256(head + tar.read_bytes()).hexdigest())
            packed = gzip.compress(head, mtime=0) + tar.with_suffix(".tar.gz").read_bytes()
            (keep / f"{number}.gz").write_bytes(packed)
            layers.append({"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **upload(registry, name, packed)})
        config = {"architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
                  "os": "linux", "config": {"Cmd": ["sh"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": layers,
                    "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
                               **upload(registry, name, json.dumps(config).encode())}}
        ask("PUT", f"{registry}/v2/{name}/manifests/{image}", json.dumps(manifest).encode(), manifest["mediaType"])
        (keep / "blobs").write_text("".join(f"{registry}/v2/{name}/blobs/{layer['digest']}\n" for layer in layers))


def used(group):
    with open(f"{group}/cpu.stat", encoding="ascii") as lines:
        return int(next(line for line in lines if line.startswith("usage_usec")).split()[1]) / 1e6


def run(group, command):
    """Seconds of wall and of processor time, the latter without what goes on behind the command's end."""
    os.sync()
    time.sleep(0.5)

    def enter():
        pathlib.Path(group, "cgroup.procs").write_text("0", encoding="ascii")

    before, start = used(group), time.monotonic()
    result = subprocess.run(["bash", "-ec", command], preexec_fn=enter, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    took, spent = time.monotonic() - start, used(group) - before
    if result.returncode:
        sys.exit(f"{command}: {result.stdout.decode(errors='replace')}")
    return took, spent


def compare(rounds, *words):
    rows = []
    while words:
        rows.append((words[1], words[2], words[3], [], []))
        words = words[4:]
    for number in range(int(rounds)):
        for _, group, command, walls, spents in rows:
            took, spent = run(group, command.replace("@", str(number)))
            walls.append(took)
            spents.append(spent)
    print(f"  {'seconds, median':34} {'wall':>9} {'ratio':>7} {'CPU':>9} {'ratio':>7}   all walls")
    first = [statistics.median(rows[0][3]), statistics.median(rows[0][4])]
    for label, _, _, walls, spents in rows:
        wall, spent = statistics.median(walls), statistics.median(spents)
        each = " ".join(f"{value:.2f}" for value in walls)
        print(f"  {label:34} {wall:9.2f} {wall / first[0]:7.2f} {spent:9.2f} {spent / first[1]:7.2f}   {each}")


{"publish": publish, "compare": compare}[sys.argv[1]](*sys.argv[2:])
