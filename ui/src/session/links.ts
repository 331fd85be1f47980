/** Links that machines write. */

export interface Link {
  /** Where it leads, as it is opened; null for what is no web page. */
  address: string | null;
  /** The machine it leads to, without the name and password that may stand before it to deceive. */
  host: string | null;
}

export function readLink(text: string): Link {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return { address: null, host: null };
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return { address: null, host: null };
  return { address: url.href, host: url.host };
}
