/** The picture in front of a file's name, by its kind and ending. */
import File from "@lucide/svelte/icons/file";
import FileArchive from "@lucide/svelte/icons/file-archive";
import FileCode from "@lucide/svelte/icons/file-code";
import FileImage from "@lucide/svelte/icons/file-image";
import FileKey from "@lucide/svelte/icons/file-key";
import FileText from "@lucide/svelte/icons/file-text";
import Folder from "@lucide/svelte/icons/folder";
import Link from "@lucide/svelte/icons/link";
import type { Component } from "svelte";
import type { FileItem } from "../../state/files/source";

const ENDINGS: [RegExp, Component<{ class?: string }>][] = [
  [/\.(png|jpe?g|gif|webp|bmp|ico|svg|tiff?)$/i, FileImage],
  [/\.(tar|t?gz|bz2|xz|zst|zip|7z|rar|deb|rpm|jar)$/i, FileArchive],
  [/\.(pem|key|pub|crt|asc|gpg)$|^id_/i, FileKey],
  [/\.(sh|py|rs|js|ts|c|h|cpp|go|java|rb|pl|lua|json|ya?ml|toml|ini|conf|cfg|xml|html?|css|sql|service)$/i, FileCode],
  [/\.(txt|md|log|csv|tsv|rst|tex|pdf|odt|docx?)$/i, FileText],
];

export function iconOf({ kind, name }: FileItem): Component<{ class?: string }> {
  if (kind === "folder") return Folder;
  if (kind === "link") return Link;
  return ENDINGS.find(([ending]) => ending.test(name))?.[1] ?? File;
}
