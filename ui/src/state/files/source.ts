/** Whose files a pane shows: a machine's, over a session of files, or this computer's. */
import { api, type FileAnswer, type FileCommand, FileRefused } from "../../api";
import { host } from "../../host";
import { connections } from "../connections.svelte";
import { inheritedSetting } from "../inheritance";
import { outside } from "./outside.svelte";

const TRASH = "ssh.trash";

export type FileKind = "folder" | "link" | "file";

export interface FileItem {
  /** Its exact path, and what it is known by. */
  path: string;
  name: string;
  kind: FileKind;
  size: number;
  owner: string;
  group: string;
  permissions: number;
  /** As `ls` writes them. */
  letters: string;
  /** In milliseconds since 1970; null where nobody says. */
  modified: number | null;
}

export interface Listing {
  path: string;
  items: FileItem[];
}

export interface FileSource {
  /** The connection of its machine; null for this computer. */
  readonly uid: string | null;
  home(): Promise<string>;
  /** Everything in a folder. The path may be one that a person typed. */
  list(path: string): Promise<Listing>;
  makeFolder(path: string): Promise<void>;
  rename(path: string, to: string): Promise<void>;
  /** Removes a file or a link, or a folder with nothing in it. */
  remove(path: string, kind: FileKind): Promise<void>;
  /** The folder that deleted files can be moved to; null where there is none. */
  readonly trash: string | null;
  /** Moves a file, or a folder with all that is in it, into that folder. */
  discard(path: string): Promise<void>;
  /** Null where they cannot be changed. */
  readonly setPermissions: ((path: string, permissions: number) => Promise<void>) | null;
  /** Opens a file in a program of the desktop; null where that cannot be. */
  readonly openOutside: ((item: FileItem) => void) | null;
  /** The first bytes of a file; null where files cannot be looked into. */
  readonly read: ((path: string, limit: number) => Promise<Uint8Array<ArrayBuffer>>) | null;
  /** Replaces a file's text, unless it is not what it was any more. */
  readonly write: ((path: string, text: string, was: string) => Promise<void>) | null;
}

abstract class CommandSource {
  protected abstract run(command: FileCommand): Promise<FileAnswer>;

  async home(): Promise<string> {
    return (await this.run({ cmd: "HOME" })).path ?? "";
  }

  async list(path: string): Promise<Listing> {
    const { path: folder, files = [] } = await this.run({ cmd: "LS", path });
    const items = files.map(
      (file): FileItem => ({
        path: file.path,
        name: file.filename,
        kind: file.is_dir ? "folder" : file.is_link ? "link" : "file",
        size: file.filesize,
        owner: file.owner,
        group: file.group,
        permissions: file.permissions,
        letters: file.attributes,
        modified: file.mtime === null ? null : file.mtime * 1000,
      }),
    );
    return { path: folder ?? path, items };
  }

  async makeFolder(path: string): Promise<void> {
    await this.run({ cmd: "MKDIR", new_path: path });
  }

  async rename(path: string, to: string): Promise<void> {
    await this.run({ cmd: "MV", path, new_path: to });
  }

  async remove(path: string, kind: FileKind): Promise<void> {
    await this.run({ cmd: kind === "folder" ? "RMDIR" : "RM", path });
  }
}

/** A machine's files. The session may be another one after it was opened anew. */
export class MachineFiles extends CommandSource implements FileSource {
  constructor(
    readonly uid: string,
    private readonly session: () => { id: string; channel: string } | null,
  ) {
    super();
  }

  /** What a step of moving bytes is about, as the routes name it. */
  get channel(): string {
    return this.up().channel;
  }

  get trash(): string | null {
    const machine = connections.get(this.uid);
    const named = machine?.settings[TRASH] ?? inheritedSetting(machine?.category_uid ?? null, TRASH)?.value;
    return typeof named === "string" && named !== "" ? named : null;
  }

  async discard(path: string): Promise<void> {
    await api.discardFile(this.up().id, path);
  }

  readonly setPermissions = async (path: string, permissions: number): Promise<void> => {
    await api.changeFile(this.up().id, { path, permissions });
  };

  readonly read = (path: string, limit: number): Promise<Uint8Array<ArrayBuffer>> => api.fileBytes(this.up().id, path, limit);

  readonly openOutside =
    host.outside === null ? null : ({ path, name }: FileItem): void => void outside.open(this.session()?.id ?? "", path, name);

  readonly write = async (path: string, text: string, was: string): Promise<void> => {
    await api.changeFile(this.up().id, { path, text, was });
  };

  protected run(command: FileCommand): Promise<FileAnswer> {
    return api.fileCommand(this.up().channel, command);
  }

  private up(): { id: string; channel: string } {
    const session = this.session();
    if (session === null) throw new FileRefused(7, "the machine is not connected");
    return session;
  }
}

/** This computer's files, in the desktop window. */
export class OwnFiles extends CommandSource implements FileSource {
  readonly uid = null;
  readonly trash = null;
  readonly setPermissions = null;
  readonly openOutside = null;
  readonly read = null;
  readonly write = null;

  /** Only a machine has a trash folder. */
  discard(path: string): Promise<void> {
    return Promise.reject(new FileRefused(8, path));
  }

  protected run(command: FileCommand): Promise<FileAnswer> {
    return api.fileCommandHere(command);
  }
}

/** This computer's files, where this page may see them. */
export const ownFiles: FileSource | null = host.filesHere === null ? null : new OwnFiles();
