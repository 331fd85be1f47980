"""The measurements of tests/bench/window, which says what they are: window.py FOLDER ROUNDS [MACHINES …]."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy
import screens
from library import write_backup
from screens import LIMIT, Started, connected, environment, free_port, processes, processor, save_desktops, until
from Xlib import X, display

FOLDER, ROUNDS = Path(sys.argv[1]), int(sys.argv[2])
# How many are saved, and how soon the window has to be there then, in milliseconds.
STARTS = {0: 600, 1_000: 600, 10_000: 800, 100_000: 1500}
MACHINES = [int(each) for each in sys.argv[3:]] or list(STARTS)
SEARCH_GOAL, MEMORY_GOAL, REST_GOAL = 16, 250, 0.5
# What is searched for: every key leaves other machines in the list.
TERM = "975"
# The other program parses every file before it shows anything.
SLOW_FROM, SLOW_LIMIT = 100_000, 400
WIDTH, HEIGHT = 1600, 1000
# The remote desktop. Neither program has this colour.
REMOTE, REMOTE_PIXELS = (200, 30, 120), 50_000
# A window with more colours than these shows something.
COLOURS = 40
SETTLE, REST = 5, 10
SESSIONS = (1, 4)
# Where the first machine of our list lies in the window.
FIRST_ROW = (360, 122)


class Screen(screens.Screen):
    """A screen with the only window there is."""

    def __init__(self, started, folder):
        super().__init__(started, folder, WIDTH, HEIGHT)

    def window(self):
        """Left, top, width and height of the only window there is, or None."""
        listed = self.root.get_full_property(self.clients, X.AnyPropertyType)
        for number in listed.value if listed else ():
            window = self.x.create_resource_object("window", number)
            with contextlib.suppress(Exception):  # It may go at any moment.
                if window.get_attributes().map_state == X.IsViewable:
                    corner, size = window.translate_coords(self.root, 0, 0), window.get_geometry()
                    return max(0, -corner.x), max(0, -corner.y), size.width, size.height
        return None

    def has_content(self):
        if not (place := self.window()):
            return False
        left, top, width, height = place
        # Few of its pixels: what looks at them takes a processor from what draws them.
        return len(numpy.unique(self.pixels[top : top + height : 5, left : left + width : 5])) > COLOURS

    def change_after(self, key):
        """Milliseconds from a key to the first change of more than a caret."""
        left, top, width, height = self.window()
        part = self.pixels[top : top + height, left : left + width]
        before = part.copy()
        began = time.perf_counter()
        self.press(key)
        until("the key shows", lambda: int((part[::2, ::2] != before[::2, ::2]).sum()) > 150, 0.001)
        return (time.perf_counter() - began) * 1000

    def has_remote(self):
        red, green, blue = REMOTE
        return int((self.pixels & 0xFFFFFF == red << 16 | green << 8 | blue).sum()) > REMOTE_PIXELS


def memory(home):
    """MiB, shared pages counted once among those who share them."""
    kib = 0
    for entry in processes(home):
        with contextlib.suppress(OSError):
            kib += int(re.search(r"^Pss:\s+(\d+)", (entry / "smaps_rollup").read_text(), re.M)[1])
    return kib / 1024


class Farwire:
    name = "farwire"

    def fill(self, home, machines):
        """Restores a backup with so many machines."""
        data = home / "data"
        backups = data / "backups"
        backups.mkdir(parents=True, mode=0o700)
        data.chmod(0o700)
        write_backup(backups / "store-20260101T000000Z.jsonl", machines)
        subprocess.run([FOLDER / "farwired", "restore", "--data-dir", data], check=True, stdout=subprocess.DEVNULL, env={**os.environ, "HOME": str(home)})

    def search(self, screen, env):
        subprocess.run(["xdotool", "key", "ctrl+k"], env=env, check=True)

    def prepare(self, home, port):
        self.uids = save_desktops(FOLDER / "farwired", home, port, max(SESSIONS))

    def command(self, home, env, sessions):
        env |= {"FARWIRE_DATA_DIR": str(home / "data")}
        if sessions == 1:
            env |= {"FARWIRE_OPEN": self.uids[0]}
        return [FOLDER / "farwire"]

    def more(self, run, env, screen, sessions):
        """Opens as many as a person does: all rows of the list."""
        if sessions < 2:
            return
        left, top, _, _ = screen.window()
        tell = ["xdotool", "mousemove", "--sync", str(left + FIRST_ROW[0]), str(top + FIRST_ROW[1]), "click", "1"]
        subprocess.run([*tell, "sleep", "0.5", "key", "ctrl+a", "sleep", "0.5", "key", "Return"], env=env, check=True)


class Remmina:
    name = "remmina"

    def fill(self, home, machines):
        folder = home / ".local/share/remmina"
        folder.mkdir(parents=True)
        self.settings(home)
        for number in range(machines):
            address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            text = f"[remmina]\nname=host-{number:06}\ngroup=site-{number % 50}\nprotocol=VNC\nserver={address}\nusername=admin\nlabels=\nlast_success=20260101\n"
            (folder / f"group_vnc_host-{number:06}.remmina").write_text(text)

    def search(self, screen, env):
        """The field has the keyboard from the start."""

    def settings(self, home):
        settings = home / ".config/remmina"
        settings.mkdir(parents=True)
        (settings / "remmina.pref").write_text("[remmina_pref]\nperiodic_news_permitted=0\nperiodic_usage_stats_permitted=false\n")

    def prepare(self, home, port):
        self.settings(home)
        self.profiles = [home / f"desk-{number}.remmina" for number in range(max(SESSIONS))]
        for profile in self.profiles:
            profile.write_text(f"[remmina]\nname={profile.stem}\nprotocol=VNC\nserver=127.0.0.1:{port}\nquality=9\ncolordepth=32\n")

    def command(self, home, env, sessions):
        return ["remmina", *(["-c", self.profiles[0]] if sessions else [])]

    def more(self, run, env, screen, sessions):
        for number, profile in enumerate(self.profiles[1:sessions], 2):
            run("remmina", "-c", profile, env=env)
            until("the next session is up", lambda: connected(screen.remote_port) >= number, 0.1)


@contextlib.contextmanager
def running(app, screen, folder, prepare, sessions=0, limit=LIMIT):
    """A program with a home of its own, once its window shows something: the moment of its start, and when that was."""
    home = Path(tempfile.mkdtemp(dir=folder))
    started = Started(folder)
    env = environment(home, screen)
    try:
        prepare(home)
        bus = started.start("dbus-daemon", "--session", "--nofork", "--print-address=1", env=env, stdout=subprocess.PIPE)
        env["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        command = app.command(home, env, sessions)
        began = time.monotonic()
        started.start(*command, env=env)
        _, shown = until("a window has content", screen.has_content, limit=limit)
        yield started, env, home, began, shown
    finally:
        started.close()
        with contextlib.suppress(TimeoutError):
            until("all of its processes have ended", lambda: not list(processes(home)), 0.1)
        shutil.rmtree(home, ignore_errors=True)
        until("its window is gone", lambda: not screen.window(), 0.1)


def at_rest(home):
    """What a program takes while nobody does anything."""
    time.sleep(SETTLE)
    figures = {"memory": memory(home)}
    before, at = processor(processes(home)), time.monotonic()
    time.sleep(REST)
    after, seconds = processor(processes(home)), time.monotonic() - at
    return figures | {"rest": sum(after[one] - before.get(one, 0) for one in after) / seconds * 100}


def measure_library(app, screen, machines, folder):
    """One run of a program with so many machines saved."""
    limit = SLOW_LIMIT if machines >= SLOW_FROM else LIMIT
    with running(app, screen, folder, lambda home: app.fill(home, machines), limit=limit) as (_, env, home, began, shown):
        figures = {"shown": (shown - began) * 1000} | at_rest(home)
        # With so many the other program answers no key within a minute.
        if machines and (machines < SLOW_FROM or app.name == "farwire"):
            app.search(screen, env)
            time.sleep(1)
            keys = []
            for key in TERM:
                keys.append(screen.change_after(key))
                time.sleep(1)
            figures["search"] = median(keys)
        return figures


def measure_sessions(app, screen, sessions, folder):
    """One run of a program with so many remote screens."""
    with running(app, screen, folder, lambda home: app.prepare(home, screen.remote_port), sessions) as (started, env, home, began, _):
        app.more(started.start, env, screen, sessions)
        _, seen = until("the remote picture is there", screen.has_remote)
        until("all sessions are up", lambda: connected(screen.remote_port) == sessions, 0.1)
        return {"picture": (seen - began) * 1000} | at_rest(home)


def remote_desktop(started, port):
    """A still desktop of one colour, reachable on this computer alone."""
    name, _ = started.x_server("Xvnc", "-geometry", "1280x800", "-depth", "24", "-rfbport", port, "-localhost", "-interface", "127.0.0.1", "-SecurityTypes", "None", "-AlwaysShared")
    red, green, blue = REMOTE
    # Kept: the server forgets the colour when its last client goes.
    client = display.Display(name)
    root = client.screen().root
    root.change_attributes(background_pixel=red << 16 | green << 8 | blue)
    root.clear_area()
    client.sync()
    return client


missed = []


def row(what, unit, ours, theirs, goal=None):
    ratio = f"{median(ours) / median(theirs):8.2f}" if theirs and median(theirs) else f"{'-':>8}"
    other = f"{median(theirs):10.1f}" if theirs else f"{'-':>10}"
    is_missed = goal is not None and median(ours) > goal
    told = "" if goal is None else f"{'MISSED' if is_missed else 'ok'}, at most {goal}"
    print(f"{what:<34} {median(ours):10.1f} {other} {unit:<4} {ratio}   {min(ours):.1f}-{max(ours):.1f}   {told}", flush=True)
    if is_missed:
        missed.append(what)


def rounds_of(apps, measure, once=()):
    """Figures of each program by kind; programs in `once` have a single round, which counts."""
    runs = {app.name: [] for app in apps}
    for number in range(ROUNDS + 1):
        for app in apps:
            if app.name in once and number > 0:
                continue
            figures = measure(app)
            if number > 0 or app.name in once:
                runs[app.name].append(figures)
    kinds = runs[apps[0].name][0]
    return {kind: [[one[kind] for one in runs[app.name] if kind in one] for app in apps] for kind in kinds}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="farwire-bench-"))
    started = Started(folder)
    try:
        port = free_port()
        desktop = remote_desktop(started, port)
        screen = Screen(started, folder)
        screen.remote_port = port
        apps = (Farwire(), Remmina())
        print(f"{ROUNDS} rounds, at a load of {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        print(f"{'':<34} {'farwire':>10} {'remmina':>10} {'':<4} {'ratio':>8}   ours")
        for machines in MACHINES:
            once = {"remmina"} if machines >= SLOW_FROM else ()
            each = rounds_of(apps, lambda app: measure_library(app, screen, machines, folder), once)
            name = f"{machines:,} machines"
            row(f"shown, {name}", "ms", *each["shown"], STARTS.get(machines))
            row(f"memory, {name}", "MiB", *each["memory"], MEMORY_GOAL)
            row(f"at rest, {name}", "%", *each["rest"], REST_GOAL)
            if machines:
                row(f"search, {name}", "ms", *each["search"], SEARCH_GOAL)
        for sessions in SESSIONS:
            each = rounds_of(apps, lambda app: measure_sessions(app, screen, sessions, folder))
            name = "1 session" if sessions == 1 else f"{sessions} sessions"
            if sessions == 1:
                row("remote picture", "ms", *each["picture"])
            row(f"memory, {name}", "MiB", *each["memory"])
            row(f"at rest, {name}", "%", *each["rest"])
        print(f"The load was {os.getloadavg()[0]:.1f} at the end.")
        desktop.close()
    finally:
        started.close()
        shutil.rmtree(folder, ignore_errors=True)
    if missed:
        sys.exit(f"Goals were missed: {', '.join(missed)}.")


main()
