#!/usr/bin/python3
"""Draws the scenes that decoders are measured on, one frame for each line on standard input.

usage: scene.py video|text

The frame's number comes as a line, and goes back as a line once the X server has drawn it: whoever asks decides the pace,
so that each recording holds the same frames. Scenes cover the whole screen and are the same in every run.

  video  a photograph-like picture that wanders: every pixel changes with every frame, and none is plain
  text   a terminal: three lines scroll in with a frame, and each fourth frame is a page of its own
"""
import sys

import numpy
from Xlib import X, display

server = display.Display()
screen = server.screen()
WIDTH, HEIGHT = screen.width_in_pixels, screen.height_in_pixels
window = screen.root.create_window(
    0, 0, WIDTH, HEIGHT, 0, screen.root_depth, X.InputOutput, X.CopyFromParent, background_pixel=0, override_redirect=1
)
brush = window.create_gc(graphics_exposures=0)
window.map()
server.sync()


def photo(width, height):
    """Smooth coloured shapes at many scales: detail and gradients much like a photograph's."""
    random, sum_of_scales = numpy.random.RandomState(7), numpy.zeros((height, width, 3))
    for cells, strength in ((4, 90), (8, 50), (16, 30), (40, 16), (120, 9), (400, 5)):
        grid = random.uniform(-1, 1, (cells * height // width + 2, cells + 2, 3))
        ys = numpy.linspace(0, grid.shape[0] - 1.001, height)
        xs = numpy.linspace(0, grid.shape[1] - 1.001, width)
        row, column = ys.astype(int), xs.astype(int)
        down, right = (ys - row)[:, None, None], (xs - column)[None, :, None]
        upper = grid[row][:, column] * (1 - right) + grid[row][:, column + 1] * right
        lower = grid[row + 1][:, column] * (1 - right) + grid[row + 1][:, column + 1] * right
        sum_of_scales += strength * (upper * (1 - down) + lower * down)
    return numpy.clip(sum_of_scales + 128, 0, 255).astype(numpy.uint8)


def into_server(rgb):
    """Puts a picture into the X server, so that a frame costs one copy."""
    height, width, _ = rgb.shape
    pixels = numpy.zeros((height, width, 4), numpy.uint8)
    pixels[:, :, :3] = rgb[:, :, ::-1]
    pixmap = screen.root.create_pixmap(width, height, screen.root_depth)
    rows = max(1, 200000 // (width * 4))
    for top in range(0, height, rows):
        part = pixels[top : top + rows]
        pixmap.put_image(brush, 0, top, width, len(part), X.ZPixmap, screen.root_depth, 0, part.tobytes())
    return pixmap


class Video:
    MARGIN = 400

    def __init__(self):
        self.picture = into_server(photo(WIDTH + self.MARGIN, HEIGHT + self.MARGIN))

    def draw(self, frame):
        half = self.MARGIN / 2
        x, y = int(half + (half - 1) * numpy.sin(frame * 0.31)), int(half + (half - 1) * numpy.sin(frame * 0.43))
        window.copy_area(brush, self.picture, x, y, WIDTH, HEIGHT, 0, 0)


class Text:
    LINE, CHARACTER = 15, 9
    COLOURS = (0xD0D0D0, 0xD0D0D0, 0xD0D0D0, 0x80C080, 0x80A0E0, 0xE0C060)

    def __init__(self):
        brush.change(font=server.open_font("9x15"))
        random = numpy.random.RandomState(3)
        words = ["".join(chr(97 + c) for c in random.randint(0, 26, random.randint(2, 10))) for _ in range(500)]
        columns = WIDTH // self.CHARACTER
        self.lines = [
            [words[i] for i in random.randint(0, 500, random.randint(2, columns // 6))] for _ in range(997)
        ]
        self.next_line = 0

    def line(self, bottom):
        brush.change(foreground=0)
        window.fill_rectangle(brush, 0, bottom - self.LINE, WIDTH, self.LINE)
        left = 4
        for number, word in enumerate(self.lines[self.next_line % len(self.lines)]):
            brush.change(foreground=self.COLOURS[(self.next_line + number) % len(self.COLOURS)])
            window.draw_text(brush, left, bottom - 4, word.encode())
            left += (len(word) + 1) * self.CHARACTER
        self.next_line += 1

    def draw(self, frame):
        new = HEIGHT // self.LINE if frame % 4 == 0 else 3
        above = HEIGHT - new * self.LINE
        window.copy_area(brush, window, 0, new * self.LINE, WIDTH, above, 0, 0)
        for number in range(new):
            self.line(above + (number + 1) * self.LINE)


if __name__ == "__main__":
    scene = {"video": Video, "text": Text}[sys.argv[1]]()
    for line in sys.stdin:
        scene.draw(int(line))
        server.sync()
        print(int(line), flush=True)
