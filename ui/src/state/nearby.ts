import { api } from "../api";
import type { NearbyMachine } from "../bindings";
import { Resource } from "./resource.svelte";

/** Machines that announce themselves on the local network now. */
export const nearby = new Resource<NearbyMachine[]>(api.nearby);
