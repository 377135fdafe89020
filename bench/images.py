#!/usr/bin/env python3
"""Writes an archive of docker save with a thousand images of one small layer to standard output."""
import hashlib
import io
import json
import sys
import tarfile

out = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")


def add(name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    out.addfile(info, io.BytesIO(data))


layer = io.BytesIO()
with tarfile.open(fileobj=layer, mode="w") as tar:
    tar.addfile(tarfile.TarInfo("file"))
add("layer.tar", layer.getvalue())
diff_id = "sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()
manifest = []
for i in range(1000):
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": f"2023-01-01T00:{i // 60:02}:{i % 60:02}Z",
        "config": {"Cmd": ["sh"], "Env": ["PATH=/usr/bin:/bin", f"NUMBER={i}"], "Labels": {"number": str(i)}},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]}, "history": [{"created_by": "step"}] + [{"created_by": "step", "empty_layer": True}] * 7}).encode()
    add(f"{i}.json", config)
    manifest.append({"Config": f"{i}.json", "RepoTags": [f"bench/image-{i}:latest"], "Layers": ["layer.tar"]})
add("manifest.json", json.dumps(manifest).encode())
out.close()
