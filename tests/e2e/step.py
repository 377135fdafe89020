#!/usr/bin/env python3
"""Follows an engine and its pulls system call by system call, and kills one of them at a chosen one.

step.py PID KIND N     waits for the N-th system call of KIND, kills its process before the call is done, prints the
                       call's number and ends; on SIGTERM it prints how many there were of each kind: "engine 12 job 34"

KIND: engine; spawn (its child, before exec); job (`tugd job pull`); worker (children of that).
"""
import ctypes
import os
import signal
import sys

SEIZE, INTERRUPT, SYSCALL, EVENT_MESSAGE, SYSCALL_INFO = 0x4206, 0x4207, 24, 0x4201, 0x420E
OPTIONS = 1 | 2 | 4 | 8 | 16  # system calls are marked; fork, vfork, clone and exec are followed
FORKS, EXEC = (1, 2, 3), 4
ALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
engine, wanted, number = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
kinds = {engine: "engine"}
counts = {"engine": 0, "spawn": 0, "job": 0, "worker": 0, "other": 0}


def finish(*_):
    print(" ".join(f"{kind} {count}" for kind, count in counts.items()), flush=True)
    os._exit(0)


def go_on(pid, given=0):
    libc.ptrace(SYSCALL, pid, None, given)


def born(parent, child):
    kinds.setdefault(child, {"engine": "spawn", "job": "worker", "worker": "worker"}.get(kinds.get(parent), "other"))


def executed(pid):
    if kinds.get(pid) == "spawn":
        with open(f"/proc/{pid}/cmdline", "rb") as words:
            kinds[pid] = "job" if words.read().split(b"\0")[1:3] == [b"job", b"pull"] else "other"


def call(pid):
    info = (ctypes.c_uint64 * 16)()
    libc.ptrace(SYSCALL_INFO, pid, ctypes.sizeof(info), info)
    if info[0] & 0xFF != 1:  # not an entry
        return
    kind = kinds.get(pid, "other")
    counts[kind] += 1
    if kind == wanted and counts[kind] == number:
        os.kill(pid, signal.SIGKILL)
        print(f"call {info[3]}", flush=True)
        os._exit(0)


def stopped(pid, status):
    event, given = status >> 16, os.WSTOPSIG(status)
    message = ctypes.c_ulong()
    if event in FORKS:
        libc.ptrace(EVENT_MESSAGE, pid, None, ctypes.byref(message))
        born(pid, message.value)
    elif event == EXEC:
        executed(pid)
    elif given == signal.SIGTRAP | 0x80:
        call(pid)
    elif event == 0:
        return go_on(pid, given)
    return go_on(pid)


signal.signal(signal.SIGTERM, finish)
if libc.ptrace(SEIZE, engine, None, OPTIONS) < 0:
    sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
libc.ptrace(INTERRUPT, engine, None, None)
while True:
    try:
        who, what = os.waitpid(-1, ALL)
    except ChildProcessError:
        finish()
    if os.WIFSTOPPED(what):
        stopped(who, what)
