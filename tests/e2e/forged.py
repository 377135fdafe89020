#!/usr/bin/env python3
"""Forged archives, written byte by byte. forged.py escapes FOLDER CANARY writes archives that try to reach CANARY, a
folder of the host, and /tmp/tug-escaped, as FOLDER/escape-N.tar. forged.py matrix TUGD FOLDER LIST has every archive of
the matrix unpacked by tug, GNU tar and bsdtar below FOLDER, and lists the differences with their reasons in LIST."""
import fcntl
import json
import os
import shutil
import stat
import subprocess
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


# --- the matrix: what tug makes of hundreds of forged archives, beside GNU tar and bsdtar ---

# Why tug may refuse what others take, or make something else of it; each case names its reason.
REASONS = {
    "same": "",
    "strict": "a number, a record or a checksum that is not as POSIX writes it: readers differ, so it is an error",
    "escape": "a name or a link that leads out of the layer, or through a link: others strip, follow or skip it",
    "whiteout": "names of whiteouts mean removal in a layer; others see files",
    "overlay": "what an overlay would read (devices 0:0, trusted.*) may not come from an archive",
    "type": "types that are not POSIX's are refused; others take them for files or leave them out",
    "short": "an archive that ends early or has data behind its end is an error; others warn or take what is there",
    "limit": "longer, deeper or larger than tug takes",
    "name": "an empty name, or one that is none",
    "link": "a hard link to what is not in the layer is an error; others go on behind it",
    "replace": "an entry that replaces a directory or a link replaces it; others keep what is there, or fail",
    "sparse": "maps of sparse files are checked to the byte; parts of odd sizes follow each other without padding, as with "
              "bsdtar and Go",
    "blank": "a blank field is 0, as bsdtar has it",
}


def numbers():
    """Every way to write a number into every numeric field."""
    fields = {b"mode": (100, 8, 0o644), b"uid": (108, 8, 5), b"gid": (116, 8, 6), b"mtime": (136, 12, 1000),
              b"size": (124, 12, 4)}
    for field, (at, width, value) in fields.items():
        digits = b"%o" % value
        forms = {
            "nul": (digits.rjust(width - 1, b"0") + b"\0", "same"),
            "space": (digits.rjust(width - 1, b"0") + b" ", "same"),
            "spaces before": (digits.rjust(width - 1) + b"\0", "same"),
            "full width": (digits.rjust(width, b"0"), "same"),
            "short": ((digits + b"\0").ljust(width, b"\0"), "same"),
            "short and spaces": (digits.ljust(width), "same"),
            "base 256": (b"\x80" + value.to_bytes(width - 1, "big"), "same"),
            "base 256, negative": (b"\xff" * width, "strict"),
            "base 256, huge": (b"\xbf" + b"\xff" * (width - 1), "strict"),
            "a digit 8": (b"8".rjust(width - 1, b"0") + b"\0", "strict"),
            "a sign": (b"-1".rjust(width - 1) + b"\0", "strict"),
            "a plus": (b"+1".rjust(width - 1) + b"\0", "strict"),
            "hexadecimal": (b"0x4".ljust(width, b"\0"), "strict"),
            "letters": (b"abc".ljust(width, b"\0"), "strict"),
            "digits behind NUL": ((b"4\0" + b"7" * width)[:width], "strict"),
            "digits behind a space": ((b"4 7" + b"\0" * width)[:width], "strict"),
            "all ones": (b"7" * width, "limit"),
        }
        for form, (raw, reason) in forms.items():
            yield f"{field.decode()}: {form}", reason, entry(b"f", b"data", raw={at: raw})
        yield f"{field.decode()}: empty", "strict" if field == b"size" else "same", entry(b"f", b"data", raw={at: b"\0" * width})
        yield f"{field.decode()}: blank", "strict" if field == b"size" else "blank", entry(b"f", b"data", raw={at: b" " * width})
    for form, raw in {"zero": b"000000\0 ", "other": b"012345\0 ", "blank": b"        ", "letters": b"abcdefgh",
                      "NUL": b"\0" * 8, "negative": b"-1\0\0\0\0\0\0"}.items():
        yield f"checksum: {form}", "strict", header(b"f", size=4, raw={148: raw}) + b"data" + b"\0" * 508


def pax_raw(data):
    return entry(b"PaxHeaders.0/x", data, kind=b"x")


