export type VersionView = { name: string; version: string; api: string; instance: string };
