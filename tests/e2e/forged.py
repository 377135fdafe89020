#!/usr/bin/env python3
"""Forged archives, written byte by byte. forged.py escapes FOLDER CANARY writes archives that try to reach CANARY, a
folder of the host, and /tmp/tug-escaped, as FOLDER/escape-N.tar."""
import os
import sys


def octal(value, width):
    return b"%0*o\0" % (width - 1, value)


def header(name, kind=b"0", size=0, link=b"", mode=0o644, uid=0, gid=0, mtime=0, major=0, minor=0, magic=b"ustar\x0000",
           prefix=b"", raw={}):
    block = bytearray(512)

    def put(at, data):
        block[at:at + len(data)] = data
    put(0, name[:100])
    put(100, octal(mode, 8))
    put(108, octal(uid, 8))
    put(116, octal(gid, 8))
    put(124, octal(size, 12))
    put(136, octal(mtime, 12))
    put(156, kind)
    put(157, link[:100])
    put(257, magic)
    put(329, octal(major, 8))
    put(337, octal(minor, 8))
    put(345, prefix[:155])
    for at, data in raw.items():
        put(at, data)
    put(148, b" " * 8)
    put(148, b"%06o\0 " % sum(block))
    for at, data in raw.items():
        if 148 <= at < 156:
            put(at, data)
    return bytes(block)


def entry(name, data=b"", **more):
    return header(name, size=more.pop("size", len(data)), **more) + data + b"\0" * (-len(data) % 512)


def records(pairs):
    out = b""
    for key, value in pairs:
        body = b" " + key + b"=" + value + b"\n"
        length = len(body) + 1
        while length != len(body) + len(b"%d" % length):
            length = len(body) + len(b"%d" % length)
        out += b"%d" % length + body
    return out


def pax(*pairs, kind=b"x"):
    return entry(b"PaxHeaders.0/x", records(pairs), kind=kind)


END = b"\0" * 1024


def escapes(canary):
    c = canary.encode()
    up = b"../" * 12
    evil = b"evil\n"
    yield entry(b"../../../../../../../../../../../../tmp/tug-escaped", evil)
    yield entry(c + b"/abs", evil)
    yield entry(b"./" + up + c[1:] + b"/file", evil)
    yield entry(b"l", kind=b"2", link=c) + entry(b"l/through", evil)
    yield entry(b"l", kind=b"2", link=up + c[1:]) + entry(b"l/through", evil)
    yield entry(b"l", kind=b"2", link=c) + entry(b"l/", kind=b"5", mode=0o777)
    yield entry(b"l", kind=b"2", link=c + b"/file") + entry(b"l", evil)
    yield entry(b"l", kind=b"2", link=c + b"/new") + entry(b"l", evil)
    yield entry(b"h", kind=b"1", link=c + b"/file") + entry(b"h", evil)
    yield entry(b"h", kind=b"1", link=up + c[1:] + b"/file") + entry(b"h", evil)
    yield entry(b"l", kind=b"2", link=c) + entry(b"h", kind=b"1", link=b"l/file") + entry(b"h", evil)
    yield entry(b"a", kind=b"2", link=b"b") + entry(b"b", kind=b"2", link=c) + entry(b"a/through", evil)
    yield entry(b"d", kind=b"5") + entry(b"d/l", kind=b"2", link=b"../../../../../../../../" + c) + entry(b"d/l/x", evil)
    yield pax((b"path", up + c[1:] + b"/file")) + entry(b"x", evil)
    yield pax((b"path", c + b"/file")) + entry(b"x", evil)
    yield pax((b"linkpath", c)) + entry(b"l", kind=b"2", link=b"x") + entry(b"l/through", evil)
    yield entry(b"tmp/l", kind=b"2", link=b"/") + entry(b"tmp/l/" + c[1:] + b"/file", evil)
    yield entry(b"proc/self/root/" + c[1:] + b"/file", evil)
    yield entry(b"dev/fd/3/x", evil)
    yield entry(b"l", kind=b"2", link=b"/proc/self/root" + c) + entry(b"l/x", evil)
    yield entry(b"l", kind=b"2", link=b"/proc/1/root" + c) + entry(b"l/x", evil)


def main():
    folder = sys.argv[2]
    if sys.argv[1] == "escapes":
        for number, data in enumerate(escapes(sys.argv[3])):
            with open(os.path.join(folder, f"escape-{number}.tar"), "wb") as out:
                out.write(data + END)


if __name__ == "__main__":
    main()