def pax_records():
    """Records that are right, wrong, twice, too long, and of every key that matters."""
    good = {b"path": b"other", b"uid": b"7", b"gid": b"8", b"size": b"4", b"mtime": b"12.5", b"comment": b"c",
            b"SCHILY.xattr.user.x": b"v", b"LIBARCHIVE.creationtime": b"1", b"vendor.key": b"v", b"atime": b"1.5",
            b"uname": b"root", b"gname": b"root"}
    for key, value in good.items():
        yield f"pax {key.decode()}", "same", pax((key, value)) + entry(b"f", b"data")
        yield f"pax {key.decode()} twice", "strict", pax((key, value), (key, value)) + entry(b"f", b"data")
        yield f"pax {key.decode()} of two headers", "strict", pax((key, value)) + pax((key, value)) + entry(b"f", b"data")
        yield f"pax {key.decode()} empty", "strict", pax((key, b"")) + entry(b"f", b"data")
    for key in (b"uid", b"gid", b"size", b"mtime"):
        for value in (b"-1", b"+1", b" 1", b"1 ", b"0x1", b"1e3", b"9" * 30, b"1\0", b"abc", b"4294967295", b"18446744073709551615",
                      b"9223372036854775808", b"-9223372036854775809", b"1.", b".5", b"1..2"):
            yield f"pax {key.decode()} {value!r}", "strict", pax((key, value)) + entry(b"f", b"data")
    line = b"13 path=name\n"
    for what, data in {
            "no length": b" path=name\n", "length 0": b"0 path=name\n", "too short": b"12 path=name\n",
            "too long": b"14 path=name\n", "huge": b"99999999999999999999 path=name\n", "negative": b"-13 path=name\n",
            "zeros before": b"0013 path=name\n", "plus": b"+13 path=name\n", "hexadecimal": b"0xd path=name\n",
            "no equals": b"11 pathname\n", "no newline": b"12 path=name", "a tab": b"13\tpath=name\n", "empty key": b"6 =ab\n",
            "NUL in the value": b"14 path=na\0me\n", "NUL in the key": b"14 pa\0th=name\n", "rubbish behind": line + b"xyz",
            "zeros behind": line + b"\0" * 40, "nothing": b"", "newline in the name": b"14 path=na\nme\n"}.items():
        reason = "same" if what in ("newline in the name", "nothing") else "strict"
        yield f"pax record: {what}", reason, pax_raw(data) + entry(b"f", b"data")
    yield "pax hdrcharset", "strict", pax((b"hdrcharset", b"BINARY"), (b"path", b"\xff")) + entry(b"f", b"data")
    yield "pax global comment", "same", pax((b"comment", b"x"), kind=b"g") + entry(b"f", b"data")
    yield "pax global path", "strict", pax((b"path", b"other"), kind=b"g") + entry(b"f", b"data")
    yield "pax global uid", "strict", pax((b"uid", b"9"), kind=b"g") + entry(b"f", b"data")
    yield "pax without an entry", "short", pax((b"path", b"x"))
    yield "pax of a pax", "strict", pax((b"path", b"x")) + pax((b"path", b"y")) + entry(b"f", b"data")
    yield "pax larger than a megabyte", "limit", pax((b"comment", b"x" * (1 << 20))) + entry(b"f", b"data")
    for key in (b"trusted.overlay.opaque", b"trusted.overlay.redirect", b"trusted.overlay.metacopy", b"trusted.overlay.origin",
                b"user.overlay.opaque", b"trusted.x"):
        for kind in (b"0", b"5", b"2"):
            yield f"attribute {key.decode()} on {kind.decode()}", "overlay", \
                pax((b"SCHILY.xattr." + key, b"y")) + entry(b"f", b"", kind=kind, link=b"t" if kind == b"2" else b"")


