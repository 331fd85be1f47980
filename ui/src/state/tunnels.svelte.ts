/** The tunnels there are, as the core says, and those that machines have in their settings and that are not open. */
import { SvelteMap } from "svelte/reactivity";
import { api, ApiError } from "../api";
import type { EventMessage, TunnelView } from "../bindings";
import { t } from "../texts";
import { connections } from "./connections.svelte";
import { groups } from "./groups.svelte";
import { inheritedSetting } from "./inheritance";
import { OneByOne } from "./onebyone";
import { Resource } from "./resource.svelte";
import { toasts } from "./toasts.svelte";
import { planKey, plansOf, planText, type TunnelPlan } from "./tunnelplan";

const SETTING = "ssh.tunnels";

/** A line of the list. */
export interface TunnelRow {
  id: string;
  machine: string;
  uid: string;
  plan: TunnelPlan;
  /** What is there; null for one that is only in the settings. */
  live: TunnelView | null;
}

class Tunnels {
  /** How the first reading of all of them goes. */
  readonly fetching = new Resource<true>((options) => this.fetchAll(options));
  private readonly all = new SvelteMap<string, TunnelView>();
  private readonly asking = new OneByOne();

  readonly live: readonly TunnelView[] = $derived([...this.all.values()]);
  readonly rows: readonly TunnelRow[] = $derived.by(() => {
    const live = this.live.map((view): TunnelRow => {
      const plan = { kind: view.kind, listen: view.bound ?? view.listen, to: view.to };
      const { tunnel_id: id, connection_uid: uid } = view;
      return { id, uid, machine: connections.get(uid)?.name ?? view.name, plan, live: view };
    });
    const known = new Set(this.live.map((view) => `${view.connection_uid} ${planKey(view)}`));
    const order = (a: TunnelRow, b: TunnelRow): number => a.machine.localeCompare(b.machine) || (a.id < b.id ? -1 : 1);
    return [...live, ...this.planned().filter(({ id }) => !known.has(id))].sort(order);
  });

  load(): Promise<void> {
    return this.fetching.load();
  }

  clear(): void {
    this.fetching.clear();
    this.all.clear();
  }

  hear({ id, action }: EventMessage): void {
    if (action !== "delete") return void this.fetch(id);
    // An answer that is on its way does not bring it back.
    this.asking.outdate(id);
    this.all.delete(id);
  }

  /** Opens a tunnel; it is listed at once, and says itself how it goes. */
  async open(uid: string, { kind, listen, to }: TunnelPlan): Promise<void> {
    const { tunnel_id: id } = await api.openTunnel({ uid, kind, listen, ...(to === null ? {} : { to }) });
    // How it stood when it was opened may be older than what is known by now.
    await this.fetch(id);
  }

  async start({ uid, plan }: TunnelRow): Promise<void> {
    await this.say(t.tunnels.refused, () => this.open(uid, plan));
  }

  /** Closes it, and what it carries. */
  async stop(id: string): Promise<void> {
    await this.say(t.tunnels.notStopped, async () => {
      await api.closeTunnel(id);
      this.all.delete(id);
    });
  }

  /** Has the session that carries a tunnel begin again. */
  async retry({ session_id: session }: TunnelView): Promise<void> {
    await this.say(t.tunnels.refused, () => api.reconnect(session));
  }

  /** Opens a tunnel, and writes it into the machine's settings: it then opens with each of its shells. */
  async keep(uid: string, plan: TunnelPlan): Promise<void> {
    await this.open(uid, plan);
    const machine = connections.get(uid);
    const own = machine?.settings[SETTING] ?? inheritedSetting(machine?.category_uid ?? null, SETTING)?.value ?? "";
    const before = String(own).trim();
    const after = before === "" ? planText(plan) : `${before}, ${planText(plan)}`;
    if (!plansOf(before).some((one) => planKey(one) === planKey(plan))) await connections.update(uid, { [SETTING]: after });
  }

  private planned(): TunnelRow[] {
    const isInherited = groups.all.some(({ settings }) => SETTING in settings);
    return connections.all.flatMap((machine): TunnelRow[] => {
      if (machine.protocol !== "SSH") return [];
      const own = machine.settings[SETTING] ?? (isInherited ? inheritedSetting(machine.category_uid, SETTING)?.value : undefined);
      if (typeof own !== "string") return [];
      const { uid, name } = machine;
      return plansOf(own).map((plan) => ({ id: `${uid} ${planKey(plan)}`, uid, machine: name, plan, live: null }));
    });
  }

  private note(view: TunnelView): void {
    this.all.set(view.tunnel_id, view);
  }

  private async fetchAll(options: { signal: AbortSignal }): Promise<true> {
    const views = await api.tunnels(options);
    this.all.clear();
    for (const view of views) this.note(view);
    return true;
  }

  private fetch(id: string): Promise<void> {
    return this.asking.ask(id, async (isOld) => {
      try {
        const view = await api.tunnel(id);
        if (!isOld()) this.note(view);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 404) this.all.delete(id);
      }
    });
  }

  private async say(failed: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toasts.show(`${failed}: ${error.message}`);
    }
  }
}

export const tunnels = new Tunnels();
