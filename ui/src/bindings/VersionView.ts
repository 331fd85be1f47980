export type VersionView = { name: string; version: string; api: number; instance: string };
