"""The parts `cat` and `echo` of tests/bench/ssh, which says what they are: terminal.py PROGRAMS FOLDER ROUNDS PART …"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy
from screens import Screen, Started, environment, family, processor, save_shell, until
from terminal_program import COLOURS, DONE, REST
from Xlib import X
from Xlib.ext import xtest

PROGRAMS, FOLDER, ROUNDS, PARTS = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT = 1600, 1000
BYTES, PRESSES, KEY_LIMIT, CAT_LIMIT = 100_000_000, 100, 3, 180
# Nobody sees a difference of 2 ms; a screen shows a picture every 16.
LATER = 2


def number(colour):
    red, green, blue = colour
    return red << 16 | green << 8 | blue


def text(path):
    """Lines of 20 to 110 characters, always the same."""
    chance = random.Random(5)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=chance.randint(2, 12))) for _ in range(2000)]
    lines = "".join(" ".join(chance.choices(words, k=chance.randint(4, 14))) + "\n" for _ in range(5000)).encode()
    with open(path, "wb") as file:
        while (left := BYTES - file.tell()) > 0:
            file.write(lines[:left])
    path.chmod(0o644)


class Server:
    """A real OpenSSH server with an account of its own."""

    def __init__(self):
        self.folder = FOLDER / "terminal-server"
        self.folder.mkdir()
        command = [HERE.parent / "lib" / "sshd.sh", self.folder]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline().split()
        if len(said) != 2:
            sys.exit("the SSH server did not start")
        self.port, self.user = int(said[0]), said[1]
        self.key, home = self.folder / "key", self.folder / "home"
        text(home / "text")
        program = home / "program"
        shutil.copy(HERE / "terminal_program.py", program)
        program.chmod(0o644)
        for part in ("cat", "echo"):
            script = home / part
            script.write_text(f"exec python3 ~/program {part} ~/text\n")
            script.chmod(0o644)

    def ssh(self, part):
        options = ["-F", "none", "-i", self.key, "-p", self.port]
        for option in ("UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no", "LogLevel=ERROR", "BatchMode=yes", "IdentitiesOnly=yes"):
            options += ["-o", option]
        return ["ssh", *options, "-t", f"{self.user}@127.0.0.1", f"sh {part}"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


class Farwire:
    name = "farwire"

    def prepare(self, home, server):
        self.uid = save_shell(PROGRAMS / "farwired", home, server)

    def command(self, home, env, server, part):
        env |= {"FARWIRE_DATA_DIR": str(home / "data"), "FARWIRE_OPEN": self.uid}
        return [PROGRAMS / "farwire"]

    def begin(self, screen, part):
        """Types into the shell until it runs; it takes the keyboard a moment after it is there."""
        for _ in range(30):
            time.sleep(1)
            screen.click(WIDTH * 2 // 3, HEIGHT // 2)
            screen.press("u", "Control_L")
            for key in ("s", "h", "space", *part, "Return"):
                screen.press(key)
            time.sleep(1)
            if seen(screen, REST) is not None:
                return


class Xterm:
    name = "xterm"

    def prepare(self, home, server):
        """It keeps nothing."""

    def command(self, home, env, server, part):
        return ["xterm", "-geometry", "120x40", "-e", *server.ssh(part)]

    def begin(self, screen, part):
        """It has."""


class Alacritty(Xterm):
    name = "alacritty"

    def command(self, home, env, server, part):
        size = ["-o", "window.dimensions.columns=120", "-o", "window.dimensions.lines=40"]
        return ["alacritty", *size, "-e", *server.ssh(part)]


def seen(screen, colour):
    """The middle of what has this colour, where that is much."""
    rows, columns = numpy.nonzero(screen.pixels & 0xFFFFFF == number(colour))
    if len(rows) < 50_000:
        return None
    return int(numpy.median(rows)), int(numpy.median(columns))


def cat(screen, program, at):
    """Seconds until the end of a long text is seen, and what the terminal took."""
    before, began = sum(processor(family(program)).values()), time.perf_counter()
    screen.press("space")
    until("the end of it is seen", lambda: screen.pixels[at] & 0xFFFFFF == number(DONE), 0.005, CAT_LIMIT)
    took = time.perf_counter() - began
    return {"cat": took, "cat CPU": sum(processor(family(program)).values()) - before}


def echo(screen, program, at):
    """Milliseconds from a key to what the machine answers it with."""
    pixels, key = screen.pixels, screen.code("a")
    screen.press("a")
    until("the first colour is there", lambda: pixels[at] & 0xFFFFFF == number(COLOURS[0]))
    time.sleep(1)
    pauses, took = random.Random(1), []
    for press in range(PRESSES):
        wanted = number(COLOURS[(press + 1) % 3])
        began = time.perf_counter()
        xtest.fake_input(screen.x, X.KeyPress, key)
        screen.x.flush()
        while pixels[at] & 0xFFFFFF != wanted:
            if time.perf_counter() - began > KEY_LIMIT:
                sys.exit("a key was lost")
            time.sleep(0.0002)
        took.append((time.perf_counter() - began) * 1000)
        xtest.fake_input(screen.x, X.KeyRelease, key)
        screen.x.flush()
        # At random, so that presses are not in step with any clock.
        time.sleep(pauses.uniform(0.06, 0.16))
    return {"echo p50": median(took), "echo p95": sorted(took)[int(len(took) * 0.95)]}


def measure(terminal, part, screen, server):
    home = Path(tempfile.mkdtemp(dir=FOLDER))
    started = Started(FOLDER)
    env = environment(home, screen)
    try:
        terminal.prepare(home, server)
        bus = started.start("dbus-daemon", "--session", "--nofork", "--print-address=1", env=env, stdout=subprocess.PIPE)
        env["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        program = started.start(*terminal.command(home, env, server, part), env=env)
        terminal.begin(screen, part)
        at, _ = until("its terminal is there", lambda: seen(screen, REST), 0.2)
        # The pointer hides nothing that is looked at.
        screen.click(at[1] + 100, at[0] + 100)
        time.sleep(2)
        return {"cat": cat, "echo": echo}[part](screen, program, at)
    finally:
        started.close()
        until("nothing is seen of it", lambda: seen(screen, REST) is None and seen(screen, DONE) is None, 0.1)
        shutil.rmtree(home, ignore_errors=True)


def report(part, figures):
    """Prints the lines of a part; answers the goals that are missed."""
    def shown(key):
        return "  ".join(f"{name} {median(one[key] for one in rows):.2f}" for name, rows in figures.items())

    def ours_to(name, key, compare):
        pairs = zip(figures["farwire"], figures[name])
        return median(compare(ours[key], theirs[key]) for ours, theirs in pairs)

    if part == "cat":
        found = ours_to("alacritty", "cat", lambda ours, theirs: ours / theirs)
        goals = [("100 MB of text, seconds", "cat", f"{found:.2f} of alacritty's, at most 1", found <= 1)]
        goals.append(("and the processor's", "cat CPU", "", True))
    else:
        found = ours_to("xterm", "echo p50", lambda ours, theirs: ours - theirs)
        goals = [("echo p50, ms", "echo p50", f"{found:+.1f} ms to xterm, at most +{LATER}", found <= LATER)]
        goals.append(("echo p95, ms", "echo p95", "", True))
    for what, key, goal, met in goals:
        print(f"{what:<28} {shown(key):<60} {goal}{'' if met else '  MISSED'}", flush=True)
    return [f"{what}: {goal}" for what, _, goal, met in goals if not met]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started, server = Started(FOLDER), Server()
    try:
        screen = Screen(started, FOLDER, WIDTH, HEIGHT)
        screen.x.change_keyboard_control(auto_repeat_mode=0)
        missed = []
        for part in PARTS:
            terminals = (Farwire(), Xterm(), Alacritty()) if part == "cat" else (Farwire(), Xterm())
            figures = {terminal.name: [] for terminal in terminals}
            for _ in range(ROUNDS):
                for terminal in terminals:
                    figures[terminal.name].append(measure(terminal, part, screen, server))
            missed += report(part, figures)
    finally:
        started.close()
        server.stop()
    for each in missed:
        print(f"MISSED {each}")
    sys.exit(1 if missed else 0)


main()
