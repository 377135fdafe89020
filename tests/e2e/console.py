"""Listens on the console socket of the first argument; prints the terminal's name and all that is written to it."""
import array
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(1)
peer, _ = listener.accept()
name, control, _, _ = peer.recvmsg(100, socket.CMSG_SPACE(4))
fds = array.array("i")
fds.frombytes(control[0][2][:4])
print(name.decode())
data = b""
try:
    while more := os.read(fds[0], 1000):
        data += more
except OSError:
    pass
print(data.decode().replace("\r", ""), end="")
