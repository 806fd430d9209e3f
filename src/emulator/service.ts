/** What the parts of the emulated service share. */
import type { Answer } from './answer';
import type { Operations } from './operations';
import type { EmulatorSettings } from './options';
import type { ServiceRequest } from './service-request';
import type { Store } from './store';

export interface ServiceContext {
  store: Store;
  operations: Operations;
  settings: EmulatorSettings;
  /** Where uploads are kept. */
  uploadDirectory: string;
}

/** Answers the requests that are its own; undefined for all others. */
export type Service = (request: ServiceRequest) => Promise<Answer | undefined>;
