#!/usr/bin/python3
"""A criu that keeps and restores nothing: speaks the protocol of `criu swrk 3`, for tests of what tug-runtime asks.

Each request becomes one line of JSON in $FAKE_CRIU/requests. What it does otherwise is in files there:
  version   "3 17 1"            features  names of those that it has
  fail      answers with an error and writes a log           die   ends without an answer
A restored container is a process that sleeps, or runs $FAKE_CRIU/program.
"""
import array, json, os, socket, struct, sys

FOLDER = os.environ["FAKE_CRIU"]
DUMP, RESTORE, PRE_DUMP, NOTIFY, FEATURES, VERSION = 1, 2, 4, 6, 9, 10
PAIRS = {11: ("page_server", "text", "number"), 23: ("mounts", "text", "text"), 25: ("groups", "text", "text"),
         27: ("inherit", "text", "number"), 39: ("join", "text", "text")}
TEXTS = {10: "log_file", 13: "root", 14: "parent", 37: "external", 44: "freeze_cgroup", 51: "config_file",
         53: "lsm_profile", 63: "lsm_mount_context"}
NUMBERS = {1: "images_dir", 2: "pid", 3: "leave_running", 4: "ext_unix_sk", 5: "tcp_established", 6: "evasive_devices",
           7: "shell_job", 8: "file_locks", 9: "log_level", 12: "notify_scripts", 15: "track_mem", 16: "auto_dedup",
           17: "work_dir", 18: "link_remap", 24: "manage_cgroups", 26: "rst_sibling", 34: "cgroups_mode",
           38: "empty_ns", 46: "tcp_skip_in_flight", 48: "lazy_pages", 50: "orphan_pts_master"}


def has(name):
    return os.path.exists(f"{FOLDER}/{name}")


def content(name, default):
    return open(f"{FOLDER}/{name}").read().split() if has(name) else default


def members(data):
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return value
    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        else:
            size = varint()
            at += size
            yield tag >> 3, data[at - size:at]


def options_of(data):
    out = {}
    for number, value in members(data):
        if number in PAIRS:
            inner = dict(members(value))
            second = inner[2].decode() if isinstance(inner[2], bytes) else inner[2]
            out.setdefault(PAIRS[number][0], []).append([inner[1].decode(), second])
        elif number == 37:
            out.setdefault("external", []).append(value.decode())
        elif number in TEXTS:
            out[TEXTS[number]] = value.decode()
        else:
            out[NUMBERS[number]] = value
    return out


def number(member, value):
    out = bytearray()
    for part in (member << 3, value):
        while part >= 128:
            out.append(part & 127 | 128)
            part >>= 7
        out.append(part)
    return bytes(out)


def inside(member, data):
    head = number(member, len(data))
    return bytes([head[0] | 2]) + head[1:]  + data


def answer(kind, more=b"", success=1):
    return number(1, kind) + number(2, success) + more


server = socket.socket(fileno=int(sys.argv[2]))
peer, _, _ = struct.unpack("3i", server.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))


def notify(script, pid=0, fds=()):
    body = inside(5, inside(1, script.encode()) + (number(2, pid) if pid else b""))
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    server.sendmsg([answer(NOTIFY, body)], rights)
    reply = server.recv(1 << 16)
    if dict(members(reply)) != {1: NOTIFY, 3: 1}:
        sys.exit(7)


request = dict(members(server.recv(1 << 20)))
kind = request[1]
options = options_of(request.get(2, b""))
entry = {"kind": kind, "options": options}
if kind == VERSION:
    major, minor, sub = map(int, content("version", ["3", "17", "1"]))
    server.send(answer(kind, inside(10, number(1, major) + number(2, minor) + number(4, sub))))
    sys.exit(0)
if kind == FEATURES:
    mine = content("features", ["mem_track", "lazy_pages"])
    server.send(answer(kind, inside(8, number(1, int("mem_track" in mine)) + number(2, int("lazy_pages" in mine)))))
    sys.exit(0)

images = f"/proc/{peer}/fd/{options['images_dir']}"
logs = f"/proc/{peer}/fd/{options.get('work_dir', options['images_dir'])}"
entry["images"] = os.path.realpath(images)
entry["logs"] = os.path.realpath(logs)
entry["stdio"] = [os.readlink(f"/proc/self/fd/{fd}") for fd in range(3)]
entry["inherited"] = {key: os.fstat(fd).st_ino for key, fd in options.get("inherit", [])}
if kind == RESTORE:
    root = options["root"]
    entry["is_mount"] = any(line.split()[4] == root for line in open("/proc/self/mountinfo"))
    entry["root"] = sorted(os.listdir(root))
    entry["there"] = [place for place, _ in options.get("mounts", []) if os.path.lexists(root + place)]
    entry["cgroup"] = open("/proc/self/cgroup").read()
with open(f"{FOLDER}/requests", "a") as out:
    out.write(json.dumps(entry) + "\n")
with open(f"{logs}/{options['log_file']}", "w") as log:
    log.write("(00.1) fine\n(00.2) Error (criu/fake.c:1): it was asked to fail\n" if has("fail") else "(00.1) fine\n")
if has("fail"):
    server.send(answer(kind, number(7, 52), 0))
    sys.exit(1)
if has("die"):
    sys.exit(1)

if kind == RESTORE:
    there, here = os.pipe()
    if os.fork() == 0:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            server.close()
            program = f"{FOLDER}/program"
            os.execvp(program if has("program") else "sleep", [program] if has("program") else ["sleep", "1000"])
        os.write(here, struct.pack("i", pid))
        os._exit(0)
    pid = struct.unpack("i", os.read(there, 4))[0]
    os.wait()
    notify("setup-namespaces", pid)
    if has("terminal"):
        master, slave = os.openpty()
        os.write(slave, b"restored\n")
        notify("orphan-pts-master", 0, [master])
    notify("post-restore", pid)
    server.send(answer(kind, inside(4, number(1, pid))))
else:
    notify("network-lock")
    if options.get("lazy_pages"):
        notify("status-ready")
    if kind == DUMP:
        open(f"{images}/inventory.img", "w").close()
        notify("post-dump")
        if not options.get("leave_running"):
            os.kill(options["pid"], 9)
    server.send(answer(kind))
server.close()
sys.exit(1 if kind == PRE_DUMP else 0)
