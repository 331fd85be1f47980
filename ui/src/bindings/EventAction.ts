export type EventAction = "put" | "delete";