def names():
    for name, reason in {
            b"a": "same", b"./a": "same", b"a//b": "same", b"./././a/./b": "same", b"/abs": "same", b"//abs": "same",
            b"": "name", b".": "replace", b"/": "replace", b"./": "type", b"..": "escape", b"../x": "escape", b"a/..": "escape",
            b"a/../b": "escape", b"./..": "escape", b"a/b/../../../x": "escape", b"x" * 100: "same",
            b"d/" + b"x" * 98: "same", b"new\nline": "same", b"tab\tname": "same", b"\xff\xfe": "same", b"\xc3\xa9": "same",
            b"\x1b[31m": "same", b" ": "same", b"-rf": "same", b"a\\b": "same", b"dir/": "type", b".wh.": "whiteout",
            b".wh..": "whiteout", b".wh...": "whiteout", b".wh.x": "whiteout", b"d/.wh.x": "whiteout", b".wh..wh..opq": "whiteout",
            b"d/.wh..wh..opq": "whiteout", b".wh..wh.plnk": "whiteout", b".wh.x/y": "whiteout", b".wh..wh..opq/y": "whiteout",
            b".wh./x": "whiteout", b"...": "same", b"a/...": "same"}.items():
        yield f"name {name!r}", reason, entry(name, b"data")
        if not name.endswith(b"/") and reason == "same":
            yield f"directory {name!r}", "same", entry(name, kind=b"5", mode=0o755)
    for size in (101, 254, 256, 257, 300, 1000, 4000, 4095, 4096, 5000):
        long = (b"y" * 50 + b"/") * (size // 51) + b"z" * (size % 51)
        yield f"pax name of {size}", "limit" if size >= 4096 else "same", pax((b"path", long)) + entry(b"f", b"data")
        gnu = entry(b"././@LongLink", long + b"\0", kind=b"L", magic=b"ustar  \0")
        yield f"GNU name of {size}", "limit" if size >= 4096 else "same", gnu + entry(b"f", b"data", magic=b"ustar  \0")
        yield f"component of {size}", "limit" if size > 255 else "same", pax((b"path", b"c" * size)) + entry(b"f", b"data")
    yield "prefix", "same", entry(b"name", b"data", prefix=b"some/prefix")
    yield "prefix ..", "escape", entry(b"name", b"data", prefix=b"..")
    yield "depth 400", "same", pax((b"path", b"d/" * 400 + b"f")) + entry(b"f", b"data")
    yield "depth 600", "limit", pax((b"path", b"d/" * 600 + b"f")) + entry(b"f", b"data")


def types():
    for kind in b"01234567SxgLKVMDNAXZ \0\xff\x80azB9":
        letter = bytes([kind])
        posix = letter in b"01234567\0"
        for size in (0, 4):
            reason = "same" if posix and (size == 0 or letter in b"07\0") else "type"
            if letter in b"12":
                reason = "link" if letter == b"1" else reason
            yield f"type {letter!r} size {size}", reason, \
                entry(b"f", b"data"[:size], kind=letter, link=b"t" if letter in b"12" else b"", major=1, minor=3)
    yield "device 0:0", "overlay", entry(b"f", kind=b"3", major=0, minor=0)
    yield "block device 0:0", "same", entry(b"f", kind=b"4", major=0, minor=0)
    yield "device with a huge number", "strict", entry(b"f", kind=b"3", raw={329: b"7777777\0"})


def links():
    two = entry(b"target", b"data")
    for kind in (b"1", b"2"):
        for link in (b"target", b"./target", b"/target", b"../target", b"nowhere", b"/etc/passwd", b".", b"/", b"..", b"l", b"x" * 100):
            reason = "same" if kind == b"2" else "same" if link in (b"target", b"./target") else "link"
            yield f"link {kind.decode()} to {link!r}", reason, two + entry(b"l", kind=kind, link=link)
        yield f"link {kind.decode()} to nothing", "link", two + entry(b"l", kind=kind, link=b"")
    yield "file over a link", "same", entry(b"l", kind=b"2", link=b"t") + entry(b"l", b"data")
    yield "file through a link", "escape", entry(b"d", kind=b"5", mode=0o755) + entry(b"l", kind=b"2", link=b"d") + entry(b"l/f", b"data")
    yield "directory over a link", "replace", entry(b"d", kind=b"5", mode=0o755) + entry(b"l", kind=b"2", link=b"d") + entry(b"l", kind=b"5", mode=0o755)
    yield "file over a directory", "replace", entry(b"d", kind=b"5", mode=0o755) + entry(b"d/x", b"x") + entry(b"d", b"data")
    yield "directory over a file", "replace", entry(b"d", b"data") + entry(b"d", kind=b"5", mode=0o755)
    yield "below a file", "escape", entry(b"d", b"data") + entry(b"d/x", b"x")
    yield "twice", "same", entry(b"f", b"one") + entry(b"f", b"two!")
    yield "hard link to a directory", "link", entry(b"d", kind=b"5", mode=0o755) + entry(b"l", kind=b"1", link=b"d")
    yield "hard link through a link", "escape", entry(b"d", kind=b"5", mode=0o755) + entry(b"d/f", b"x") + entry(b"l", kind=b"2", link=b"d") + entry(b"h", kind=b"1", link=b"l/f")
    yield "hard link to itself", "link", entry(b"h", kind=b"1", link=b"h")
    yield "hard link to a whiteout", "whiteout", entry(b".wh.x") + entry(b"h", kind=b"1", link=b"x")
    for number, data in enumerate(escapes("/tmp/tug-forged-canary")):
        yield f"escape {number}", "escape", data


def ends():
    whole = entry(b"a", b"first" * 200) + pax((b"path", b"b")) + entry(b"x", b"second") + entry(b"d", kind=b"5", mode=0o755)
    for cut in range(64, len(whole), 160):
        yield f"cut at {cut}", "short", whole[:cut], b""
    yield "no end", "same", whole, b""
    yield "one block of zeros", "same", whole, b"\0" * 512
    yield "many zeros", "same", whole, b"\0" * 10240
    yield "text behind the end", "short", whole, END + b"text".ljust(512, b"\0")
    yield "an archive behind the end", "short", whole, END + entry(b"hidden", b"x") + END
    yield "a zero block in the middle", "short", entry(b"a", b"x") + b"\0" * 512 + entry(b"hidden", b"x"), END
    yield "nothing at all", "short", b"", b""
    yield "zeros alone", "same", b"", END
    yield "not an archive", "strict", b"This is text.\n" * 100, b""
    yield "a size that leaves the archive", "short", header(b"f", size=1 << 30), b"data"
    yield "a size of terabytes", "short", header(b"f", raw={124: b"\x80" + (1 << 45).to_bytes(11, "big")}), b"data"


def sparses():
    def pax1(map_text, data, size=b"100", name=b"s"):
        body = map_text + b"\0" * (-len(map_text) % 512) + data
        return pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", name),
                   (b"GNU.sparse.realsize", size)) + entry(b"GNUSparseFile.0/s", body)
    yield "sparse 1.0", "same", pax1(b"1\n0\n4\n", b"data", b"4")
    yield "sparse 1.0 with a hole", "sparse", pax1(b"2\n0\n4\n96\n4\n", b"datadata")
    for what, text in {"overlap": b"2\n0\n4\n2\n4\n", "backwards": b"2\n96\n4\n0\n4\n", "outside": b"1\n98\n8\n",
                       "negative": b"1\n-1\n4\n", "huge": b"1\n0\n99999999999999999999\n", "count 0": b"0\n",
                       "count huge": b"99999999\n0\n4\n", "letters": b"x\n", "cut": b"2\n0\n"}.items():
        yield f"sparse 1.0 {what}", "sparse", pax1(text, b"datadata")
    yield "sparse name that leaves", "escape", pax1(b"1\n0\n4\n", b"data", b"4", b"../s")
    yield "sparse of 8 exabytes", "limit", pax1(b"1\n0\n4\n", b"data", b"9223372036854775807")
    yield "sparse of 5 terabytes", "limit", pax1(b"1\n0\n4\n", b"data", b"%d" % (5 << 40))
    for what, text in {"right": b"0,4", "hole": b"0,2,50,2", "odd": b"0,2,5", "empty": b"", "letters": b"a,b"}.items():
        yield f"sparse 0.1 {what}", "sparse", pax((b"GNU.sparse.size", b"100"), (b"GNU.sparse.map", text), (b"GNU.sparse.name", b"s")) + entry(b"x", b"data")


