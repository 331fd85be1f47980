/** Messages a viewer sends: one byte of kind, then fields, little-endian. */

export const Button = { left: 1, middle: 2, right: 4, back: 8, forward: 16 } as const;

const utf8 = new TextEncoder();

function build(length: number, fill: (view: DataView) => void): ArrayBuffer {
  const buffer = new ArrayBuffer(length);
  fill(new DataView(buffer));
  return buffer;
}

function textMessage(kind: number, text: string): ArrayBuffer {
  const bytes = utf8.encode(text);
  const out = new Uint8Array(new ArrayBuffer(bytes.length + 1));
  out[0] = kind;
  out.set(bytes, 1);
  return out.buffer;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Math.round(value)));
}

/** The frame `seq` is drawn; the server may send another. */
export function ack(seq: number): ArrayBuffer {
  return build(5, (view) => {
    view.setUint8(0, 1);
    view.setUint32(1, seq, true);
  });
}

/** A key goes down or up. `scancode` is 0 when the physical key is unknown. */
export function key(down: boolean, keysym: number, scancode: number): ArrayBuffer {
  return build(8, (view) => {
    view.setUint8(0, 2);
    view.setUint8(1, down ? 1 : 0);
    view.setUint32(2, keysym, true);
    view.setUint16(6, scancode, true);
  });
}

/** Where the pointer is and which buttons are held, as a sum of {@link Button} values. */
export function pointer(x: number, y: number, buttons: number): ArrayBuffer {
  return build(7, (view) => {
    view.setUint8(0, 3);
    view.setUint16(1, clamp(x, 0, 0xffff), true);
    view.setUint16(3, clamp(y, 0, 0xffff), true);
    view.setUint16(5, buttons, true);
  });
}

/** The wheel turned; 120 is one notch, positive is down and right. */
export function wheel(x: number, y: number, dx: number, dy: number): ArrayBuffer {
  return build(9, (view) => {
    view.setUint8(0, 4);
    view.setUint16(1, clamp(x, 0, 0xffff), true);
    view.setUint16(3, clamp(y, 0, 0xffff), true);
    view.setInt16(5, clamp(dx, -0x8000, 0x7fff), true);
    view.setInt16(7, clamp(dy, -0x8000, 0x7fff), true);
  });
}

/** The local clipboard, for the remote machine. */
export function clipboard(text: string): ArrayBuffer {
  return textMessage(5, text);
}

/** A picture of the local clipboard, a PNG, for machines that take some. */
export function clipboardPicture(png: Uint8Array): ArrayBuffer {
  const bytes = new Uint8Array(1 + png.length);
  bytes[0] = 12;
  bytes.set(png, 1);
  return bytes.buffer;
}

/** Formatted text of the local clipboard, for machines that take it: its text alone, and as HTML. */
export function clipboardHtml(text: string, html: string): ArrayBuffer {
  const [plain, formatted] = [utf8.encode(text), utf8.encode(html)];
  const bytes = new Uint8Array(5 + plain.length + formatted.length);
  bytes[0] = 13;
  new DataView(bytes.buffer).setUint32(1, plain.length, true);
  bytes.set(plain, 5);
  bytes.set(formatted, 5 + plain.length);
  return bytes.buffer;
}

/** The size the remote desktop should take, in device pixels. */
export function viewport(w: number, h: number, scalePercent: number): ArrayBuffer {
  return build(7, (view) => {
    view.setUint8(0, 6);
    view.setUint16(1, clamp(w, 1, 0xffff), true);
    view.setUint16(3, clamp(h, 1, 0xffff), true);
    view.setUint16(5, clamp(scalePercent, 10, 1000), true);
  });
}

/** Whether anybody looks. Frames stop while nobody does; a keyframe follows when somebody does again. */
export function visible(isVisible: boolean): ArrayBuffer {
  return build(2, (view) => {
    view.setUint8(0, 7);
    view.setUint8(1, isVisible ? 1 : 0);
  });
}

/** All keys and buttons up. */
export function releaseAll(): ArrayBuffer {
  return build(1, (view) => view.setUint8(0, 8));
}

/** What a terminal sends, as it is. */
export function terminalBytes(text: string): ArrayBuffer {
  return textMessage(10, text);
}

/** What a terminal sends that is no text: each character is one byte. */
export function terminalBinary(binary: string): ArrayBuffer {
  const out = new Uint8Array(new ArrayBuffer(binary.length + 1));
  out[0] = 10;
  for (let i = 0; i < binary.length; i++) out[i + 1] = binary.charCodeAt(i) & 0xff;
  return out.buffer;
}

/** The size of a terminal's viewer in characters. */
export function grid(columns: number, rows: number): ArrayBuffer {
  return build(5, (view) => {
    view.setUint8(0, 11);
    view.setUint16(1, clamp(columns, 1, 0xffff), true);
    view.setUint16(3, clamp(rows, 1, 0xffff), true);
  });
}

/** Text to be typed as keys. */
export function typeText(text: string): ArrayBuffer {
  return textMessage(9, text);
}
