/** What `prepare` makes of inputs, without Temporal and without a service. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { prepareOperation, type PreparedOperation } from '../../src/activities/prepare';
import type { OperationInput } from '../../src/contract';
import { loadConfig } from '../../src/config';
import { openConnections, type Connections } from '../../src/http';
import { temporaryFolder, type ConnectionYaml } from '../support/config';

const FILE = join(temporaryFolder(), 'lro.config.yaml');

export const IDENTITY = { workflowId: 'w', firstRunId: 'r', itemId: '', generation: 0 };

/** @param connection of the name `default`; base URL `https://api.example.com/v1` unless it says otherwise */
export function connectionsOf(connection: Partial<ConnectionYaml> = {}): Connections {
  // JSON is YAML, too.
  writeFileSync(FILE, JSON.stringify({ connections: { default: { baseUrl: 'https://api.example.com/v1', ...connection } } }));
  return openConnections(loadConfig(FILE));
}

/** The prepared operation, or the typed failure as text: `InvalidInput: …`. Anything else that is thrown is no answer. */
export function prepared(input: unknown, connections: Connections): PreparedOperation | string {
  try {
    return prepareOperation(input as OperationInput, connections, IDENTITY).operation;
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    return `${String(error.type)}: ${error.message}`;
  }
}
