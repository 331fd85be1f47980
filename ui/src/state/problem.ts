/** Says in words what went wrong: what was tried, at which stage, and what to do next. */
import type { ApiError } from "../api";
import type { ErrorBody, ErrorCode, Stage } from "../bindings";
import { t } from "../texts";

const STAGES: readonly Stage[] = ["resolve", "connect", "banner", "tls", "key_exchange", "host_key", "auth", "channel", "session"];

/** The stage an error of a remote machine is about. */
export function stageOf(problem: ErrorBody | null): Stage | null {
  return STAGES.find((stage) => stage === problem?.property) ?? null;
}

/** An identity a person must decide about before the connection can go on. */
export interface TrustQuestion {
  kind: "ssh" | "tls";
  offered: string;
  known: string | null;
}

/** The question in an error at stage `host_key` or `tls`, if there is one. */
export function trustQuestion(problem: ErrorBody | null): TrustQuestion | null {
  const stage = stageOf(problem);
  if (!problem || (stage !== "host_key" && stage !== "tls")) return null;
  const [offered, known] = problem.details.map((detail) => detail.error_message);
  if (!offered?.startsWith("SHA256:")) return null;
  return { kind: stage === "tls" ? "tls" : "ssh", offered, known: known?.startsWith("SHA256:") ? known : null };
}

/** What a person can do about an error of the API itself. */
export function adviceFor(code: ErrorCode): string {
  return t.problems.byCode[code];
}

/** What the API refused and what to do; when nobody answered at all, that. */
export function wordsFor({ status, message, body }: ApiError): string {
  return status === 0 ? t.problems.unreachable : `${message}. ${adviceFor(body.error_code)}`;
}

/** The details of an error as text to hand to somebody else. */
export function describe(problem: ErrorBody): string {
  const lines = [`${problem.error_code}${problem.property ? ` (${problem.property})` : ""}: ${problem.error_message}`];
  for (const detail of problem.details) lines.push(`  ${detail.error_message}`);
  return lines.join("\n");
}
