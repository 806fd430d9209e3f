/**
 * What is done to the system while operations are open. Two decks are played side by side, each shuffled by the seed and played to its
 * end before it is shuffled again, so that everything happens: one of what is done to processes, one of what is done to links and answers.
 *
 * Keeps true: what is done is undone before the next card of its deck, so that one thing of each deck is wrong at a time; while
 * credentials change hands, links are whole (a request that a link held back for longer than the old key is taken would be refused).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../jobs/dice';
import { garbles } from './garbles';
import type { Journal } from './journal';
import type { Stage } from './stage';
import type { WorkerSlot } from './worker-slot';

type Card = () => Promise<void>;

/** Of a worker's wall clock, in seconds. */
const CLOCK_STEPS = [-7200, -600, -45, -5, 5, 45, 600, 7200];
/** Longest wait of a worker before it sees that Temporal or a link is back. */
const BACK_SECONDS = 10;
/** A set of requests on its way, of which each worker of the connection had taken its credentials before they were changed. */
const OLD_KEY_SECONDS = 4;
/** What a timeout of an activity, and the next try of it on another worker, may take after its worker was lost. */
const LOST_SECONDS = 10;

export class Storm {
  private isOver = false;
  private linksMayBreak: Promise<void> = Promise.resolve();
  private lastCard: Promise<unknown> = Promise.resolve();

  /** @param survivor a worker that is never ended, for how its memory goes */
  constructor(
    private readonly stage: Stage,
    private readonly journal: Journal,
    private readonly survivor: WorkerSlot,
    private readonly dice: { processes: Dice; links: Dice },
  ) {}

  /** Rages until `calm`. Rejects when the system cannot be put in order again. */
  async rage(): Promise<void> {
    await Promise.all([
      this.play(this.dice.processes, () => this.processDeck(), [1500, 6000]),
      this.play(this.dice.links, () => this.linkDeck(), [300, 2500]),
    ]);
  }

  /** Ends with the cards that are being played. */
  calm(): void {
    this.isOver = true;
  }

  private async play(dice: Dice, deck: () => Card[], [shortest, longest]: [number, number]): Promise<void> {
    let cards: Card[] = [];
    while (!this.isOver) {
      if (cards.length === 0) cards = shuffled(deck(), dice);
      // Random moments are what this is about; nothing is concluded from how long it waits.
      await sleep(shortest + dice.below(longest - shortest));
      await cards.pop()?.();
    }
  }

  private processDeck(): Card[] {
    const dice = this.dice.processes;
    const some = (): WorkerSlot => dice.of(this.stage.slots.filter((slot) => slot !== this.survivor));
    return [
      ...times(4, () => this.killWorker(some(), dice.below(3000))),
      () => this.drainWorker(some()),
      () => this.pauseWorker(dice.of(this.stage.slots), 1000 + dice.below(8000)),
      ...times(2, () => this.killTemporal(dice.below(4000))),
      ...times(2, () => this.killService(dice.below(5000))),
      ...times(2, () => this.stepClock(dice.of(this.stage.slots), dice.of(CLOCK_STEPS))),
      () => this.rotateCredentials(),
      () => this.changeFile(),
      () => this.breakFile(),
      () => this.rollVersion(),
    ];
  }

  private killWorker(slot: WorkerSlot, awayMs: number): Promise<void> {
    return this.journal.during('worker killed', async () => {
      await slot.kill();
      await sleep(awayMs);
      await slot.start();
    });
  }

  private drainWorker(slot: WorkerSlot): Promise<void> {
    this.journal.count('worker drained and started again');
    return slot.stop().then(() => slot.start());
  }

  private pauseWorker(slot: WorkerSlot, pausedMs: number): Promise<void> {
    return this.journal.during(
      'worker stood still',
      async () => {
        slot.signal('SIGSTOP');
        await sleep(pausedMs);
        slot.signal('SIGCONT');
      },
      LOST_SECONDS,
    );
  }

  private killTemporal(awayMs: number): Promise<void> {
    return this.journal.during(
      'Temporal killed',
      async () => {
        await this.stage.killTemporal();
        await sleep(awayMs);
        await this.stage.restartTemporal();
      },
      BACK_SECONDS,
    );
  }

