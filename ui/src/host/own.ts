/** The session this window was opened for, in its address. It is no secret, and there after the page is loaded anew. */

const FRAGMENT = /^#session=(\w+)$/;

export function ownSession(): string | null {
  return FRAGMENT.exec(window.location.hash)?.[1] ?? null;
}

export function setOwnSession(session: string): void {
  window.history.replaceState(null, "", addressOfOwn(session));
}

/** The address of a window for a session, from any window's. */
export function addressOfOwn(session: string): string {
  return `${window.location.pathname}${window.location.search}#session=${session}`;
}
