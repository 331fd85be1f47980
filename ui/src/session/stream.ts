/** The WebSocket of one session: binary messages both ways. */
import { FrameError, parseMessage, type ServerMessage } from "./frames";

export interface StreamEvents {
  message(message: ServerMessage): void;
  /** The stream ended without being closed here. */
  ended(): void;
}

/** More than this waiting to be sent means a dead link; input would only arrive as a burst later. */
const MAX_WAITING_BYTES = 1024 * 1024;

export class Stream {
  private readonly socket: WebSocket;

  constructor(url: string, events: StreamEvents) {
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = (event: MessageEvent<unknown>) => {
      if (!(event.data instanceof ArrayBuffer)) return;
      let message: ServerMessage;
      try {
        message = parseMessage(event.data);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        console.warn(`dropped a session message: ${error.message}`);
        return;
      }
      events.message(message);
    };
    this.socket.onclose = () => events.ended();
  }

  /** Sends if the stream is open, and says so; a message nobody can take is lost on purpose. */
  send(message: ArrayBuffer): boolean {
    if (this.socket.readyState !== WebSocket.OPEN || this.socket.bufferedAmount >= MAX_WAITING_BYTES) return false;
    this.socket.send(message);
    return true;
  }

  close(): void {
    this.socket.onclose = null;
    this.socket.onmessage = null;
    this.socket.close();
  }
}
