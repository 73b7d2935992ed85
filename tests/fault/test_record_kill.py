#!/usr/bin/env python3
"""Kills a recorded program at random moments, or its launcher, or both: every call that had returned is in the trace.

Usage: test_record_kill.py REHEAP RETURNED CHECK [ROUNDS [SEED]]
"""
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

REHEAP, RETURNED, CHECK = (os.path.abspath(path) for path in sys.argv[1:4])
ROUNDS = int(sys.argv[4]) if len(sys.argv) > 4 else 12
VICTIMS = ("program", "both", "program", "launcher")
SEED = int(sys.argv[5]) if len(sys.argv) > 5 else random.SystemRandom().randrange(1 << 32)


def pid_in(log):
    """The program's process id once it says that it is ready."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        data = log.read_bytes() if log.exists() else b""
        if len(data) >= 8 and struct.unpack("<Q", data[:8])[0] != 0:
            return struct.unpack("<Q", data[:8])[0]
        time.sleep(0.001)
    sys.exit("the program did not start")


def finish(folder, trace):
    """What a killed launcher left behind becomes a trace."""
    spools = list(folder.glob("reheap-spool-*"))
    if len(spools) != 1:
        sys.exit(f"a killed launcher left {len(spools)} spools")
    deadline = time.monotonic() + 30
    while spools[0].exists() and time.monotonic() < deadline:  # a process that was just killed may not be gone yet
        run = subprocess.run([REHEAP, "record", "-o", f"{folder}/", "--finish", spools[0]], capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"reheap record --finish ended with {run.returncode}: {run.stderr}")
    found = list(folder.glob("*.rht"))
    if len(found) != 1:
        sys.exit(f"{len(found)} traces of one program")
    found[0].rename(trace)


def one_round(folder, dice, victims):
    log, trace = folder / "log", folder / "trace.rht"
    log.unlink(missing_ok=True)
    trace.unlink(missing_ok=True)
    launcher = subprocess.Popen([REHEAP, "record", "-o", trace, "--", RETURNED, log], stderr=subprocess.PIPE)
    pid = pid_in(log)
    time.sleep(dice.uniform(0, 0.05))
    if victims == "launcher":  # the program goes on for a while
        launcher.kill()
        launcher.wait()
        time.sleep(dice.uniform(0, 0.05))
        os.kill(pid, signal.SIGKILL)
    elif victims == "both":
        for victim in dice.sample([pid, launcher.pid], 2):
            os.kill(victim, signal.SIGKILL)
    else:
        os.kill(pid, signal.SIGKILL)
    errors = launcher.communicate(timeout=60)[1].decode()
    if launcher.returncode == -signal.SIGKILL:
        if not trace.exists():  # it may have been through in time
            finish(folder, trace)
    elif launcher.returncode != 128 + signal.SIGKILL:
        sys.exit(f"reheap record ended with {launcher.returncode}: {errors}")
    if list(folder.glob("reheap-spool-*")):
        sys.exit("the spool was left")
    return subprocess.run([CHECK, trace, log]).returncode


def main():
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="reheap-test-") as name:
        failed = sum(one_round(pathlib.Path(name), dice, VICTIMS[i % len(VICTIMS)]) != 0 for i in range(ROUNDS))
    if failed:
        sys.exit(f"{failed} of {ROUNDS} traces lack calls that had returned (seed {SEED})")


main()
