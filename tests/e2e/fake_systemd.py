"""A bus with a systemd on it that takes every unit: writes what it was asked for to a file, a member a line.

fake_systemd.py SOCKET FILE [OWNER [GROUP]]: whose the manager is, and below which group its units lie.
"""
import socket
import struct
import sys


def text(value):
    return struct.pack("<I", len(value)) + value + b"\0"


def pad(data, size):
    return data + b"\0" * (-len(data) % size)


def message(kind, serial, fields, body=b""):
    packed = b""
    for code, signature, value in fields:
        packed = pad(packed, 8) + bytes([code, 1]) + signature + b"\0"
        if signature == b"u":
            packed += struct.pack("<I", value)
        elif signature == b"g":
            packed += bytes([len(value)]) + value + b"\0"
        else:
            packed += text(value)
    head = struct.pack("<4BIII", ord("l"), kind, 0, 1, len(body), serial, len(packed)) + packed
    return pad(head, 8) + body


def exactly(peer, size):
    data = b""
    while len(data) < size:
        piece = peer.recv(size - len(data))
        if not piece:
            return None
        data += piece
    return data


def member_of(fields):
    at = fields.find(b"\x03\x01s\0")
    size = struct.unpack_from("<I", fields, at + 4)[0]
    return fields[at + 8 : at + 8 + size]


def serve(peer, log):
    stream = b""
    while not stream.endswith(b"\r\n"):
        stream += peer.recv(1)
    if stream.endswith(b"EXTERNAL\r\n"):  # without a number: the socket's credentials are asked for
        peer.sendall(b"DATA\r\n")
        exactly(peer, len(b"DATA\r\n"))
    peer.sendall(b"OK 0123\r\n")
    exactly(peer, len(b"BEGIN\r\n"))
    while True:
        head = exactly(peer, 16)
        if not head:
            return
        body_size, serial, field_size = struct.unpack_from("<III", head, 4)
        fields = exactly(peer, field_size + (-field_size % 8))
        body = exactly(peer, body_size) if body_size else b""
        member = member_of(fields)
        printable = b"".join(bytes([c]) if 32 < c < 127 else b" " for c in body)
        log.write(member + b" " + b" ".join(printable.split()) + b"\n")
        log.flush()
        job = b"/org/freedesktop/systemd1/job/7"
        if member in (b"StartTransientUnit", b"StopUnit"):
            peer.sendall(message(2, 1, [(5, b"u", serial), (8, b"g", b"o")], text(job)))
            signal = pad(struct.pack("<I", 7) + text(job), 4)
            signal = pad(signal + text(b"unit"), 4) + text(b"done")
            peer.sendall(message(4, 2, [(1, b"o", b"/org/freedesktop/systemd1"), (3, b"s", b"JobRemoved"),
                                        (8, b"g", b"uoss")], signal))
        elif member == b"GetConnectionUnixUser":
            peer.sendall(message(2, 1, [(5, b"u", serial), (8, b"g", b"u")], struct.pack("<I", OWNER)))
        elif member == b"Get":
            peer.sendall(message(2, 1, [(5, b"u", serial), (8, b"g", b"v")], b"\1s\0\0" + text(GROUP)))
        else:
            peer.sendall(message(2, 1, [(5, b"u", serial)]))


OWNER = int(sys.argv[3]) if len(sys.argv) > 3 else 0
GROUP = sys.argv[4].encode() if len(sys.argv) > 4 else b"/"
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
with open(sys.argv[2], "ab") as log:
    while True:
        peer, _ = listener.accept()
        try:
            serve(peer, log)
        except OSError:
            pass
        peer.close()
