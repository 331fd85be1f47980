"""The measurements of tests/bench/api, which says what they are: load.py FARWIRED HYPER SECONDS."""

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from library import GROUPS, LARGE_GROUP, MACHINES, machine, write_backup

FARWIRED, HYPER, SECONDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
ROUNDS, STARTS, QUERIES, CLIENTS = 7, 5, 21, 16
READ = "c_000077"

missed = []


def row(what, figure, goal="", met=True):
    """Prints one line of the table; a goal that is not met is told again at the end."""
    print(f"{what:<54} {figure:>22}  {goal}{'' if met else '  MISSED'}", flush=True)
    if not met:
        missed.append(f"{what}: {figure}, the goal is {goal}")


class Server:
    """A program that says its port in its first line."""

    def __init__(self, *command):
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said = self.process.stdout.readline()
        found = re.search(r"(\d+)/?$", said.strip())
        if not found:
            self.stop()
            sys.exit(f"{command[0]} did not start: {said!r}")
        self.port = int(found[1])

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def memory(self):
        """RSS and PSS in MiB."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return [int(re.search(rf"^{kind}:\s+(\d+)", text, re.M)[1]) / 1024 for kind in ("Rss", "Pss")]

    def processor(self):
        """Milliseconds of processor time so far: what a busy machine does not stretch."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.process.stdout.close()


class Bench:
    def __init__(self, work):
        self.work = Path(work)
        self.data = self.work / "data"
        (self.work / "passphrase").write_text("of this benchmark\n")
        (self.data / "backups").mkdir(parents=True)
        write_backup(self.data / "backups" / "store-20260101T000000Z.jsonl")
        subprocess.run([FARWIRED, "restore", "--data-dir", self.data], check=True, stdout=subprocess.DEVNULL)
        # The first start makes the vault and the token.
        self.farwired().stop()
        self.token = (self.data / "api-token").read_text().strip()

    def farwired(self):
        return Server(FARWIRED, "--data-dir", self.data, "--port", "0", "--passphrase-file", self.work / "passphrase")

    def ask(self, connection, path):
        """Asks and returns the milliseconds and the answer."""
        began = time.monotonic()
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        body = answer.read()
        took = (time.monotonic() - began) * 1000
        if answer.status != 200:
            sys.exit(f"GET {path}: {answer.status} {body[:300]}")
        return took, body

    def load(self, port, script, clients=CLIENTS, seconds=SECONDS):
        """Runs wrk; returns requests a second and the 99th percentile in milliseconds."""
        # The token is in the script and not among the arguments, which others can read.
        head = f'wrk.headers["Authorization"] = "Bearer {self.token}"\nwrk.headers["Content-Type"] = "application/json"\n'
        file = self.work / "load.lua"
        file.write_text(head + script)
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", file, f"http://127.0.0.1:{port}"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in said or "Socket errors" in said:
            sys.exit(f"requests failed:\n{said}")
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
        scale = {"us": 0.001, "ms": 1, "s": 1000}[unit]
        return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), float(value) * scale

    def starts(self):
        times, costs = [], []
        for _ in range(STARTS):
            server = self.farwired()
            self.ask(server.connect(), "/version")
            times.append(time.monotonic() - server.began)
            costs.append(server.processor())
            if len(times) == STARTS:
                rss, pss = server.memory()
            server.stop()
        took = median(times)
        row("start to the first answer (processor)", f"{took:.2f} s ({median(costs) / 1000:.2f} s)", "at most 0.5 s", took <= 0.5)
        row("memory then, RSS / PSS", f"{rss:.0f} / {pss:.0f} MiB", "at most 150 MiB", rss <= 150)

    def library(self, server):
        connection = server.connect()
        group = f"/group/g_{0:04}"
        for what, path, count, goal in (
            (f"GET /group of {LARGE_GROUP:,}", group, LARGE_GROUP, 60),
            ("search, 1 of 100,000", "/connections?q=HOST-077777", 1, 20),
            ("search, 2,000 found, 100 asked for", "/connections?q=rack-13&limit=100", 100, 20),
        ):
            _, body = self.ask(connection, path)
            found = len(json.loads(body))
            if found != count:
                sys.exit(f"GET {path}: {found} things instead of {count}")
            before = server.processor()
            took = median(self.ask(connection, path)[0] for _ in range(QUERIES))
            cost = (server.processor() - before) / QUERIES
            row(f"{what} (processor)", f"{took:.1f} ms ({cost:.1f} ms)", f"at most {goal} ms", took <= goal)

    def beside_hyper(self, server):
        _, body = self.ask(server.connect(), f"/connection/{READ}")
        read = f'wrk.path = "/connection/{READ}"\n'
        write = f'''wrk.method = "PUT"
wrk.path = "/connection/{READ}/credentials"
wrk.body = '{{"vnc.username":"operator","vnc.password":"of this benchmark"}}'
'''
        for what, script, size, goal in (("GET /connection", read, len(body), 0.7), ("PUT …/credentials", write, 2, None)):
            hyper = Server(HYPER, str(size))
            pairs = [(self.load(server.port, script)[0], self.load(hyper.port, script)[0]) for _ in range(ROUNDS)]
            hyper.stop()
            ratio = median(ours / theirs for ours, theirs in pairs)
            ours, theirs = (median(side) for side in zip(*pairs))
            row(f"{what}, a second: farwired / hyper", f"{ours:,.0f} / {theirs:,.0f}")
            met = goal is None or ratio >= goal
            row(f"{what}, ratio", f"{ratio:.2f}", f"at least {goal}" if goal else "", met)

    def under_a_writer(self, server):
        stop = threading.Event()
        counts = []

        def write():
            connection, count = server.connect(), 0
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            while not stop.is_set():
                connection.request("PUT", "/connection/c_000099", json.dumps({"notes": str(count)}), headers)
                connection.getresponse().read()
                count += 1
            counts.append(count)

        writer = threading.Thread(target=write)
        writer.start()
        _, p99 = self.load(server.port, f'wrk.path = "/connection/{READ}"\n', clients=1)
        stop.set()
        writer.join()
        row(f"99th percentile of a read beside {counts[0] / SECONDS:.0f} changes/s", f"{p99:.2f} ms", "at most 10 ms", p99 <= 10)

    def durable(self, server):
        change = '''local count = 0
wrk.method = "PUT"
function request()
  count = count + 1
  return wrk.format(nil, string.format("/connection/c_%06d", count * 7919 % 100000), nil, '{"notes":"' .. count .. '"}')
end
'''
        database = self.sqlite()
        for clients, what in ((1, "one by one"), (CLIENTS, f"by {CLIENTS} clients")):
            pairs = []
            for _ in range(3):
                ours, _ = self.load(server.port, change, clients=clients)
                pairs.append((ours, sqlite_changes(database, clients)))
            ours, theirs = (median(side) for side in zip(*pairs))
            row(f"durable changes/s {what}: farwired / SQLite", f"{ours:,.0f} / {theirs:,.0f}")
        pairs = [(self.batch(server), sqlite_batch(database)) for _ in range(3)]
        ours, theirs = (median(side) for side in zip(*pairs))
        row(f"durable changes/s by batches of {LARGE_GROUP:,}: farwired / SQLite", f"{ours:,.0f} / {theirs:,.0f}")

    def batch(self, server):
        """Changes a second where a group goes and its ten thousand connections stay: one change, taken back again."""
        connection = server.connect()
        began = time.monotonic()
        self.tell(connection, "DELETE", f"/group/g_{0:04}")
        took = time.monotonic() - began
        _, newest = self.ask(connection, "/history?limit=1")
        back = self.tell(connection, "ACTION", f"/history/{json.loads(newest)[0]['id']}/undo")
        if back["count"] != LARGE_GROUP + 1:
            sys.exit(f"{back['count']} things were changed at once instead of {LARGE_GROUP + 1}")
        return LARGE_GROUP / took

    def tell(self, connection, method, path):
        connection.request(method, path, headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"{method} {path}: {answer.status} {body[:300]}")
        return json.loads(body)

    def sqlite(self):
        path = self.work / "beside.sqlite"
        database = open_sqlite(path)
        database.execute("CREATE TABLE connections (id TEXT PRIMARY KEY, json TEXT) WITHOUT ROWID")
        database.execute("CREATE TABLE history (id INTEGER PRIMARY KEY, json TEXT)")
        database.execute("BEGIN")
        rows = ((f"c_{number:06}", json.dumps(machine(number))) for number in range(MACHINES))
        database.executemany("INSERT INTO connections VALUES (?, ?)", rows)
        database.execute("COMMIT")
        database.close()
        return path


