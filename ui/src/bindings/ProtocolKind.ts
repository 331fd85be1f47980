export type ProtocolKind = "VNC" | "RDP" | "SSH" | "NEAR" | "APPLE";
