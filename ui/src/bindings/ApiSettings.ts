export type ApiSettings = { enabled: boolean; port: number };
