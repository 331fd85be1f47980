/** What the program knows of itself, as rows to read and as a text for whoever reports a fault. */
import type { VersionView } from "../bindings";
import type { About, Graphics } from "../host";
import { t } from "../texts";

export type Row = readonly [name: string, value: string];

/** What there is to tell; what nobody knows is left out. */
export function aboutRows(version: VersionView | null, about: About | null, graphics: Graphics | null): Row[] {
  const texts = t.settings.about;
  const rows: Row[] = [
    [texts.version, version?.version ?? ""],
    [texts.commit, version?.commit ?? ""],
    [texts.api, version ? String(version.api) : ""],
    [texts.graphics, about ? texts.renderers[about.renderer] : ""],
    [texts.pictures, graphics ? texts.ways[graphics.way] : ""],
    [texts.because, graphics ? because(graphics) : ""],
    [texts.webkit, about?.webkit ?? ""],
    [texts.desktop, about?.desktop ?? ""],
    [texts.system, about?.system ?? ""],
    [texts.dataFolder, about?.data_folder ?? ""],
    [texts.instance, version?.instance ?? ""],
  ];
  return rows.filter(([, value]) => value !== "");
}

/** Why pictures are drawn as they are. */
function because(graphics: Graphics): string {
  const { reasons } = t.settings.about;
  const { render_node, has_dmabuf, is_transparent, is_x11, choice } = graphics;
  const seen = is_transparent === null ? "untried" : is_transparent ? "through" : "hidden";
  return [
    reasons.node(render_node),
    has_dmabuf ? reasons.dmabuf : reasons.noDmabuf,
    // Without DMABUF a page is never transparent.
    ...(has_dmabuf ? [reasons.page[seen]] : []),
    ...(is_x11 ? [] : [reasons.notX11]),
    reasons.chosen(t.settings.appearance.graphicsChoices[choice]),
  ].join("; ");
}

/** The same as lines to paste. The browser's own name stands in for what the page cannot know. */
export function report(rows: readonly Row[], userAgent: string): string {
  return [t.product, ...rows.map(([name, value]) => `${name}: ${value}`), `${t.settings.about.browser}: ${userAgent}`].join("\n");
}
