/** The clipboard of this computer, as a page of a browser reaches it. */
import { ClipboardUnread, type Formatted, type Picture, type SystemClipboard } from "./host";

const PNG = "image/png";
const HTML = "text/html";

/** What is on the clipboard in a form, null where it has none. */
async function inForm(type: string): Promise<Blob | null> {
  const items = await navigator.clipboard.read();
  const item = items.find(({ types }) => types.includes(type));
  return item ? await item.getType(type) : null;
}

export class BrowserClipboard implements SystemClipboard {
  async read(_isAsked: boolean): Promise<string> {
    try {
      return await navigator.clipboard.readText();
    } catch (error) {
      throw new ClipboardUnread("refused", { cause: error });
    }
  }

  async readHtml(): Promise<string> {
    return (await (await inForm(HTML))?.text()) ?? "";
  }

  async readPicture(): Promise<Picture | null> {
    const picture = await inForm(PNG);
    return picture && new Uint8Array(await picture.arrayBuffer());
  }

  async write(content: string | Formatted | Picture): Promise<void> {
    if (typeof content === "string") return await navigator.clipboard.writeText(content);
    const form = (type: string, data: string | Picture) => ({ [type]: new Blob([data], { type }) });
    const forms = "html" in content ? { ...form("text/plain", content.text), ...form(HTML, content.html) } : form(PNG, content);
    try {
      await navigator.clipboard.write([new ClipboardItem(forms)]);
    } catch (error) {
      // A browser that writes text alone.
      if (!("html" in content)) throw error;
      await this.write(content.text);
    }
  }

  async mayRead(): Promise<boolean> {
    try {
      const status = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
      return status.state === "granted";
    } catch {
      return false; // WebKit and Firefox do not know the name; they show a paste button instead.
    }
  }
}
