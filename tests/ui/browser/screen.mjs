// The remote screen as it is drawn on the page.

/** The canvas of the session in front. */
export const canvasOf = (page, name) => page.getByRole("tabpanel", { name }).locator("canvas");

/** Where a person points to reach a place of the remote screen. */
export async function pointAt(page, name, x, y) {
  const canvas = canvasOf(page, name);
  const box = await canvas.boundingBox();
  const [width, height] = await canvas.evaluate((element) => [element.width, element.height]);
  return [box.x + ((x + 0.5) * box.width) / width, box.y + ((y + 0.5) * box.height) / height];
}

/** How many pixels of the drawn screen have this colour, or one that is at most so far `off` it. */
export async function countPixels(page, name, colour, off = 0) {
  return await canvasOf(page, name).evaluate(
    (canvas, [colour, off]) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let found = 0;
      for (let at = 0; at < data.length; at += 4) if (colour.every((part, index) => Math.abs(data[at + index] - part) <= off)) found += 1;
      return found;
    },
    [colour, off],
  );
}

/** How many pixels of the drawn screen differ from a PNG picture of it, and how many colours the screen has. */
export async function compare(page, name, png) {
  return await canvasOf(page, name).evaluate(async (canvas, encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const other = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    other.drawImage(picture, 0, 0);
    const drawn = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const sent = other.getImageData(0, 0, picture.width, picture.height).data;
    if (picture.width !== canvas.width || picture.height !== canvas.height) return { different: Infinity, colours: 0 };
    const [a, b] = [new Uint32Array(drawn.buffer), new Uint32Array(sent.buffer)];
    return { different: a.filter((pixel, index) => pixel !== b[index]).length, colours: new Set(a).size };
  }, Buffer.from(png).toString("base64"));
}
