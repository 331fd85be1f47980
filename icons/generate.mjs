// Makes the PNG, ICO and ICNS files from the drawings beside this script: `node icons/generate.mjs`.
// Needs rsvg-convert (librsvg2-bin) and convert (imagemagick). The results are committed, so a build needs neither.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const here = import.meta.dirname;
const scratch = mkdtempSync(join(tmpdir(), "farwire-icons-"));

/** Up to this size the drawing with the heavier lines is used. */
const SMALL_UP_TO = 24;

function png(size, file = join(scratch, `${size}.png`)) {
  const drawing = size <= SMALL_UP_TO ? "farwire-small.svg" : "farwire.svg";
  execFileSync("rsvg-convert", ["-w", size, "-h", size, join(here, drawing), "-o", file]);
  return file;
}

/** An Apple icon: a header, then one PNG a size, each with a four-letter type. */
function icns(types) {
  const entries = types.map(([type, size]) => {
    const image = readFileSync(png(size));
    const head = Buffer.alloc(8);
    head.write(type, "ascii");
    head.writeUInt32BE(image.length + head.length, 4);
    return Buffer.concat([head, image]);
  });
  const body = Buffer.concat(entries);
  const head = Buffer.alloc(8);
  head.write("icns", "ascii");
  head.writeUInt32BE(body.length + head.length, 4);
  return Buffer.concat([head, body]);
}

try {
  png(32, join(here, "32x32.png"));
  png(128, join(here, "128x128.png"));
  png(256, join(here, "128x128@2x.png"));
  png(512, join(here, "icon.png"));
  execFileSync("convert", [...[16, 24, 32, 48, 64, 256].map((size) => png(size)), join(here, "icon.ico")]);
  // Types of PNG entries: 16, 32, 64, 128, 256, 512, and the doubled 16, 32, 128, 256.
  const types = [
    ["icp4", 16], ["icp5", 32], ["icp6", 64], ["ic07", 128], ["ic08", 256], ["ic09", 512],
    ["ic11", 32], ["ic12", 64], ["ic13", 256], ["ic14", 512],
  ];
  writeFileSync(join(here, "icon.icns"), icns(types));
} finally {
  rmSync(scratch, { recursive: true });
}
