#!/usr/bin/env python3
"""Processes: fork, vfork, posix_spawn, exec, daemons; ends of all sorts; streams and statuses that pass through.

Usage: test_processes.py REHEAP PROCESSES
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
from collections import Counter

from recording import Recording, programs

REHEAP, PROCESSES = programs()
NAME = PROCESSES.rsplit("/", 1)[1]
BEFORE, AFTER, CHILD, EXECUTED = 5001, 5002, 5003, 5004


class Processes(unittest.TestCase):
    def setUp(self):
        self.recording = Recording(REHEAP)
        self.addCleanup(self.recording.__exit__)

    def record(self, *arguments, status=0, options=()):
        run = self.recording.record(PROCESSES, *arguments, options=options)
        self.assertEqual(run.returncode, status, run.stderr.decode())
        self.assertEqual(self.recording.left_over(), [])
        return run

    def sizes(self, name):
        """How many own blocks of each size a trace has, inherited ones and fresh ones apart; nothing is unknown."""
        meta, events = self.recording.dump(name)
        self.assertEqual((meta["unknown_frees"], meta["drops"], meta["torn"]), (0, 0, 0), name)
        inherited, fresh = Counter(), Counter()
        for event in events:
            if event.kind == "malloc" and BEFORE <= event.size <= EXECUTED:
                (inherited if event.is_prologue else fresh)[event.size] += 1
        return dict(inherited), dict(fresh)

    def only_child(self):
        names = [name for name in self.recording.traces() if name != f"{NAME}.rht"]
        self.assertEqual(len(names), 1, names)
        return names[0]

    def check_table(self, text):
        """A row a trace, with what the trace says."""
        rows = re.findall(r"^ *(\d+)  (\S+) +(\S+) +(\d+) +\S+ \w+  (\S+\.rht)$", text, re.MULTILINE)
        self.assertEqual(sorted(row[4] for row in rows), self.recording.traces(), text)
        for pid, program, events, threads, name in rows:
            meta, dumped = self.recording.dump(name)
            self.assertEqual((int(pid), program, events, int(threads)),
                             (meta["pid"], NAME[:16], str(len(dumped)), len({event.thread for event in dumped})), text)

    def check_fork(self, way):
        run = self.record(way)
        self.assertEqual(run.stdout, b"child 3: 0\n")
        self.assertRegex(run.stderr, rb"bytes an event on the way.*\nRecording cost about .* of the run time")
        self.check_table(run.stderr.decode())
        self.assertEqual(self.sizes(f"{NAME}.rht"), ({}, {BEFORE: 100, AFTER: 100}))
        self.assertEqual(self.sizes(self.only_child()), ({BEFORE: 100}, {CHILD: 100}))

    def test_fork(self):
        self.check_fork("fork")

    def test_fork_that_runs_no_handlers(self):
        self.check_fork("unhandled-fork")

    def test_fork_without_an_environment(self):
        self.check_fork("bare-fork")

    def test_raw_fork(self):
        # No handler says when: the child's inheritance is not known, but its own calls are all there.
        run = self.record("raw-fork")
        self.assertEqual(run.stdout, b"child 3: 0\n")
        self.assertEqual(self.sizes(f"{NAME}.rht"), ({}, {BEFORE: 100, AFTER: 100}))
        meta, events = self.recording.dump(self.only_child())
        self.assertEqual(sum(1 for event in events if event.size == CHILD and not event.is_prologue), 100)

    def test_fork_in_a_thread(self):
        run = self.record("thread-fork")
        self.assertEqual(run.stdout, b"child 3: 0\n")
        inherited, fresh = self.sizes(f"{NAME}.rht")
        self.assertEqual((inherited, fresh), ({}, {BEFORE: 100, AFTER: 100}))
        meta, events = self.recording.dump(self.only_child())
        self.assertEqual(meta["unknown_frees"], 0)
        self.assertEqual({event.thread for event in events}, {0})
        self.assertEqual(sum(1 for event in events if event.size == CHILD), 100)

    def test_fork_in_a_signal_handler(self):
        """The child returns into the call that the signal has interrupted: only that call is not recorded there."""
        for _ in range(3):
            self.record("handler-fork")
        children = [name for name in self.recording.traces() if name != f"{NAME}.rht"]
        self.assertEqual(len(children), 150)
        for name in children[::9]:  # of fork and of _Fork
            meta, events = self.recording.dump(name)
            self.assertLessEqual(meta["drops"], 1, name)
            self.assertLessEqual(meta["unknown_frees"], 1, name)
            self.assertEqual(meta["torn"], 0, name)
            self.assertEqual(sum(1 for event in events if event.size == CHILD and not event.is_prologue), 100, name)

    def test_fork_in_a_signal_handler_without_children(self):
        self.record("handler-fork", options=["--no-children"])
        self.assertEqual(self.recording.traces(), [f"{NAME}.rht"])

    def check_executed(self, way):
        run = self.record(way)
        self.assertEqual(run.stdout, b"child 4: 0\n")
        self.assertEqual(self.sizes(f"{NAME}.rht"), ({}, {BEFORE: 100, AFTER: 100}))
        self.assertEqual(self.sizes(self.only_child()), ({}, {EXECUTED: 100}))

    def test_vfork(self):
        self.check_executed("vfork")

    def test_spawn_with_an_empty_environment(self):
        self.check_executed("spawn")

    def test_exec_keeps_the_process(self):
        self.record("exec", status=4)
        self.assertEqual(self.sizes(f"{NAME}.rht"), ({}, {EXECUTED: 100}))
        self.assertEqual(self.sizes(self.only_child()), ({}, {BEFORE: 100}))

    def test_daemon_is_waited_for(self):
        run = self.record("daemon")
        self.assertIn(b"waiting for process", run.stderr)
        self.assertEqual(self.sizes(f"{NAME}.rht"), ({}, {BEFORE: 100, AFTER: 100}))
        self.assertEqual(self.sizes(self.only_child()), ({BEFORE: 100}, {CHILD: 100}))

    def test_daemon_where_pidfds_are_refused(self):
        strace = ["strace", "-o", "/dev/null", "-e", "trace=pidfd_open", "-e", "inject=pidfd_open:error=EPERM"]
        if shutil.which("strace") is None or subprocess.run([*strace, "true"], capture_output=True).returncode != 0:
            self.skipTest("strace is missing, or not allowed")
        # A leak checker would want to trace the process as well.
        environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
        run = subprocess.run([*strace, REHEAP, "record", "--", PROCESSES, "daemon"], cwd=self.recording.folder,
                             env=environment, capture_output=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertLessEqual(run.stderr.count(b"waiting for process"), 1, run.stderr)
        self.assertEqual(self.sizes(self.only_child()), ({BEFORE: 100}, {CHILD: 100}))

    def test_no_children(self):
        self.record("fork", options=["--no-children"])
        self.assertEqual(self.recording.traces(), [f"{NAME}.rht"])
        self.assertEqual(self.sizes(f"{NAME}.rht"), ({}, {BEFORE: 100, AFTER: 100}))

    def test_into_a_folder(self):
        self.recording.path("without").mkdir()
        for name, option in {"with": "with/", "without": "without", "new/deep": "new/deep/"}.items():
            run = self.record("fork", options=["-o", option])
            self.assertIn(f" {name}/{NAME}.rht\n", run.stderr.decode())
            self.assertEqual(self.recording.traces(), [])
            self.assertEqual(len(list(self.recording.path(name).glob(f"{NAME}*.rht"))), 2)
            self.assertTrue(self.recording.path(f"{name}/{NAME}.rht").exists())

    def test_no_children_follows_an_exec(self):
        self.record("exec", status=4, options=["--no-children", "-o", "main.rht"])
        self.assertEqual(self.sizes("main.rht"), ({}, {EXECUTED: 100}))

    def test_ends(self):
        for way, status in {"status": 42, "_exit": 7, "quick": 6, "abort": 128 + signal.SIGABRT,
                            "kill": 128 + signal.SIGKILL, "closed": 0}.items():
            with self.subTest(way):
                self.record("end", way, status=status, options=["-o", f"{way}.rht"])
                after = {AFTER: 30000} if way == "closed" else {}
                self.assertEqual(self.sizes(f"{way}.rht"), ({}, {BEFORE: 100, **after}))
                self.assertEqual(self.cpu_ns(f"{way}.rht") > 0, way not in ("quick", "abort", "kill"))

    def cpu_ns(self, name):
        return self.recording.dump(name)[0].get("cpu_ns", 0)

    def test_cpu_time(self):
        run = self.record("busy-fork")
        self.assertGreaterEqual(self.cpu_ns(f"{NAME}.rht"), 200_000_000)
        child = self.cpu_ns(self.only_child())  # its own: its parent had taken 200 ms
        self.assertGreaterEqual(child, 20_000_000)
        self.assertLess(child, 1000 * int(run.stdout) + 50_000_000)
        self.assertGreater(self.recording.dump(f"{NAME}.rht")[0]["recorder_ns"], 0)

    def test_cpu_time_begins_with_the_program(self):
        self.record("exec", status=4)
        self.assertGreater(self.cpu_ns(f"{NAME}.rht"), 0)
        self.assertEqual(self.cpu_ns(self.only_child()), 0)  # it became another

    def test_streams_pass_through(self):
        run = self.recording.record("sh", "-c", "cat; echo to stderr >&2; exit 5", options=["-o", "x.rht"],
                                    stdin=b"one\0two\n" * 1000)
        self.assertEqual(run.returncode, 5)
        self.assertEqual(run.stdout, b"one\0two\n" * 1000)
        self.assertTrue(run.stderr.startswith(b"to stderr\n"))

    def test_a_child_is_finished_before_its_parent_ends(self):
        """As the workers of a server that runs on: what they inherited is known all the same."""
        script = "import os, sys; os.fork() or sys.exit(); os.wait(); print('ready', flush=True); sys.stdin.read()"
        printed = subprocess.run([REHEAP, "record", "--print-env", "spool"], cwd=self.recording.folder, check=True,
                                 capture_output=True, text=True)
        environment = dict(os.environ, PYTHONMALLOC="malloc", **dict(line.split("=", 1) for line in printed.stdout.splitlines()))
        finish = [REHEAP, "record", "--finish", "spool"]
        with subprocess.Popen([sys.executable, "-c", script], cwd=self.recording.folder, env=environment,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            self.assertEqual(server.stdout.readline(), b"ready\n")
            run = subprocess.run(finish, cwd=self.recording.folder, check=True, capture_output=True)
            self.assertIn(b"1 process still runs", run.stderr)
        (child,) = self.recording.traces()
        meta, events = self.recording.dump(child)
        self.assertEqual((meta["unknown_frees"], meta["drops"]), (0, 0))
        self.assertGreater(sum(event.is_prologue for event in events), 1000)
        subprocess.run(finish, cwd=self.recording.folder, check=True, capture_output=True)
        self.assertEqual(len(self.recording.traces()), 2)
        self.assertFalse(self.recording.path("spool").exists())

    def test_children_that_cannot_reach_the_spool(self):
        """As after a chroot: their parent's trace says that there were some."""
        script = ("import os; spool = os.environ['REHEAP_SPOOL']; os.rename(spool, spool + 'x')\n"
                  "for _ in range(3): os.fork() or os._exit(len([str(i) for i in range(1000)]) % 7); os.wait()\n"
                  "os.rename(spool + 'x', spool)")
        run = self.recording.record_by_environment(sys.executable, "-c", script)
        self.assertEqual(run.returncode, 0, run.stderr)
        (parent,) = self.recording.traces()
        meta, _ = self.recording.dump(parent)
        self.assertEqual(meta["note"], "3 processes that it forked were not recorded, as they could not make a file in the "
                                       "spool's directory.")

    def test_signals_are_handed_on(self):
        for number, expected in ((signal.SIGTERM, 33), (signal.SIGHUP, 34)):
            with self.subTest(number):
                script = "trap 'exit 33' TERM; trap 'exit 34' HUP; echo ready; while :; do sleep 0.01; done"
                process = subprocess.Popen([REHEAP, "record", "-o", "s.rht", "--no-children", "--", "sh", "-c", script],
                                           cwd=self.recording.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.assertEqual(process.stdout.readline(), b"ready\n")
                process.send_signal(number)
                process.communicate(timeout=30)
                self.assertEqual(process.returncode, expected)
                self.recording.verify("s.rht")

    def test_interrupt_is_the_commands_own(self):
        # As from a terminal: both get it; the command ends, and its trace is written.
        process = subprocess.Popen([REHEAP, "record", "-o", "i.rht", "--", "sh", "-c", "echo ready; exec sleep 100"],
                                   cwd=self.recording.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   process_group=0 if sys.version_info >= (3, 11) else None,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        time.sleep(0.2)
        subprocess.run(["kill", "-INT", "--", f"-{process.pid}"], check=True)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 128 + signal.SIGINT)
        self.recording.verify("i.rht")


class Refusals(unittest.TestCase):
    def check(self, sentence, *command, status, options=()):
        with Recording(REHEAP) as recording:
            run = recording.record(*command, options=options)
            self.assertEqual(run.returncode, status, run.stderr.decode())
            self.assertIn(sentence, run.stderr.decode())
            self.assertEqual(run.stderr.count(b"\n"), 1)
            self.assertEqual((recording.traces(), recording.left_over()), ([], []))

    def test_no_program(self):
        self.check("no program", "no-such-program-anywhere", status=1)

    def test_no_folder(self):
        self.check("cannot record into the directory", "true", options=["-o", "none/x.rht"], status=1)

    def test_a_path_too_long_for_the_recorder(self):
        """Before the program has run for nothing."""
        with Recording(REHEAP) as recording:
            folder = recording.path("/".join(["x" * 200] * 6))
            folder.mkdir(parents=True)
            for arguments in (["--", "touch", "ran"], ["--print-env", "spool"]):
                run = subprocess.run([REHEAP, "record", *arguments], cwd=folder, capture_output=True, text=True)
                self.assertEqual((run.returncode, run.stdout), (1, ""))
                self.assertIn("the path of the spool directory is longer than 1023 bytes", run.stderr)
            self.assertEqual([path.name for path in folder.iterdir() if path.name != "spool"], [])

    def test_static_program(self):
        with Recording(REHEAP) as recording:
            source = recording.path("static.c")
            source.write_text("int main(void) { return 0; }\n")
            built = subprocess.run(["cc", "-static", source, "-o", recording.path("static")], capture_output=True)
            self.assertEqual(built.returncode, 0, built.stderr)
            run = recording.record("./static")
            self.assertEqual(run.returncode, 2)
            self.assertIn(b"statically linked", run.stderr)

    def test_setuid_program(self):
        with Recording(REHEAP) as recording:
            copy = recording.path("copy")
            subprocess.run(["cp", "/bin/true", copy], check=True)
            if subprocess.run(["chown", "nobody", copy], capture_output=True).returncode != 0:
                self.skipTest("only root can make a setuid file of another user")
            subprocess.run(["chmod", "4755", copy], check=True)
            run = recording.record("./copy")
            self.assertEqual(run.returncode, 2)
            self.assertIn(b"setuid", run.stderr)


if __name__ == "__main__":
    # Under nohup it is ignored, and what ignores a signal hands it on to nobody.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    unittest.main(argv=sys.argv[:1])
