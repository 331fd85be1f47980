import { api } from "../api";
import type { VersionView } from "../bindings";
import { Resource } from "./resource.svelte";

/** The program behind this window. */
export const version = new Resource<VersionView>(api.version);
