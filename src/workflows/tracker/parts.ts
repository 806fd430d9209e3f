/** The two trackers that one is split into: what it has, and what it is told, goes on to them. */
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { Shown, TrackerInput } from '../../activities/tracker/messages';
import { nextPath, trackerId, type Registration } from '../../jobs/tracked';
import { trackerCall } from './calls';
import type { hurrySignal } from './messages';
import { Outbox } from './outbox';

export class Parts {
  private readonly outboxes: Readonly<Record<'0' | '1', Outbox<Registration>>>;

  /**
   * @param input of the tracker that is split
   * @param landed is called when some have arrived
   */
  constructor(
    private readonly input: TrackerInput,
    landed: () => void,
  ) {
    this.outboxes = { 0: this.outboxOf('0', landed), 1: this.outboxOf('1', landed) };
  }

  /** Whether all that is to be passed on has arrived. */
  get isEmpty(): boolean {
    return this.outboxes[0].isEmpty && this.outboxes[1].isEmpty;
  }

  add(registration: Registration): void {
    const next = nextPath(registration.workflowId, this.input.path);
    this.outboxes[next.endsWith('1') ? '1' : '0'].add(registration);
  }

  /** The id of the one that has the operation of a workflow. */
  idOf(workflowId: string): string {
    return trackerId(workflowInfo().taskQueue, this.input.connection, nextPath(workflowId, this.input.path));
  }

  relay(signal: typeof hurrySignal, { workflowId, token }: Shown): void {
    void getExternalWorkflowHandle(this.idOf(workflowId))
      .signal(signal, { workflowId, token })
      .catch(() => undefined);
  }

  private outboxOf(bit: '0' | '1', landed: () => void): Outbox<Registration> {
    const to = { connection: this.input.connection, path: `${this.input.path}${bit}` };
    return new Outbox((registrations) => trackerCall(`pass on ${registrations.length}`)['lro.passOn']({ ...to, registrations }), landed);
  }
}
