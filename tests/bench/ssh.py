"""The measurements of tests/bench/ssh, which says what they are: ssh.py FARWIRED FOLDER [ROUNDS] [PART …]."""

import http.client
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from line import Line

FARWIRED, FOLDER = sys.argv[1], Path(sys.argv[2])
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 3
PARTS = ("large", "distant", "many", "few", "list")
HERE = Path(__file__).resolve().parent
AWAY = 0.05
CIPHERS = ("chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com")
SMALL = 2048

missed = []


def row(what, figure, goal="", met=True):
    """Prints one line of the table; a goal that is not met is told again at the end."""
    print(f"{what:<44} {figure:<52} {goal}{'' if met else '  MISSED'}", flush=True)
    if not met:
        missed.append(f"{what}: {figure}, the goal is {goal}")


class Server:
    """A real OpenSSH server with an account of its own, which knows one cipher."""

    def __init__(self, name, cipher):
        self.folder = FOLDER / name
        self.folder.mkdir()
        command = [HERE.parent / "lib" / "sshd.sh", self.folder, f"Ciphers {cipher}"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline().split()
        if len(said) != 2:
            sys.exit("the SSH server did not start")
        self.port, self.user = int(said[0]), said[1]
        self.key, self.home = self.folder / "key", self.folder / "home"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


class Peer:
    """OpenSSH's own programs, and rsync over them."""

    def __init__(self, server, port):
        self.at = f"{server.user}@127.0.0.1"
        self.options = [
            "-F", "none", "-i", str(server.key), "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no",
            "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", f"Port={port}",
        ]

    def sftp(self, line):
        subprocess.run(["sftp", "-q", "-b", "-", *self.options, self.at], input=line, text=True, check=True, stdout=subprocess.DEVNULL)

    def get(self, source, target):
        self.sftp(f"get {source} {target}\n")

    def put(self, source, target):
        self.sftp(f"put {source} {target}\n")

    def rsync_get(self, source, target):
        self._rsync(f"{self.at}:{source}/", f"{target}/")

    def rsync_put(self, source, target):
        self._rsync(f"{source}/", f"{self.at}:{target}/")

    def _rsync(self, *places):
        subprocess.run(["rsync", "-r", "-e", " ".join(["ssh", *self.options]), *places], check=True)


class Ours:
    """farwired, asked as a script asks it."""

    def __init__(self):
        data, passphrase = FOLDER / "data", FOLDER / "passphrase"
        passphrase.write_text("a passphrase for measuring\n")
        passphrase.chmod(0o600)
        command = [FARWIRED, "--data-dir", data, "--port", "0", "--passphrase-file", passphrase]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(re.search(r":(\d+)\s*$", self.process.stdout.readline())[1])
        scopes = "read,write,connect,files,credentials,trust"
        made = subprocess.run([FARWIRED, "token", "new", "--name", "bench", "--scopes", scopes, "--data-dir", data], check=True, capture_output=True, text=True)
        self.token = made.stdout.strip()
        self.link = http.client.HTTPConnection("127.0.0.1", self.port)

    def ask(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.link.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = self.link.getresponse()
        answer = response.read()
        if response.status != 200:
            sys.exit(f"{method} {path}: {response.status} {answer.decode()}")
        return json.loads(answer)

    def know(self, server, port):
        """Saves a connection to a server and accepts its key."""
        body = {"name": "bench", "protocol": "SSH", "host": "127.0.0.1", "port": port, "ssh.agent": False, "ssh.key_file": str(server.key)}
        uid = self.ask("PUT", "/connection/", body)["uid"]
        self.ask("PUT", f"/connection/{uid}/credentials", {"ssh.username": server.user})
        told = subprocess.run(["ssh-keygen", "-l", "-f", server.folder / "host.pub"], check=True, capture_output=True, text=True)
        self.ask("PUT", "/trust", {"host": "127.0.0.1", "port": port, "fingerprint": told.stdout.split()[1]})
        return uid

    def copy(self, uid, source, target, is_put):
        there, here = (target, source) if is_put else (source, target)
        places = {"to" if is_put else "from": {"uid": uid, "path": str(there)}, "from" if is_put else "to": {"path": str(here)}}
        view = self.ask("PUT", "/transfer/", places)
        path = f"/transfer/{view['transfer_id']}"
        while view["state"] in ("waiting", "running"):
            time.sleep(0.01)
            view = self.ask("GET", path)
        if view["state"] != "done":
            sys.exit(f"a transfer ended: {view}")

    def processor(self):
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(act, spent):
    """Seconds, and seconds of the processor."""
    before, began = spent(), time.perf_counter()
    act()
    took = time.perf_counter() - began
    return took, spent() - before


def size_of(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size


def empty(path):
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def compare(what, size, ours, theirs, clear, arrived, goal, processor_goal=None):
    """Runs both in turn; a goal is the ratio of speeds, and that of processor time."""
    ratios, spent, speeds = [], [], []
    for _ in range(ROUNDS):
        pair = []
        for act, used in ((theirs, children), (ours, bench.processor)):
            clear()
            pair.append(timed(act, used))
            if (got := size_of(arrived)) != size:
                sys.exit(f"{what}: {got} bytes of {size} arrived")
        (their_time, their_processor), (our_time, our_processor) = pair
        ratios.append(their_time / our_time)
        spent.append(our_processor / max(their_processor, 0.01))
        speeds.append((our_time, their_time))
    our_time, their_time = (median(column) for column in zip(*speeds))
    ratio, processor = median(ratios), median(spent)
    figure = f"{ratio:.2f} x as fast ({our_time:.2f} s, {their_time:.2f} s), processor {processor:.2f} x"
    goals, met = f">= {goal:.1f} x", ratio >= goal
    if processor_goal is not None:
        goals, met = f"{goals}, <= {processor_goal:.1f} x", met and processor <= processor_goal
    row(what, figure, goals, met)


def one_file(path, mib):
    with open(path, "wb") as file:
        for _ in range(mib):
            file.write(os.urandom(1 << 20))
    path.chmod(0o644)


def both_ways(what, server, port, mib, goals, processor_goal=None):
    peer, uid = Peer(server, port), bench.know(server, port)
    source, back = FOLDER / "source", FOLDER / "back"
    one_file(source, mib)
    there = server.home / "there"
    size = mib << 20
    compare(f"{what}, get", size, lambda: bench.copy(uid, source, back, False), lambda: peer.get(source, back), lambda: empty(back), back, goals[0], processor_goal)
    empty(back)
    compare(f"{what}, put", size, lambda: bench.copy(uid, source, there, True), lambda: peer.put(source, there), lambda: empty(there), there, goals[1], processor_goal)
    empty(there)
    empty(source)


def many_files(what, server, port, count, ways):
    peer, uid = Peer(server, port), bench.know(server, port)
    source, back, there = FOLDER / "files", FOLDER / "files-back", server.home / "files"
    source.mkdir()
    for number in range(count):
        (source / f"file-{number:05}").write_bytes(os.urandom(SMALL))
    size = count * SMALL
    if "get" in ways:
        compare(f"{what}, get", size, lambda: bench.copy(uid, source, back, False), lambda: peer.rsync_get(source, back), lambda: empty(back), back, 1)
        empty(back)
    if "put" in ways:
        compare(f"{what}, put", size, lambda: bench.copy(uid, source, there, True), lambda: peer.rsync_put(source, there), lambda: empty(there), there, 1)
        empty(there)
    shutil.rmtree(source)


def listing(server):
    peer, uid = Peer(server, server.port), bench.know(server, server.port)
    folder = server.home / "list"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"entry-{number:05}").touch()
    opened = bench.ask("ACTION", f"/connection/{uid}/ft?wait=1")
    name = f"{opened['connection_id']}%3A{opened['channel_id']}"
    path = f"/ssh-proxy/api/v1/connections/{name}/file"
    times = []
    for _ in range(ROUNDS):
        their, _ = timed(lambda: peer.sftp(f"ls -n {folder}\n"), children)
        our, _ = timed(lambda: bench.ask("POST", path, {"cmd": "LS", "path": str(folder)}), bench.processor)
        times.append((our, their))
    our, their = (median(column) for column in zip(*times))
    row("list of 10,000", f"{our:.2f} s on an open channel; sftp, with signing in: {their:.2f} s")


parts = sys.argv[4:] or PARTS
servers = []
bench = Ours()
try:
    for number, cipher in enumerate(CIPHERS):
        servers.append(Server(f"server-{number}", cipher))
    line = Line(servers[1].port, AWAY)
    if "large" in parts:
        for cipher, server in zip(CIPHERS, servers):
            both_ways(f"1 GiB, {cipher.split('@')[0]}", server, server.port, 1024, (1, 1), 1.1)
    if "distant" in parts:
        both_ways("128 MiB, 50 ms away", servers[1], line.port, 128, (4, 2))
    if "many" in parts:
        many_files("10,000 files beside rsync", servers[1], servers[1].port, 10_000, ("get", "put"))
    if "few" in parts:
        many_files("200 files, 50 ms away, beside rsync", servers[1], line.port, 200, ("get", "put"))
    if "list" in parts:
        listing(servers[1])
finally:
    bench.stop()
    for server in servers:
        server.stop()
for each in missed:
    print(f"MISSED {each}")
sys.exit(1 if missed else 0)
