#!/usr/bin/env python3
"""A registry for tests that does what it is told, also what is wrong.

    registry_server.py ADDRESS PORT [--tls CERT KEY [CLIENT-CA]] [--basic USER:PASSWORD] [--token REALM]

It has the images of IMAGES below, takes uploads, and can be told to misbehave:

    POST /_fault {"match": REGEX of "METHOD /path", "times": N (-1: always), ...}
        "status", "headers", "body"    answers that instead
        "cut": N                       ends the connection after N bytes of the body ("reset": by RST)
        "stall": N                     stops after N bytes of the body, until the client goes
        "length": N                    announces N bytes
        "nolength": true               announces nothing, the end of the connection is the end
        "flip": N                      changes the byte at N
        "append": TEXT                 more at the end
        "type": TEXT                   Content-Type
        "norange": true                knows no Range
        "pause": SECONDS               answers late
    POST /_reset                       forgets faults and the log
    GET  /_log                         all requests: method, path, authorization, range, sent
    GET  /_bytes                       bytes of blobs that were sent
"""
import base64, gzip, hashlib, io, json, random, re, socket, ssl, struct, sys, tarfile, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

args = sys.argv[1:]
address, port = args[0], int(args[1])
options = args[2:]
basic = options[options.index("--basic") + 1] if "--basic" in options else None
realm = options[options.index("--token") + 1] if "--token" in options else None

lock = threading.Lock()
faults, log, uploads = [], [], {}
blobs, manifests, tags = {}, {}, {}
sent_blobs = [0]

M = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(data):
    blobs[digest(data)] = data
    return digest(data)


def layer(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def manifest(repository, reference, document, kind=M):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    manifests[(repository, digest(data))] = (kind, data)
    if reference:
        tags[(repository, reference)] = digest(data)
    return {"mediaType": kind, "digest": digest(data), "size": len(data)}


def image(repository, tag, layers, architecture="amd64", variant=None):
    tars = [layer(files) for files in layers]
    config = {"architecture": architecture, "os": "linux", "config": {"Cmd": ["/x"]},
              "rootfs": {"type": "layers", "diff_ids": [digest(tar) for tar in tars]}}
    if variant:
        config["variant"] = variant
    config = json.dumps(config).encode()
    packed = [gzip.compress(tar, 1, mtime=0) for tar in tars]
    document = {
        "schemaVersion": 2, "mediaType": M,
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": blob(config), "size": len(config)},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": blob(p), "size": len(p)}
                   for p in packed]}
    return manifest(repository, tag, document), document


