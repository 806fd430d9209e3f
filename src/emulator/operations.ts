/**
 * The operations of all services: accepting, finding, changing, cancelling.
 *
 * Keeps true: between looking an idempotency key up and writing the operation nothing else runs, so one key makes one operation
 * however many submits arrive at once (unless idempotency is switched off, for counting).
 */
import { v4 as uuid } from 'uuid';
import type { Answer } from './answer';
import { fillTemplates, Refusal } from './answer';
import type { OperationPlan, OperationRecord, OperationView } from './operation';
import { createdText, endsAtMs, isTerminal, operationPlanSchema, preciseNowMs, statusAt } from './operation';
import type { EmulatorSettings } from './options';
import type { ServiceRequest } from './service-request';
import type { ResourceRecord, Store } from './store';

/** What a service knows about an operation it is about to accept. */
export type NewOperation = Pick<OperationRecord, 'family' | 'collection'> &
  Partial<Pick<OperationRecord, 'error' | 'warning' | 'properties' | 'resourcePath' | 'result' | 'outcome' | 'durationSeconds'>> & {
    /** Written together with the operation, and visible when that has succeeded. */
    resource?: Omit<ResourceRecord, 'createdAtMs' | 'operationId'>;
  };

/** What a status URL leads to. */
export type Monitor = { kind: 'open'; operation: OperationRecord } | { kind: 'moved'; operation: OperationRecord; url: string };

const defaultsSetting = 'operation-defaults';

export class Operations {
  constructor(
    private readonly store: Store,
    private readonly settings: EmulatorSettings,
  ) {}

  /** The operation of an earlier submit with the same key; its submits are counted. */
  repeated(request: ServiceRequest): OperationRecord | undefined {
    const key = this.settings.idempotency ? request.idempotencyKey : undefined;
    const operationId = key === undefined ? undefined : this.store.operationIdOfIdempotencyKey(scopedKey(request, key));
    const operation = operationId === undefined ? undefined : this.store.operation(operationId);
    if (operation === undefined) return undefined;
    operation.submitCount += 1;
    this.store.updateOperation(operation);
    return operation;
  }

  /** Accepts a submit: from here on the operation exists, even if the answer is lost. */
  accept(request: ServiceRequest, wanted: NewOperation): OperationRecord {
    const earlier = this.repeated(request);
    if (earlier !== undefined) return earlier;
    const { resource, ...fields } = wanted;
    const plan = { ...this.defaults(), ...planOf(request) };
    const createdAtMs = preciseNowMs();
    const operationId = this.newOperationId(request);
    const format = this.settings.createdFormat;
    const operation: OperationRecord = {
      outcome: 'Succeeded',
      durationSeconds: this.settings.operationSeconds,
      ...fields,
      operationId,
      method: request.method,
      statusKey: operationId,
      createdAtMs,
      createdText: createdText(createdAtMs, format === 'alternate' ? (this.store.operationCount() % 2 === 0 ? 'us' : 'iso') : format),
      apiVersion: request.query.get('api-version') ?? undefined,
      idempotencyKey: request.idempotencyKey,
      submitCount: 1,
    };
    applyPlan(operation, plan);
    if (plan.finish !== undefined) operation.outcome = plan.finish;
    this.store.transaction(() => {
      this.store.insertOperation(operation);
      this.store.setStatusKey(operation.statusKey, operationId);
      if (request.idempotencyKey !== undefined && this.settings.idempotency) {
        this.store.setIdempotencyKey(scopedKey(request, request.idempotencyKey), operationId);
      }
      if (resource !== undefined) this.store.putResource({ ...resource, createdAtMs, operationId });
    });
    if (plan.moveTo !== undefined) this.move(operation, plan.moveTo);
    // The answer to the submit has the first URL; the move shows in polls of it.
    return { ...operation, statusKey: operationId };
  }

  /** What a poll of `statusKey` finds. Throws a 404 refusal when there is nothing (any more). */
  monitor(statusKey: string, statusUrlOf: (operation: OperationRecord) => string): Monitor {
    const operationId = this.store.operationIdOfStatusKey(statusKey);
    const operation = operationId === undefined ? undefined : this.store.operation(operationId);
    if (operation === undefined || operation.lost === true || this.isForgotten(operation)) throw notFound(statusKey);
    if (operation.movedTo !== undefined) {
      if (operation.moveAnnounced === true) throw notFound(statusKey);
      operation.moveAnnounced = true;
      this.store.updateOperation(operation);
      return { kind: 'moved', operation, url: operation.movedTo };
    }
    if (statusKey === operation.statusKey) {
      if (operation.oldStatusKey !== undefined) {
        delete operation.oldStatusKey;
        this.store.updateOperation(operation);
      }
      return { kind: 'open', operation };
    }
    // The old URL answers until a client has followed it to the new one, so that a lost answer does not lose the operation.
    if (statusKey === operation.oldStatusKey) return { kind: 'moved', operation, url: statusUrlOf(operation) };
    throw notFound(statusKey);
  }

