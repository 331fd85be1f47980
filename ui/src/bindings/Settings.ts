import type { ApiSettings } from "./ApiSettings";
import type { Appearance } from "./Appearance";

export type Settings = { api: ApiSettings; appearance: Appearance };
