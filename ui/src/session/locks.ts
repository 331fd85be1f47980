/** Caps Lock and Num Lock of a remote machine follow those of this computer. */

/** What is needed of a key press; `null` where this computer does not tell. */
export interface LocalLocks {
  code: string;
  capsLock: boolean;
  numLock: boolean | null;
}

/** A lock key: where it is, what it means, and its bit in what the remote machine tells of its locks. */
interface LockKey {
  code: string;
  keysym: number;
  bit: number;
  local(locks: LocalLocks): boolean | null;
}

const KEYS: readonly LockKey[] = [
  { code: "CapsLock", keysym: 0xffe5, bit: 4, local: (locks) => locks.capsLock },
  { code: "NumLock", keysym: 0xff7f, bit: 2, local: (locks) => locks.numLock },
];

/** What is heard this soon after a lock key may be older than that key. */
const SETTLE_MS = 300;

export class LockSync {
  private heardLocks = 0;
  private isTold = false;
  /** Keys whose effect is not told yet. A machine that has no use for a lock key tells nothing, and is not asked again. */
  private readonly untold = new Set<LockKey>();
  private readonly pressedAt = new Map<LockKey, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** The remote machine tells which locks are on there; `null` means that it is another machine from now on. */
  heard(locks: number | null): void {
    this.isTold = locks !== null;
    this.heardLocks = locks ?? 0;
    this.untold.clear();
    if (locks === null) this.pressedAt.clear();
  }

  /** The lock keys to tap before a key that goes down here, so that it means the same there. */
  due(locks: LocalLocks): { code: string; keysym: number }[] {
    this.pressed(locks.code);
    const due = KEYS.filter((key) => key.code !== locks.code && this.differs(key, locks));
    due.forEach((key) => this.pressed(key.code));
    return due;
  }

  /** A key goes down over there; what it does is told later if it is a lock key. */
  pressed(code: string): void {
    const key = KEYS.find((each) => each.code === code);
    if (!key) return;
    this.untold.add(key);
    this.pressedAt.set(key, this.now());
  }

  private differs(key: LockKey, locks: LocalLocks): boolean {
    if (!this.isTold || this.untold.has(key)) return false;
    if (this.now() - (this.pressedAt.get(key) ?? Number.NEGATIVE_INFINITY) < SETTLE_MS) return false;
    const local = key.local(locks);
    return local !== null && local !== ((this.heardLocks & key.bit) !== 0);
  }}
