/** What the dialects of the family share: a call below `/dialects/{name}`, its URLs, its result, its resource. */
import type { Answer, HeaderValues } from './answer';
import { Refusal } from './answer';
import type { OperationRecord, OperationStatus } from './operation';
import { errorOf, isTerminal, preciseNowMs, statusAt } from './operation';
import type { Monitor, NewOperation } from './operations';
import { repeatabilityHeaders, retryAfterHeaders } from './operations';
import type { ServiceContext } from './service';
import type { ServiceRequest } from './service-request';
import type { ResourceRecord } from './store';

/** How one dialect talks. */
export interface Dialect {
  /** Whether every call needs `api-version`. */
  needsApiVersion: boolean;
  /** Anything but a monitor or a result: a submit, or reading a resource. */
  call: (call: DialectCall) => Promise<Answer>;
  /** `GET /dialects/{name}/operations/{key}` */
  monitor?: (call: DialectCall, found: Monitor) => Answer;
  /** `GET /dialects/{name}/operationResults/{key}`: a `Location` that is 202 until it is the result. */
  location?: (call: DialectCall, found: Monitor) => Answer;
}

export class DialectCall {
  constructor(
    readonly context: ServiceContext,
    readonly request: ServiceRequest,
    readonly name: string,
    /** Below `/dialects/{name}`. */
    readonly path: string,
  ) {}

  accept(fields: Omit<NewOperation, 'family' | 'collection'>): OperationRecord {
    return this.context.operations.accept(this.request, { family: this.name, collection: this.path, ...fields });
  }

  /** Below this dialect, on this server. */
  url(path: string): string {
    return `${this.request.origin}/dialects/${this.name}${path}`;
  }

  /** @param kind `operations` for a status monitor, `operationResults` for a Location that becomes the result. */
  statusUrl(operation: OperationRecord, kind: 'operations' | 'operationResults', base = this.url('')): string {
    const version = this.context.settings.apiVersionInStatusUrl ? operation.apiVersion : undefined;
    const query = version === undefined ? '' : `?api-version=${encodeURIComponent(version)}`;
    return `${base}/${kind}/${operation.statusKey}${query}`;
  }

  /** Where the result of a finished operation is read: `GET /dialects/{name}/results/{operationId}`. */
  resultUrl(operation: OperationRecord): string {
    const query = operation.apiVersion === undefined ? '' : `?api-version=${encodeURIComponent(operation.apiVersion)}`;
    return this.url(`/results/${operation.operationId}${query}`);
  }

  /** The 202 of a submit. */
  accepted(operation: OperationRecord, headers: HeaderValues, body?: unknown, httpStatus = 202): Answer {
    const { settings } = this.context;
    const common = { ...retryAfterHeaders(operation, settings), ...repeatabilityHeaders(this.request, settings) };
    return { httpStatus, operationId: operation.operationId, headers: { ...common, ...headers }, body };
  }

  /** `Retry-After` while the operation is open, and the new URL when it has moved. */
  pollHeaders(found: Monitor, statusHeader: string): HeaderValues {
    const open = !isTerminal(this.status(found));
    const moved: HeaderValues = found.kind === 'moved' ? { [statusHeader]: found.url } : {};
    return { ...(open ? retryAfterHeaders(found.operation, this.context.settings) : {}), ...moved };
  }

  /** An operation that has moved is open here; the new place has the end. */
  status(found: Monitor): OperationStatus {
    return found.kind === 'moved' ? 'Running' : statusAt(found.operation, preciseNowMs());
  }

  error(found: Monitor): { error?: object } {
    const status = this.status(found);
    return isTerminal(status) && status !== 'Succeeded' ? { error: errorOf(found.operation, status) } : {};
  }

  get resource(): ResourceRecord | undefined {
    return this.resourceAt(this.path);
  }

  /** The resource as it stands: gone when a delete has succeeded. */
  resourceAt(path: string): ResourceRecord | undefined {
    const resource = this.context.store.resource(`dialects/${this.name}`, path);
    const latest = resource?.operationId === undefined ? undefined : this.context.operations.find(resource.operationId);
    const deleted = latest?.method === 'DELETE' && statusAt(latest, preciseNowMs()) === 'Succeeded';
    return deleted ? undefined : resource;
  }

  /** Fields for `accept`: PUT and PATCH write the resource's properties, DELETE and POST leave them. */
  resourceChange(body: unknown): Pick<NewOperation, 'resource'> {
    const given = body !== null && typeof body === 'object' && 'properties' in body ? (body.properties as object) : {};
    const properties = { ...(this.request.method === 'PUT' ? {} : (this.resource?.content.properties as object | undefined)), ...given };
    return { resource: { collection: `dialects/${this.name}`, id: this.path, content: { properties } } };
  }

  /** The resource with `properties.provisioningState`, as ARM shows it. */
  resourceView(path = this.path): Record<string, unknown> {
    const resource = this.resourceAt(path);
    if (resource === undefined) throw new Refusal(404, 'ResourceNotFound', `There is no resource ${path}.`);
    const latest = this.context.operations.find(resource.operationId ?? '');
    const status = latest === undefined ? 'Succeeded' : statusAt(latest, preciseNowMs());
    const busy = { PUT: 'Creating', PATCH: 'Updating', DELETE: 'Deleting', POST: 'Updating' }[latest?.method ?? ''] ?? 'Updating';
    const properties = { ...(resource.content.properties as object), provisioningState: isTerminal(status) ? status : busy };
    return { id: path, name: path.split('/').at(-1), properties };
  }

  notAllowed(): Refusal {
    return new Refusal(405, 'MethodNotAllowed', `${this.request.method} is not possible here.`);
  }
}
