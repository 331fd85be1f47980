/** Bytes of files between the browser and the program, by the second steps of the files dialect. */
import { type Answer, type FileLoads, Unreachable } from "./host";

export class HttpLoads implements FileLoads {
  constructor(
    private readonly origin: string,
    private readonly token: () => string | null,
  ) {}

  /** Not by `fetch`: that tells nobody how far it is. */
  upload(path: string, file: Blob, told: (bytes: number) => void, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", this.origin + path);
      for (const [name, value] of Object.entries(this.headers())) request.setRequestHeader(name, value);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = (event) => told(event.loaded);
      request.onload = () => resolve({ status: request.status, body: parse(request.responseText) });
      request.onerror = () => reject(new Unreachable(`no answer to POST ${path}`));
      request.onabort = () => reject(new DOMException("given up", "AbortError"));
      signal.addEventListener("abort", () => request.abort());
      request.send(file);
    });
  }

  async download(path: string, told: (bytes: number) => void, signal: AbortSignal): Promise<Blob | Answer> {
    try {
      const response = await fetch(this.origin + path, {
        headers: this.headers(),
        signal,
        cache: "no-store",
        credentials: "same-origin",
        redirect: "error",
      });
      if (!response.ok || response.body === null) return { status: response.status, body: parse(await response.text()) };
      let bytes = 0;
      const counted = response.body.pipeThrough(
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform: (piece, next) => {
            bytes += piece.length;
            told(bytes);
            next.enqueue(piece);
          },
        }),
      );
      // The browser keeps a large one on its disk.
      return await new Response(counted).blob();
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Unreachable(`no answer to GET ${path}`, { cause: error });
    }
  }

  private headers(): Record<string, string> {
    const token = this.token();
    return token === null ? {} : { Authorization: `Bearer ${token}` };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
