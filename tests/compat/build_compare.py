#!/usr/bin/env python3
"""Compares what two builders have made: build_compare.py tree DIR | tar FILE | config FILE prints one sorted text of it."""
import hashlib, json, os, stat, sys, tarfile

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo", stat.S_IFCHR: "char"}
# Places that engines make in every container.
PLACES = {"dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf", "run", "run/.containerenv", ".dockerenv"}


def line(name, kind, mode, uid, gid, rest):
    return f"{name} {kind} {mode:04o} {uid}:{gid} {rest}"


def tree(top):
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            kind = KINDS.get(stat.S_IFMT(info.st_mode), "?")
            rest = ""
            if kind == "file":
                rest = hashlib.sha256(open(path, "rb").read()).hexdigest()[:16]
            elif kind == "link":
                rest = os.readlink(path)
            yield os.path.relpath(path, top), line(os.path.relpath(path, top), kind, stat.S_IMODE(info.st_mode),
                                                   info.st_uid, info.st_gid, rest)


def tar(path):
    with tarfile.open(path) as archive:
        for member in archive:
            name = os.path.normpath(member.name)
            kind = ("file" if member.isreg() or member.islnk() else "dir" if member.isdir() else
                    "link" if member.issym() else "fifo" if member.isfifo() else "char")
            rest = ""
            if kind == "file":
                rest = hashlib.sha256(archive.extractfile(member).read()).hexdigest()[:16]
            elif kind == "link":
                rest = member.linkname
            yield name, line(name, kind, member.mode & 0o7777, member.uid, member.gid, rest)


def config(path):
    document = json.load(open(path))
    document = document[0] if isinstance(document, list) else document
    own = document.get("Docker", document)
    values = own.get("config") or own.get("Config") or {}
    for key in ("Env", "Cmd", "Entrypoint", "WorkingDir", "User", "ExposedPorts", "Volumes", "Labels", "StopSignal",
                "OnBuild", "Shell", "Healthcheck"):
        value = values.get(key)
        if key == "Labels" and value:
            value = {k: v for k, v in value.items() if not k.startswith("io.buildah.")}
        if key == "WorkingDir" and value == "/":
            value = ""
        if key == "Healthcheck" and value:
            value = {k: v for k, v in value.items() if v}
        yield key, f"{key} {json.dumps(value or None, sort_keys=True)}"


def main():
    lines = {"tree": tree, "tar": tar, "config": config}[sys.argv[1]](sys.argv[2])
    for name, text in sorted(lines):
        if name not in PLACES and name != ".":
            print(text)


main()
