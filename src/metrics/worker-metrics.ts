/**
 * The metrics of the workers of one task queue in this process, over the meter of whatever runtime its program has installed. Workers that
 * follow one another, each with its version of the file, share it.
 */
import type { MetricMeter } from '@temporalio/common';
import { ITEM_OUTCOMES, RUN_BATCH } from '../contract';
import { CONNECTION_METRICS, OPEN_METRICS, REQUEST_METRICS, WORKFLOW_METRICS } from './catalog';
import { GaugeBoard } from './gauge-board';
import { counterOf, gaugeOf, histogramOf, isOn, type Tags } from './meter';
import { NO_METER, RequestMeter, type RequestInstruments } from './request-meter';

/** Type of the workflows in which items of batches end. */
const RUN_SHARD = 'runShard';

/** Gauges whose values are looked up every few seconds. */
export interface Boards {
  waiting: GaugeBoard;
  credentialsAge: GaugeBoard;
  credentialsExpireIn: GaugeBoard;
  openOperations: GaugeBoard;
  inTrouble: GaugeBoard;
  openItems: GaugeBoard;
}

export class WorkerMetrics {
  /** Absent: the runtime has no metrics. */
  readonly boards: Boards | undefined;
  private readonly tags: Tags;
  private readonly instruments: RequestInstruments | undefined;
  private readonly requestMeters = new Map<string, RequestMeter>();

  /** Labels are named as the SDK names them for the metrics of workflows. */
  constructor(
    private readonly meter: MetricMeter,
    { namespace, taskQueue }: { namespace: string; taskQueue: string },
  ) {
    this.tags = { namespace, taskQueue };
    if (!isOn(meter)) return;
    this.instruments = {
      pollLateness: histogramOf(meter, REQUEST_METRICS.pollLateness),
      submitLatency: histogramOf(meter, REQUEST_METRICS.submitLatency),
      answers: counterOf(meter, REQUEST_METRICS.answers),
      throttles: counterOf(meter, REQUEST_METRICS.throttles),
      uncertainSubmits: counterOf(meter, REQUEST_METRICS.uncertainSubmits),
    };
    this.boards = {
      waiting: this.board(CONNECTION_METRICS.waiting, 0),
      credentialsAge: this.board(CONNECTION_METRICS.credentialsAge, NaN),
      credentialsExpireIn: this.board(CONNECTION_METRICS.credentialsExpireIn, NaN),
      openOperations: this.board(OPEN_METRICS.openOperations, 0),
      inTrouble: this.board(OPEN_METRICS.inTrouble, 0),
      openItems: this.board(OPEN_METRICS.openItems, 0),
    };
    this.beginWorkflows();
  }

  /** Of a connection of the worker's file. */
  requestsOf(connection: string): RequestMeter {
    if (this.instruments === undefined) return NO_METER;
    const known = this.requestMeters.get(connection) ?? new RequestMeter(this.instruments, { ...this.tags, connection });
    this.requestMeters.set(connection, known);
    return known;
  }

  /** Counts time in which a connection was held; to be called with all of it, part by part. */
  heldOf(connection: string): (seconds: number) => void {
    const counter = counterOf(this.meter, CONNECTION_METRICS.held);
    const tags = { ...this.tags, connection };
    counter.add(0, tags);
    let rest = 0;
    return (seconds) => {
      // Counters of the SDK take whole numbers.
      const whole = Math.floor(rest + seconds);
      rest += seconds - whole;
      if (whole > 0) counter.add(whole, tags);
    };
  }

  private board(description: Parameters<typeof gaugeOf>[1], gone: number): GaugeBoard {
    return new GaugeBoard(gaugeOf(this.meter, description), this.tags, gone);
  }

  /** From the beginning, so that the first of anything is seen as an increase. */
  private beginWorkflows(): void {
    const ended = counterOf(this.meter, WORKFLOW_METRICS.itemsEnded);
    for (const outcome of ITEM_OUTCOMES) ended.add(0, { ...this.tags, workflowType: RUN_SHARD, outcome });
    counterOf(this.meter, WORKFLOW_METRICS.reportsLost).add(0, { ...this.tags, workflowType: RUN_BATCH });
  }
}