def matrix():
    for group in (numbers, pax_records, names, types, links, sparses):
        for name, reason, data in group():
            yield name, reason, data + END
    for name, reason, data, end in ends():
        yield name, reason, data + end


def tree(folder):
    """What lies there: path: (type, mode, owner, size or target, content)."""
    out = {}
    folder = os.fsencode(folder)
    stack = [b""]
    while stack:
        here = stack.pop()
        if len(folder) + len(here) > 3500:
            continue
        for name in os.listdir(os.path.join(folder, here)):
            path = os.path.join(here, name)
            if len(folder) + len(path) > 4000:
                continue
            info = os.lstat(os.path.join(folder, path))
            kind = stat.S_IFMT(info.st_mode)
            value = (kind, info.st_mode & 0o7777, info.st_uid, info.st_gid)
            if stat.S_ISREG(kind):
                with open(os.path.join(folder, path), "rb") as file:
                    value += (info.st_size, file.read(1 << 16))
            elif stat.S_ISLNK(kind):
                value = (kind, info.st_uid, info.st_gid, os.readlink(os.path.join(folder, path)))
            elif stat.S_ISDIR(kind):
                stack.append(path)
                value = (kind,) if len(path) > 1000 else value
            else:
                value += (info.st_rdev,)
            out[path] = value
    return out