  private killService(awayMs: number): Promise<void> {
    return this.journal.during('service killed', async () => {
      await this.stage.killService();
      await sleep(awayMs);
      await this.stage.restartService();
    });
  }

  private async stepClock(slot: WorkerSlot, seconds: number): Promise<void> {
    this.journal.count("worker's clock stepped");
    slot.stepClock(seconds * 1000);
    await sleep(2000);
  }

  /** As it is done: the service takes both, workers get the new one, the service refuses the old one. */
  private async rotateCredentials(): Promise<void> {
    const { stage, journal } = this;
    let whole: () => void = () => undefined;
    this.linksMayBreak = new Promise((resolve) => (whole = resolve));
    await this.lastCard;
    try {
      const old = stage.credentials.current;
      const next = stage.credentials.make();
      // A worker masks what it has known: one that starts later never had the old ones, and no service has reason to repeat those.
      await stage.service.removeFaults();
      journal.count('credentials changed');
      await journal.during('service restarted for credentials', async () => {
        await stage.killService();
        await stage.restartService([old, next]);
      });
      stage.credentials.write(next);
      await sleep(OLD_KEY_SECONDS * 1000);
      await journal.during('service restarted for credentials', async () => {
        await stage.killService();
        await stage.restartService([next]);
      });
      const url = `${stage.serviceUrl}/mapData/operations/none?api-version=2.0&subscription-key=${encodeURIComponent(old.key)}`;
      if ((await fetch(url)).status !== 401) journal.count('OLD KEY NOT REFUSED');
    } finally {
      whole();
    }
  }

  private async changeFile(): Promise<void> {
    this.journal.count("workers' file changed");
    this.stage.changeFile();
    await sleep(3000);
  }

  private async breakFile(): Promise<void> {
    this.journal.count("workers' file broken, and mended");
    this.stage.breakFile();
    await sleep(1500);
    this.stage.mendFile();
  }

  private rollVersion(): Promise<void> {
    this.journal.count('version rolled');
    return this.stage.rollVersion();
  }

  private linkDeck(): Card[] {
    const { links: dice } = this.dice;
    const { toService, toTemporal } = this.stage;
    const between = (shortest: number, longest: number): number => shortest + dice.below(longest - shortest);
    const cards: Card[] = [];
    for (const [link, name] of [
      [toService, 'service'],
      [toTemporal, 'Temporal'],
    ] as const) {
      const lasting = (what: string, begin: () => void, ms: number): Promise<void> =>
        this.journal.during(
          what,
          async () => {
            begin();
            await sleep(ms);
            link.heal();
          },
          link === toTemporal ? BACK_SECONDS : 0,
        );
      cards.push(
        ...times(2, () => lasting(`connections to ${name} cut`, () => this.journal.count(`single connections cut`, link.cut()), 0)),
        () =>
          lasting(
            `link to ${name} slow`,
            () => link.slow({ latencyMs: between(50, 700), bytesPerSecond: between(20_000, 400_000) }),
            between(1500, 6000),
          ),
        () => lasting(`link to ${name} held`, () => link.hold(), between(500, 6000)),
        () => lasting(`link to ${name} shut`, () => link.shut(), between(500, 5000)),
      );
    }
    for (const name of Object.keys(garbles(this.stage.credentials.current))) cards.push(() => this.garble(name, 1 + dice.below(12)));
    return cards.map((card) => async () => {
      await this.linksMayBreak;
      this.lastCard = card();
      await this.lastCard;
    });
  }

  /** So many answers go wrong, in whatever time they come. */
  private async garble(name: string, answers: number): Promise<void> {
    const fault = garbles(this.stage.credentials.current)[name];
    if (fault === undefined) throw new Error(`no such fault: ${name}`);
    try {
      await this.stage.service.addFault({ ...fault, times: answers });
      this.journal.count(`answers garbled, ${name}`, answers);
    } catch {
      this.journal.count('answers could not be garbled: the service was away');
    }
  }
}

function times(count: number, card: Card): Card[] {
  return Array.from({ length: count }, () => card);
}

function shuffled<T>(cards: T[], dice: Dice): T[] {
  const left = [...cards];
  return cards.map(() => left.splice(dice.below(left.length), 1)[0] as T);
}
