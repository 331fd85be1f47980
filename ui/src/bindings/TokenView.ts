import type { Scope } from "./Scope";

export type TokenView = {
  id: string;
  name: string;
  scopes: Array<Scope>;
  created: number;
  expires: number | null;
  last_used: number | null;
};