def run_tug(tugd, archive, folder):
    """The outcome of `tugd job import`: (refused words or None, tree)."""
    report, theirs = os.pipe()
    staging = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    source = os.open(archive, os.O_RDONLY)
    null = os.open("/dev/null", os.O_WRONLY)
    top = [fcntl.fcntl(fd, fcntl.F_DUPFD, 50) for fd in (source, null, 2, theirs, staging)]
    actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(top)]
    pid = os.posix_spawn(tugd, ["tugd", "job", "import"], {}, file_actions=actions)
    for fd in top + [theirs, staging, source, null]:
        os.close(fd)
    with os.fdopen(report, "rb") as lines:
        said = lines.read().decode(errors="replace")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    last = json.loads(said.strip().splitlines()[-1]) if said.strip() else {}
    if status < 0 or (status != 0 and "error" not in last):
        return f"ENDED {status}", {}
    return (last["error"]["message"], {}) if "error" in last else (None, tree(os.path.join(folder, "layer/diff")))


def run_other(argv, archive, folder):
    with open(archive, "rb") as source:
        done = subprocess.run(argv, stdin=source, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False)
    return (done.stderr.decode(errors="replace").strip() or "failed") if done.returncode else None, tree(folder)


def compare(tugd, base, listing):
    cases = list(matrix())
    wrong, differences = [], []
    canary = "/tmp/tug-forged-canary"
    for number, (name, reason, data) in enumerate(cases):
        folder = os.path.join(base, str(number))
        places = {who: os.path.join(folder, who) for who in ("tug", "tar", "bsdtar")}
        for place in places.values():
            os.makedirs(place, 0o755)
        archive = os.path.join(folder, "archive")
        with open(archive, "wb") as out:
            out.write(data)
        said, ours = run_tug(tugd, archive, places["tug"])
        if said and said.startswith("ENDED"):
            wrong.append(f"{name}: the job ended badly: {said}")
        if os.path.lexists(canary) or os.path.lexists("/tmp/tug-escaped"):
            wrong.append(f"{name}: something is outside")
        for who, argv in (("tar", ["tar", "-xpf", "-", "--numeric-owner", "--delay-directory-restore"]),
                          ("bsdtar", ["bsdtar", "-xpf", "-", "--numeric-owner"])):
            if shutil.which(who) is None or (who == "bsdtar" and name.startswith("escape")):
                continue
            words, theirs = run_other(argv, archive, places[who])
            if bool(said) == bool(words) and (said or ours == theirs):
                continue
            how = f"tug: {said or 'taken'}; {who}: {(words or 'taken').splitlines()[0][:80]}"
            if reason == "same" and who == "tar":
                wrong.append(f"{name}: {how}")
            elif reason != "same":
                differences.append(f"{name}: {how}: {REASONS[reason]}")
            else:
                differences.append(f"{name}: {how}: bsdtar stands alone with it")
        shutil.rmtree(folder)
    with open(listing, "w", encoding="utf-8") as out:
        out.write("".join(repr(line)[1:-1] + "\n" for line in differences))
    print(f"{len(cases)} archives, {len(differences)} differences with a reason, {len(wrong)} without")
    print("".join(line + "\n" for line in wrong), end="")
    return not wrong


def main():
    folder = sys.argv[2]
    if sys.argv[1] == "escapes":
        for number, data in enumerate(escapes(sys.argv[3])):
            with open(os.path.join(folder, f"escape-{number}.tar"), "wb") as out:
                out.write(data + END)
    if sys.argv[1] == "matrix":
        sys.exit(0 if compare(*sys.argv[2:5]) else 1)


if __name__ == "__main__":
    main()
