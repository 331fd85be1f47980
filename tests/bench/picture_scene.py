"""The remote desktop of tests/bench/picture: does what lines on standard input say, and answers each with a line.

  rest                 one colour, by which the picture is found on another screen
  small, full          a patch of 64 x 64 pixels, or everything, takes the next of three colours with every key that is pressed
  scroll SECONDS       a terminal: one line of text scrolls in with a frame
  photo SECONDS        a photograph-like picture of 1280 x 720 pixels that wanders, the rest stands still
  noise SECONDS        a gradient with noise: everything changes with every frame

The last three draw 60 frames a second by the clock; a frame that would be late is left out. Every frame has its number in
black and white squares, at the top left and at the bottom right. The answer is how many were drawn.
"""

import select
import sys
import time

import numpy
from scene import HEIGHT, WIDTH, Text, brush, into_server, photo, server, window
from Xlib import X

REST, COLOURS = 0xFF00FF, (0xC81E1E, 0x1EC81E, 0x1E1EC8)
FRAMES_A_SECOND, PATCH, SQUARE, BITS = 60, 64, 16, 16


def fill(colour, x=0, y=0, width=WIDTH, height=HEIGHT):
    brush.change(foreground=colour)
    window.fill_rectangle(brush, x, y, width, height)


def number(frame):
    """Twelve bits of the frame's number, and four by which a torn one is known."""
    frame &= 0xFFF
    bits = frame | ((frame >> 8 ^ frame >> 4 ^ frame ^ 0xA) & 0xF) << 12
    for left, top in ((0, 0), (WIDTH - BITS * SQUARE, HEIGHT - SQUARE)):
        fill(0, left, top, BITS * SQUARE, SQUARE)
        brush.change(foreground=0xFFFFFF)
        window.poly_fill_rectangle(brush, [(left + at * SQUARE, top, SQUARE, SQUARE) for at in range(BITS) if bits >> at & 1])


class Scroll:
    """Text between the two rows of squares."""

    LINE = Text.LINE

    def __init__(self):
        self.text = Text()

    def draw(self, frame):
        top, bottom = 2 * SQUARE, HEIGHT - 2 * SQUARE
        window.copy_area(brush, window, 0, top + self.LINE, WIDTH, bottom - top - self.LINE, 0, top)
        self.text.line(bottom)


class Photo:
    WIDTH, HEIGHT = 1280, 720

    def __init__(self):
        self.picture = into_server(photo(1700, 960))

    def draw(self, frame):
        x, y = int(210 + 209 * numpy.sin(frame * 0.031)), int(120 + 119 * numpy.sin(frame * 0.043))
        window.copy_area(brush, self.picture, x, y, self.WIDTH, self.HEIGHT, (WIDTH - self.WIDTH) // 2, (HEIGHT - self.HEIGHT) // 2)


class Noise:
    MARGIN = 128

    def __init__(self):
        random = numpy.random.RandomState(11)
        across, down = numpy.meshgrid(numpy.linspace(0, 1, WIDTH + self.MARGIN), numpy.linspace(0, 1, HEIGHT + self.MARGIN))
        gradient = numpy.stack([200 * across + 20, 200 * down + 20, 200 * (1 - across) * down + 30], axis=2)
        noisy = gradient + random.uniform(-12, 12, (*across.shape, 1))
        self.picture = into_server(numpy.clip(noisy, 0, 255).astype(numpy.uint8))
        self.offsets = random.randint(0, self.MARGIN, (4096, 2))

    def draw(self, frame):
        x, y = map(int, self.offsets[frame % len(self.offsets)])
        window.copy_area(brush, self.picture, x, y, WIDTH, HEIGHT, 0, 0)


def animate(scene, seconds):
    began, drawn, last = time.perf_counter(), 0, -1
    while (now := time.perf_counter() - began) < seconds:
        frame = int(now * FRAMES_A_SECOND)
        if frame == last:
            time.sleep(max(0, (frame + 1) / FRAMES_A_SECOND - now))
            continue
        last = frame
        scene.draw(frame)
        number(frame)
        # Until the server has drawn it, so that frames never wait in a queue.
        server.sync()
        drawn += 1
    return drawn


class Patches:
    def __init__(self, place):
        self.place, self.shown = place, 0
        fill(0x808080)
        self.draw()

    def draw(self):
        fill(COLOURS[self.shown % len(COLOURS)], *self.place)
        server.flush()

    def pressed(self):
        self.shown += 1
        self.draw()


def main():
    window.change_attributes(event_mask=X.KeyPressMask)
    window.set_input_focus(X.RevertToParent, X.CurrentTime)
    server.change_keyboard_control(auto_repeat_mode=0)
    scenes, patches = {}, None
    kinds = {"scroll": Scroll, "photo": Photo, "noise": Noise}
    middle = ((WIDTH - PATCH) // 2, (HEIGHT - PATCH) // 2, PATCH, PATCH)
    while True:
        # Events may have been read along with an answer.
        while server.pending_events():
            if server.next_event().type == X.KeyPress and patches:
                patches.pressed()
        if sys.stdin not in select.select([server.fileno(), sys.stdin], [], [])[0]:
            continue
        line = sys.stdin.readline().split()
        if not line:
            return
        answer, patches = 0, None
        if line[0] == "rest":
            fill(REST)
        elif line[0] in ("small", "full"):
            patches = Patches(middle if line[0] == "small" else ())
        else:
            kind, seconds = line[0], float(line[1])
            # Each is made once: that takes seconds.
            scenes[kind] = scenes.get(kind) or kinds[kind]()
            fill(0)
            answer = animate(scenes[kind], seconds)
        server.sync()
        print(answer, flush=True)


main()
