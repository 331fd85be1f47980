/** The colours of shells, and the fonts they are drawn in. */
import type { ITheme } from "@xterm/xterm";
import type { TerminalColours } from "../bindings";

/** What is tried after the font a person chose: one of these is on every computer. */
const FONTS = '"DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace';

/** The 8 colours programs name, then their bright forms. */
function theme(background: string, foreground: string, selection: string, colours: string): ITheme {
  const [black, red, green, yellow, blue, magenta, cyan, white, ...bright] = colours.split(" ").map((one) => `#${one}`);
  const [brightBlack, brightRed, brightGreen, brightYellow, brightBlue, brightMagenta, brightCyan, brightWhite] = bright;
  return {
    ...{ background, foreground, cursor: foreground, cursorAccent: background, selectionBackground: selection },
    ...{ black, red, green, yellow, blue, magenta, cyan, white },
    ...{ brightBlack, brightRed, brightGreen, brightYellow, brightBlue, brightMagenta, brightCyan, brightWhite },
  };
}

export const COLOURS: Record<TerminalColours, ITheme> = {
  dark: theme(
    "#14171c",
    "#d8dee9",
    "#3d5a80aa",
    "1d1f21 cc6666 8cb369 e0b060 6f9cd8 b28cc8 6cb5b0 c5c8c6 70757d e08080 a8d080 f0c674 8ab4f0 c8a0e0 88d0c8 ffffff",
  ),
  light: theme(
    "#fbfbf9",
    "#24292f",
    "#9cc3f5aa",
    "24292f b3261e 2b6e34 8a5a00 1f5fb0 80379c 0e6b75 6b7178 565c63 c43c33 37803f 9a6700 2a6fc9 9347b0 17808b 454a50",
  ),
  contrast: theme(
    "#000000",
    "#ffffff",
    "#5a7fffaa",
    "000000 ff5c57 3ddc5b ffd84a 6ea8ff ff7df0 4fe3e0 e6e6e6 9a9a9a ff8a86 7bf08f ffe680 9cc4ff ffa6f5 8df0ee ffffff",
  ),
  muted: theme(
    "#1f2430",
    "#b8bfcc",
    "#4a5878aa",
    "2a3040 bf7e7e 86a67c b39d6b 7d96bf a384b0 73a3a3 b8bfcc 6f7889 cf9a9a a2bf99 c7b58a 9cb1d3 bba1c6 93bcbc dce1ea",
  ),
};

export function fontStack(font: string): string {
  const name = font.trim();
  return name === "" ? FONTS : `"${name}", ${FONTS}`;
}
