"""What measurements of windows share: screens nobody sees, programs on them, and what those take."""

import contextlib
import http.client
import json
import mmap
import os
import re
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import numpy
from Xlib import X, XK, display
from Xlib.ext import xtest

LIMIT = 60


def until(what, check, step=0.005, limit=LIMIT):
    """Waits until `check` returns something true; returns that and the moment."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if value := check():
            return value, time.monotonic()
        time.sleep(step)
    raise TimeoutError(f"waited {limit} s in vain: {what}")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Started:
    """Programs that end when this does, the last started first."""

    def __init__(self, folder):
        self.folder, self.programs = folder, []

    def start(self, *command, env, **more):
        with open(self.folder / f"{Path(str(command[0])).name}.log", "ab") as log:
            program = subprocess.Popen([str(part) for part in command], env=env, stdin=more.pop("stdin", subprocess.DEVNULL), stdout=more.pop("stdout", log), stderr=log, **more)
        self.programs.append(program)
        return program

    def x_server(self, *command):
        """Starts an X server that picks its own number, and returns its display and its process."""
        read, write = os.pipe()
        server = self.start(*command, "-displayfd", write, "-nolisten", "tcp", "-noreset", env=os.environ, pass_fds=(write,))
        os.close(write)
        with open(read) as told:
            return f":{int(told.readline())}", server

    def close(self):
        for program in reversed(self.programs):
            program.send_signal(signal.SIGTERM)
            try:
                program.wait(10)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


class Screen:
    """A screen nobody sees. Its pixels are read from its memory, which costs the server nothing."""

    def __init__(self, started, folder, width, height):
        self.width, self.height = width, height
        self.name, self.process = started.x_server("Xvfb", "-screen", "0", f"{width}x{height}x24", "-fbdir", folder)
        started.start("openbox", env={**os.environ, "DISPLAY": self.name, "HOME": str(folder)})
        with open(folder / "Xvfb_screen0", "rb") as file:
            memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        # The header of the XWD format: its own size, and how many colours of 12 bytes follow.
        head = struct.unpack(">25I", memory[:100])
        self.pixels = numpy.frombuffer(memory, numpy.uint32, width * height, head[0] + head[19] * 12).reshape(height, width)
        self.x = display.Display(self.name)
        self.root = self.x.screen().root
        self.clients = self.x.intern_atom("_NET_CLIENT_LIST")
        until("openbox manages windows", lambda: self.root.get_full_property(self.clients, X.AnyPropertyType))

    def code(self, name):
        """The key that has this name on it."""
        return self.x.keysym_to_keycode(XK.string_to_keysym(name))

    def press(self, name, *held):
        """Presses a key as a person does, while others are held."""
        keys = [self.code(each) for each in (*held, name)]
        for way, codes in ((X.KeyPress, keys), (X.KeyRelease, reversed(keys))):
            for code in codes:
                xtest.fake_input(self.x, way, code)
        self.x.flush()

    def click(self, x, y):
        xtest.fake_input(self.x, X.MotionNotify, x=x, y=y)
        for way in (X.ButtonPress, X.ButtonRelease):
            xtest.fake_input(self.x, way, 1)
        self.x.sync()


def processes(home):
    """The processes that live in a home, without its message bus."""
    mark = f"HOME={home}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0") and not (entry / "comm").read_text().startswith("dbus"):
                    yield entry


def family(process):
    """A process, and all that came from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[entry] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    known = [Path(f"/proc/{process.pid}")]
    for one in known:
        known += [entry for entry, parent in parents.items() if parent == int(one.name)]
    return known


def processor(entries):
    """Seconds that each of these processes has taken, with those of its threads that have ended."""
    spent = {}
    for entry in entries:
        with contextlib.suppress(OSError):
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
            spent[entry] = (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def connected(port):
    """How many connections to a local port are up."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "01" for line in lines)


def environment(home, screen):
    """What a program is started with: nothing of the person's own settings is read or written."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "FARWIRE_", "WAYLAND_", "WEBKIT_")) and key != "SESSION_MANAGER"}
    return env | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "DISPLAY": screen.name, "NO_AT_BRIDGE": "1", "LC_ALL": "C.UTF-8", "GDK_BACKEND": "x11"}


@contextlib.contextmanager
def api_of(farwired, home):
    """The API over what is saved in a home: a function that asks it."""
    data = home / "data"
    server = subprocess.Popen([farwired, "--data-dir", data, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "HOME": str(home)})
    try:
        address = re.search(r"127\.0\.0\.1:\d+", server.stdout.readline())[0]
        until("the token is there", (data / "api-token").exists)
        head = {"Authorization": f"Bearer {(data / 'api-token').read_text().strip()}", "Content-Type": "application/json"}

        def ask(method, path, body):
            link = http.client.HTTPConnection(address)
            link.request(method, path, json.dumps(body), head)
            return json.load(link.getresponse())

        yield ask
    finally:
        server.terminate()
        server.wait()


def save_desktops(farwired, home, port, count):
    """Saves connections to a local desktop, by the program that has the API; returns their identifiers."""
    with api_of(farwired, home) as ask:
        return [ask("PUT", "/connection/", {"name": f"desk-{number}", "protocol": "VNC", "host": "127.0.0.1", "port": port})["uid"] for number in range(count)]


def save_shell(farwired, home, server):
    """The same with a local SSH server, whose key is accepted."""
    with api_of(farwired, home) as ask:
        body = {"name": "shell", "protocol": "SSH", "host": "127.0.0.1", "port": server.port, "ssh.agent": False, "ssh.key_file": str(server.key)}
        uid = ask("PUT", "/connection/", body)["uid"]
        ask("PUT", f"/connection/{uid}/credentials", {"ssh.username": server.user})
        told = subprocess.run(["ssh-keygen", "-l", "-f", server.folder / "host.pub"], check=True, capture_output=True, text=True)
        ask("PUT", "/trust", {"host": "127.0.0.1", "port": server.port, "fingerprint": told.stdout.split()[1]})
        return uid
