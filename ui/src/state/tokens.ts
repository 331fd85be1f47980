import { api } from "../api";
import type { TokenView } from "../bindings";
import { Resource } from "./resource.svelte";

/** Tokens of the HTTP API. */
export const tokens = new Resource<TokenView[]>(api.tokens);
