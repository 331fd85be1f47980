"""The measurements of tests/bench/picture, which says what they are: picture.py FOLDER ROUNDS [VIEWER …]."""

import contextlib
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
from screens import Screen, Started, environment, family, free_port, processor, save_desktops, until
from Xlib import X
from Xlib.ext import xtest

FOLDER, ROUNDS = Path(sys.argv[1]), int(sys.argv[2])
WIDTH, HEIGHT = 1920, 1080
REST, COLOURS = 0xFF00FF, (0xC81E1E, 0x1EC81E, 0x1E1EC8)
SQUARE, BITS = 16, 16
PRESSES, KEY_LIMIT = 50, 3
SCENES = ("scroll", "photo", "noise")
WARM, SECONDS, STILL, SETTLE = 1.5, 6, 10, 5
# A part of it may lie under something of the viewer's own: the pointer, or a handle at the edge.
COVERED = 0.005
# Ours may answer so much later than vncviewer, in milliseconds, and show so much of its frames.
LATER, OF_FRAMES = {"small": 1, "full": 4}, 0.97
# The processor milliseconds a frame may take, or how much of vncviewer's.
SCROLL_COST, OF_COST = 2, 1.2
REST_GOAL = 1
# Where the pointer rests: nothing that is looked at lies there.
POINTER = (WIDTH - 200, 300)


class Farwire:
    def __init__(self, name, graphics, env=None):
        self.name, self.graphics, self.env = name, graphics, env or {}

    def prepare(self, home, port):
        [self.uid] = save_desktops(FOLDER / "farwired", home, port, 1)
        (home / "data" / "graphics").write_text(self.graphics)

    def command(self, home, env, port):
        env |= self.env | {"FARWIRE_DATA_DIR": str(home / "data"), "FARWIRE_OPEN": self.uid}
        return [FOLDER / "farwire"]

    def enlarge(self, screen):
        until("the picture is there", lambda: of_rest(screen) > 0.05, 0.1)
        for _ in range(3):
            # It takes the keyboard a moment after the picture.
            time.sleep(2)
            screen.press("Return", "Control_L", "Alt_L")
            with contextlib.suppress(TimeoutError):
                until("it is large", lambda: of_rest(screen) > 0.8, 0.1, limit=5)
                break
        # The bar hides, and so does the word about the keys.
        time.sleep(8)


class Vncviewer:
    name = "vncviewer"

    def prepare(self, home, port):
        """It keeps nothing."""

    def command(self, home, env, port):
        return ["vncviewer", "-FullScreen", f"127.0.0.1::{port}"]

    def enlarge(self, screen):
        """It is."""


class NoVnc:
    name = "novnc"

    def prepare(self, home, port):
        self.home, self.web, self.port = home, free_port(), port

    def command(self, home, env, port):
        # Its bridge is the server's side, and not counted.
        bridge = {**env, "HOME": "/nonexistent"}
        page = f"http://127.0.0.1:{self.web}/vnc.html?autoconnect=1&resize=off&host=127.0.0.1&port={self.web}"
        options = ["--no-sandbox", "--kiosk", "--no-first-run", "--disable-gpu", "--disable-extensions", "--password-store=basic", "--disable-features=Translate"]
        self.started.start("websockify", "--web", "/usr/share/novnc", f"127.0.0.1:{self.web}", f"127.0.0.1:{port}", env=bridge)
        until("its server answers", lambda: listens(self.web), 0.1)
        return ["chromium", *options, f"--window-size={WIDTH},{HEIGHT}", "--window-position=0,0", f"--user-data-dir={home / 'chromium'}", page]

    def enlarge(self, screen):
        """It is."""


UNDER, TOP = ({"WEBKIT_DISABLE_DMABUF_RENDERER": value} for value in "01")
VIEWERS = {
    each.name: each
    for each in (Farwire("farwire", "auto"), Farwire("under", "native", UNDER), Farwire("top", "native", TOP), Farwire("canvas", "safe"), Vncviewer(), NoVnc())
}
CHOSEN = sys.argv[3:] or ["farwire", "under", "canvas", "vncviewer", "novnc"]
# Those that have goals: a page that draws has none.
JUDGED = [name for name in CHOSEN if name in ("farwire", "under", "top")]


def listens(port):
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in lines)


def of_rest(screen):
    """How much of the screen shows a remote desktop at rest."""
    return numpy.count_nonzero(screen.pixels & 0xFFFFFF == REST) / screen.pixels.size


class Scene:
    """The remote desktop's content."""

    def __init__(self, started, display, folder):
        command = ["/usr/bin/python3", str(Path(__file__).with_name("picture_scene.py"))]
        env = {**os.environ, "DISPLAY": display, "HOME": str(folder)}
        self.program = started.start(*command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, *words):
        print(*words, file=self.program.stdin, flush=True)

    def answer(self):
        line = self.program.stdout.readline()
        if not line:
            sys.exit("The scene ended; see scene's log.")
        return int(line)

    def do(self, *words):
        self.tell(*words)
        return self.answer()