  cancel(statusKey: string): OperationRecord {
    const found = this.monitor(statusKey, (operation) => operation.statusKey);
    const operation = found.operation;
    const status = statusAt(operation, preciseNowMs());
    if (isTerminal(status)) {
      throw new Refusal(409, 'OperationNotCancelable', `Operation ${operation.operationId} is already ${status}.`);
    }
    operation.ended = { status: 'Canceled', atMs: preciseNowMs() };
    this.store.updateOperation(operation);
    return operation;
  }

  /** Changes a running operation as the admin API asks. */
  change(operationId: string, plan: OperationPlan): OperationView | undefined {
    const operation = this.store.operation(operationId);
    if (operation === undefined) return undefined;
    applyPlan(operation, plan);
    if (plan.finish !== undefined) operation.ended = { status: plan.finish, atMs: preciseNowMs() };
    this.store.updateOperation(operation);
    if (plan.moveTo !== undefined) this.move(operation, plan.moveTo);
    return this.view(operation);
  }

  find(operationId: string): OperationRecord | undefined {
    return this.store.operation(operationId);
  }

  view(operation: OperationRecord): OperationView {
    return { ...operation, status: statusAt(operation, preciseNowMs()) };
  }

  all(): OperationView[] {
    return this.store.operations().map((operation) => this.view(operation));
  }

  defaults(): OperationPlan {
    return (this.store.setting(defaultsSetting) as OperationPlan | undefined) ?? {};
  }

  setDefaults(plan: OperationPlan): void {
    this.store.setSetting(defaultsSetting, plan);
  }

  private move(operation: OperationRecord, target: string): void {
    if (target === 'fresh') {
      operation.oldStatusKey = operation.statusKey;
      operation.statusKey = uuid();
      this.store.setStatusKey(operation.statusKey, operation.operationId);
    } else {
      operation.movedTo = target;
      operation.moveAnnounced = false;
    }
    this.store.updateOperation(operation);
  }

  /** Its monitor and result are no longer kept. */
  isForgotten(operation: OperationRecord): boolean {
    const nowMs = preciseNowMs();
    return isTerminal(statusAt(operation, nowMs)) && nowMs > endsAtMs(operation) + this.settings.retentionSeconds * 1000;
  }

  /** The id in the header `Operation-Id`, as in Azure's guidelines, unless it exists already. */
  private newOperationId(request: ServiceRequest): string {
    const wished = request.headers['operation-id'];
    const usable = typeof wished === 'string' && /^[\w-]{1,100}$/.test(wished) && this.store.operation(wished) === undefined;
    return usable ? wished : uuid();
  }
}

function applyPlan(operation: OperationRecord, plan: OperationPlan): void {
  if (plan.lose !== undefined) operation.lost = plan.lose;
  if (plan.error !== undefined) operation.error = plan.error;
  if (plan.warning !== undefined) operation.warning = plan.warning;
  if (plan.durationSeconds !== undefined) operation.durationSeconds = plan.durationSeconds;
  if (plan.retryAfter !== undefined) operation.retryAfter = plan.retryAfter;
  if (plan.hold !== undefined) operation.hold = plan.hold;
}

/** The plan of one submit, in the header `Emulator-Plan`: so a batch can mix good and bad items without any set-up. */
function planOf(request: ServiceRequest): OperationPlan {
  const text = request.headers['emulator-plan'];
  if (typeof text !== 'string') return {};
  try {
    return operationPlanSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Refusal(400, 'InvalidHeader', `Emulator-Plan cannot be read: ${String(error)}`, 'Emulator-Plan');
  }
}

/** The same key at another endpoint is another operation. */
function scopedKey(request: ServiceRequest, key: string): string {
  return `${request.method} ${request.path} ${key}`;
}

function notFound(statusKey: string): Refusal {
  return new Refusal(404, 'NotFound', `There is no operation ${statusKey}.`);
}

/** Headers that a submit with an OASIS repeatability key is answered with. */
export function repeatabilityHeaders(request: ServiceRequest, settings: EmulatorSettings): Answer['headers'] {
  return request.idempotencyKey !== undefined && settings.idempotency ? { 'Repeatability-Result': 'accepted' } : {};
}

/** `Retry-After` of an open operation, ready to be spread into headers. */
export function retryAfterHeaders(operation: OperationRecord, settings: EmulatorSettings): Record<string, string> {
  const value = operation.retryAfter === undefined ? settings.retryAfterSeconds : operation.retryAfter;
  return value === null ? {} : { 'Retry-After': fillTemplates(String(value), { origin: '', nowMs: preciseNowMs() }) };
}
