/** Words for the clipboard between this computer and a remote machine. */
import type { Unread } from "../host";

export const clipboard = {
  name: "Clipboard",
  idle: "Clipboard",
  off: "Paused",
  textIn: (age: string) => `Text in ${age}`,
  textOut: (age: string) => `Text out ${age}`,
  waiting: "Click to copy",
  title: (name: string) => `Clipboard with ${name}`,
  push: "Send this computer’s clipboard",
  pull: "Copy the received text here",
  hint: (isApp: boolean) =>
    isApp
      ? "Text goes both ways by itself: from here when you turn to the picture."
      : "Text goes both ways by itself; the browser may want a click first.",
  same: "The remote machine has this text already",
  nothingToSend: "There is nothing on this computer’s clipboard to send",
  nothingToType: "There is no text on this computer’s clipboard to type",
  notSent: "Nothing goes to the remote machine now",
  unwritten: "The clipboard did not take the text",
  unread: {
    refused: (isApp) =>
      isApp ? "The clipboard could not be read." : "The browser did not let the clipboard be read. Press Ctrl+V over the picture instead.",
    too_long: () => "The text on the clipboard is longer than 1 MiB, which is more than a machine takes.",
    no_answer: () => "The program that holds the clipboard did not answer. Copy it again and try once more.",
  } satisfies Record<Unread, (isApp: boolean) => string> as Record<Unread, (isApp: boolean) => string>,
};
