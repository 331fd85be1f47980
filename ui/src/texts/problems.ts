/** What went wrong at each stage, and what to do about it. */
import type { ErrorCode, Stage } from "../bindings";

export const stageNames: Record<Stage, string> = {
  resolve: "Looking up the name",
  connect: "Opening the connection",
  banner: "Waiting for the greeting",
  tls: "Securing the link",
  key_exchange: "Agreeing on how to sign in",
  host_key: "Checking the host key",
  auth: "Signing in",
  channel: "Opening a channel",
  session: "Starting the session",
};

export const stageAdvice: Record<Stage, string> = {
  resolve: "Is the name spelled right, and is this computer on the same network or VPN?",
  connect: "Is the machine on, and does its remote access listen on this port?",
  banner: "Something answered, but not as expected. Is it the right protocol and port?",
  tls: "The link could not be secured, so nothing was sent.",
  key_exchange: "The two sides found no common way to encrypt or sign in.",
  host_key: "The machine’s identity is not trusted, so nothing was sent.",
  auth: "Check the user name and password. Nothing else was tried.",
  channel: "The machine let you in but refused what was asked for.",
  session: "The machine ended the session.",
};

export const byCode: Record<ErrorCode, string> = {
  INVALID_REQUEST_DATA: "Check what was entered.",
  REQUIRED_VALUE_MISSING: "Something that is needed is missing.",
  VALUE_INCORRECT_TYPE: "Check what was entered.",
  VALUE_INCORRECT_FORMAT: "Check what was entered.",
  VALUE_OUT_OF_BOUNDS: "The value is too large or too small.",
  VALUE_DUPLICATE: "There is one with that name already.",
  PERMISSION_DENIED: "This sign-in may not do that.",
  BAD_REQUEST: "It may have been deleted elsewhere.",
  CONFIGURATION_ERROR: "Something has to be set up first.",
  MAX_LOAD: "Too much is going on at once. Try again in a moment.",
  TOO_MANY_CONNECTIONS: "Too many connections are open. Close one and try again.",
  OUT_OF_RESOURCES: "This computer has run out of memory or files.",
  GENERAL_ERROR: "Try again; if it stays, copy the details.",
  INTRA_SERVICE_COMMUNICATION_ERROR: "Check that the other side is running and can be reached.",
  DATABASE_ERROR: "The store on this computer did not take it. Is its disk full?",
  CACHE_ERROR: "The store on this computer did not take it. Is its disk full?",
};
