/** The load of a tool, and the spreading of its starts over time. */
import pLimit from 'p-limit';

/** How the service is reached. */
export const TRANSPORTS = ['plain', 'tls'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface Load {
  /** Names the run; ids begin with it. */
  name: string;
  transport: Transport;
  operations: number;
  /** Starts are spread evenly over this time; 0: all at once. */
  spreadSeconds: number;
  /** Most operations open at once, if a tool is faster with fewer. */
  maxOpen?: number;
}

/**
 * Runs `run` for each operation of `load`, at most `atOnce` (default: `maxOpen`) at a time, and waits for all. Throws the first error, but
 * not before the others have ended: without their server they would fail where nothing catches it.
 */
export async function each<T>(load: Load, run: (id: string, index: number) => Promise<T>, atOnce = load.maxOpen ?? Infinity): Promise<T[]> {
  const limit = pLimit(Math.min(atOnce, load.operations));
  const startedAtMs = performance.now();
  const ends = await Promise.allSettled(
    Array.from({ length: load.operations }, (_, index) =>
      limit(async () => {
        const waitMs = (index * load.spreadSeconds * 1000) / load.operations - (performance.now() - startedAtMs);
        if (waitMs > 0) await new Promise((resume) => setTimeout(resume, waitMs));
        return run(`${load.name}/${index}`, index);
      }),
    ),
  );
  return ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
}
