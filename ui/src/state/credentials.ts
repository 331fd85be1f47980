/** Which credentials a protocol takes, by the API's dotted keys. */
import type { CredentialFields, StoredCredentials } from "../api";
import type { ProtocolKind } from "../bindings";

export interface CredentialKeys {
  username: string;
  password: string;
  domain: string | null;
  /** A private key, and what opens it. */
  key: string | null;
  passphrase: string | null;
}

export function credentialKeys(protocol: ProtocolKind): CredentialKeys {
  const prefix = protocol === "NEAR" ? "rxp" : protocol.toLowerCase();
  return {
    username: `${prefix}.username`,
    password: `${prefix}.password`,
    domain: protocol === "RDP" ? "rdp.domain" : null,
    key: protocol === "SSH" ? "ssh.key" : null,
    passphrase: protocol === "SSH" ? "ssh.passphrase" : null,
  };
}

/** Credentials for one connect, from what a sign-in form holds; empty fields are left out. */
export function credentialFields(protocol: ProtocolKind, username: string, password: string, passphrase = ""): CredentialFields {
  const keys = credentialKeys(protocol);
  const fields: CredentialFields = {};
  if (username !== "") fields[keys.username] = username;
  if (password !== "") fields[keys.password] = password;
  if (passphrase !== "" && keys.passphrase !== null) fields[keys.passphrase] = passphrase;
  return fields;
}

export function storedText(stored: StoredCredentials | null, key: string): string {
  const value = stored?.[key];
  return typeof value === "string" ? value : "";
}

export function isStored(stored: StoredCredentials | null, key: string): boolean {
  return stored !== null && (stored.redacted?.includes(key) === true || typeof stored[key] === "string");
}
