import type { ErrorCode } from "./ErrorCode";

export type ErrorBody = {
  error_code: ErrorCode;
  error_message: string;
  property?: string;
  details: Array<ErrorBody>;
};