def near(pixel, colour):
    """Lossy encodings shift colours a little."""
    return all(abs((int(pixel) >> shift & 255) - (colour >> shift & 255)) < 60 for shift in (16, 8, 0))


def latency(scene, screen, kind):
    """Milliseconds from a key press to the changed pixels."""
    middle = (HEIGHT // 2, WIDTH // 2)
    corners = [(y, x) for y in (40, HEIGHT - 40) for x in (40, WIDTH - 40)]
    points = [middle, *(corners if kind == "full" else ())]
    pixels = screen.pixels

    def shows(colour):
        return all(near(pixels[point], colour) for point in points)

    scene.do(kind)
    until("the first colour is there", lambda: shows(COLOURS[0]))
    time.sleep(1)
    pauses, key, took = random.Random(1), screen.code("space"), []
    for press in range(PRESSES):
        wanted = COLOURS[(press + 1) % len(COLOURS)]
        began = time.perf_counter()
        xtest.fake_input(screen.x, X.KeyPress, key)
        screen.x.flush()
        while not shows(wanted):
            if time.perf_counter() - began > KEY_LIMIT:
                sys.exit(f"{kind}: a key was lost")
            time.sleep(0.0002)
        took.append((time.perf_counter() - began) * 1000)
        xtest.fake_input(screen.x, X.KeyRelease, key)
        screen.x.flush()
        # At random, so that presses are not in step with any clock.
        time.sleep(pauses.uniform(0.06, 0.16))
    return {f"{kind} p50": median(took), f"{kind} p95": sorted(took)[int(len(took) * 0.95)]}


def number_at(pixels, top, left):
    """The frame's number in the squares there; none while they are torn."""
    row = pixels[top + SQUARE // 2, left + SQUARE // 2 : left + BITS * SQUARE : SQUARE] >> 8 & 255
    if ((row > 96) & (row < 160)).any():
        return None
    bits = sum(1 << at for at, value in enumerate(row) if value > 128)
    frame = bits & 0xFFF
    return frame if bits >> 12 == (frame >> 8 ^ frame >> 4 ^ frame ^ 0xA) & 0xF else None


def total(entries):
    return sum(processor(entries).values())


def is_page(entry):
    """Whether a process is one of the web view's."""
    with contextlib.suppress(OSError):
        return "WebKit" in (entry / "comm").read_text()
    return False


def spent_by(screen, viewer):
    """Seconds that a viewer has taken so far, its web view of that, and its X server besides."""
    entries = family(viewer)
    page = [entry for entry in entries if is_page(entry)]
    return [total(some) for some in (entries, page, [Path(f"/proc/{screen.process.pid}")])]


def frames(scene, screen, viewer, kind):
    """Frames a second, and what one takes."""
    scene.do(kind, 0)
    time.sleep(1)
    scene.tell(kind, WARM + SECONDS + 0.5)
    time.sleep(WARM)
    pixels, all_seen, whole = screen.pixels, set(), set()
    before, began = spent_by(screen, viewer), time.perf_counter()
    while (now := time.perf_counter()) - began < SECONDS:
        first = number_at(pixels, 0, 0)
        if first is not None:
            all_seen.add(first)
            if first not in whole and first == number_at(pixels, HEIGHT - SQUARE, WIDTH - BITS * SQUARE):
                whole.add(first)
        time.sleep(0.001)
    took, count = now - began, max(1, len(all_seen))
    spent = [after - first for after, first in zip(spent_by(screen, viewer), before)]
    drawn = scene.answer() / (WARM + SECONDS + 0.5)
    figures = {"drawn": drawn, "frames": len(all_seen) / took, "whole": len(whole) / took}
    figures |= {what: seconds * 1000 / count for what, seconds in zip(("CPU", "of that in the page", "X server"), spent)}
    return {f"{kind} {what}": value for what, value in figures.items()}


def wakes(viewer):
    """How often threads of the viewer have been switched away from, by their number."""
    counts = {}
    for process in family(viewer):
        for task in (process / "task").iterdir():
            with contextlib.suppress(OSError):
                lines = (task / "status").read_text().splitlines()
                counts[task.name] = sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
    return counts


def at_rest(scene, viewer):
    scene.do("rest")
    time.sleep(SETTLE)
    woken, before, began = wakes(viewer), total(family(viewer)), time.monotonic()
    time.sleep(STILL)
    spent, seconds = total(family(viewer)) - before, time.monotonic() - began
    after = wakes(viewer)
    return {"rest": spent / seconds * 100, "wakes": sum(count - woken.get(task, 0) for task, count in after.items()) / seconds}


def measure(viewer, scene, screen, folder, port):
    """One run of a viewer."""
    home = Path(tempfile.mkdtemp(dir=folder))
    started = viewer.started = Started(folder)
    env = environment(home, screen)
    try:
        scene.do("rest")
        viewer.prepare(home, port)
        bus = started.start("dbus-daemon", "--session", "--nofork", "--print-address=1", env=env, stdout=subprocess.PIPE)
        env["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        program = started.start(*viewer.command(home, env, port), env=env)
        viewer.enlarge(screen)
        until("it shows everything, pixel by pixel", lambda: of_rest(screen) > 1 - COVERED, 0.3)
        screen.click(*POINTER)
        time.sleep(1)
        figures = {}
        for kind in LATER:
            figures |= latency(scene, screen, kind)
        for kind in SCENES:
            figures |= frames(scene, screen, program, kind)
        return figures | at_rest(scene, program)
    finally:
        started.close()
        until("nothing is seen of it", lambda: not of_rest(screen), 0.1)
        shutil.rmtree(home, ignore_errors=True)


missed = []


def row(what, figures, key, goal=None):
    """One line: medians of all viewers. Below it, whether those with a surface of their own meet the goal beside vncviewer."""
    shown = "".join(f"{median(one[key] for one in figures[name]):>12.1f}" for name in CHOSEN)
    print(f"{what:<32}{shown}", flush=True)
    for name in JUDGED if goal else ():
        told, is_met = goal([one[key] for one in figures[name]], [one[key] for one in figures.get("vncviewer", ())])
        if not is_met:
            missed.append(f"{name}, {what}: {told}")
        if told:
            print(f"    {name}: {told}{'' if is_met else '  MISSED'}", flush=True)


def beside(compare, goal, is_met):
    """A goal by the median of the rounds' comparisons."""

    def judge(ours, theirs):
        if not theirs:
            return "", True
        found = median(compare(*both) for both in zip(ours, theirs))
        return goal.format(found), is_met(found)

    return judge


def at_most(limit, unit):
    return lambda ours, _: (f"at most {limit} {unit}", median(ours) <= limit)


def ratio_of(limit, word):
    is_met = (lambda found: found >= limit) if word == "least" else (lambda found: found <= limit)
    return beside(lambda ours, theirs: ours / theirs, f"{{:.2f}} of vncviewer, at {word} {limit}", is_met)


def report(figures):
    print(f"{'':<32}" + "".join(f"{name:>12}" for name in CHOSEN))
    for kind, limit in LATER.items():
        later = beside(lambda ours, theirs: ours - theirs, f"{{:+.1f}} ms to vncviewer, at most +{limit}", lambda found, limit=limit: found <= limit)
        row(f"{kind}, ms p50", figures, f"{kind} p50", later)
        row(f"{kind}, ms p95", figures, f"{kind} p95")
    for kind in SCENES:
        row(f"{kind}, frames/s drawn", figures, f"{kind} drawn")
        row(f"{kind}, frames/s", figures, f"{kind} frames", ratio_of(OF_FRAMES, "least"))
        row(f"{kind}, whole frames/s", figures, f"{kind} whole")
        row(f"{kind}, CPU ms/frame", figures, f"{kind} CPU", at_most(SCROLL_COST, "ms") if kind == "scroll" else ratio_of(OF_COST, "most"))
        row(f"{kind}, of that in the page", figures, f"{kind} of that in the page")
        row(f"{kind}, X server ms/frame", figures, f"{kind} X server")
    row("at rest, % of a core", figures, "rest", at_most(REST_GOAL, "%"))
    row("at rest, wake-ups/s", figures, "wakes")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="farwire-bench-"))
    started = Started(folder)
    try:
        port = free_port()
        remote, _ = started.x_server("Xvnc", "-geometry", f"{WIDTH}x{HEIGHT}", "-depth", "24", "-rfbport", port, "-localhost", "-interface", "127.0.0.1", "-SecurityTypes", "None", "-AlwaysShared")
        scene = Scene(started, remote, folder)
        for kind in SCENES:
            scene.do(kind, 0)
        screen = Screen(started, folder, WIDTH, HEIGHT)
        screen.x.change_keyboard_control(auto_repeat_mode=0)
        print(f"{ROUNDS} rounds, at a load of {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
        figures = {name: [] for name in CHOSEN}
        for _ in range(ROUNDS):
            for name in CHOSEN:
                figures[name].append(measure(VIEWERS[name], scene, screen, folder, port))
                print(".", end="", file=sys.stderr, flush=True)
        report(figures)
        print(f"The load was {os.getloadavg()[0]:.1f} at the end.")
    finally:
        started.close()
        shutil.rmtree(folder, ignore_errors=True)
    if missed:
        sys.exit("Goals were missed:\n" + "\n".join(missed))


main()
