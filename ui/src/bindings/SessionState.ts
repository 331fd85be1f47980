export type SessionState = "connecting" | "connected" | "reconnecting" | "closed" | "failed";
