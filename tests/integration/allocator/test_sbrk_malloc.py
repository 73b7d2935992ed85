#!/usr/bin/env python3
"""Real programs on libreheap-sbrk.so: the same output and exit status as without. Prints TAP.

Usage: test_sbrk_malloc.py LIBRARY MALLOC_CALLS
"""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

LIBRARY, MALLOC_CALLS = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])

JSON = """
import json, random, threading, os
random.seed(3)
data = [{"k%d" % i: [random.random() for _ in range(i % 20)]} for i in range(3000)]
text = json.dumps(data)
def work(out, i):
    out[i] = sum(len(json.dumps(json.loads(text))) for _ in range(2))
out = [0] * 3
threads = [threading.Thread(target=work, args=(out, i)) for i in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]
pid = os.fork()
if pid == 0:
    os._exit(len(json.loads(text)) % 100)
print(out, len(text), os.waitpid(pid, 0)[1])
"""

PERL = r"""
my %h; for my $i (1..40000) { push @{$h{$i % 977}}, "value $i" x ($i % 7); }
my $n = 0; for my $k (sort keys %h) { $n += length join ",", @{$h{$k}}; }
my $s = join "|", map { sprintf "%05d", $_ * 7 } 1..20000; $s =~ s/(\d)0/$1x/g; print "$n ", length $s, " ", substr($s, 0, 60), "\n";
"""

SQL = """
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
insert into t select i, hex(i * 7919), i / 3.0 from n;
create index tb on t(b);
select count(*), sum(a), max(b), total(c) from t where b like '1%';
select substr(b, 1, 2) k, count(*) from t group by k order by 2 desc, 1 limit 5;
delete from t where a % 3 = 0; vacuum; select count(*) from t; pragma integrity_check;
"""

C_SOURCE = r"""
#include <stdio.h>
#include <string.h>
struct node { struct node *left, *right; int key; };
static int count(const struct node *n) { return n == NULL ? 0 : 1 + count(n->left) + count(n->right); }
int main(int argc, char **argv) { struct node a = {0}, b = {&a, 0, 1}; char text[64];
  snprintf(text, sizeof text, "%d %s", count(&b), argc > 1 ? argv[1] : "-"); return (int)strlen(text); }
"""


def environment(preloaded, **more):
    variables = dict(os.environ, LC_ALL="C", PYTHONMALLOC="malloc", PYTHONHASHSEED="0", **more)
    variables.pop("MALLOC_PERTURB_", None)
    if preloaded:
        variables["LD_PRELOAD"] = LIBRARY
    return variables


def run(command, preloaded, directory, text=None):
    done = subprocess.run(command, env=environment(preloaded), cwd=directory, input=text, capture_output=True,
                          timeout=100, check=False)
    return done.returncode, done.stdout, done.stderr


def both(command, directory, text=None):
    plain = run(command, False, directory, text)
    assert plain[0] == 0 and plain[1], f"{command[0]} fails without the library too: {plain}"
    return plain, run(command, True, directory, text)


def python(directory):
    return both(["python3", "-c", JSON], directory)


def perl(directory):
    return both(["perl", "-e", PERL], directory)


def sqlite3(directory):
    return both(["sqlite3", ":memory:"], directory, SQL.encode())


def gcc(directory):
    results = []
    for preloaded in (False, True):
        (directory / "p.c").write_text(C_SOURCE)
        status = run(["gcc", "-O2", "-g", "-c", "-o", "p.o", "p.c"], preloaded, directory)
        results.append((status, (directory / "p.o").read_bytes()))
    return results


def git(directory):
    def quietly(*words):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=directory, check=True,
                       env=environment(False, GIT_COMMITTER_DATE="2020-01-01T00:00:00Z",
                                       GIT_AUTHOR_DATE="2020-01-01T00:00:00Z", GIT_CONFIG_GLOBAL="/dev/null"),
                       capture_output=True)
    quietly("init", "-q", ".")
    for i in range(12):
        (directory / f"file{i % 4}").write_text("line\n" * (i * 50))
        quietly("add", "-A")
        quietly("commit", "-q", "-m", f"change {i}")
    return both(["git", "log", "--stat", "-p", "--graph"], directory)


def xz(directory):
    del directory
    text = b"".join(b"line %d of some text that repeats\n" % (i * i % 7001) for i in range(150000))
    with tempfile.TemporaryDirectory() as place:
        plain, preloaded = both(["xz", "-T2", "--block-size=1MiB", "-c", "-1"], place, text)
        back = run(["xz", "-T2", "-dc"], True, place, preloaded[1])
    assert back[1] == text
    return plain, preloaded


def talk(path):
    """The answers of a redis-server on this socket to a few hundred commands."""
    deadline = time.monotonic() + 30
    while True:
        try:
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    client.settimeout(30)
    lines = []
    for i in range(400):
        lines += [f"SET key{i} {'v' * (i * 7 % 900)}", f"APPEND key{i % 50} tail", f"RPUSH list{i % 9} a{i} b{i}",
                  f"ZADD set{i % 5} {i} m{i}", f"DEL key{i // 2}"]
    lines += ["LRANGE list3 0 -1", "ZRANGE set2 0 -1 WITHSCORES", "STRLEN key49", "DBSIZE", "BGSAVE", "PING last"]
    client.sendall("".join(line + "\r\n" for line in lines).encode())
    answer = b""
    while not answer.endswith(b"\r\nlast\r\n"):
        part = client.recv(65536)
        if not part:
            break
        answer += part
    client.sendall(b"SHUTDOWN NOSAVE\r\n")
    client.close()
    return answer


def redis(directory):
    results = []
    for preloaded in (False, True):
        place = directory / f"redis{int(preloaded)}"
        place.mkdir()
        path = str(place / "s")
        server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", path, "--dir", str(place), "--save", "",
                                   "--io-threads", "2", "--io-threads-do-reads", "yes"],
                                  env=environment(preloaded), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            answer = talk(path)
            assert answer.endswith(b"last\r\n"), answer[-200:]
            results.append((answer, server.wait(timeout=30)))
        finally:
            server.kill()
    return results


CASES = [("python3", python), ("perl", perl), ("sqlite3", sqlite3), ("gcc", gcc), ("git", git), ("xz", xz),
         ("redis-server", redis)]


def calls(number):
    """The program that calls everything, with and without the library."""
    good = True
    for words, preloaded in (([], False), ([LIBRARY], True)):
        status, out, err = run([MALLOC_CALLS, *words], preloaded, "/")
        good = good and status == 0 and out == b"every call does what it should\n"
        if status != 0:
            print("#", err.decode(errors="replace").strip())
    print(f"{'ok' if good else 'not ok'} {number} - every call of the malloc API, threads, fork")
    return good


def main():
    good = calls(1)
    for number, (program, case) in enumerate(CASES, 2):
        if shutil.which(program) is None:
            print(f"ok {number} - {program} # SKIP it is not installed")
            continue
        with tempfile.TemporaryDirectory(prefix="reheap-sbrk-") as place:
            plain, preloaded = case(pathlib.Path(place))
        same = plain == preloaded
        if not same:
            print("# without:", str(plain)[:300])
            print("# with:   ", str(preloaded)[:300])
        good = good and same
        print(f"{'ok' if same else 'not ok'} {number} - {program}")
    print(f"1..{len(CASES) + 1}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
