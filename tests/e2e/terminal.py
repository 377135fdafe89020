#!/usr/bin/env python3
"""terminal.py [EXPECT SEND]... -- COMMAND...: runs it on a terminal of 24 lines and 80 columns.

Waits until EXPECT has been seen (behind what the last one has matched), then types SEND, in which \\n, \\020 and the like
stand for themselves. Prints what came; ends with the command's status.
"""
import fcntl, os, pty, select, struct, sys, termios, time

split = sys.argv.index("--")
pairs, command = sys.argv[1:split], sys.argv[split + 1:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.execvp(command[0], command)

seen, at, end = b"", 0, time.monotonic() + 30
while True:
    found = seen.find(pairs[0].encode(), at) if pairs else -1
    if found >= 0:
        at = found + len(pairs[0])
        os.write(fd, pairs[1].encode().decode("unicode_escape").encode("latin1"))
        pairs = pairs[2:]
        continue
    if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
        print(f"terminal.py: waited in vain for {pairs[:1] or 'the end'}", file=sys.stderr)
        os.kill(pid, 9)
        break
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
