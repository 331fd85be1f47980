/** Chooses the host this page runs in. */
import type { Host, SignInHost } from "./host";
import { HttpHost } from "./http";
import { TauriHost } from "./tauri";

export { ClipboardRefused, ClipboardUnread, refusal, Unreachable } from "./host";
export type { About, Answer, Area, EventListener, FileDrag, FileLoads, Formatted, FullScreenState, Graphics, Host, Method, NativeEntry, OutsideFile, OutwardDrag, OwnWindow, Picture, PictureSurface, Placement, RequestOptions, SignInHost, SystemClipboard, Unread, Way, Wish } from "./host";

export const host: Host | SignInHost = "__TAURI_INTERNALS__" in window ? new TauriHost() : new HttpHost(window.location.origin);

export function isSignInHost(candidate: Host): candidate is SignInHost {
  return candidate.needsSignIn;
}