def setup():
    noise = random.Random(1)
    big = noise.randbytes(6 << 20)
    image("small", "1", [{"a": b"one"}, {"b": b"two"}])
    image("small", "2", [{"a": b"one"}, {"c": b"three"}])
    image("big", "1", [{"noise": big}, {"b": b"two"}])
    image("big", "2", [{"noise": big}, {"other": b"2"}])
    image("one", "1", [{"noise": noise.randbytes(1 << 20)}])
    parts = []
    for architecture, variant in (("amd64", None), ("arm64", "v8"), ("arm", "v6")):
        entry, _ = image("multi", None, [{architecture: b"x"}], architecture, variant)
        entry["platform"] = {"architecture": architecture, "os": "linux"}
        if variant:
            entry["platform"]["variant"] = variant
        parts.append(entry)
    manifest("multi", "1", {"schemaVersion": 2, "mediaType": LIST, "manifests": parts}, LIST)
    _, good = image("bad", "good", [{"a": b"one"}])
    manifest("bad", "both", dict(good, manifests=[]))
    manifest("bad", "duplicate", json.dumps(good).encode()[:-1] + b',"config":' + json.dumps(good["config"]).encode() + b"}")
    manifest("bad", "huge", json.dumps(dict(good, annotations={"x": "y" * (5 << 20)})).encode())
    manifest("bad", "deep", b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}")
    manifest("bad", "path", dict(good, config=dict(good["config"], digest="sha256:../../../../etc/passwd")))
    manifest("bad", "size", dict(good, layers=[dict(good["layers"][0], size=good["layers"][0]["size"] + 1)]))
    manifest("bad", "negative", dict(good, layers=[dict(good["layers"][0], size=-1)]))
    manifest("bad", "number", json.dumps(good).replace('"schemaVersion": 2', '"schemaVersion": 1e999').encode())
    manifest("bad", "surrogate", json.dumps(dict(good, annotations={"x": "\ud800"})).encode())
    manifest("bad", "trailing", json.dumps(good).encode() + b"{}")
    manifest("bad", "schema1", {"schemaVersion": 1, "fsLayers": []}, "application/vnd.docker.distribution.manifest.v1+prettyjws")
    manifest("bad", "escape", dict(good, layers=[dict(good["layers"][0], mediaType="\u001b]0;x\u0007")]))
    wrong = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}).encode()
    manifest("bad", "diffid", dict(good, config=dict(good["config"], digest=blob(wrong), size=len(wrong))))
    foreign = dict(good["layers"][0], digest="sha256:" + "1" * 64, urls=["http://%s:%d/stolen" % (address, port)],
                   mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    manifest("bad", "foreign", dict(good, layers=[foreign]))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def find_fault(self):
        with lock:
            for fault in faults:
                if fault.get("times", 1) != 0 and re.search(fault["match"], self.command + " " + self.path):
                    fault["times"] = fault.get("times", 1) - 1 if fault.get("times", 1) > 0 else -1
                    return fault
        return {}

    def answer(self, status, body=b"", kind="application/json", headers=None, counted=False):
        fault, entry = self.fault, self.entry
        if isinstance(body, str):
            body = body.encode()
        headers = dict(headers or {})
        kind = fault.get("type", kind)
        first = 0
        wanted = re.match(r"bytes=(\d+)-$", self.headers.get("Range") or "")
        if wanted and counted and status == 200 and "norange" not in fault:
            first = int(wanted.group(1))
            if first >= len(body):
                status, body, first = 416, b"", 0
            else:
                status = 206
                headers["Content-Range"] = "bytes %d-%d/%d" % (first, len(body) - 1, len(body))
        if "flip" in fault and body:
            changed = bytearray(body)
            changed[fault["flip"] % len(body)] ^= 1
            body = bytes(changed)
        body = body[first:] + fault.get("append", "").encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if "nolength" in fault:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(fault.get("length", len(body))))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        stop = min(fault.get("cut", len(body)), fault.get("stall", len(body)), fault.get("length", len(body)))
        try:
            for at in range(0, stop, 65536):
                piece = body[at:min(stop, at + 65536)]
                self.wfile.write(piece)
                entry["sent"] += len(piece)
                if counted:
                    with lock:
                        sent_blobs[0] += len(piece)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
            return
        if "stall" in fault:
            self.connection.settimeout(30)
            try:
                self.connection.recv(1)
            except OSError:
                pass
        if "cut" in fault or "stall" in fault or "length" in fault:
            self.close_connection = True
            if fault.get("reset"):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                self.connection.shutdown(socket.SHUT_RDWR) if not fault.get("reset") else self.connection.close()
            except OSError:
                pass

    def error(self, status, code, message, headers=None):
        self.answer(status, json.dumps({"errors": [{"code": code, "message": message}]}), headers=headers)

    def authorized(self):
        given = self.headers.get("Authorization") or ""
        if basic and given != "Basic " + base64.b64encode(basic.encode()).decode():
            self.error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": 'Basic realm="test"'})
            return False
        if realm and given != "Bearer good":
            self.error(401, "UNAUTHORIZED", "authentication required",
                       {"WWW-Authenticate": 'Bearer realm="%s",service="test",scope="repository:x:pull"' % realm})
            return False
        return True

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while True:
                size = int(self.rfile.readline().strip(), 16)
                data += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def control(self):
        data = self.body()
        if self.path == "/_fault":
            with lock:
                faults.append(json.loads(data))
        elif self.path == "/_reset":
            with lock:
                faults.clear()
                log.clear()
                sent_blobs[0] = 0
        elif self.path == "/_log":
            self.answer(200, json.dumps(log))
            return
        elif self.path == "/_bytes":
            self.answer(200, str(sent_blobs[0]))
            return
        self.answer(200, "{}")

    def handle_any(self):
        self.fault = {}
        self.entry = {"method": self.command, "path": self.path, "authorization": self.headers.get("Authorization"),
                      "range": self.headers.get("Range"), "agent": self.headers.get("User-Agent"), "sent": 0}
        if self.path.startswith("/_"):
            self.control()
            return
        with lock:
            log.append(self.entry)
        self.fault = self.find_fault()
        if "pause" in self.fault:
            time.sleep(self.fault["pause"])
        if "status" in self.fault:
            if "cut_request" not in self.fault:
                self.body()
            self.answer(self.fault["status"], self.fault.get("body", ""), headers=self.fault.get("headers"))
            return
        if self.path.startswith("/token"):
            self.token()
        elif self.path.startswith("/stolen"):
            self.answer(200, "x")
        elif self.path.startswith("/storage/"):
            self.answer(200, blobs[self.path.split("/")[2]], "application/octet-stream", counted=True)
        elif self.authorized():
            self.registry()
        else:
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    def token(self):
        data = self.body().decode()
        given = self.headers.get("Authorization") or ""
        expected = "Basic " + base64.b64encode(b"user:pass").decode()
        if given == expected or "refresh_token=refresh" in data:
            answer = {"token": "good", "expires_in": 60}
            if "offline_token=true" in self.path:
                answer["refresh_token"] = "refresh"
            self.answer(200, json.dumps(answer))
        else:
            self.error(401, "UNAUTHORIZED", "incorrect username or password")

    def registry(self):
        path = self.path.split("?")[0]
        query = dict(pair.partition("=")[::2] for pair in self.path.partition("?")[2].split("&") if pair)
        if path == "/v2/":
            self.answer(200, "{}")
            return
        if path == "/v2/_catalog":
            names = sorted({name for name, _ in tags})
            self.paged("repositories", names, query, path)
            return
        found = re.match(r"/v2/(.+)/(manifests|blobs|tags)/(.*)$", path)
        if found and "/blobs/uploads" in path:
            found = re.match(r"/v2/(.+)/(blobs)/(uploads/.*)$", path)
        if not found:
            self.error(404, "UNSUPPORTED", "not here")
            return
        name, what, rest = found.groups()
        if name.startswith("prefix/"):
            name = name[len("prefix/"):]
        if what == "manifests":
            self.manifest(name, rest)
        elif what == "tags":
            self.paged("tags", sorted(t for n, t in tags if n == name), query, path)
        elif rest.startswith("uploads/"):
            self.upload(name, rest[len("uploads/"):], query)
        elif rest in blobs:
            self.answer(200, blobs[rest], "application/octet-stream", counted=True)
        else:
            self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")

    def paged(self, member, items, query, path):
        start = items.index(query["last"]) + 1 if query.get("last") in items else 0
        page = items[start:start + 2]
        headers = {"Link": '<%s?last=%s&n=2>; rel="next"' % (path, page[-1])} if start + 2 < len(items) else {}
        self.answer(200, json.dumps({member: page, "name": "x"}), headers=headers)

    def manifest(self, name, reference):
        if self.command == "PUT":
            data = self.body()
            manifest(name, reference if not reference.startswith("sha256:") else None, data, self.headers["Content-Type"])
            self.answer(201, headers={"Docker-Content-Digest": digest(data)})
            return
        wanted = tags.get((name, reference), reference)
        if (name, wanted) not in manifests:
            self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return
        kind, data = manifests[(name, wanted)]
        self.answer(200, data, kind, {"Docker-Content-Digest": wanted})

    def upload(self, name, session, query):
        place = {"Location": "/v2/%s/blobs/uploads/%s" % (name, session or "s%d" % len(uploads))}
        key = place["Location"]
        if self.command == "POST":
            self.body()
            uploads[key] = b""
            self.answer(202, headers=place)
        elif self.command == "GET":
            self.answer(204, headers=dict(place, Range="0-%d" % max(len(uploads.get(key, b"")) - 1, 0)))
        else:
            try:
                limit = self.fault.get("take")
                length = int(self.headers.get("Content-Length") or 0)
                data = self.rfile.read(min(length, limit)) if limit is not None else self.body()
            except OSError:
                return
            uploads[key] = uploads.get(key, b"") + data
            if limit is not None:
                self.close_connection = True
                self.connection.close()
                return
            if self.command == "PATCH":
                self.answer(202, headers=dict(place, Range="0-%d" % (len(uploads[key]) - 1)))
            elif digest(uploads[key]) == query.get("digest"):
                blob(uploads.pop(key))
                self.answer(201)
            else:
                self.error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")


setup()
ThreadingHTTPServer.request_queue_size = 128
server = ThreadingHTTPServer((address, port), Handler)
server.daemon_threads = True
if "--tls" in options:
    at = options.index("--tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options[at + 1], options[at + 2])
    if len(options) > at + 3 and not options[at + 3].startswith("--"):
        context.load_verify_locations(options[at + 3])
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.handle_error = lambda *_: None
server.serve_forever()
