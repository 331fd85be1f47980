/** The clipboard of this computer, as a page of a browser reaches it. */
import { ClipboardUnread, type Picture, type SystemClipboard } from "./host";

const PNG = "image/png";

export class BrowserClipboard implements SystemClipboard {
  async read(_isAsked: boolean): Promise<string> {
    try {
      return await navigator.clipboard.readText();
    } catch (error) {
      throw new ClipboardUnread("refused", { cause: error });
    }
  }

  async readPicture(): Promise<Picture | null> {
    for (const item of await navigator.clipboard.read()) {
      if (item.types.includes(PNG)) return new Uint8Array(await (await item.getType(PNG)).arrayBuffer());
    }
    return null;
  }

  write(content: string | Picture): Promise<void> {
    return typeof content === "string"
      ? navigator.clipboard.writeText(content)
      : navigator.clipboard.write([new ClipboardItem({ [PNG]: new Blob([content], { type: PNG }) })]);
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
