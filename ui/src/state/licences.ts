/** The licences of everything that is shipped with this program. */

export interface ShippedPackage {
  name: string;
  version: string;
  kind: "crate" | "npm";
  /** As its authors name it, in SPDX's words. */
  licence: string;
  /** Which of all texts are its own. */
  texts: number[];
}

export interface Licences {
  packages: ShippedPackage[];
  texts: string[];
}

/** Fetches them. They are a megabyte that few people read. */
export async function loadLicences(): Promise<Licences> {
  return (await import("virtual:licences")).default;
}
