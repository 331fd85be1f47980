#!/usr/bin/python3
"""Another program of the desktop, with one small window: files are dragged from it, or let go over it.

  files.py give PATH…   Whatever is dragged from it are these files.
  files.py take ADDRESS What is let go over it by the Direct Save Protocol (XDS) is asked to be saved at ADDRESS, in which {name}
                        stands for the name that is offered. It asks already while the pointer is over it where ADDRESS begins with
                        "early:".

It says where its middle is on the screen, and then what happens, a line each.
"""
import sys
import urllib.parse

import gi

for name in ("Gtk", "Gdk", "GdkX11"):
    gi.require_version(name, "3.0")
from gi.repository import Gdk, GdkX11, Gtk  # noqa: E402, F401
from Xlib.display import Display  # noqa: E402

SIZE = 120
DIRECT_SAVE = "XdndDirectSave0"


def say(*words):
    print(*words, flush=True)


class Giver:
    def __init__(self, window, paths):
        self.addresses = ["file://" + urllib.parse.quote(path) for path in paths]
        window.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [Gtk.TargetEntry.new("text/uri-list", 0, 0)], Gdk.DragAction.COPY)
        window.connect("drag-begin", lambda *_: say("dragging"))
        window.connect("drag-data-get", lambda _window, _context, data, _info, _time: data.set_uris(self.addresses))
        window.connect("drag-end", lambda *_: say("ended"))


class Taker:
    def __init__(self, window, address):
        self.is_early = address.startswith("early:")
        self.address = address.removeprefix("early:")
        self.display = Display()
        self.has_asked = False
        window.drag_dest_set(0, [Gtk.TargetEntry.new(DIRECT_SAVE, 0, 0)], Gdk.DragAction.COPY)
        window.connect("drag-motion", self.over)
        window.connect("drag-drop", self.let_go)
        window.connect("drag-data-received", self.answered)

    def over(self, window, context, _x, _y, time):
        Gdk.drag_status(context, Gdk.DragAction.COPY, time)
        if self.is_early and not self.has_asked:
            self.has_asked = True
            self.ask(window, context, time)
        say("over")
        return True

    def let_go(self, window, context, _x, _y, time):
        say("dropped")
        self.ask(window, context, time)
        return True

    def ask(self, window, context, time):
        # GDK's own call for this takes no bytes from Python.
        source = self.display.create_resource_object("window", context.get_source_window().get_xid())
        save, text = self.display.intern_atom(DIRECT_SAVE), self.display.intern_atom("text/plain")
        name = source.get_full_property(save, text).value.decode()
        say("name", name)
        address = self.address.replace("{name}", urllib.parse.quote(name))
        source.change_property(save, text, 8, address.encode())
        self.display.sync()
        window.drag_get_data(context, Gdk.Atom.intern(DIRECT_SAVE, False), time)

    def answered(self, _window, context, _x, _y, data, _info, time):
        if not self.is_early:
            Gtk.drag_finish(context, data.get_data() == b"S", False, time)
            Gdk.Display.get_default().flush()
        self.is_early = False
        say("answer", (data.get_data() or b"").decode())


def main():
    role, *rest = sys.argv[1:]
    # No window manager places it, or asks who is in front.
    window = Gtk.Window(type=Gtk.WindowType.POPUP)
    window.add_events(Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.POINTER_MOTION_MASK)
    window.set_default_size(SIZE, SIZE)
    window.move(*((1230, 730) if role == "take" else (10, 730)))
    part = Giver(window, rest) if role == "give" else Taker(window, rest[0])

    def shown(*_):
        _, left, top = window.get_window().get_origin()
        say("middle", left + SIZE // 2, top + SIZE // 2)

    window.connect("map-event", shown)
    window.show_all()
    Gtk.main()
    return part


main()
