#!/usr/bin/env python3
"""Writes an archive of docker save with two images of three layers: whiteouts, an opaque directory, hard links, names
that need pax, attributes. The bytes are always the same. image.py FILE"""
import hashlib
import io
import json
import sys
import tarfile


def layer(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, data in entries:
            info = tarfile.TarInfo(name)
            info.mtime = 1700000000
            info.type = kind
            if kind == tarfile.DIRTYPE:
                info.mode = 0o755
            elif kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = data
            else:
                info.size = len(data)
            if name == "bin/busybox":
                info.mode = 0o755
                info.pax_headers = {"SCHILY.xattr.user.note": "a value"}
            tar.addfile(info, io.BytesIO(data) if kind == tarfile.REGTYPE else None)
    return out.getvalue()


D, F, L, H = tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
busybox = open("/bin/busybox", "rb").read()
layers = [
    layer([("bin", D, None), ("bin/busybox", F, busybox), ("kept", F, b"kept\n"), ("gone", F, b"gone\n"),
           ("opaque", D, None), ("opaque/old", F, b"old\n"), ("link", H, "kept"), ("n" * 120, F, b"long\n")]),
    layer([(".wh.gone", F, b""), ("new", D, None), ("new/file", F, b"new\n"), ("new/sym", L, "/nowhere"),
           ("opaque", D, None), ("opaque/.wh..wh..opq", F, b""), ("opaque/young", F, b"young\n")]),
    layer([("top", F, b"top\n")]),
]


def image(tag, count):
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "2023-11-14T22:13:20Z",
        "config": {"Cmd": ["/bin/busybox", "sh"], "Labels": {"tag": tag}, "Env": ["A=b"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(x).hexdigest() for x in layers[:count]]},
        "history": [{"created": "2023-11-14T22:13:20Z", "created_by": f"step {i}"} for i in range(count)],
    }).encode()
    return hashlib.sha256(config).hexdigest() + ".json", config, tag, count


images = [image("one", 2), image("two", 3)]
with tarfile.open(sys.argv[1], "w") as tar:
    def add(name, data):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    for number, data in enumerate(layers):
        add(f"l{number}/layer.tar", data)
    for name, config, tag, count in images:
        add(name, config)
    add("manifest.json", json.dumps([
        {"Config": name, "RepoTags": ["layers:" + tag], "Layers": [f"l{i}/layer.tar" for i in range(count)]}
        for name, config, tag, count in images]).encode())