def open_sqlite(path):
    database = sqlite3.connect(path, timeout=60, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    return database


def change_row(database, number, text):
    """One change as farwired makes it: the record, and a row of history."""
    database.execute("UPDATE connections SET json = ? WHERE id = ?", (text, f"c_{number:06}"))
    database.execute("INSERT INTO history (json) VALUES (?)", (text,))


def sqlite_batch(path):
    """The same group's ten thousand connections stay without it, in one transaction. What is written is there before the clock starts."""
    database = open_sqlite(path)
    texts = [json.dumps(machine(number) | {"group": None}) for number in range(LARGE_GROUP)]
    began = time.monotonic()
    database.execute("BEGIN IMMEDIATE")
    for number, text in enumerate(texts):
        change_row(database, number, text)
    database.execute("COMMIT")
    took = time.monotonic() - began
    database.close()
    return LARGE_GROUP / took


def sqlite_changes(path, clients):
    """Durable changes a second, each client with a connection of its own."""
    counts = []
    end = time.monotonic() + SECONDS

    def run(client):
        database, count = open_sqlite(path), 0
        while time.monotonic() < end:
            number = (count * CLIENTS + client) * 7919 % MACHINES
            database.execute("BEGIN IMMEDIATE")
            change_row(database, number, json.dumps(machine(number) | {"notes": str(count)}))
            database.execute("COMMIT")
            count += 1
        database.close()
        counts.append(count)

    began = time.monotonic()
    threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def main():
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="farwire-bench-") as work:
        bench = Bench(work)
        print(f"{MACHINES:,} connections in {GROUPS:,} groups, at a load of {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        bench.starts()
        server = bench.farwired()
        try:
            bench.library(server)
            bench.under_a_writer(server)
            bench.beside_hyper(server)
            bench.durable(server)
            rss, pss = server.memory()
            row("memory in the end, RSS / PSS", f"{rss:.0f} / {pss:.0f} MiB")
        finally:
            server.stop()
    for each in missed:
        print(f"missed: {each}")
    sys.exit(1 if missed else 0)


main()
