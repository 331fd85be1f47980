"""A line to a machine far away, which holds back every byte."""

import collections
import socket
import threading
import time

# What one direction holds at most: 5 GiB/s at 50 ms, so that the line itself is no limit.
IN_FLIGHT = 256 << 20
PIECE = 1 << 20


class Line:
    """A port of this computer that leads to another one of it, `round_trip` seconds away; ends with the process."""

    def __init__(self, port, round_trip):
        self.far, self.delay = port, round_trip / 2
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            near, _ = self.socket.accept()
            far = socket.create_connection(("127.0.0.1", self.far))
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, target in ((near, far), (far, near)):
                Direction(source, target, self.delay)


class Direction:
    """Bytes from one socket to another, each after a while."""

    def __init__(self, source, target, delay):
        self.source, self.target, self.delay = source, target, delay
        self.held, self.bytes, self.change = collections.deque(), 0, threading.Condition()
        for work in (self._take, self._give):
            threading.Thread(target=work, daemon=True).start()

    def _take(self):
        while True:
            try:
                data = self.source.recv(PIECE)
            except OSError:
                data = b""
            with self.change:
                self.change.wait_for(lambda: self.bytes < IN_FLIGHT)
                self.held.append((time.monotonic() + self.delay, data))
                self.bytes += len(data)
                self.change.notify_all()
            if not data:
                return

    def _give(self):
        while True:
            with self.change:
                self.change.wait_for(lambda: self.held)
                due, data = self.held.popleft()
                self.bytes -= len(data)
                self.change.notify_all()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not data:
                    self.target.shutdown(socket.SHUT_WR)
                    return
                self.target.sendall(data)
            except OSError:
                return
