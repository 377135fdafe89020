#!/usr/bin/env python3
"""A name server that does as the name asked for says: dns_server.py LOG ADDRESS...   (UDP and TCP, port 53)

Each question is a line "ADDRESS PROTOCOL NAME TYPE" in LOG.
  who.*     the address that was asked, for A
  slow.*    no answer           fail.*    SERVFAIL
  big.*     cut over UDP, 100 addresses over TCP
  forged.*  replies with another number and for another name first, then 1.1.1.1
  none.*    NXDOMAIN            any other: 9.9.9.9
"""
import ipaddress, socket, struct, sys, threading

log = open(sys.argv[1], "a", buffering=1)


def question(data):
    labels, at = [], 12
    while data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]].decode("latin1"))
        at += data[at] + 1
    return ".".join(labels).lower(), struct.unpack(">H", data[at + 1 : at + 3])[0], data[12 : at + 5]


def reply(number, asked, addresses, code=0, cut=False):
    head = struct.pack(">HHHHHH", number, 0x8180 | code | (0x200 if cut else 0), 1, len(addresses), 0, 0)
    records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + ipaddress.ip_address(a).packed for a in addresses)
    return head + asked + records


def answers(address, stream, data):
    name, kind, asked = question(data)
    number = struct.unpack(">H", data[:2])[0]
    log.write(f"{address} {'tcp' if stream else 'udp'} {name} {kind}\n")
    what = name.split(".")[0]
    if what == "slow":
        return []
    if what == "fail":
        return [reply(number, asked, [], 2)]
    if what == "none":
        return [reply(number, asked, [], 3)]
    if kind != 1:
        return [reply(number, asked, [])]
    if what == "who":
        return [reply(number, asked, [address])]
    if what == "big":
        many = [f"10.9.8.{i}" for i in range(100)]
        return [reply(number, asked, many if stream else [], cut=not stream)]
    if what == "forged":
        other = b"\x05other\x04test\x00" + asked[-4:]
        return [reply(number ^ 1, asked, ["6.6.6.6"]), reply(number, other, ["6.6.6.6"]), b"\xff" * 40,
                reply(number, asked, ["1.1.1.1"])]
    return [reply(number, asked, ["9.9.9.9"])]


def datagrams(server, address):
    while True:
        data, client = server.recvfrom(4096)
        for one in answers(address, False, data):
            server.sendto(one, client)


def stream(connection, address):
    with connection:
        while True:
            head = connection.recv(2, socket.MSG_WAITALL)
            if len(head) < 2:
                return
            data = connection.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL)
            for one in answers(address, True, data):
                connection.sendall(struct.pack(">H", len(one)) + one)


def streams(server, address):
    while True:
        threading.Thread(target=stream, args=(server.accept()[0], address), daemon=True).start()


threads = []
for text in sys.argv[2:]:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    udp, tcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    udp.bind((text, 53))
    tcp.bind((text, 53))
    tcp.listen(64)
    threads += [threading.Thread(target=run, args=(server, text)) for run, server in ((datagrams, udp), (streams, tcp))]
for thread in threads:
    thread.start()
print("ready", flush=True)
