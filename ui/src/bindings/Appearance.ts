import type { Density } from "./Density";
import type { Theme } from "./Theme";

export type Appearance = { theme: Theme; density: Density };
