#!/usr/bin/env python3
"""Frames that no program sends by itself.

  syn DEVICE MAC SOURCE DESTINATION PORT           one TCP SYN to that hardware address; "answered" or "silent"
  udp DEVICE MAC SOURCE DESTINATION FROM TO TEXT   one datagram, whatever addresses it claims
  sctp DEVICE MAC SOURCE DESTINATION PORT          one SCTP packet that asks for an association
  chunks FILE PORT                                 SCTP of both families: a line "SOURCE" for each packet
  arp DEVICE ADDRESS                               "ADDRESS is at my hardware address", to everybody
  advertise DEVICE ADDRESS                         the same by IPv6
  router DEVICE                                    "I am a router, and fd66::/64 is here"
  listen FILE PORT                                 UDP, both families: a line "SOURCE TEXT" for each datagram
"""
import fcntl, ipaddress, select, socket, struct, sys, time

WAIT = 0.7


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF


def mac_of(device):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return fcntl.ioctl(any_socket, 0x8927, struct.pack("256s", device.encode()))[18:24]  # SIOCGIFHWADDR


def raw(device):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    link.bind((device, 0))
    return link


def packet(source, destination, protocol, segment, place, hops=64):
    """The segment's checksum goes to `place`."""
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if source.version == 4:
        pseudo = source.packed + destination.packed + struct.pack(">HH", protocol, len(segment))
    else:
        pseudo = source.packed + destination.packed + struct.pack(">II", len(segment), protocol)
    segment = segment[:place] + struct.pack(">H", checksum(pseudo + segment)) + segment[place + 2 :]
    if source.version == 4:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, hops, protocol, 0)
        head += source.packed + destination.packed
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        return b"\x08\x00" + head + segment
    return b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(segment), protocol, hops) + source.packed + destination.packed + segment


def send(device, mac, data):
    link = raw(device)
    link.send(bytes.fromhex(mac.replace(":", "")) + mac_of(device) + data)
    return link


def syn(device, mac, source, destination, port):
    own = 20000 + int(time.time() * 1000) % 20000
    segment = struct.pack(">HHIIBBHHH", own, int(port), 1, 0, 5 << 4, 2, 1024, 0, 0)
    link = send(device, mac, packet(source, destination, 6, segment, 16))
    end = time.time() + WAIT
    while time.time() < end:
        link.settimeout(max(end - time.time(), 0.01))
        try:
            frame, place = link.recvfrom(2048)
        except TimeoutError:
            break
        four = frame[12:14] == b"\x08\x00"
        at = 14 + (20 if four else 40)
        if place[2] != 4 and frame[14 + 9 if four else 14 + 6] == 6 and frame[at + 2 : at + 4] == struct.pack(">H", own):
            return print("answered")
    print("silent")


def udp(device, mac, source, destination, own, port, text):
    data = text.encode()
    send(device, mac, packet(source, destination, 17, struct.pack(">HHHH", int(own), int(port), 8 + len(data), 0) + data, 6))


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def sctp(device, mac, source, destination, port):
    chunk = struct.pack(">BBHIIHHI", 1, 0, 20, 7, 65536, 1, 1, 9)
    head = struct.pack(">HHI", 7070, int(port), 0)
    segment = head + crc32c(head + b"\0\0\0\0" + chunk) + chunk
    data = bytearray(packet(source, destination, 132, segment, len(segment) - 2))
    data[-len(segment) :] = segment  # it has a checksum of its own kind
    send(device, mac, bytes(data))


def chunks(name, port):
    with open(name, "w", buffering=1) as out:
        sockets = [socket.socket(family, socket.SOCK_RAW, 132) for family in (socket.AF_INET, socket.AF_INET6)]
        out.write("ready\n")
        while True:
            for server in select.select(sockets, [], [])[0]:
                data, place = server.recvfrom(2048)
                data = data[20:] if server is sockets[0] else data
                if data[2:4] == struct.pack(">H", int(port)):
                    out.write(f"{place[0]}\n")


def arp(device, address):
    mac, packed = mac_of(device), ipaddress.ip_address(address).packed
    for kind, target in ((2, b"\xff" * 6), (1, b"\0" * 6)):
        send(device, "ff:ff:ff:ff:ff:ff", b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, kind) + mac + packed + target + packed)


def link_local(device):
    mac = mac_of(device)
    return str(ipaddress.ip_address(b"\xfe\x80" + b"\0" * 6 + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]))


def advertise(device, address):
    body = struct.pack(">BBHI", 136, 0, 0, 0x20000000) + ipaddress.ip_address(address).packed + b"\2\1" + mac_of(device)
    for source in (address, link_local(device)):
        send(device, "33:33:00:00:00:01", packet(source, "ff02::1", 58, body, 2, 255))


def router(device):
    prefix = struct.pack(">BBBBIII", 3, 4, 64, 0xC0, 3600, 3600, 0) + ipaddress.ip_address("fd66::").packed
    body = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\1\1" + mac_of(device) + prefix
    send(device, "33:33:00:00:00:01", packet(link_local(device), "ff02::1", 58, body, 2, 255))


def listen(name, port):
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", int(port)))
    with open(name, "w", buffering=1) as out:
        out.write("ready\n")
        while True:
            data, place = server.recvfrom(2048)
            out.write(f"{place[0].removeprefix('::ffff:')} {data.decode()}\n")


globals()[sys.argv[1]](*sys.argv[2:])
