/** Credentials saved as things of their own, which machines and groups sign in with. */
import { api, type ApiError, type SharedFields } from "../api";
import type { SharedCredential } from "../bindings";
import { t } from "../texts";
import { deleteWithUndo } from "./history.svelte";
import { Resource } from "./resource.svelte";

class Shared {
  private readonly list = new Resource<SharedCredential[]>(api.sharedCredentials);
  readonly all: SharedCredential[] = $derived(this.list.value ?? []);

  get error(): ApiError | null {
    return this.list.error;
  }

  /** The name of some; what is not listed, as nobody may see it here, has none. */
  name(uid: string): string {
    return this.all.find((one) => one.credential_uid === uid)?.name ?? t.shared.unknown;
  }

  load(): Promise<void> {
    return this.list.load();
  }

  clear(): void {
    this.list.clear();
  }

  /** Saves new ones, or changes those that are there; answers their identifier. */
  async save(uid: string | null, fields: SharedFields): Promise<string> {
    if (uid === null) uid = (await api.createSharedCredential(fields)).credential_uid;
    else await api.updateSharedCredential(uid, fields);
    await this.load();
    return uid;
  }

  /** Deletes some and offers the way back; what is in use stays, and says who uses it. */
  remove({ credential_uid: uid, name }: SharedCredential): Promise<void> {
    const work = async (): Promise<void> => {
      await api.deleteSharedCredential(uid);
      await this.load();
    };
    const said = { done: t.shared.deleted(name), failed: (why: string) => t.shared.notDeleted(name, why) };
    return deleteWithUndo({ kind: "credential", id: uid }, work, said);
  }
}

export const shared = new Shared();
