#!/usr/bin/env python3
"""Gives tokens for docker-registry, signed by KEY (RSA) with the certificate CERT: user "user", password "pass".

token_server.py ADDRESS PORT CERT KEY     GET and POST /token; anonymous clients may pull from "open/..."; GET /log
"""
import base64, json, subprocess, sys, time, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

address, port, cert, key = sys.argv[1:]
log = []


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(access, seconds):
    body = "".join(line for line in open(cert) if "-----" not in line).replace("\n", "")
    head = {"typ": "JWT", "alg": "RS256", "x5c": [body]}
    now = int(time.time())
    claims = {"iss": "test issuer", "sub": "", "aud": "test service", "exp": now + seconds, "nbf": now - 10, "iat": now, "jti": "1",
              "access": access}
    text = encoded(json.dumps(head).encode()) + "." + encoded(json.dumps(claims).encode())
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), capture_output=True, check=True)
    return text + "." + encoded(signed.stdout)


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, document):
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def grant(self, query, known):
        access = []
        for scope in " ".join(query.get("scope", [])).split():
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            allowed = actions.split(",") if known else [a for a in actions.split(",") if a == "pull" and name.startswith("open/")]
            if allowed:
                access.append({"type": kind, "name": name, "actions": allowed})
        log.append({"known": known, "scopes": query.get("scope", []), "method": self.command})
        document = {"token": token(access, 300), "expires_in": 300}
        if query.get("offline_token") == ["true"] or query.get("access_type") == ["offline"]:
            document["refresh_token"] = "refresh"
        self.answer(200, document)

    def do_GET(self):
        where = urllib.parse.urlsplit(self.path)
        if where.path == "/log":
            return self.answer(200, log)
        given = self.headers.get("Authorization")
        if given and given != "Basic " + base64.b64encode(b"user:pass").decode():
            return self.answer(401, {"details": "incorrect username or password"})
        self.grant(urllib.parse.parse_qs(where.query), bool(given))

    def do_POST(self):
        query = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        good = query.get("refresh_token") == ["refresh"] or (query.get("username"), query.get("password")) == (["user"], ["pass"])
        if not good:
            return self.answer(401, {"details": "incorrect username or password"})
        self.grant(query, True)

    def log_message(self, *_):
        pass


ThreadingHTTPServer((address, int(port)), Handler).serve_forever()
