"""What runs in a terminal while it is measured, on the machine that the shell is on: terminal_program.py rest, cat FILE or echo."""

import os
import sys
import termios
import tty

REST, DONE, COLOURS = (255, 0, 255), (0, 160, 255), ((200, 30, 30), (30, 200, 30), (30, 30, 200))


def ground(red, green, blue):
    return f"\x1b[48;2;{red};{green};{blue}m"


def say(text):
    left = text.encode()
    while left:
        left = left[os.write(1, left) :]


def fill(colour):
    """Everything in one colour, and nothing else."""
    say(f"\x1b[?25l{ground(*colour)}\x1b[2J\x1b[H")


def main():
    old = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        fill(REST)
        # The next key begins.
        os.read(0, 1)
        if sys.argv[1] == "cat":
            say("\x1b[0m\x1b[2J\x1b[H")
            with open(sys.argv[2], "rb", buffering=0) as file:
                while piece := file.read(1 << 16):
                    while piece:
                        piece = piece[os.write(1, piece) :]
            fill(DONE)
            os.read(0, 1)
        elif sys.argv[1] == "echo":
            columns, lines = os.get_terminal_size(0)
            # So large that the middle of the terminal lies in it.
            rows = [f"\x1b[{row};{columns // 2 - 3}H{' ' * 8}" for row in range(lines // 2 - 1, lines // 2 + 3)]
            number = 0
            while True:
                say(ground(*COLOURS[number % 3]) + "".join(rows))
                if os.read(0, 1) == b"q":
                    break
                number += 1
    finally:
        say("\x1b[0m\x1b[?25h\x1b[2J\x1b[H")
        termios.tcsetattr(0, termios.TCSANOW, old)


if __name__ == "__main__":
    main()
