/** What the program knows of itself, as rows to read and as a text for whoever reports a fault. */
import type { VersionView } from "../bindings";
import type { About, Way } from "../host";
import { t } from "../texts";

export type Row = readonly [name: string, value: string];

/** What there is to tell; what nobody knows is left out. */
export function aboutRows(version: VersionView | null, about: About | null, way: Way): Row[] {
  const texts = t.settings.about;
  const rows: Row[] = [
    [texts.version, version?.version ?? ""],
    [texts.commit, version?.commit ?? ""],
    [texts.api, version ? String(version.api) : ""],
    [texts.graphics, about ? texts.renderers[about.renderer] : ""],
    [texts.pictures, about ? texts.ways[way] : ""],
    [texts.webkit, about?.webkit ?? ""],
    [texts.desktop, about?.desktop ?? ""],
    [texts.system, about?.system ?? ""],
    [texts.dataFolder, about?.data_folder ?? ""],
    [texts.instance, version?.instance ?? ""],
  ];
  return rows.filter(([, value]) => value !== "");
}

/** The same as lines to paste. The browser's own name stands in for what the page cannot know. */
export function report(rows: readonly Row[], userAgent: string): string {
  return [t.product, ...rows.map(([name, value]) => `${name}: ${value}`), `${t.settings.about.browser}: ${userAgent}`].join("\n");
}
