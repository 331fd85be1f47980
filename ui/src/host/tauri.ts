/** The app: IPC to the program this window belongs to. The only file that knows Tauri. */
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWebviewWindow } from "@tauri-apps/api/webviewWindow";
import type { EventMessage } from "../bindings";
import { BrowserClipboard } from "./clipboard";
import {
  type About,
  type Answer,
  type Cleared,
  ClipboardRefused,
  ClipboardUnread,
  type DragOut,
  type EventListener,
  type FileDrag,
  type Formatted,
  type FullScreen,
  type FullScreenState,
  type Graphics,
  type Host,
  type Method,
  type Outside,
  type OutsideFile,
  type OutsideWish,
  type OutwardDrag,
  type OwnWindow,
  type PasswordClipboard,
  type Picture,
  type PictureSurface,
  type Placement,
  refusal,
  type RequestOptions,
  type SessionWindows,
  type SessionWindowsListener,
  type ShowMenu,
  type SystemClipboard,
  type Unread,
  Unreachable,
  type Wish,
} from "./host";
import { ownSession, setOwnSession } from "./own";

export class TauriHost implements Host {
  readonly kind = "app";
  readonly needsSignIn = false;
  readonly menu: ShowMenu = (entries, at, isByKeyboard) => invoke("show_menu", { entries, at, isByKeyboard });
  readonly quit = (): void => void invoke("quit");
  readonly filesHere = (command: object): Promise<Answer> => invoke<Answer>("files_here", { command });
  readonly drags = hearDrags;
  readonly dragOut: DragOut = new TauriDragOut();
  readonly outside: Outside = new TauriOutside();
  readonly loads = null;
  readonly opened: ((listener: (answer: Answer) => void) => void) | null;
  readonly own: OwnWindow | null;
  readonly windows: SessionWindows | null;
  readonly fullScreen: FullScreen = new TauriFullScreen();
  readonly passwords: PasswordClipboard = new TauriPasswords();
  readonly clipboard: SystemClipboard = new TauriClipboard();
  readonly stillCaret = (isStill: boolean): void => void invoke("still_caret", { isStill });
  readonly surface: PictureSurface = {
    graphics: () => invoke<Graphics>("graphics"),
    tryPage: () => invoke<Graphics>("try_page"),
    place: (pictures: readonly Placement[]) => invoke<string[]>("place_pictures", { pictures }),
  };

  constructor() {
    const session = ownSession();
    this.own = session === null ? null : new TauriOwnWindow(session);
    this.windows = session === null ? new TauriSessionWindows() : null;
    this.opened = session === null ? watchOpened : null;
  }

  async request(method: Method, path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    try {
      return await invoke<Answer>("request", { method, path, body: body ?? null, run: options.run ?? null });
    } catch (error) {
      throw new Unreachable(`no answer to ${method} ${path}`, { cause: error });
    }
  }

  async bytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return new Uint8Array(await invoke<ArrayBuffer>("request_bytes", { path }));
    } catch (error) {
      const isAnswer = typeof error === "object" && error !== null && "status" in error;
      throw new Unreachable(isAnswer ? refusal(path, error as Answer) : `no answer to GET ${path}`, { cause: error });
    }
  }

  async readFile(file: File): Promise<Answer> {
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      return await invoke<Answer>("read_file", bytes, { headers: { "file-name": encodeURIComponent(file.name) } });
    } catch (error) {
      throw new Unreachable(`${file.name} was not read`, { cause: error });
    }
  }

  openLink(address: string): Promise<boolean> {
    return invoke<boolean>("open_link", { address });
  }

  about(): Promise<About | null> {
    return invoke<About | null>("about");
  }

  listen(listener: EventListener): () => void {
    let stopped = false;
    let unlisten: (() => void) | null = null;
    void listen<EventMessage>("farwire-event", (event) => listener.event(event.payload)).then((stop) => {
      unlisten = stop;
      if (stopped) stop();
      else listener.connected(true);
    });
    return () => {
      stopped = true;
      unlisten?.();
    };
  }
}

class TauriSessionWindows implements SessionWindows {
  async open(session: string): Promise<boolean> {
    return await invoke<boolean>("open_session_window", { session });
  }

  close(): void {
    // They end with the main window, and nobody signs out of the app.
  }

  async watch(listener: SessionWindowsListener): Promise<void> {
    await hear<string[]>("farwire-session-windows", (sessions) => listener.shown(sessions));
    await hear<Wish>("farwire-wish", (wish) => listener.wished(wish));
    listener.shown(await invoke<string[]>("session_windows"));
  }
}

class TauriOwnWindow implements OwnWindow {
  constructor(readonly session: string) {}

  shows(session: string): void {
    setOwnSession(session);
    void invoke("shows_session", { session });
  }

  ask(wish: Wish): void {
    void invoke("ask_main", { wish });
  }

