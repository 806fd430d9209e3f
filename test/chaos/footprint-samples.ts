/** What a process holds while it runs: memory and open handles, sampled, and whether they grow. Linux only: elsewhere nothing is sampled. */
import { readdirSync, readFileSync } from 'node:fs';

const EVERY_MS = 1000;

interface Sample {
  atMs: number;
  rssMebibytes: number;
  handles: number;
}

export interface Growth {
  samples: number;
  rssMebibytes: { first: number; last: number };
  handles: { first: number; last: number };
}

export class FootprintSamples {
  private readonly samples: Sample[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly pid: () => number | undefined) {
    this.timer = setInterval(() => this.sample(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Medians of the first and of the last third of what was sampled between two moments; undefined where there is too little. */
  growth(fromMs: number, toMs: number): Growth | undefined {
    const within = this.samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const third = Math.floor(within.length / 3);
    if (third < 5) return undefined;
    const medians = (of: (sample: Sample) => number): { first: number; last: number } => ({
      first: median(within.slice(0, third).map(of)),
      last: median(within.slice(-third).map(of)),
    });
    return {
      samples: within.length,
      rssMebibytes: medians(({ rssMebibytes }) => rssMebibytes),
      handles: medians(({ handles }) => handles),
    };
  }

  private sample(): void {
    const pid = this.pid();
    if (pid === undefined) return;
    try {
      const kibibytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      this.samples.push({ atMs: Date.now(), rssMebibytes: kibibytes / 1024, handles: readdirSync(`/proc/${pid}/fd`).length });
    } catch {
      // It has ended, or this is no Linux.
    }
  }
}

function median(values: number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
