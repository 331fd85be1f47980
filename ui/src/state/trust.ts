import { api } from "../api";
import type { TrustView } from "../bindings";
import { Resource } from "./resource.svelte";

/** Host keys and certificates, and what was decided about them. */
export const trust = new Resource<TrustView[]>(api.trust);
