export type Stats = {
  fps: number;
  bytes_in: number;
  bytes_out: number;
  latency_ms: number | null;
  codec: string;
  width: number;
  height: number;
};
