#!/usr/bin/env python3
"""Layers of a distribution's own files, taken from this host's packages: what real images are made of.

distribution.py many|large FOLDER   writes FOLDER/0.tar, 0.tar.gz, 1.tar, ...

large: required packages first, then others, until there are 400 MB. many: files of at most 8 KiB, 40,000 of them.
"""
import glob
import gzip
import os
import stat
import subprocess
import sys
import tarfile

LAYERS, BYTES, PACKAGE_MAX, FILES, SMALL = 6, 400 << 20, 60 << 20, 40000, 8192


def packages():
    order = {"required": 0, "important": 1, "standard": 2}
    rows = subprocess.run(["dpkg-query", "-W", "-f", "${Priority} ${Package}\n"], capture_output=True, text=True, check=True)
    names = [line.split() for line in rows.stdout.splitlines()]
    return [row[1] for row in sorted(names, key=lambda row: (order.get(row[0], 3), row[1])) if len(row) == 2]


def files_of(package):
    for listing in glob.glob(f"/var/lib/dpkg/info/{package}.list") + glob.glob(f"/var/lib/dpkg/info/{package}:*.list"):
        with open(listing, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                folder, name = os.path.split(line.rstrip("\n"))
                yield os.path.join(os.path.realpath(folder), name)


def choose(kind):
    """(path, status) in the order of packages."""
    seen, total, count = set(), 0, 0
    for package in packages():
        found, size = [], 0
        for path in files_of(package):
            try:
                status = os.lstat(path)
            except OSError:
                continue
            regular = stat.S_ISREG(status.st_mode)
            if path in seen or path == "/." or not (regular or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                continue
            if kind == "many" and (stat.S_ISLNK(status.st_mode) or (regular and status.st_size > SMALL)):
                continue
            found.append((path, status))
            size += status.st_size if regular else 0
        if size > PACKAGE_MAX:
            continue
        seen.update(path for path, _ in found)
        yield from found
        total += size
        count += sum(1 for _, status in found if stat.S_ISREG(status.st_mode))
        if total >= BYTES or (kind == "many" and count >= FILES):
            return


def add(tar, path, there):
    """With the folders that lead to it, as layers have them."""
    if path not in there and path != "/":
        add(tar, os.path.dirname(path), there)
        there.add(path)
        tar.add(path, recursive=False)


def main():
    kind, folder = sys.argv[1:]
    chosen = list(choose(kind))
    weight = [4096 + (status.st_size if stat.S_ISREG(status.st_mode) else 0) for _, status in chosen]
    share, done, at = sum(weight) / LAYERS, 0, 0
    for number in range(LAYERS):
        name, there = f"{folder}/{number}.tar", set()
        with tarfile.open(name, "w", format=tarfile.GNU_FORMAT) as tar:
            while at < len(chosen) and (done < share * (number + 1) or number == LAYERS - 1):
                add(tar, chosen[at][0], there)
                done += weight[at]
                at += 1
        with open(name, "rb") as plain, gzip.GzipFile(name + ".gz", "wb", compresslevel=6, mtime=0) as packed:
            while piece := plain.read(1 << 20):
                packed.write(piece)


main()
