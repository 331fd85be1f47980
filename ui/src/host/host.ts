/** The seam to the program behind the window: the same calls by HTTP in a browser and by IPC in the app. */
import type { EventMessage, GraphicsChoice } from "../bindings";

export type Method = "GET" | "PUT" | "DELETE" | "ACTION";

export interface Answer {
  status: number;
  body: unknown;
}

export interface EventListener {
  event(message: EventMessage): void;
  /** Whether changes arrive. After a gap everything must be fetched anew. */
  connected(isConnected: boolean): void;
  /** Whoever is signed in may not hear of changes; it is not tried again. */
  refused(): void;
}

export interface Host {
  readonly kind: "browser" | "app";
  /** Whether a person must sign in before the first request. */
  readonly needsSignIn: boolean;
  request(method: Method, path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  bytes(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Listens until the returned function is called. */
  listen(listener: EventListener): () => void;
  /** Windows of their own for sessions; null in such a window. */
  readonly windows: SessionWindows | null;
  /** This window, if it is one of a session's own. */
  readonly own: OwnWindow | null;
  readonly fullScreen: FullScreen;
  readonly passwords: PasswordClipboard;
  readonly clipboard: SystemClipboard;
  /** Shows a menu as the desktop draws menus, and tells what was chosen; null where the page draws its own. */
  readonly menu: ShowMenu | null;
  /** Does something with the files of this computer, as the files dialect does it; null where the page may not. */
  readonly filesHere: ((command: object) => Promise<Answer>) | null;
  /** Hears of files that are dragged over this window from the desktop; null where the page is told by the browser itself. */
  readonly drags: ((listener: (drag: FileDrag) => void) => () => void) | null;
  /** Drags files out of this window as the desktop does it; null where only the browser drags. */
  readonly dragOut: DragOut | null;
  /** Opens files of machines in programs of the desktop; null where only the browser's own window is there. */
  readonly outside: Outside | null;
  /** Moves the bytes of files between the page and the program; null where the program copies by itself. */
  readonly loads: FileLoads | null;
  /** Reads an .rdp file: what it would make, as the route of imports answers. */
  readFile(file: File): Promise<Answer>;
  /** Tells of files the program is started with, now and later; null where it is not started with any. */
  readonly opened: ((listener: (answer: Answer) => void) => void) | null;
  /** Ends the program; null where that is not the page's to do. */
  readonly quit: (() => void) | null;
  /** Opens a web page in the person's browser. Whether that began. */
  openLink(address: string): Promise<boolean>;
  /** Where pictures are drawn besides the page; null where the page draws them all. */
  readonly surface: PictureSurface | null;
  /** Keeps the caret from blinking, or lets it again: one that nobody sees wakes the program all the same. */
  readonly stillCaret: ((isStill: boolean) => void) | null;
  /** Where the program runs; null where only the program's own window may know. */
  about(): Promise<About | null>;
}

/** Files of this computer that are dragged over the window: where the pointer is, in CSS pixels, and which they are once they are dropped. */
export type FileDrag = { kind: "over"; x: number; y: number } | { kind: "dropped"; x: number; y: number; paths: string[] } | { kind: "left" };

/** What becomes of files that this page drags as the desktop does it. Places are in CSS pixels; a folder is one of this computer. */
export type OutwardDrag =
  | { kind: "over"; x: number; y: number }
  | { kind: "left" }
  | { kind: "dropped"; x: number; y: number }
  | { kind: "saved"; folder: string }
  | { kind: "ended"; is_unknown: boolean };

/** A file of a machine that is open in a program of the desktop. */
export interface OutsideFile {
  id: number;
  connection_uid: string;
  name: string;
  /** Where it is on its machine, for people. */
  path: string;
  /** As the machine has it, on its way there, changed there meanwhile, not saved there, or left here by a session that ended. */
  state: "open" | "saving" | "asking" | "failed" | "kept";
  /** When it was last saved there, in seconds since 1970. */
  saved: number | null;
  problem: string | null;
}

/** Brings it back over what is there; ends with what was saved; ends without. */
export type OutsideWish = "overwrite" | "retry" | "close" | "discard";

/** Files of machines in programs of the desktop: what is saved there goes back to the machine. */
export interface Outside {
  /** Opens a file of a session. What went wrong, if anything. */
  open(session: string, path: string): Promise<string | null>;
  wish(id: number, wish: OutsideWish): void;
  /** Calls back now and whenever something changes. */
  watch(listener: (files: readonly OutsideFile[]) => void): void;
}

/** Files that leave the window by the mouse. */
export interface DragOut {
  /** Whether this desktop can. */
  readonly isOn: boolean;
  /** Begins while a mouse button is down: the name of the first of them, and what is shown beside the pointer. Whether it began. */
  begin(name: string, shown: string): Promise<boolean>;
  watch(listener: (drag: OutwardDrag) => void): void;
}

/** A line of a menu that the desktop draws. */
export type NativeEntry =
  | { kind: "action"; id: number; label: string; keys: string | null; isEnabled: boolean; isOn: boolean | null }
  | { kind: "branch"; label: string; isEnabled: boolean; items: NativeEntry[] }
  | { kind: "rule" };

/** `at` is in CSS pixels of the page. With the keyboard the first line is marked. Null when nothing was chosen. */
export type ShowMenu = (entries: NativeEntry[], at: { x: number; y: number }, isByKeyboard: boolean) => Promise<number | null>;

/** Where the program runs, for whoever reports a fault. */
export interface About {
  data_folder: string;
  renderer: "device" | "no_device" | "chosen_memory" | "chosen_device" | "safe";
  webkit: string;
  desktop: string;
  system: string;
}

/** The bytes of files on their way through the page. `told` hears how many have gone or come so far. */
export interface FileLoads {
  upload(path: string, file: Blob, told: (bytes: number) => void, signal: AbortSignal): Promise<Answer>;
  /** The whole file; an answer where it was refused. */
  download(path: string, told: (bytes: number) => void, signal: AbortSignal): Promise<Blob | Answer>;
}

/** What an answer that brought no bytes says. */
export function refusal(path: string, { status, body }: Answer): string {
  const isError = typeof body === "object" && body !== null && "error_message" in body;
  return isError ? String(body.error_message) : `${path} answered ${status}`;
}

/** How a password came off the clipboard: we cleared it, it was gone already, or nobody lets us look. */
export type Cleared = "cleared" | "replaced" | "unknown";

/** Stored passwords on the clipboard of this computer. */
export interface PasswordClipboard {
  /** Asks for a password by a proof and puts it on the clipboard. The answer comes without it. */
  copy(path: string, passphrase: string): Promise<Answer>;
  /** Takes it off, if it is still there. `isAsked`: a person wishes it now, whatever is there. */
  clear(isAsked: boolean): Promise<Cleared>;
  /** Lets it stay. */
  keep(): void;
}

/** The clipboard did not take a password that was handed out. */
export class ClipboardRefused extends Error {}

/** A picture as PNG. */
export type Picture = Uint8Array<ArrayBuffer>;

/** Text, and the same as HTML. */
export interface Formatted {
  text: string;
  html: string;
}

/** The clipboard of this computer. What is on it is never logged or kept longer than needed. */
export interface SystemClipboard {
  /**
   * The text on it, empty where there is none. `isAsked`: a person wishes it now; where nobody does, nothing is read that is known
   * to be a secret. Throws {@link ClipboardUnread}.
   */
  read(isAsked: boolean): Promise<string>;
  /** Empty where there is none. */
  readHtml(): Promise<string>;
  /** Null where there is none. */
  readPicture(): Promise<Picture | null>;
  write(content: string | Formatted | Picture): Promise<void>;
  /** Whether reading works without asking the person each time. */
  mayRead(): Promise<boolean>;
}

/** Why the clipboard was not read: we may not, its text is longer than any machine takes, or who holds it does not answer. */
export type Unread = "refused" | "too_long" | "no_answer";

export class ClipboardUnread extends Error {
  constructor(
    readonly why: Unread,
    options?: ErrorOptions,
  ) {
    super(why, options);
  }
}

/** What a person wants of the main window while looking at another one. */
export type Wish =
  | { kind: "session"; session: string }
  | { kind: "details"; connection: string }
  | { kind: "search" };

/** The windows of sessions, as the main window sees them. */
export interface SessionWindows {
  /** Opens a window for a session or brings its window forward. False when it was not let. */
  open(session: string): Promise<boolean>;
  /** Closes all of them. */
  close(): void;
  /** Calls back now and whenever windows come and go. */
  watch(listener: SessionWindowsListener): Promise<void>;
}

export interface SessionWindowsListener {
  shown(sessions: readonly string[]): void;
  wished(wish: Wish): void;
}

/** A session's own window, as its page sees it. */
export interface OwnWindow {
  readonly session: string;
  /** Another session is shown from now on, e.g. after it was opened anew. */
  shows(session: string): void;
  /** Brings the main window forward with a wish. */
  ask(wish: Wish): void;
  /** Closes this window; what it showed goes back to the main one. With a wish, that one comes forward too. */
  leave(wish?: Wish): void;
}

export interface FullScreenState {
  isOn: boolean;
  /** Whether keys the system would keep for itself come here. */
  hasAllKeys: boolean;
}

/** The window as large as the screen. */
export interface FullScreen {
  set(isOn: boolean): Promise<void>;
  /** Whether a remote screen wants all keys; it gets them while the window is full screen. */
  wantAllKeys(areWanted: boolean): void;
  watch(listener: (state: FullScreenState) => void): void;
}

export interface RequestOptions {
  /** The page may be closing; the request must still go out. */
  evenWhenClosing?: boolean;
  /** Names the run a change belongs to, so that all of it can be taken back at once. */
  run?: string;
  /** Gives the request up when it is aborted. */
  signal?: AbortSignal;
}

/** A host that needs a token, kept in memory only. */
export interface SignInHost extends Host {
  /** Exchanges the one-time code of a sign-in link. */
  signInWithCode(code: string): Promise<Answer>;
  /** Signs in as the page is that opened this window. False if there is none. */
  signInAsOpener(): Promise<boolean>;
  /** Takes a token a person pasted. */
  useToken(token: string): void;
  signOut(): void;
}

/** The program did not answer at all. */
export class Unreachable extends Error {}

/** Where pictures are drawn: by the page on a canvas, or on a surface under it or over it. */
export type Way = "canvas" | "under" | "top";

/** How pictures are drawn, and what that follows from. */
export interface Graphics {
  way: Way;
  /** The graphics device. */
  render_node: string | null;
  /** Whether the page comes by WebKit's DMABUF renderer. */
  has_dmabuf: boolean;
  /** Whether the page lets through what lies under it: null before that was tried, or where nothing depends on it. */
  is_transparent: boolean | null;
  is_x11: boolean;
  /** What was chosen in the settings when the program started. */
  choice: GraphicsChoice;
}

/** A rectangle in CSS pixels from the window's top left. */
export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where one picture lies. */
export interface Placement {
  session: string;
  /** What of the window it may cover. */
  view: Area;
  /** Where the whole picture would be; parts may lie outside of the view. */
  picture: Area;
  /** How wide and high the remote screen was when this was measured. */
  size: readonly [number, number];
  /** Whether it is smoothed where it is not shown pixel by pixel. */
  is_smooth: boolean;
}

/** The desktop's own surface for pictures. */
export interface PictureSurface {
  graphics(): Promise<Graphics>;
  /** Looks whether what lies under the page is seen where the page left a corner of itself out; answers what follows. */
  tryPage(): Promise<Graphics>;
  /** Shows these pictures and no others; answers the sessions of those that are shown. */
  place(pictures: readonly Placement[]): Promise<readonly string[]>;
}