  leave(wish?: Wish): void {
    void invoke("leave_session_window", { wish: wish ?? null });
  }
}

/**
 * The program itself puts passwords on the clipboard and takes them off: none goes by this page, which reads the clipboard only to
 * send it to a machine.
 */
class TauriPasswords implements PasswordClipboard {
  async copy(path: string, passphrase: string): Promise<Answer> {
    const answer = await invoke<Answer | null>("copy_password", { path, passphrase }).catch((error: unknown) => {
      throw new Unreachable(`no answer to ACTION ${path}`, { cause: error });
    });
    if (answer === null) throw new ClipboardRefused();
    return answer;
  }

  async clear(): Promise<Cleared> {
    return (await invoke<boolean>("clear_password")) ? "cleared" : "replaced";
  }

  keep(): void {
    void invoke("keep_password");
  }
}

/** The program reads texts, also those that WebKit finds no name for; pictures and formatted text are the page's. */
class TauriClipboard extends BrowserClipboard {
  override async read(isAsked: boolean): Promise<string> {
    const read = await invoke<{ text: string } | Unread>("read_clipboard", { isAsked });
    if (typeof read === "string") throw new ClipboardUnread(read);
    return read.text;
  }

  /** WebKit would show a button for it each time. */
  override readHtml(): Promise<string> {
    return Promise.resolve("");
  }

  override async write(content: string | Formatted | Picture): Promise<void> {
    if (typeof content !== "string") return super.write(content);
    if (!(await invoke<boolean>("write_clipboard", { text: content }))) throw new Error("the clipboard did not take a text");
  }

  override mayRead(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

class TauriDragOut implements DragOut {
  isOn = false;

  constructor() {
    void invoke<boolean>("can_drag_out").then((can) => (this.isOn = can));
  }

  begin(name: string, shown: string): Promise<boolean> {
    return invoke<boolean>("drag_out", { name, shown });
  }

  watch(listener: (drag: OutwardDrag) => void): void {
    void hear<OutwardDrag>("farwire-drag", listener);
  }
}

class TauriOutside implements Outside {
  open(session: string, path: string): Promise<string | null> {
    return invoke<string | null>("open_outside", { session, path });
  }

  wish(id: number, wish: OutsideWish): void {
    void invoke("wish_of_file", { id, wish });
  }

  watch(listener: (files: readonly OutsideFile[]) => void): void {
    void listen<OutsideFile[]>("farwire-outside", ({ payload }) => listener(payload)).then(async () =>
      listener(await invoke<OutsideFile[]>("open_files")),
    );
  }
}

interface Standing {
  is_on: boolean;
  has_all_keys: boolean;
}

class TauriFullScreen implements FullScreen {
  private told: (state: FullScreenState) => void = () => undefined;

  async set(isOn: boolean): Promise<void> {
    await invoke("full_screen", { isOn });
  }

  wantAllKeys(areWanted: boolean): void {
    void invoke<Standing>("want_all_keys", { areWanted }).then((standing) => this.tell(standing));
  }

  watch(listener: (state: FullScreenState) => void): void {
    this.told = listener;
    // The page may be loaded anew while the window is full screen already.
    void hear<Standing>("farwire-full-screen", (standing) => this.tell(standing)).then(() => this.wantAllKeys(false));
  }

  private tell(standing: Standing): void {
    this.told({ isOn: standing.is_on, hasAllKeys: standing.has_all_keys });
  }
}

/** Fetches the files that wait, whenever there may be some. */
function watchOpened(listener: (answer: Answer) => void): void {
  const fetchAll = async (): Promise<void> => {
    for (;;) {
      const answer = await invoke<Answer | null>("opened_file");
      if (answer === null) return;
      listener(answer);
    }
  };
  void hear<null>("farwire-opened", () => void fetchAll()).then(fetchAll);
}

/** Where something is dragged. On Linux the toolkit tells it in its own pixels, which are the page's. */
interface Dragged {
  position: { x: number; y: number };
  paths: string[];
}

function hearDrags(listener: (drag: FileDrag) => void): () => void {
  const place = ({ position }: Dragged) => position;
  const heard = [
    hear<Dragged>("tauri://drag-enter", (drag) => listener({ kind: "over", ...place(drag) })),
    hear<Dragged>("tauri://drag-over", (drag) => listener({ kind: "over", ...place(drag) })),
    hear<Dragged>("tauri://drag-drop", (drag) => listener({ kind: "dropped", ...place(drag), paths: drag.paths })),
    hear<null>("tauri://drag-leave", () => listener({ kind: "left" })),
  ];
  return () => heard.forEach((stop) => void stop.then((end) => end()));
}

/** Hears what the program tells this window alone; answers what ends that. */
function hear<T>(name: string, listener: (payload: T) => void): Promise<() => void> {
  const { label } = getCurrentWebviewWindow();
  return listen<T>(name, (event) => listener(event.payload), { target: { kind: "WebviewWindow", label } });
}
